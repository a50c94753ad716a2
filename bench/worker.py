"""One worker of the bench, in a process of its own: `python -m bench.worker <chain>`.

It says `ready`, waits for a line, takes part in backfill and folding until nothing is left for
anybody, and says in JSON how that was.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import NamedTuple

PATIENCE_SECONDS = 3600


class Report(NamedTuple):
    """What one worker did: its seconds, those of its own processor time, the most memory that it
    ever held (MB), and how many logs it read."""

    seconds: float
    busy: float
    memory: float
    logs: int


def crew(chain: str, number: int) -> list[Report]:
    """So many workers at once, begun together; their reports when all have ended."""
    command = [sys.executable, "-m", "bench.worker", chain]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(number)
    ]
    try:
        for worker in workers:
            if worker.stdout is None or worker.stdout.readline() != "ready\n":
                raise RuntimeError("a worker did not start; see the messages above")
        for worker in workers:
            assert worker.stdin
            worker.stdin.write("go\n")
            worker.stdin.flush()
        return [
            Report(*json.loads(worker.communicate(timeout=PATIENCE_SECONDS)[0]))
            for worker in workers
        ]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def _work(chain: str) -> Report:
    from chainsync import backfill, catching_up
    from chainsync.models import BackfillRange
    from chainsync.tasks import BULK_SECONDS
    from charter.models import Chain

    row = Chain.objects.get(key=chain)
    backfill.pool_of(row)
    print("ready", flush=True)
    sys.stdin.readline()
    began, busy, logs = time.perf_counter(), time.process_time(), 0
    while BackfillRange.objects.filter(chain=row).exists() or catching_up.behind(row):
        done = backfill.turn(chain, seconds=BULK_SECONDS)
        if done.failures:
            raise RuntimeError("backfill failed; see the messages above")
        if not catching_up.turn(chain, seconds=BULK_SECONDS) and not done.logs:
            time.sleep(0.05)
        logs += done.logs
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    taken = time.perf_counter() - began
    return Report(taken, time.process_time() - busy, memory, logs)


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(_work(sys.argv[1])))

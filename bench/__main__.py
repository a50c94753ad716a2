"""Measured speed, beside floors and peers, in one run.

    python -m bench [--part backfill …] [--votes 100000] [--long]

Each part is a module with `run(stage) -> bool`: it prints its table and says whether what was
computed is right. What counts are the ratios within one run: the machine, its load and the node
move all figures alike.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import shutil
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

from bench.stage import Stage, timed
from tools import postgres

PARTS = {
    "backfill": "bench.backfill",
    "workers": "bench.backfill:workers",
    "scale": "bench.backfill:scale",
    "peers": "bench.backfill_peers",
    "reading": "bench.reading",
    "reorgs": "bench.reorgs",
    "starting": "bench.starting",
    "light-client": "bench.light_client",
    "groth16": "bench.groth16",
    "signatures": "bench.signatures",
    "keccak": "bench.keccak",
    "storage-proofs": "bench.storage_proofs",
    "receipts": "bench.receipts",
    "hostile": "bench.hostile",
    "proven-votes": "bench.proven_votes",
}
"""Name of a part and its module (and function), in the order in which they run."""


def main() -> int:
    """Run the parts; 1 when one of them computed something wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    there = [
        name for name, module in PARTS.items() if importlib.util.find_spec(module.partition(":")[0])
    ]
    parser.add_argument("--part", action="append", choices=there, help="only this one; repeatable")
    parser.add_argument("--votes", type=int, default=100_000, help="how many votes (100000)")
    parser.add_argument("--long", action="store_true", help="also what takes many minutes")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
    home = folder / "pg"
    wrong = []
    try:
        stage = Stage(folder, postgres.start(home), options)
        stage.prepare()
        for name in options.part or there:
            print(f"--- {name} ---", flush=True)
            seconds, right = timed(lambda: _part(name)(stage))  # noqa: B023
            print(f"({name}: {seconds:.0f} s)\n", flush=True)
            if not right:
                wrong.append(name)
    finally:
        postgres.stop(home)
        shutil.rmtree(folder, ignore_errors=True)
    if wrong:
        print(f"Wrong results in: {', '.join(wrong)}.", file=sys.stderr)
    return 1 if wrong else 0


def _part(name: str) -> Callable[[Stage], bool]:
    module, _, function = PARTS[name].partition(":")
    part: Callable[[Stage], bool] = getattr(importlib.import_module(module), function or "run")
    return part


if __name__ == "__main__":
    warnings.simplefilter("ignore", ResourceWarning)
    # Ended from outside, it still ends the servers that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    raise SystemExit(main())

"""The same votes by Tocsin, by web3.py with Django's `bulk_create`, and by Ponder.

All read from one node into one PostgreSQL server, each into a database of its own, and must count
the same. The peers read from one endpoint; Tocsin does so too, and once more from those of two
operators, whose answers it compares. Ponder is installed by npm as
`bench/peers/ponder/package-lock.json` pins it, below `.data`; its time counts from its start as a
process until it says that it is ready.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import urllib3

from bench import backfill
from bench.stage import Stage, show, timed
from bench.votes import GOVERNOR, Scene
from tools.node import NodeError, find_node
from tools.postgres import free_port

ROOT = Path(__file__).resolve().parent.parent
PEER = ROOT / "bench" / "peers" / "ponder"
SCHEMA = "bench"
# web3.py takes some three minutes for a hundred thousand on a busy machine; with --long it does.
VOTES = 20_000
PATIENCE_SECONDS = 3600
_COUNTED = "SELECT (SELECT count(*) FROM bench.vote), sum(votes) FROM bench.tally"
ENTRY = "node_modules/ponder/dist/esm/bin/ponder.js"


def run(stage: Stage) -> bool:
    """Print the table; whether all counted the same."""
    logs = stage.votes if stage.long else min(stage.votes, VOTES)
    with stage.node() as node:
        scene = backfill.cast(node, logs)
        url = node.rpc.url
        floor, _ = backfill.raw(url, scene)
        counts: dict[str, int | None] = {}
        ours: dict[int, float] = {}
        for operators, words in backfill.OPERATORS.items():
            (report,), counts[words] = backfill.tocsin(stage, url, scene, operators=operators)
            ours[operators] = report.seconds
        seconds = {f"Tocsin, {words}": ours[n] for n, words in backfill.OPERATORS.items()}
        read, write, counts["web3.py"] = _web3(stage, url, scene)
        seconds["web3.py get_logs + Django bulk_create"] = read + write
        ready, counts["Ponder"] = _ponder(stage, url, scene)
        if ready is not None:
            seconds["Ponder 1.0.0"] = ready
    show(
        f"{logs:,} votes from one node into one PostgreSQL",
        ("", "seconds", "µs/log", "× raw", "× Tocsin with one", "× Tocsin with two"),
        [
            (
                what,
                f"{taken:.2f}",
                f"{taken / logs * 1e6:.1f}",
                f"{taken / floor:.1f}",
                *(f"{taken / own:.1f}" for own in ours.values()),
            )
            for what, taken in {"raw transfer": floor, **seconds}.items()
        ],
    )
    print(f"Of web3.py's time {read:.1f} s are reading and {write:.1f} s writing.")
    wrong = {name: count for name, count in counts.items() if count not in (logs, None)}
    if wrong:
        print(f"Counted something else than {logs:,}: {wrong}.", file=sys.stderr)
    return not wrong


def _web3(stage: Stage, url: str, scene: Scene) -> tuple[float, float, int]:
    """Seconds of reading and of writing, and votes counted."""
    from bench import ways

    with stage.database("web3"):
        chain = ways.charter(url, scene)
        ways.propose(chain)
        read, events = timed(lambda: ways.web3_logs(url, scene))
        write, _ = timed(lambda: ways.bulk_create(events))
        return read, write, ways.tally_of_rows().votes


def _ponder(stage: Stage, url: str, scene: Scene) -> tuple[float | None, int | None]:
    """Seconds until it says that it is ready, and votes counted; None where it cannot be had."""
    try:
        home = _install()
    except NodeError as error:
        print(f"Ponder is left out: {error}", file=sys.stderr)
        return None, None
    with stage.database("ponder") as database:
        began = time.perf_counter()
        with _serving(home, database, url, scene, stage.folder / "ponder.log"):
            taken = time.perf_counter() - began
        with psycopg.connect(database) as connection:
            ((counted, tallied),) = connection.execute(_COUNTED).fetchall()
        return taken, int(counted) if counted == tallied else -1


def _install() -> Path:
    """The project with its packages, copied below `.data` and kept there for the next run.

    Raises NodeError.
    """
    home = ROOT / ".data" / "bench" / "ponder"
    shutil.copytree(PEER, home, dirs_exist_ok=True)
    if (home / ENTRY).exists():
        return home
    node = find_node()
    # Not `npm ci`: it insists on packages for other systems, which not every registry has.
    command = [*node.npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"]
    environment = node.environment()
    done = subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NodeError(f"npm could not install it: {done.stderr.strip()[-500:]}")
    return home


@contextmanager
def _serving(home: Path, database: str, url: str, scene: Scene, log: Path) -> Iterator[None]:
    """Ponder's production server, once it is ready; ended afterwards."""
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "BENCH_RPC": url,
        "BENCH_GOVERNOR": GOVERNOR,
        "BENCH_START": str(scene.first),
        "PONDER_TELEMETRY_DISABLED": "true",
        "CI": "true",
    }
    command = [str(find_node().node), ENTRY, "start", "--schema", SCHEMA, "--log-format", "json"]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "-H", "127.0.0.1", "-p", str(port)],
            cwd=home,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _ready(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Ponder did not get ready:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        server.kill()
        server.wait()


def _ready(port: int) -> bool:
    try:
        answer = urllib3.request("GET", f"http://127.0.0.1:{port}/ready", timeout=5, retries=False)
    except urllib3.exceptions.HTTPError:
        return False
    return answer.status == 200

"""Starting on stored data, and going on after the follower's worker was killed, on a real run.

`make run` is started once on an empty data directory, beside a node that holds all the votes, and
reads them. Then it is stopped and started again on what it has stored: that start is measured, to
the first votes that a reader gets and to the head of the node. At last the worker that follows is
killed with SIGKILL, while the node makes a block every second, and what is measured is how long no
new head was journalled.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bench import votes
from bench.stage import Stage, show
from lab.anvil import Anvil
from tools.postgres import free_port

LONG = 1_000_000
KILLS = 3
PATIENCE_SECONDS = 1200
VENUE = """
[venue]
name = "Bench"
[chains.l2]
name = "Bench"
chain_id = 901
block_time = 1
role = "l2"
[[chains.l2.endpoints]]
name = "l2-a"
operator = "Northwind"
url = "{url}"
[[chains.l2.endpoints]]
name = "l2-b"
operator = "Kelp Labs"
url = "{other}"
[contracts.governor]
kind = "oz-governor-5"
chain = "l2"
address = "{governor}"
start_block = {start}
"""


def run(stage: Stage) -> bool:
    """Print the table; whether all votes were there after the second start."""
    count = LONG if stage.long else stage.votes
    with stage.node() as node:
        print(f"Casting {count:,} votes on a node of its own …", flush=True)
        scene = votes.cast(node, count)
        run = _Run(stage, node, scene)
        with run.venue():
            first = run.until(lambda: run.votes() == count)
        with run.venue():
            alive = run.until(lambda: run.get("/healthz") is not None)
            served = run.until(run.first_votes)
            there = run.votes()
            node.rpc.call("evm_mine")
            followed = run.until(lambda: run.head() == _head(node))
            recoveries = [run.recovery() for _ in range(KILLS)]
    show(
        f"A start with {count:,} stored votes, and recovery of the follower",
        ("", "seconds"),
        [
            ("first start, until all votes were read, folded and served", f"{first:.1f}"),
            ("start on stored data, until the web process answers", f"{alive:.1f}"),
            ("start on stored data, until a reader gets votes", f"{served:.1f}"),
            ("start on stored data, until the node's head is followed", f"{followed:.1f}"),
            (f"SIGKILL of the follower to the next head, median of {KILLS}", _median(recoveries)),
            (f"SIGKILL of the follower to the next head, longest of {KILLS}", _most(recoveries)),
        ],
    )
    if there != count:
        print(f"{there} votes are there after the second start, not {count}.")
    return there == count


def _median(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.1f}"


def _most(seconds: list[float]) -> str:
    return f"{max(seconds):.1f}"


def _head(node: Anvil) -> int:
    return int(node.rpc.call("eth_blockNumber"), 16)


class _Run:
    """`make run` on a data directory of its own, and looks at it from outside."""

    def __init__(self, stage: Stage, node: Anvil, scene: votes.Scene) -> None:
        self.node = node
        self.folder = stage.folder / "start"
        self.folder.mkdir()
        self.file = stage.folder / "venue.toml"
        # One node stands for those of two operators: what is measured is not the network.
        other = node.rpc.url.replace("127.0.0.1", "localhost")
        self.file.write_text(
            VENUE.format(
                url=node.rpc.url, other=other, governor=votes.GOVERNOR, start=scene.first - 1
            )
        )
        self.log = stage.folder / "start.log"
        self.port = free_port()
        self.begun = 0.0
        self.started: subprocess.Popen[bytes] | None = None

    @contextmanager
    def venue(self) -> Iterator[None]:
        """From the command to its end."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
        }
        environment |= {
            "TOCSIN_DATA_DIR": str(self.folder),
            "TOCSIN_VENUE": str(self.file),
            "PORT": str(self.port),
            # We ask more often than strangers may.
            "TOCSIN_API_RATE": "off",
        }
        self.begun = time.monotonic()
        with self.log.open("w") as log:
            started = self.started = subprocess.Popen(
                [sys.executable, "-m", "tools.run"], env=environment, stdout=log, stderr=log
            )
        try:
            yield
        except BaseException:
            print("\n".join(self.log.read_text().splitlines()[-20:]))
            raise
        finally:
            started.terminate()
            started.wait(120)

    def until(self, holds: Callable[[], bool]) -> float:
        """Seconds from the command until something holds."""
        while not holds():
            over = time.monotonic() - self.begun > PATIENCE_SECONDS
            if over or self.started is None or self.started.poll() is not None:
                raise RuntimeError("The venue does not come so far; its last lines stand above.")
            time.sleep(0.05)
        return time.monotonic() - self.begun

    def get(self, path: str) -> Any:
        """The answer as JSON; None while nobody answers."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def first_votes(self) -> bool:
        """Whether a reader gets votes of the proposal."""
        found = self.get("/api/v1/votes/?limit=50")
        return bool(found and len(found["results"]) == 50)

    def votes(self) -> int:
        """How many votes the tally of the proposal counts; -1 while nobody answers."""
        found = self.get("/api/v1/proposals/")
        return found["results"][0]["tally"]["vote_count"] if found and found["results"] else -1

    def head(self) -> int | None:
        """The head that is told to readers."""
        found = self.get("/api/v1/chains/l2/")
        return found["head"]["block_number"] if found and found["head"] else None

    def recovery(self) -> float:
        """Kill the process that holds the follower's lease; seconds until a later head is there."""
        stop = threading.Event()

        def mine() -> None:
            while not stop.wait(1):
                self.node.rpc.call("evm_mine")

        mining = threading.Thread(target=mine)
        mining.start()
        try:
            address = json.loads((self.folder / "run.json").read_text())["env"]["DATABASE_URL"]
            with psycopg.connect(address, autocommit=True) as database:
                # Killed at once after its turn began, it would not be the one that follows.
                time.sleep(3)
                pid, head = _follower(database)
                os.kill(pid, signal.SIGKILL)
                began = time.monotonic()
                while _journalled(database) <= head + 1:
                    if time.monotonic() - began > PATIENCE_SECONDS:
                        raise RuntimeError("The chain is not followed any more.")
                    time.sleep(0.02)
                return time.monotonic() - began
        finally:
            stop.set()
            mining.join()


def _follower(database: psycopg.Connection) -> tuple[int, int]:
    """Process id of the worker that holds the lease now, and the head it has journalled."""
    while True:
        row = database.execute(
            "SELECT owner FROM ledger_lease WHERE name = 'follow:l2' AND expires_at > now()"
        ).fetchone()
        if row is not None:
            pid = int(row[0].rsplit(":", 2)[1])
            if Path(f"/proc/{pid}").exists():
                return pid, _journalled(database)
        time.sleep(0.02)


def _journalled(database: psycopg.Connection) -> int:
    row = database.execute("SELECT head_number FROM chainsync_chainstatus").fetchone()
    assert row is not None
    return int(row[0])

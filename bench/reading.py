"""Reading a proposal with very many votes, while its chain goes on.

The web process is the one of the Procfile, on a real port; the readers are processes of their own.
Meanwhile a follower takes a head every two seconds, each with a vote on the proposal that is read.
Closed loops are compared with the same template (for the API: the same serializer) rendered by the
same process without one query, see `bench/site.py`. CPU is that of the web process alone.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from honcho.environ import parse_procfile

from bench.stage import Stage, show
from tools.postgres import free_port

ROOT = Path(__file__).resolve().parent.parent
SMALL, LARGE, LONG = 1_000, 100_000, 1_000_000
AT_ONCE = 4
LOOP_SECONDS = 3
EVERY = 5
READERS = (50, 200)
READ_SECONDS = 30
ALONE_SECONDS = 75
ALONE_EVERY = 0.27
"""Alone, so often, so that there are enough answers to tell the slowest twentieth of them; the same
page comes again after more than a second, so this reader shares nothing with an earlier self."""
DEEP = 40
"""How many pages deep the page is that is read by cursor."""
HTML, JSON = "text/html", "application/json"
# Without this, the frame of a page asks how far the outbox is told.
BARE = "text/plain, */*"


class Loop(NamedTuple):
    """One closed loop: answers a second, and milliseconds of the web process's CPU for each."""

    rate: float
    cpu: float
    p95: float


def run(stage: Stage) -> bool:
    """Print the tables; whether every answer was a good one."""
    from bench import grown

    large = LONG if stage.long else LARGE
    with stage.database("reading") as database:
        scene = grown.grow(SMALL, large)
        with _server(stage, database) as (web, url), _chain_goes_on(database, scene, large):
            right = _loops(web, url, scene.keys, large)
            right = _paced(web, url, scene.keys[large]) and right
    if not right:
        print("".join((stage.folder / "web.log").open().readlines()[-20:]))
    return right


def _addresses(key: str) -> dict[str, tuple[str, str]]:
    return {
        "page": (f"/proposals/{key}/", HTML),
        "votes": (f"/proposals/{key}/votes/?sort=weight", HTML),
        "api-page": (f"/api/v1/proposals/{key}/", JSON),
        "api-votes": (f"/api/v1/proposals/{key}/votes/", JSON),
    }


_NAMES = {
    "page": "proposal page",
    "votes": "votes list",
    "api-page": "API: proposal",
    "api-votes": "API: votes",
}


def _loops(web: psutil.Process, url: str, keys: dict[int, str], large: int) -> bool:
    rows, right = [], True

    def measure(words: str, address: str, accept: str, floor: Loop | None, **more: Any) -> Loop:
        nonlocal right
        found, good = _loop(web, url + address, accept, **more)
        right = right and good
        rows.append(
            (
                words,
                f"{found.rate:.0f}",
                f"{found.cpu:.2f}",
                f"{found.p95 * 1000:.1f}",
                "1" if floor is None else f"{found.rate / floor.rate:.2f}",
            )
        )
        return found

    for what, name in _NAMES.items():
        floor = measure(f"{name}, the rendering alone", f"/plain/{what}/{keys[large]}/", BARE, None)
        for size, key in keys.items():
            address, accept = _addresses(key)[what]
            measure(f"{name}, {size:,} votes", address, accept, floor)
            if accept == HTML:
                words = f"{name}, {size:,} votes, no two readers share"
                measure(words, address, accept, floor, each_its_own=True)
        if what == "votes":
            deep = _deep(url, _addresses(keys[large])[what][0])
            measure(f"{name}, {large:,} votes, {DEEP} pages deep", deep, HTML, floor)
            words = f"{name}, {large:,} votes, {DEEP} pages deep, no two share"
            measure(words, deep, HTML, floor, each_its_own=True)
    show(
        f"Closed loop of {AT_ONCE} readers",
        ("", "answers/s", "CPU ms", "p95 ms", "× the rendering alone"),
        rows,
    )
    return right


def _paced(web: psutil.Process, url: str, key: str) -> bool:
    addresses = [[url + address, accept] for address, accept in _addresses(key).values()]
    cases = [(1, ALONE_EVERY, ALONE_SECONDS), *((n, EVERY, READ_SECONDS) for n in READERS)]
    rows, right, alone = [], True, 0.0
    for readers, every, seconds in cases:
        plan = {
            "how": "paced",
            "addresses": addresses,
            "readers": readers,
            "every": every,
            "seconds": seconds,
        }
        before = _cpu(web)
        found = _readers(plan)
        busy = (_cpu(web) - before) / seconds
        p50, p95 = _quantile(found["seconds"], 0.5), _quantile(found["seconds"], 0.95)
        alone = alone or p95
        right = right and set(found["statuses"]) <= {"200", "304"}
        rows.append(
            (
                f"{readers} reader{'s' * (readers > 1)}, each every {every} s",
                f"{len(found['seconds']):,}",
                f"{found['statuses'].get('304', 0):,}",
                f"{p50 * 1000:.1f}",
                f"{p95 * 1000:.1f}",
                f"{p95 / alone:.2f}",
                f"{busy:.0%}",
            )
        )
    show(
        "Readers who ask in turn for page, votes list and both of the API, in half of it with tags",
        ("", "answers", "of them 304", "p50 ms", "p95 ms", "× one alone", "web CPU"),
        rows,
    )
    return right


def _loop(
    web: psutil.Process, address: str, accept: str, *, each_its_own: bool = False
) -> tuple[Loop, bool]:
    plan = {"how": "loop", "address": address, "accept": accept, "at_once": AT_ONCE}
    # What is read for the first time after a start is not what is measured.
    _readers({**plan, "seconds": 0.5})
    before = _cpu(web)
    found = _readers({**plan, "seconds": LOOP_SECONDS, "each_its_own": each_its_own})
    spent, count = _cpu(web) - before, len(found["seconds"])
    loop = Loop(count / LOOP_SECONDS, spent / count * 1000, _quantile(found["seconds"], 0.95))
    if set(found["statuses"]) != {"200"}:
        print(f"{address}: {found['statuses']}")
    return loop, set(found["statuses"]) == {"200"}


def _deep(url: str, address: str) -> str:
    """The address of a late page of the votes list, found by turning pages."""
    base = address
    for _ in range(DEEP):
        with urllib.request.urlopen(url + address, timeout=60) as answer:  # noqa: S310
            following = re.search(r'after=([0-9.]+)"', answer.read().decode())
        assert following is not None
        address = f"{base}&after={following[1]}"
    return address


def _readers(plan: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.readers", json.dumps(plan)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _server(stage: Stage, database: str) -> Iterator[tuple[psutil.Process, str]]:
    """The web process as the Procfile starts it, with the bench's addresses beside the others."""
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "bench.site_settings",
        "TOCSIN_API_RATE": "off",
    }
    line = dict(parse_procfile((ROOT / "Procfile").read_text()).processes)["web"]
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with (stage.folder / "web.log").open("w") as log:
        web = subprocess.Popen(
            ["sh", "-c", f"exec {line}"], env=environment, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url)
        yield psutil.Process(web.pid), url
    finally:
        web.terminate()
        web.wait(30)


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5):  # noqa: S310
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("The web process does not answer.")


@contextmanager
def _chain_goes_on(database: str, scene: Any, size: int) -> Iterator[None]:
    """A follower in a process of its own takes a head every two seconds, with a vote in each."""
    from bench import grown

    arguments = [str(grown.proposal_id(size)), scene.chain.key]
    follower = subprocess.Popen(
        [sys.executable, "-m", "bench.reading", *arguments],
        env={**os.environ, "DATABASE_URL": database},
    )
    try:
        yield
    finally:
        follower.terminate()
        follower.wait(30)


def _follow(proposal: int, chain_key: str) -> None:
    import django

    django.setup()
    from bench import grown
    from bench.branches import Branches
    from chainsync import advancing, coverage, following
    from chainsync.models import ChainStatus
    from charter.models import Chain
    from ledger import leases

    chain = Chain.objects.get(key=chain_key)
    contracts = coverage.read_contracts(chain)
    held = leases.take(following.lease_name(chain_key), leases.new_owner(), 3600)
    assert held is not None
    branches = Branches(0, proposal)
    while True:
        status = ChainStatus.objects.get(chain=chain)
        assert status.head_number is not None
        branches.base = status.head_number
        step = branches.step(1, fork=None, depth=1)
        advancing.advance(held, chain, status.head_hash, contracts, step)
        time.sleep(grown.BLOCK_TIME)


if __name__ == "__main__":
    _follow(int(sys.argv[1]), sys.argv[2])

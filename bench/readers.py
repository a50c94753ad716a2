"""Readers in a process of their own, over real HTTP on kept connections.

    python -m bench.readers <plan as JSON>     # results as JSON on standard output

`{"how": "loop", "address": …, "at_once": 4, "seconds": 3}` asks as fast as it is answered;
`{"how": "paced", "addresses": […], "readers": 50, "every": 5, "seconds": 20}` has each reader, on
a connection of its own, ask for the addresses in turn, one every so many seconds; in every other
round it sends the tags that it was given. Each first question falls on a moment of its own.

Latencies of paced readers count from the moment at which the question was due: an answer that comes
late makes the next ones of the same reader late, and so does a reader that this process is too busy
for.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import random
import sys
import time
from typing import Any

import aiohttp

SEED = 20
_serial = itertools.count(time.time_ns())


async def main(plan: dict[str, Any]) -> dict[str, Any]:
    """Carry out a plan; latencies in seconds, counts by status."""
    found = _Found()
    if plan["how"] == "loop":
        async with _session() as web:
            until = time.perf_counter() + plan["seconds"]
            await asyncio.gather(*[_loop(web, plan, until, found) for _ in range(plan["at_once"])])
    else:
        seeded = random.Random(SEED)  # noqa: S311 - only when they begin
        starts = [seeded.uniform(0, plan["every"]) for _ in range(plan["readers"])]
        await asyncio.gather(*[_reader(plan, n, at, found) for n, at in enumerate(starts)])
    return {"seconds": found.seconds, "statuses": found.statuses}


def _session() -> aiohttp.ClientSession:
    limit = aiohttp.TCPConnector(limit=0)
    return aiohttp.ClientSession(connector=limit, timeout=aiohttp.ClientTimeout(total=60))


class _Found:
    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.statuses: dict[str, int] = {}


async def _loop(web: Any, plan: dict[str, Any], until: float, found: _Found) -> None:
    while time.perf_counter() < until:
        address = plan["address"]
        if plan.get("each_its_own"):
            address += f"{'&' if '?' in address else '?'}reader={next(_serial)}"
        began = time.perf_counter()
        await _ask(web, address, plan.get("accept", "text/html"), None, began, found)


async def _reader(plan: dict[str, Any], number: int, start: float, found: _Found) -> None:
    addresses, tags = plan["addresses"], dict[str, str]()
    began = time.perf_counter() + start
    async with _session() as web:
        for turn in range(math.ceil((plan["seconds"] - start) / plan["every"])):
            due = began + turn * plan["every"]
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            round_, place = divmod(number + turn, len(addresses))
            address, accept = addresses[place]
            held = tags.get(address) if round_ % 2 else None
            if tag := await _ask(web, address, accept, held, due, found):
                tags[address] = tag


async def _ask(
    web: Any, address: str, accept: str, held: str | None, began: float, found: _Found
) -> str | None:
    """Ask once, with the tag that is held; the tag of the answer."""
    headers = {"Accept": accept, **({"If-None-Match": held} if held else {})}
    async with web.get(address, headers=headers) as answer:
        await answer.read()
    found.seconds.append(time.perf_counter() - began)
    status = str(answer.status)
    found.statuses[status] = found.statuses.get(status, 0) + 1
    tag: str | None = answer.headers.get("ETag")
    return tag


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))

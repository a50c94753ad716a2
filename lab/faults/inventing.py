"""An endpoint that invents a head far above the chain, with a branch that leads up to it."""

from __future__ import annotations

import json
from typing import Any

from lab.endpoint import Endpoint, Exchange, Handler, Middleware, Reply
from lab.faults.block_lies import is_block
from lab.faults.fault import Fault, Sort, first_param, reply_of, rows_of
from lab.faults.forging import Forgery

_TAGS = ("latest", "pending", "safe", "finalized")


class Invention(Forgery):
    """The newest blocks once more, so many numbers higher and so many seconds later.

    They are sound in themselves and linked down to the first of them, which follows nothing.
    """

    async def first(self) -> int:
        """Number of the real block that the lowest invented one is made of."""
        if self._first is None:
            await self._upstream.refresh()
            self._first = max(1, self._upstream.consensus.finalized)
        return self._first

    @property
    def blocks(self) -> int:
        """By how much the numbers are higher."""
        return int(self._fault.blocks or 0)

    def altered(self, block: dict[str, Any]) -> dict[str, Any]:
        """The number and the time of an invented block."""
        later = int(block["timestamp"], 16) + int(self._fault.seconds or 0)
        return {"number": self.higher(block["number"]), "timestamp": hex(later)}

    def higher(self, number: str) -> str:
        """The invented number of what lies in a real block."""
        return hex(int(number, 16) + self.blocks)

    async def told(self, result: Any) -> Any:
        """What is said of an invented block: it, or its logs or receipts."""
        if is_block(result):
            return await self.block(result)
        if not isinstance(result, list):
            return result
        hashes = {row["blockHash"]: await self.hash_of(row["blockHash"]) for row in result}
        for row in result:
            for one in (row, *row.get("logs", ())):
                one["blockHash"] = hashes[one["blockHash"]]
                one["blockNumber"] = self.higher(one["blockNumber"])
        return result


def invent(fault: Fault, endpoint: Endpoint) -> Middleware:
    """Call an invented block the head, and know everything else as it is."""
    invention = Invention(fault, endpoint)

    async def middleware(exchange: Exchange, following: Handler) -> Reply:
        head = await endpoint.upstream.refresh()
        known = head, await invention.first()
        asked = [_asked(call, invention, *known) for call in exchange.calls]
        reply = await following(Exchange([call for call, _ in asked], exchange.batch))
        rows = rows_of(reply)
        if rows is None:
            return reply
        for (call, invented), row in zip(asked, rows, strict=False):
            if call.get("method") == "eth_blockNumber" and "result" in row:
                row["result"] = invention.higher(row["result"])
            elif invented and row.get("result"):
                row["result"] = await invention.told(row["result"])
        return reply_of(exchange, rows)

    return middleware


def _asked(
    call: dict[str, Any], invention: Invention, head: int, first: int
) -> tuple[dict[str, Any], bool]:
    """The call about the real block that stands behind an invented one, and whether it does."""
    text = json.dumps(call)
    real = json.loads(invention.real_of(text.encode()))
    if real != call:
        return real, True
    asked = first_param(call)
    if call.get("method") != "eth_getBlockByNumber" or not isinstance(asked, str):
        return call, False
    if asked in _TAGS:
        return call, True
    number = int(asked, 16)
    if number <= head or number - invention.blocks < first:
        return call, False
    return {**call, "params": [hex(number - invention.blocks), *call["params"][1:]]}, True


SORTS = {
    "invent": Sort(
        "invents a head above the chain",
        invent,
        {"far": "so many blocks above the real one, and so many seconds later"},
        {"blocks": 100_000, "seconds": 0},
    )
}

"""An endpoint whose node stands some blocks behind the others, or stands still."""

from __future__ import annotations

import json
from typing import Any

from lab.endpoint import BLOCK_POSITION, Endpoint, Exchange, Handler, Middleware, Reply, error_row
from lab.faults.fault import Fault, Sort, first_param, reply_of, rows_of

_UNKNOWN_BLOCK = -32000
_TAGS = ("latest", "pending", "safe", "finalized")


def stale(fault: Fault, endpoint: Endpoint) -> Middleware:
    """See the chain as it was some blocks ago; with ``frozen`` for ever as it was at the start."""
    upstream = endpoint.upstream
    frozen: list[int] = []

    async def middleware(exchange: Exchange, following: Handler) -> Reply:
        head = await upstream.refresh()
        seen = max(0, head - int(fault.blocks or 0))
        if fault.how == "frozen":
            if not frozen:
                frozen.append(seen)
            seen = frozen[0]
        consensus = upstream.consensus
        tags = {
            "latest": seen,
            "pending": seen,
            "safe": min(max(consensus.safe, 0), seen),
            "finalized": min(max(consensus.finalized, 0), seen),
        }
        if not all(_is_known(call, seen) for call in exchange.calls):
            rows = [
                {"jsonrpc": "2.0", "id": call.get("id"), **_answer(call)}
                if not _is_known(call, seen)
                else await _one(call, tags, following)
                for call in exchange.calls
            ]
            return reply_of(exchange, rows)
        calls = [_dated(call, tags) for call in exchange.calls]
        reply = await following(Exchange(calls, exchange.batch))
        found = rows_of(reply)
        if found is None:
            return reply
        return reply_of(
            exchange,
            [_undone(c, row, seen) for c, row in zip(exchange.calls, found, strict=False)],
        )

    async def _one(call: dict[str, Any], tags: dict[str, int], following: Handler) -> Any:
        reply = await following(Exchange([_dated(call, tags)], batch=False))
        return _undone(call, json.loads(reply.body), tags["latest"])

    return middleware


def _number(value: Any) -> int | None:
    """A block number written as one; not a hash and not a tag."""
    if not isinstance(value, str) or not value.startswith("0x") or len(value) >= 66:
        return None
    try:
        return int(value, 16)
    except ValueError:
        return None


def _block_of(call: dict[str, Any]) -> Any:
    """The block that a call is about, as it was written, or None."""
    position = BLOCK_POSITION.get(str(call.get("method")))
    params = call.get("params")
    if not isinstance(params, list) or position is None or len(params) <= position:
        return None
    return params[position]


def _is_known(call: dict[str, Any], seen: int) -> bool:
    asked = first_param(call)
    if call.get("method") == "eth_getLogs" and isinstance(asked, dict):
        number = _number(asked.get("fromBlock"))
    else:
        number = _number(_block_of(call))
    return number is None or number <= seen


def _answer(call: dict[str, Any]) -> dict[str, Any]:
    """What a node says about a block that it does not have yet."""
    if str(call.get("method")).startswith("eth_getBlock"):
        return {"result": None}
    return {"error": {"code": _UNKNOWN_BLOCK, "message": "block not found"}}


def _dated(call: dict[str, Any], tags: dict[str, int]) -> dict[str, Any]:
    """The call with tags replaced by what they mean to this endpoint."""
    asked, block = first_param(call), _block_of(call)
    if isinstance(block, str) and block in tags:
        params = list(call["params"])
        params[BLOCK_POSITION[call["method"]]] = hex(tags[block])
        return {**call, "params": params}
    if call.get("method") != "eth_getLogs" or not isinstance(asked, dict) or "blockHash" in asked:
        return call
    last = _number(asked.get("toBlock"))
    if last is None:
        last = tags.get(asked.get("toBlock", "latest"), tags["latest"])
    dated = {**asked, "toBlock": hex(min(last, tags["latest"]))}
    if dated.get("fromBlock") in tags:
        dated["fromBlock"] = hex(tags[dated["fromBlock"]])
    return {**call, "params": [dated]}


def _undone(call: dict[str, Any], row: dict[str, Any], seen: int) -> dict[str, Any]:
    """The answer without what this endpoint cannot have seen."""
    result = row.get("result")
    if call.get("method") == "eth_blockNumber" and isinstance(result, str):
        return {**row, "result": hex(seen)}
    for one in result if isinstance(result, list) else [result]:
        if not isinstance(one, dict):
            continue
        number = _number(one.get("number") or one.get("blockNumber"))
        if number is not None and number > seen:
            method = str(call.get("method"))
            if method == "eth_getLogs":
                return error_row(call, _UNKNOWN_BLOCK, "unknown block")
            return {**row, "result": None}
    return row


SORTS = {
    "stale": Sort(
        "is behind the others",
        stale,
        {
            "behind": "always so many blocks behind",
            "frozen": "stands still, so many blocks behind where it began",
        },
        {"blocks": 30},
    )
}

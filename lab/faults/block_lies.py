"""Lies about blocks, about what contracts answer, and about which question was asked."""

from __future__ import annotations

from typing import Any

from lab.endpoint import Endpoint, Exchange, Handler, Middleware, Reply
from lab.faults.fault import Fault, first_param, reply_of, rewriting, rows_of

_BY_NUMBER = "eth_getBlockByNumber"
_BLOCK_METHODS = (_BY_NUMBER, "eth_getBlockByHash")
_WORD = 64
_AN_HOUR = 3600


def is_block(result: Any) -> bool:
    """Whether a result is a block or its header."""
    return isinstance(result, dict) and "parentHash" in result and "number" in result


def _no_block(fault: Fault, call: dict[str, Any], result: Any) -> Any:
    """Only blocks asked for by number are missing: a node without a head would say nothing."""
    asked = first_param(call)
    by_number = call.get("method") == _BY_NUMBER and str(asked).startswith("0x")
    return None if by_number and fault.strikes(asked) else result


def _no_parent(_fault: Fault, block: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if key != "parentHash"}


def _wrong_parent(fault: Fault, block: dict[str, Any]) -> dict[str, Any]:
    return {**block, "parentHash": fault.other_hash(block["parentHash"])}


def _wrong_hash(fault: Fault, block: dict[str, Any]) -> dict[str, Any]:
    return {**block, "hash": fault.other_hash(block["hash"])}


def _wrong_header(_fault: Fault, block: dict[str, Any]) -> dict[str, Any]:
    return {**block, "timestamp": hex(int(block["timestamp"], 16) + _AN_HOUR)}


def _wide_header(_fault: Fault, block: dict[str, Any]) -> dict[str, Any]:
    return {**block, "timestamp": "0x1" + "0" * 64}


BLOCK_LIES = {
    "no-parent": ("blocks have no parent hash", _no_parent),
    "wrong-parent": ("blocks name another parent", _wrong_parent),
    "wrong-hash": ("blocks have a hash that is not theirs", _wrong_hash),
    "wrong-header": ("blocks have another time under the same hash", _wrong_header),
    "wide-header": ("a block's time has more than 256 bits", _wide_header),
}
NO_BLOCK = "blocks below the head are said not to exist"


def lie(fault: Fault, _endpoint: Endpoint) -> Middleware:
    """Lie about blocks as `BLOCK_LIES` says, or deny them."""

    async def told(call: dict[str, Any], result: Any) -> Any:
        if call.get("method") not in _BLOCK_METHODS or not is_block(result):
            return result
        if fault.how == "null-block":
            return _no_block(fault, call, result)
        struck = fault.strikes(result["number"])
        return BLOCK_LIES[fault.how][1](fault, result) if struck else result

    return rewriting(told)


def call_lie(fault: Fault, _endpoint: Endpoint) -> Middleware:
    """Give contracts' answers with the last bit of their last word changed."""

    async def told(call: dict[str, Any], result: Any) -> Any:
        if call.get("method") not in ("eth_call", "eth_getStorageAt"):
            return result
        if not isinstance(result, str) or len(result) < 2 + _WORD:
            return result
        if not fault.strikes(call.get("params")):
            return result
        return result[:-1] + f"{int(result[-1], 16) ^ 1:x}"

    return rewriting(told)


def other_id(fault: Fault, _endpoint: Endpoint) -> Middleware:
    """Answer each request with the sound answer to another one."""

    async def middleware(exchange: Exchange, following: Handler) -> Reply:
        reply = await following(exchange)
        rows = rows_of(reply)
        if rows is None or not fault.strikes(exchange.calls[0].get("id")):
            return reply
        if len(rows) > 1:
            ids = [row.get("id") for row in rows]
            for row, number in zip(rows, [*ids[1:], ids[0]], strict=True):
                row["id"] = number
        elif isinstance(rows[0].get("id"), int):
            rows[0]["id"] += 1
        return reply_of(exchange, rows)

    return middleware

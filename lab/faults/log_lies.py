"""Lies about logs, while the block that they stand in stays what it is.

Which logs are lied about is decided by the seed and the log's own place, so that the same lie is
told each time, and the same one in a range, in a block and in a receipt.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from lab.endpoint import Endpoint, Middleware
from lab.faults.fault import Fault, first_param, rewriting

Log = dict[str, Any]
Logs = list[Log]

# VoteCast(address,uint256,uint8,uint256,string), and the same WithParams and its bytes: proposal,
# support and weight are the first three words of the data.
VOTES = (
    "0xb8e138887d0aa13bab447e82de9d5c1777041ecd21ca36ba824ff1e6c07ddda4",
    "0xe2babfbac5889a709b63bb7f598b324e08bc5a4fb9ec647fb3cbc9ec07eb8712",
)
STRANGER = "0x" + "5e" * 20
MANY = 10_000
_WORD = 64
_SUPPORT, _WEIGHT = 1, 2


def _with_word(data: str, position: int, value: int) -> str:
    start = 2 + position * _WORD
    return data[:start] + f"{value % 2**256:064x}" + data[start + _WORD :]


def _word(data: str, position: int) -> int:
    start = 2 + position * _WORD
    return int(data[start : start + _WORD], 16)


def _is_vote(log: Log) -> bool:
    return bool(log["topics"]) and log["topics"][0] in VOTES


def _heavier(_fault: Fault, log: Log) -> Log:
    if not _is_vote(log):
        return log
    return {**log, "data": _with_word(log["data"], _WEIGHT, 3 * _word(log["data"], _WEIGHT))}


def _turned(_fault: Fault, log: Log) -> Log:
    """For becomes against, against becomes for; abstentions stay."""
    if not _is_vote(log) or _word(log["data"], _SUPPORT) > 1:
        return log
    return {**log, "data": _with_word(log["data"], _SUPPORT, 1 - _word(log["data"], _SUPPORT))}


def _bent(_fault: Fault, log: Log) -> Log:
    if len(log["data"]) < 3:
        return log
    return {**log, "data": log["data"][:-1] + f"{int(log['data'][-1], 16) ^ 1:x}"}


def _of_another_block(fault: Fault, log: Log) -> Log:
    return {**log, "blockHash": fault.other_hash(log["blockHash"])}


def _impossible(_fault: Fault, log: Log) -> Log:
    return {**log, "logIndex": hex(2**40), "transactionIndex": hex(2**40)}


def _removed(_fault: Fault, log: Log) -> Log:
    return {**log, "removed": True}


def _too_wide(_fault: Fault, log: Log) -> Log:
    return {**log, "logIndex": "0x1" + "0" * 64}


def _odd(_fault: Fault, log: Log) -> Log:
    return {**log, "data": log["data"] + "a"}


def _missing(fault: Fault, logs: Logs) -> Logs:
    return [log for log in logs if not _struck(fault, log)]


def _added(fault: Fault, logs: Logs) -> Logs:
    """After the last log of a block there is one more like it, with other data."""
    return _longer(fault, logs, lambda log: [_bent(fault, _moved(log, 1))])


def _flood(fault: Fault, logs: Logs) -> Logs:
    """Every block with logs has ten thousand more."""
    return _longer(fault, logs, lambda log: [_moved(log, i + 1) for i in range(MANY)])


def _longer(fault: Fault, logs: Logs, more: Callable[[Log], Logs]) -> Logs:
    found: Logs = []
    for log, following in itertools.zip_longest(logs, logs[1:]):
        found.append(log)
        ends = following is None or following["blockHash"] != log["blockHash"]
        if ends and _struck(fault, log):
            found += more(log)
    return found


def _moved(log: Log, by: int) -> Log:
    return {**log, "logIndex": hex(int(log["logIndex"], 16) + by)}


def _of_a_stranger(fault: Fault, logs: Logs) -> Logs:
    return [{**log, "address": STRANGER} if _struck(fault, log) else log for log in logs]


def _twice(fault: Fault, logs: Logs) -> Logs:
    return [one for log in logs for one in ([log, log] if _struck(fault, log) else [log])]


def _disordered(_fault: Fault, logs: Logs) -> Logs:
    return logs[::-1]


def _struck(fault: Fault, log: Log) -> bool:
    return fault.strikes(log["blockHash"], log["logIndex"])


def _each(change: Callable[[Fault, Log], Log]) -> Callable[[Fault, Logs], Logs]:
    def changed(fault: Fault, logs: Logs) -> Logs:
        return [change(fault, log) if _struck(fault, log) else log for log in logs]

    return changed


# How, in words, whether receipts tell the same story, and what becomes of the logs.
LIES: dict[str, tuple[str, bool, Callable[[Fault, Logs], Logs]]] = {
    "vote": ("votes have three times their weight, in receipts too", True, _each(_heavier)),
    "support": ("for and against are exchanged, in receipts too", True, _each(_turned)),
    "data": ("the last bit of a log's data is another one, in receipts too", True, _each(_bent)),
    "missing-log": ("logs are left out", False, _missing),
    "added-log": ("a block has one log more", False, _added),
    "other-address": ("logs of a contract that was not asked for", False, _of_a_stranger),
    "duplicate-log": ("logs are given twice", False, _twice),
    "unordered-logs": ("logs come in reverse order", False, _disordered),
    "wrong-block-hash": ("logs name another block's hash", False, _each(_of_another_block)),
    "wrong-index": ("logs have impossible indices", False, _each(_impossible)),
    "removed-log": ("logs are marked as removed", False, _each(_removed)),
    "wide-number": ("a log's index has more than 256 bits", False, _each(_too_wide)),
    "odd-hex": ("a log's data has an odd number of digits", False, _each(_odd)),
    "many-logs": (f"a block has {MANY:,} logs more", False, _flood),
}


def lie(fault: Fault, _endpoint: Endpoint) -> Middleware:
    """Lie about logs as `LIES` says."""
    _words, receipts_too, change = LIES[fault.how]

    async def told(call: dict[str, Any], result: Any) -> Any:
        method = call.get("method")
        if method == "eth_getLogs" and isinstance(result, list):
            return change(fault, result)
        if receipts_too and method == "eth_getBlockReceipts" and isinstance(result, list):
            return [_receipt(row) for row in result]
        if receipts_too and method == "eth_getTransactionReceipt" and isinstance(result, dict):
            return _receipt(result)
        return result

    def _receipt(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "logs": change(fault, row.get("logs", []))}

    return rewriting(told)


def receipts(fault: Fault, _endpoint: Endpoint) -> Middleware:
    """Lie about receipts alone: outcomes and logs are others than `eth_getLogs` says."""

    async def told(call: dict[str, Any], result: Any) -> Any:
        method = call.get("method")
        if method == "eth_getBlockReceipts" and isinstance(result, list):
            if fault.how == "no-receipts":
                return None if fault.strikes(first_param(call)) else result
            return [_other(row) for row in result]
        if method == "eth_getTransactionReceipt" and isinstance(result, dict):
            return None if fault.how == "no-receipts" else _other(result)
        return result

    def _other(row: dict[str, Any]) -> dict[str, Any]:
        if not fault.strikes(row.get("transactionHash")):
            return row
        status = "0x0" if row.get("status") == "0x1" else "0x1"
        logs = [_bent(fault, log) for log in row.get("logs", [])]
        return {**row, "status": status, "logs": logs}

    return rewriting(told)

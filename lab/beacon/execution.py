"""What beacon blocks say of execution blocks: payload headers, made of a node's answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.beacon.containers import ExecutionPayloadHeader, Transactions, Withdrawals, root
from lab.rpc import Rpc

PER_REQUEST = 32

Row = dict[str, Any]
"""A block as a node answers it, with its transactions by hash."""


class Moved(RuntimeError):
    """The node's chain changed while it was read; it is to be read again."""


def head(rpc: Rpc) -> Row:
    """The newest block. Raises `lab.rpc.NodeUnreachable`, `lab.rpc.RpcError`."""
    row: Row = rpc.call("eth_getBlockByNumber", "latest", False)
    return row


def hash_of(row: Row) -> bytes:
    """The hash of a block."""
    return _bytes(row["hash"])


def unknown_blocks(rpc: Rpc, row: Row, known: Callable[[bytes], bool], most: int) -> list[Row]:
    """A block and those before it up to one whose hash is known, the oldest first.

    At most so many, and none that the node has forgotten. Block 0 is never among them. Raises
    `Moved`, `lab.rpc.NodeUnreachable`, `lab.rpc.RpcError`.
    """
    found: list[Row] = []
    fetched: dict[int, Row | None] = {}
    while (number := int(row["number"], 16)) and not known(hash_of(row)) and len(found) < most:
        found.append(row)
        if number == 1:
            # A node that was loaded from a dump has a block 0 of its own.
            break
        if number - 1 not in fetched:
            first = max(1, number - (PER_REQUEST if len(found) > 1 else 1))
            calls = [("eth_getBlockByNumber", [hex(n), False]) for n in range(first, number)]
            fetched = dict(zip(range(first, number), rpc.batch(calls), strict=True))
        parent: Row | None = fetched[number - 1]
        if parent is None:
            break
        if parent["hash"] != row["parentHash"]:
            raise Moved(f"block {number} has another parent than block {number - 1}")
        row = parent
    return found[::-1]


def payload_header(rpc: Rpc, row: Row) -> Any:
    """The ExecutionPayloadHeader of a block. Raises as `unknown_blocks`."""
    calls = [("eth_getRawTransactionByHash", [item]) for item in row["transactions"]]
    parts = [rpc.batch(calls[at : at + 500]) for at in range(0, len(calls), 500)]
    transactions = [raw for part in parts for raw in part]
    if None in transactions:
        raise Moved(f"transactions of block {int(row['number'], 16)} are gone")
    if row.get("withdrawals"):
        raise ValueError("The lab's L1 has no withdrawals.")
    return ExecutionPayloadHeader(
        parent_hash=_bytes(row["parentHash"]),
        fee_recipient=_bytes(row["miner"]),
        state_root=_bytes(row["stateRoot"]),
        receipts_root=_bytes(row["receiptsRoot"]),
        logs_bloom=_bytes(row["logsBloom"]),
        prev_randao=_bytes(row["mixHash"]),
        block_number=int(row["number"], 16),
        gas_limit=int(row["gasLimit"], 16),
        gas_used=int(row["gasUsed"], 16),
        timestamp=int(row["timestamp"], 16),
        extra_data=_bytes(row["extraData"]),
        base_fee_per_gas=int(row["baseFeePerGas"], 16),
        block_hash=_bytes(row["hash"]),
        transactions_root=root(Transactions(_bytes(item) for item in transactions)),
        withdrawals_root=root(Withdrawals()),
        blob_gas_used=int(row["blobGasUsed"], 16),
        excess_blob_gas=int(row["excessBlobGas"], 16),
    )


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])

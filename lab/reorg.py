"""Replacing the newest blocks of a chain, so that their hashes really change."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

from lab.accounts import actor
from lab.chain import GWEI, MAX_FEE
from lab.rpc import Rpc, RpcError

# A chain whose head is this many seconds old or younger follows the clock; another is scripted.
LIVE = 60


class ReorgRefused(RuntimeError):
    """The reorg was not made; the message says why and what would be possible."""


@dataclass(frozen=True)
class Reorg:
    """What a reorg replaced: hashes by block number before and after, and what became of the
    transactions."""

    ancestor: int
    before: dict[int, str]
    after: dict[int, str]
    kept: int
    dropped: list[str]


def reorg(rpc: Rpc, depth: int, *, drop: int = 1) -> Reorg:
    """Replace the newest ``depth`` blocks, leaving out the ``drop`` newest senders' transactions.

    A marker transaction in the first new block changes its hash and so all that follow.
    Raises `ReorgRefused`.
    """
    head = int(rpc.call("eth_blockNumber"), 16)
    if not 1 <= depth < head:
        raise ReorgRefused(f"a reorg of {depth} is not possible at height {head}")
    ancestor = head - depth
    numbers = range(ancestor + 1, head + 1)
    blocks = rpc.batch([("eth_getBlockByNumber", [hex(n), True]) for n in numbers])
    try:
        marker = _marker(rpc, ancestor)
    except RpcError as error:
        raise ReorgRefused(
            f"the node no longer has the state of block {ancestor} "
            "(a node keeps none from before its last start): choose a smaller depth"
        ) from error
    raw, dropped = _survivors(rpc, blocks, ancestor, drop)
    _replace(rpc, depth, [[marker, 0], *raw], blocks)
    after = rpc.batch([("eth_getBlockByNumber", [hex(n), False]) for n in numbers])
    result = Reorg(
        ancestor=ancestor,
        before={int(block["number"], 16): block["hash"] for block in blocks},
        after={int(block["number"], 16): block["hash"] for block in after},
        kept=len(raw),
        dropped=dropped,
    )
    unchanged = [number for number in numbers if result.before[number] == result.after[number]]
    if unchanged:
        raise ReorgRefused(f"the node kept the hashes of blocks {unchanged}")
    return result


def _replace(
    rpc: Rpc, depth: int, transactions: list[list[Any]], blocks: list[dict[str, Any]]
) -> None:
    # Left alone, the node gives all new blocks their ancestor's time and lags behind ever after.
    first, last = (int(blocks[i]["timestamp"], 16) for i in (0, -1))
    rpc.call("anvil_setBlockTimestampInterval", max(1, (last - first) // max(1, depth - 1)))
    try:
        rpc.call("anvil_reorg", depth, transactions)
    finally:
        rpc.call("anvil_removeBlockTimestampInterval")
        now = int(time.time())
        rpc.call("evm_setTime", max(last, now) if abs(now - last) < LIVE else last)


def _marker(rpc: Rpc, ancestor: int) -> str:
    sender = actor("reorg-marker")
    nonce = rpc.call("eth_getTransactionCount", sender.address, hex(ancestor))
    transaction: dict[str, Any] = {
        "chainId": int(rpc.call("eth_chainId"), 16),
        "nonce": int(nonce, 16),
        "gas": 30_000,
        "maxFeePerGas": MAX_FEE,
        "maxPriorityFeePerGas": GWEI,
        "value": secrets.randbelow(10**9),
        "to": sender.address,
        "data": b"",
    }
    return "0x" + sender.key.sign_transaction(transaction).raw_transaction.hex()


def _survivors(
    rpc: Rpc, blocks: list[dict[str, Any]], ancestor: int, drop: int
) -> tuple[list[list[Any]], list[str]]:
    """Raw transactions with the offset of their new block, and the hashes left out."""
    marker = actor("reorg-marker").address.lower()
    rows = [(int(b["number"], 16), t) for b in blocks for t in b["transactions"]]
    rows = [(number, t) for number, t in rows if t["from"].lower() != marker]
    senders = list(dict.fromkeys(t["from"] for _number, t in reversed(rows)))
    left_out = set(senders[:drop])
    keep = [(number, t["hash"]) for number, t in rows if t["from"] not in left_out]
    dropped = [t["hash"] for _number, t in rows if t["from"] in left_out]
    raw = rpc.batch([("eth_getRawTransactionByHash", [item]) for _number, item in keep])
    offsets = [number - ancestor - 1 for number, _hash in keep]
    return [[data, offset] for data, offset in zip(raw, offsets, strict=True)], dropped

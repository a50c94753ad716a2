"""Receipts roots from the text of eth_getBlockReceipts replies, beside `rlp` with `HexaryTrie`.

Blocks of an L2 while a vote is open: a deposit first, then votes, each with its one log. All begin
at the bytes of the replies and end at roots.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from bench import pip_peer
from bench.stage import Stage, show
from proofs.chain import bloom, receipts, receipts_batch
from proofs.keccak_batch import keccak256_rows

BLOCKS, A_BLOCK = 100, 200
REPEATS = 11
AT_LEAST_FASTER, AT_MOST_MICROSECONDS = 20, 2


def run(stage: Stage) -> bool:
    """Print the table, and whether the aims are reached; whether all found the same roots."""
    bodies = replies()
    plain = [receipts.root(receipts_batch.read(body)) for body in bodies]
    right = receipts_batch.roots(bodies) == plain
    ours = _median(lambda: receipts_batch.roots(bodies))
    # The peer ends with an error when a root is another.
    peer = pip_peer.spent("trie", "receipts.py", _for_peers(stage.folder, bodies, plain))
    rows = {
        "reading the bytes once": reading(bodies),
        "hashing as many bytes as the leaves have": hashing(bodies),
        "JSON to Python's dicts and lists (msgspec)": _median(
            lambda: [msgspec.json.decode(body) for body in bodies]
        ),
        "ours, in batch": ours,
        "ours, in batch, a block at a time": _median(
            lambda: [receipts_batch.roots([body]) for body in bodies]
        ),
        "ours, plain path": _median(
            lambda: [receipts.root(receipts_batch.read(body)) for body in bodies], 3
        ),
        **({} if peer is None else {"rlp with HexaryTrie": peer}),
    }
    show(
        f"Receipts roots of {BLOCKS} blocks of {A_BLOCK}, {sum(map(len, bodies)) / 1e6:.0f} MB",
        ("processor time", "µs a receipt", "× ours"),
        [
            (name, f"{each / (BLOCKS * A_BLOCK) * 1e6:.2f}", f"{each / ours:.1f}")
            for name, each in rows.items()
        ],
    )
    missed = ["rlp with HexaryTrie"] * (peer is not None and peer < AT_LEAST_FASTER * ours)
    if ours > AT_MOST_MICROSECONDS * 1e-6 * BLOCKS * A_BLOCK:
        missed.append(f"{AT_MOST_MICROSECONDS} µs a receipt")
    if missed:
        print(f"The aim is not reached beside: {', '.join(missed)}.")
    return right


def replies() -> list[bytes]:
    """Blocks drawn by a fixed seed, with all the fields that a node of the OP Stack gives."""
    draw = random.Random(20)  # noqa: S311 - the same for all, and again
    return [
        json.dumps({"jsonrpc": "2.0", "id": number, "result": _block(draw, number)}).encode()
        for number in range(BLOCKS)
    ]


def _block(draw: random.Random, number: int) -> list[dict[str, object]]:
    place = {"blockHash": "0x" + draw.randbytes(32).hex(), "blockNumber": hex(number + 2**24)}
    rows, gas = [], 0
    for position in range(A_BLOCK):
        gas += draw.randrange(40_000, 90_000)
        about = {"transactionHash": "0x" + draw.randbytes(32).hex(), **place}
        about["transactionIndex"] = hex(position)
        logs = [_vote(draw, position - 1, about)] if position else []
        content = [(bytes.fromhex(str(one["address"])[2:]), _topics(one)) for one in logs]
        row: dict[str, object] = {
            **about,
            "type": "0x2" if position else hex(receipts.DEPOSIT),
            "status": "0x1",
            "cumulativeGasUsed": hex(gas),
            "gasUsed": "0xb3b0",
            "effectiveGasPrice": "0xf4240",
            "from": "0x" + draw.randbytes(20).hex(),
            "to": "0x" + "11" * 20,
            "contractAddress": None,
            "logs": logs,
            "logsBloom": "0x" + bloom.of_logs(content).hex(),
            "l1Fee": "0x1d2b9",
            "l1GasPrice": "0x5f5e100",
            "l1GasUsed": "0x640",
        }
        if not position:
            row |= {"depositNonce": hex(number + 2**24), "depositReceiptVersion": "0x1"}
        rows.append(row)
    return rows


def _vote(draw: random.Random, index: int, about: dict[str, str]) -> dict[str, object]:
    words = [2**200, draw.randrange(3), draw.randrange(10**24), 128, 0]
    voter = bytes(12) + draw.randbytes(20)
    return {
        **about,
        "address": "0x" + "11" * 20,
        "topics": ["0x" + "b8" * 32, "0x" + voter.hex()],
        "data": "0x" + b"".join([word.to_bytes(32, "big") for word in words]).hex(),
        "logIndex": hex(index),
        "removed": False,
    }


def _topics(log: dict[str, object]) -> list[bytes]:
    topics = log["topics"]
    assert isinstance(topics, list)
    return [bytes.fromhex(topic[2:]) for topic in topics]


def _for_peers(folder: Path, bodies: list[bytes], roots: list[bytes]) -> Path:
    file = folder / "receipts.json"
    texts, known = [body.decode() for body in bodies], [root.hex() for root in roots]
    file.write_text(json.dumps({"bodies": texts, "roots": known}))
    return file


def reading(bodies: list[bytes]) -> float:
    """Seconds of reading the bytes once."""
    texts = [np.frombuffer(body[: len(body) & ~7], np.uint64) for body in bodies]
    return _median(lambda: [np.bitwise_xor.reduce(text) for text in texts])


def hashing(bodies: list[bytes]) -> float:
    """Seconds of hashing as many bytes as the leaves have."""
    sizes = [len(receipts.encode(row)) for body in bodies for row in receipts_batch.read(body)]
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    data = np.zeros(offsets[-1], np.uint8)
    return _median(lambda: keccak256_rows(data, offsets))


def _median(act: Callable[[], object], repeats: int = REPEATS) -> float:
    """Seconds of processor time; everything measured here computes in one thread."""
    times = []
    for _ in range(repeats):
        began = time.process_time()
        act()
        times.append(time.process_time() - began)
    return statistics.median(times)

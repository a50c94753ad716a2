"""One receipt, and so each of its logs, under a receipts root, without the rest of its block.

Nodes serve no such proofs: they are made from all receipts of the block, which `receipts.check`
holds against the root, and then stand by themselves. Sources as for `receipts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..inputs import unsigned
from ..refusals import MalformedReceipt, NotRlp
from . import bloom, receipts, rlp
from .answers import Fields
from .proof import verify
from .trie import prove_ordered


class Log(NamedTuple):
    """A log as a receipt holds it: address of 20 bytes, topics of 32, data."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


class Receipt(NamedTuple):
    """What a receipts trie holds of a transaction.

    `outcome` is the status, 0 or 1, or the state root of 32 bytes that stood there before
    Byzantium. `nonce` and `version` are those of a deposit of the OP Stack since Canyon, else None.
    """

    kind: int
    outcome: int | bytes
    cumulative_gas: int
    logs: tuple[Log, ...]
    nonce: int | None = None
    version: int | None = None


def prove(block: Sequence[Fields], position: int) -> tuple[bytes, list[bytes]]:
    """Receipts root of a block from all of its receipts, and the proof of the one at a position.

    A position beyond them gives the proof that there is none. Raises as `receipts.encode`.
    """
    root, (nodes,) = prove_ordered([receipts.encode(row) for row in block], [position])
    return root, nodes


def check(root: bytes, position: int, nodes: Sequence[bytes]) -> Receipt | None:
    """The receipt of the transaction at a position of the block, or None where there is none.

    Raises as `proof.verify`; MalformedReceipt; NotAnInteger, OutOfRange for a position.
    """
    key = rlp.number(unsigned("a position", position, 32))
    value = verify(root, key, nodes)
    return None if value is None else read(value)


def read(value: bytes) -> Receipt:
    """The receipt with this encoding, whose bloom is found to be that of its logs.

    Raises MalformedReceipt.
    """
    kind = value[0] if value and value[0] < 0x80 else 0
    if kind and kind != receipts.DEPOSIT and kind not in receipts.PLAIN:
        raise MalformedReceipt(f"Receipts of type 0x{kind:02x} are not known here.", type=kind)
    try:
        item = rlp.decode(value[1:] if kind else value)
    except NotRlp as refusal:
        raise MalformedReceipt(f"A receipt is not RLP: {refusal}") from refusal
    lengths = (4, 6) if kind == receipts.DEPOSIT else (4,)
    if not isinstance(item, list) or len(item) not in lengths:
        raise MalformedReceipt("A receipt has not the fields of its type.", type=kind)
    outcome, gas, filtered, rows, *deposit = item
    if not isinstance(rows, list):
        raise MalformedReceipt("The logs of a receipt are no list.")
    logs = tuple([_log(row) for row in rows])
    if filtered != bloom.of_logs([(log.address, log.topics) for log in logs]):
        raise MalformedReceipt("The bloom of a receipt is not that of its logs.")
    return Receipt(
        kind,
        _outcome(outcome),
        _number(gas, "cumulative gas"),
        logs,
        *[_number(part, "a deposit's field") for part in deposit],
    )


def _outcome(part: rlp.Item) -> int | bytes:
    if isinstance(part, bytes) and len(part) == 32:
        return part
    if part not in (b"", b"\x01"):
        raise MalformedReceipt("The outcome of a receipt is neither a status nor a state root.")
    return len(part)


def _number(part: rlp.Item, name: str) -> int:
    if not isinstance(part, bytes) or len(part) > 8 or part[:1] == b"\0":
        raise MalformedReceipt(f"The {name} of a receipt is no number of 64 bits.", field=name)
    return int.from_bytes(part, "big")


def _log(row: rlp.Item) -> Log:
    if not isinstance(row, list) or len(row) != 3:
        raise MalformedReceipt("A log has not exactly three fields.")
    address, topics, data = row
    if not isinstance(address, bytes) or len(address) != 20 or not isinstance(data, bytes):
        raise MalformedReceipt("A log has no address of 20 bytes, or no data.")
    if not isinstance(topics, list) or len(topics) > receipts.MOST_TOPICS:
        raise MalformedReceipt("A log has no list of at most four topics.")
    words = tuple([topic for topic in topics if isinstance(topic, bytes) and len(topic) == 32])
    if len(words) != len(topics):
        raise MalformedReceipt("A topic of a log is not 32 bytes long.")
    return Log(address, words, data)

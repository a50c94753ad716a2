"""Receipts, from a node's answer to eth_getBlockReceipts to the root in the block's header.

Source: the Yellow Paper, section 4.3.1; EIP-2718 and EIP-658; the OP Stack's specification of
deposits; Arbitrum Nitro. The root covers status, cumulative gas, bloom and logs of every
transaction in order. It does not cover hashes of transactions, senders or gas prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..refusals import DisorderedReceipts, NotHex, RootMismatch, UnknownReceipt, WrongLength
from . import bloom, rlp
from .answers import Fields, data, octets, present, quantity
from .trie import ordered_root

DEPOSIT = 0x7E
# Envelopes around the four fields: EIP-2930, 1559, 4844, 7702; Arbitrum's own since Nitro.
PLAIN = frozenset({0x01, 0x02, 0x03, 0x04, 0x64, 0x65, 0x66, 0x68, 0x69, 0x6A})
MOST_TOPICS = 4


class ProvenLog(NamedTuple):
    """A log under a receipts root. `tx_hash` is the node's word, the root does not cover it."""

    tx_index: int
    log_index: int
    tx_hash: bytes
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


def encode(receipt: Fields) -> bytes:
    """The bytes of one receipt in its block's receipts trie.

    Raises UnknownReceipt for a type that is not known here, NotHex, WrongLength and OutOfRange for
    a field that cannot be.
    """
    kind = quantity(receipt, "type", 8) if present(receipt, "type") else 0
    parts = [_outcome(receipt), rlp.number(quantity(receipt, "cumulativeGasUsed", 64))]
    logs = _logs(receipt)
    if present(receipt, "logsBloom"):
        known = data(receipt, "logsBloom", bloom.BYTES)
    else:
        known = bloom.of_logs([(address, topics) for address, topics, _ in logs])
    parts += [rlp.string(known), rlp.sequence([_encoded(*log) for log in logs])]
    if kind == 0:
        return rlp.sequence(parts)
    if kind == DEPOSIT:
        # Since Canyon; before, the nonce was answered but not hashed.
        if present(receipt, "depositReceiptVersion"):
            parts += [
                rlp.number(quantity(receipt, name, 64))
                for name in ("depositNonce", "depositReceiptVersion")
            ]
    elif kind not in PLAIN:
        raise UnknownReceipt(f"Receipts of type 0x{kind:02x} are not known here.", type=kind)
    return bytes((kind,)) + rlp.sequence(parts)


def root(receipts: Sequence[Fields]) -> bytes:
    """Receipts root of a block from all of its receipts: 32 bytes. Raises as `encode`."""
    return ordered_root([encode(receipt) for receipt in receipts])


def check(receipts: Sequence[Fields], expected: bytes) -> list[ProvenLog]:
    """All logs of a block, once its receipts are found to be those under its header's root.

    Raises RootMismatch; DisorderedReceipts where indices are not those of the positions, which the
    root does not cover; and as `encode`.
    """
    found = root(receipts)
    if found != expected:
        raise RootMismatch(
            f"The receipts have root 0x{found.hex()}, not 0x{expected.hex()}.",
            found=found,
            expected=expected,
        )
    logs: list[ProvenLog] = []
    for position, receipt in enumerate(receipts):
        if quantity(receipt, "transactionIndex", 32) != position:
            raise DisorderedReceipts(
                f"Receipt {position} says that it is another.", position=position
            )
        tx_hash = data(receipt, "transactionHash", 32)
        for row in _rows(receipt):
            if quantity(row, "logIndex", 32) != len(logs):
                raise DisorderedReceipts(
                    f"Log {len(logs)} of the block says that it is another.", log=len(logs)
                )
            logs.append(ProvenLog(position, len(logs), tx_hash, *_log(row)))
    return logs


def _outcome(receipt: Fields) -> bytes:
    """Status (EIP-658), or the state root that stood in its place before Byzantium."""
    if present(receipt, "status"):
        return rlp.number(quantity(receipt, "status", 1))
    if present(receipt, "root"):
        return rlp.string(data(receipt, "root", 32))
    raise UnknownReceipt("A receipt has neither a status nor a state root.")


def _rows(receipt: Fields) -> list[Fields]:
    rows = receipt.get("logs")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnknownReceipt("A receipt has no list of logs.")
    return rows


def _logs(receipt: Fields) -> list[tuple[bytes, tuple[bytes, ...], bytes]]:
    return [_log(row) for row in _rows(receipt)]


def _log(row: Fields) -> tuple[bytes, tuple[bytes, ...], bytes]:
    topics = row.get("topics")
    if not isinstance(topics, list):
        raise NotHex("topics is not a list.", name="topics")
    if len(topics) > MOST_TOPICS:
        raise WrongLength(f"A log has {len(topics)} topics.", name="topics", length=len(topics))
    words = tuple([octets(topic, "topic", 32) for topic in topics])
    return data(row, "address", 20), words, data(row, "data")


def _encoded(address: bytes, topics: tuple[bytes, ...], content: bytes) -> bytes:
    # A topic of 32 bytes and its length take 33, an address and its length 21.
    return rlp.sequence(
        (
            b"\x94" + address,
            rlp.sequence([b"\xa0" + topic for topic in topics]),
            rlp.string(content),
        )
    )

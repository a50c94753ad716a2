"""Headers, receipts and states as a chain commits to them, made up for certificates."""

from __future__ import annotations

from collections.abc import Sequence

from contract_storage import Storage
from eth_utils import keccak
from made_state import hashed

from proofs.certificate.witnesses import node_set
from proofs.chain import rlp
from proofs.chain.account import EMPTY_CODE
from proofs.chain.trie import prove

LEAF_OF_ZERO = b""
"""In the place of a word: a node of a development chain that keeps a leaf of zero."""


def header(
    number: int, parent: bytes, state_root: bytes, timestamp: int, receipts: bytes = b"\x33" * 32
) -> bytes:
    fields: list[rlp.Item] = [parent, b"\x44" * 32, bytes(20), state_root, b"\x55" * 32, receipts]
    fields += [bytes(256), b"", number.to_bytes(2, "big"), b"\x01", b"\x01"]
    fields += [timestamp.to_bytes(3, "big"), b"", bytes(32), bytes(8), b"\x07"]
    return rlp.encode(fields)


def receipt(logs: list[rlp.Item], *, typed: bool = True) -> bytes:
    body = rlp.encode([b"\x01", b"\x52\x08", bytes(256), logs])
    return b"\x02" + body if typed else body


def state(
    accounts: dict[bytes, tuple[Storage, bytes]], wanted: list[bytes]
) -> tuple[bytes, list[bytes]]:
    """State root, and the nodes that prove some accounts."""
    content = {}
    for address, (storage, code) in accounts.items():
        root, _ = prove(trie_of(storage), [])
        content[keccak(address)] = rlp.encode(
            [b"\x01", b"", root, keccak(code) if code else EMPTY_CODE]
        )
    for filler in range(40):
        content[keccak(bytes([filler]))] = rlp.encode([b"", b"\x09", b"\x66" * 32, EMPTY_CODE])
    root, proofs = prove(content, [keccak(address) for address in wanted])
    return root, [node for nodes in proofs for node in nodes]


def trie_of(storage: Storage) -> dict[bytes, bytes]:
    return {
        hashed(slot): rlp.string(word.lstrip(b"\0"))
        for slot, word in storage.items()
        if any(word) or word == LEAF_OF_ZERO
    }


def nodes_of(storage: Storage, slots: Sequence[int]) -> tuple[bytes, ...]:
    """The nodes that prove some slots."""
    _, proofs = prove(trie_of(storage), [hashed(slot) for slot in slots])
    return node_set(node for nodes in proofs for node in nodes)

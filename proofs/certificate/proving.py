"""Accounts and storage words from node sets, every refusal with its item and place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..chain import proof, rlp
from ..chain.account import ABSENT, Account, read_account, read_word
from ..keccak import keccak256
from ..refusals import BatchRefused, Refusal
from .refusals import PartRefused
from .witnesses import Nodes

T = TypeVar("T")
_EMPTY_STRING = rlp.string(b"")


def accounts(
    item: str, state_root: bytes, addresses: Sequence[bytes], nodes: Nodes
) -> list[Account]:
    """The accounts at these addresses; one that is proven absent counts as empty.

    Raises PartRefused.
    """
    keys = [keccak256(address) for address in addresses]

    def place(at: int) -> str:
        return f"account 0x{addresses[at].hex()}"

    values = _verified(item, state_root, keys, nodes, place)
    return [
        ABSENT if value is None else _read(item, place(at), read_account, value)
        for at, value in enumerate(values)
    ]


class Zeros:
    """How a chain's nodes keep slots that were set to zero. By the protocol no leaf is left of
    them; nodes of development chains leave one that holds the empty string. ``met`` says whether
    there was such a leaf."""

    def __init__(self, *, kept: bool) -> None:
        self.kept = kept
        self.met = False

    def read(self, value: bytes) -> bytes:
        """The 32 bytes of a slot from the value of its leaf. Raises MalformedWord."""
        if self.kept and value == _EMPTY_STRING:
            self.met = True
            return bytes(32)
        return read_word(value)


def words(
    item: str, storage_root: bytes, slots: Sequence[int], nodes: Nodes, zeros: Zeros
) -> dict[int, bytes]:
    """The 32 bytes of each slot, zeros where it is proven absent. Raises PartRefused."""
    keys = [keccak256(slot.to_bytes(32, "big")) for slot in slots]

    def place(at: int) -> str:
        return f"slot 0x{slots[at]:064x}"

    values = _verified(item, storage_root, keys, nodes, place)
    return {
        slot: bytes(32) if value is None else _read(item, place(at), zeros.read, value)
        for at, (slot, value) in enumerate(zip(slots, values, strict=True))
    }


def ordered(
    item: str, place: str, root: bytes, indices: Sequence[int], nodes: Nodes
) -> list[bytes | None]:
    """What a trie keyed by positions holds at these, None where nothing. Raises PartRefused."""
    keys = [rlp.number(index) for index in indices]
    return _verified(item, root, keys, nodes, lambda at: f"{place}, receipt {indices[at]}", place)


def _verified(
    item: str,
    root: bytes,
    keys: Sequence[bytes],
    nodes: Nodes,
    place: Callable[[int], str],
    whole: str = "nodes",
) -> list[bytes | None]:
    try:
        return proof.verify_set(root, keys, nodes)
    except BatchRefused as batch:
        at, refusal = next(iter(batch.refusals.items()))
        raise PartRefused(item, place(at), refusal) from refusal
    except Refusal as refusal:
        raise PartRefused(item, whole, refusal) from refusal


def _read(item: str, place: str, read: Callable[[bytes], T], value: bytes) -> T:
    try:
        return read(value)
    except Refusal as refusal:
        raise PartRefused(item, place, refusal) from refusal

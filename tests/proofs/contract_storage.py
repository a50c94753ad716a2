"""Storage as contracts write it, by a second hand: plain encoding, nothing of the core's."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_utils import keccak

Storage = dict[int, bytes]


def entry(slot: int, key: int | bytes) -> int:
    """The slot of a mapping's entry, by abi.encode as in the contracts' documentation."""
    if isinstance(key, int):
        types = ["uint256", "uint256"]
    else:
        types = ["address" if len(key) == 20 else "bytes32", "uint256"]
    return int.from_bytes(keccak(encode(types, [key, slot])), "big")


def put(storage: Storage, slot: int, value: int) -> None:
    """Write one word."""
    storage[slot] = value.to_bytes(32, "big")


def write_trace(storage: Storage, slot: int, pairs: list[tuple[int, int]], key_bits: int) -> None:
    """A dynamic array of (key low, value high) words whose length is at ``slot``."""
    put(storage, slot, len(pairs))
    first = int.from_bytes(keccak(slot.to_bytes(32, "big")), "big")
    for index, (key, value) in enumerate(pairs):
        put(storage, (first + index) % 2**256, key | value << key_bits)


def write_counted(
    storage: Storage, elements: int, count: int, pairs: list[tuple[int, int]], key_bits: int
) -> None:
    """A mapping from index to (key low, value high) with a counter elsewhere."""
    put(storage, count, len(pairs))
    for index, (key, value) in enumerate(pairs):
        put(storage, entry(elements, index), key | value << key_bits)

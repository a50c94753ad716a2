"""The arithmetic of storage slots: mappings, arrays, ERC-7201 namespaces.

After "Layout of State Variables in Storage" of the Solidity documentation. Slots are ints of 0 to
2**256 - 1. Every function raises NotAnInteger, NotBytes, OutOfRange or WrongLength for what does
not fit.
"""

from __future__ import annotations

from ...inputs import fixed, unsigned
from ...keccak import keccak256

_SLOTS = 1 << 256

IMPLEMENTATION_SLOT = int.from_bytes(keccak256(b"eip1967.proxy.implementation"), "big") - 1
"""Where an ERC-1967 proxy keeps the address of its implementation."""


def mapping_slot(base: int, *keys: int | bytes) -> int:
    """Return the slot of an entry of (nested) mappings at slot ``base``, outer key first.

    Ints are uint256 keys, 20 bytes are addresses, 32 bytes are hashes.
    """
    slot = unsigned("slot", base)
    for key in keys:
        slot = _hashed(_key(key) + slot.to_bytes(32, "big"))
    return slot


def array_slot(base: int, index: int = 0) -> int:
    """Return the slot of a one-slot element of the dynamic array whose length lies at ``base``."""
    data = _hashed(unsigned("slot", base).to_bytes(32, "big"))
    return (data + unsigned("index", index)) % _SLOTS


def offset_slot(base: int, offset: int) -> int:
    """Return the slot ``offset`` slots further, as the EVM counts: modulo 2**256."""
    return (unsigned("slot", base) + unsigned("offset", offset)) % _SLOTS


def namespace_slot(name: str) -> int:
    """Return the first slot of an ERC-7201 namespace such as ``openzeppelin.storage.Votes``."""
    inner = _hashed(name.encode("ascii")) - 1
    return _hashed(inner.to_bytes(32, "big")) & ~0xFF


def _key(key: int | bytes) -> bytes:
    if not isinstance(key, bytes):
        return unsigned("key", key).to_bytes(32, "big")
    return bytes(12) + key if len(key) == 20 else fixed("key", key, 32)


def _hashed(data: bytes) -> int:
    return int.from_bytes(keccak256(data), "big")

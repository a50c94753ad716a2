"""Owners, threshold, nonce and modules in the storage of a Safe, versions 1.3 to 1.5.

Owners and modules are linked lists in mappings: each entry names the next, and the sentinel both
begins and ends the list. A module acts without any owner's signature, so an honest account of who
may act names them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...inputs import fixed
from ...keccak import keccak256
from ...refusals import BrokenOwnerList, ImpossibleWord
from .slots import mapping_slot
from .words import Words, address, number

SINGLETON, MODULES, OWNERS, OWNER_COUNT, THRESHOLD, NONCE = range(6)
"""Slots of a Safe's proxy."""

GUARD = int.from_bytes(keccak256(b"guard_manager.guard.address"), "big")
MODULE_GUARD = int.from_bytes(keccak256(b"module_manager.module_guard.address"), "big")
FALLBACK_HANDLER = int.from_bytes(keccak256(b"fallback_manager.handler.address"), "big")

_SENTINEL = bytes(19) + b"\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeState:
    """Who may act: ``owners`` in the order of the list, how many of them, and the next nonce."""

    singleton: bytes
    owners: tuple[bytes, ...]
    threshold: int
    nonce: int


def owner_slots(owners: Sequence[bytes]) -> tuple[int, ...]:
    """Return the slots of ``proven_safe`` for these owners. Raises NotBytes, WrongLength."""
    fixed_slots = (SINGLETON, OWNER_COUNT, THRESHOLD, NONCE)
    return (*fixed_slots, *_list_slots(OWNERS, owners))


def module_slots(modules: Sequence[bytes]) -> tuple[int, ...]:
    """Return the slots of ``proven_modules`` for these modules. Raises NotBytes, WrongLength."""
    return _list_slots(MODULES, modules)


def proven_safe(words: Words, owners: Sequence[bytes]) -> SafeState:
    """Return the owners in the list's order, given as a set in any order, with threshold and nonce.

    That these are all owners follows from the list: it closes over them, and their count is the
    Safe's own. Raises BrokenOwnerList, ImpossibleWord (a threshold of zero or beyond the owners),
    UnprovenSlot, NotBytes, WrongLength.
    """
    listed = _closed_list(words, OWNERS, owners, "owners")
    count = number(words, OWNER_COUNT, "The number of owners")
    if count != len(listed):
        raise BrokenOwnerList(
            f"The list holds {len(listed)} owners, the Safe counts {count}.",
            listed=len(listed),
            count=count,
        )
    threshold = number(words, THRESHOLD, "The threshold")
    if not 0 < threshold <= count:
        raise ImpossibleWord(
            f"A Safe of {count} owners cannot have the threshold {threshold}.",
            threshold=threshold,
            count=count,
        )
    return SafeState(
        singleton=address(words, SINGLETON, "The singleton"),
        owners=listed,
        threshold=threshold,
        nonce=number(words, NONCE, "The nonce"),
    )


def proven_modules(words: Words, modules: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return all enabled modules in the list's order.

    Raises BrokenOwnerList, UnprovenSlot, ImpossibleWord, NotBytes, WrongLength.
    """
    return _closed_list(words, MODULES, modules, "modules")


def _list_slots(base: int, members: Sequence[bytes]) -> tuple[int, ...]:
    return tuple(mapping_slot(base, fixed("member", each, 20)) for each in (_SENTINEL, *members))


def _closed_list(words: Words, base: int, members: Sequence[bytes], what: str) -> tuple[bytes, ...]:
    """Walk from the sentinel until it returns, meeting each member exactly once."""
    left = {fixed("member", member, 20) for member in members}
    met: list[bytes] = []
    entry = _SENTINEL
    for _ in range(len(members) + 1):
        entry = address(words, mapping_slot(base, entry), f"The entry after {entry.hex()}")
        if entry == _SENTINEL or entry not in left:
            break
        left.remove(entry)
        met.append(entry)
    if entry != _SENTINEL or left:
        raise BrokenOwnerList(
            f"The list of {what} does not close over those named: see {entry.hex()}.",
            at=entry,
            left=tuple(sorted(left)),
        )
    return tuple(met)

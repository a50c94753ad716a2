"""Reading facts from proven words of one contract's storage under one root.

What a word may hold is known to the bit: bits that the contract never writes must be zero, and a
bool must be 0 or 1. Else the layout is not that of the contract, and nothing is read from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...inputs import fixed
from ...refusals import ImpossibleWord, UnprovenSlot, UnusedWord

Words = Mapping[int, bytes]
"""Proven 32-byte words by slot. A slot proven absent is here with 32 zero bytes."""


def word(words: Words, slot: int, what: str) -> int:
    """Return the word at ``slot`` as an int; ``what`` names it in the refusal.

    Raises UnprovenSlot, and NotBytes or WrongLength for what is not 32 bytes.
    """
    found = words.get(slot)
    if found is None:
        raise UnprovenSlot(f"{what} is not among the proven slots.", what=what, slot=slot)
    return int.from_bytes(fixed(what, found, 32), "big")


def fields(value: int, what: str, *widths: int) -> tuple[int, ...]:
    """Split a word into fields of ``widths`` bits, lowest first.

    Raises ImpossibleWord when anything above the last field is not zero.
    """
    parts, rest = [], value
    for width in widths:
        parts.append(rest & ((1 << width) - 1))
        rest >>= width
    if rest:
        raise _impossible(what, value)
    return tuple(parts)


def number(words: Words, slot: int, what: str, bits: int = 256) -> int:
    """Return the uint of ``bits`` bits that fills a slot. Raises as ``word`` and ``fields``."""
    return fields(word(words, slot, what), what, bits)[0]


def address(words: Words, slot: int, what: str) -> bytes:
    """Return the 20 bytes of an address that has a slot to itself."""
    return number(words, slot, what, 160).to_bytes(20, "big")


def flag(value: int, what: str) -> bool:
    """Return a bool from its byte. Raises ImpossibleWord for what is neither 0 nor 1."""
    if value > 1:
        raise _impossible(what, value)
    return bool(value)


def require_no_other(words: Words, used: Iterable[int]) -> None:
    """Refuse words that no statement asked for: a certificate carries what it needs, no more.

    Raises UnusedWord, naming the lowest such slot.
    """
    if extra := words.keys() - set(used):
        raise UnusedWord(
            f"{len(extra)} of the proven words are asked for by nothing.",
            slot=min(extra),
            count=len(extra),
        )


def _impossible(what: str, value: int) -> ImpossibleWord:
    return ImpossibleWord(
        f"{what} cannot be 0x{value:064x}: the layout is not this contract's.",
        what=what,
        word=value,
    )

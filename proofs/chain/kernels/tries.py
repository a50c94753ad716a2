"""The inner nodes of tries whose shape is known, filled with the hashes of their children."""

from __future__ import annotations

from . import compiled
from .text import Bytes, Numbers, put_word, word

_HASH = 32


@compiled
def fill(
    pattern: Bytes, holes: Numbers, children: Numbers, hashes: Bytes, out: Bytes, at: int
) -> None:
    """Write a pattern to ``out[at:]``, and at its ``holes`` the hashes of the ``children``, which
    are rows of 32 bytes."""
    for byte in range(len(pattern)):
        out[at + byte] = pattern[byte]
    for hole in range(len(holes)):
        source, target = _HASH * children[hole], at + holes[hole]
        for step in range(0, _HASH, 8):
            put_word(out, target + step, word(hashes, source + step))

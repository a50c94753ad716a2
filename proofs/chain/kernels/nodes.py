"""Nodes in the JSON text of proofs: each different one is stored once, as bytes.

The same text again is found by a sample of it and then compared in full. What its bytes are is not
looked at here: a node that is none has another hash than its parent names.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import compiled
from .digits import digits_value, four_bytes
from .text import (
    CLOSE,
    COMMA,
    DIGITS,
    IRREGULAR,
    QUOTE,
    Bytes,
    Numbers,
    after_space,
    is_at,
    put_half,
    put_word,
    same,
    string_end,
    word,
)

SHORTEST = 32
SHORT = -1
"""In place of the number of a node of fewer bytes, which is not stored."""
PLAIN, NO_VALUE = 1, 8
_MOST_PROBES = 64


class Store(NamedTuple):
    """The different nodes of all replies so far, and the rows with their nodes by number.

    Node i is ``nodes[offsets[i]:offsets[i + 1]]``, with its hex digits in ``digits``; ``table``
    finds numbers of nodes by a sample of their digits, -1 where it has none. The nodes of row i
    are ``refs[first[i]:first[i + 1]]``. Keys and values are 32 bytes a row; ``odd`` is 0 for a row
    that holds so far, else what `walk` calls it, or PLAIN for one that is left to the plain path;
    NO_VALUE is added when no number is claimed. ``spans`` says where it lies in its text. Of a row
    that does not hold ``places`` are the number of the node at which that shows and the nibbles
    above it, ``found`` are 32 bytes that belong there. ``counts`` holds the numbers of nodes, of
    refs and of rows. Whoever makes a store makes room for all of them.
    """

    nodes: Bytes
    digits: Bytes
    offsets: Numbers
    table: Numbers
    refs: Numbers
    first: Numbers
    keys: Bytes
    values: Bytes
    odd: Bytes
    spans: Numbers
    places: Numbers
    found: Bytes
    counts: Numbers


@compiled
def _store(text: Bytes, at: int, nodes: Bytes, digits: Bytes, first: int, size: int) -> bool:
    """Copy the digits of ``size`` bytes, 4 or more, from ``at`` on, and write the bytes they stand
    for; False when one is none."""
    bad = np.uint64(0)
    for step in range(size >> 2):
        eight = word(text, at + 8 * step)
        four, wrong = four_bytes(eight)
        bad |= wrong
        put_half(nodes, first + 4 * step, four)
        put_word(digits, 2 * first + 8 * step, eight)
    # The last step goes back over what was written already.
    eight = word(text, at + 2 * size - 8)
    four, wrong = four_bytes(eight)
    put_half(nodes, first + size - 4, four)
    put_word(digits, 2 * (first + size) - 8, eight)
    if (bad | wrong) == 0:
        return True
    good = True
    for byte in range(size):
        value = digits_value(text, at + 2 * byte, 2)
        good &= value >= 0
        nodes[first + byte] = value & 255
    return good


@compiled
def _sample(text: Bytes, at: int, end: int) -> int:
    """A number for the table, from three places of the digits ``text[at:end]``, 64 or more."""
    mixed = (
        word(text, (at + end) >> 1) * np.uint64(0x9E3779B97F4A7C15)
        ^ word(text, end - 8) * np.uint64(0xC2B2AE3D27D4EB4F)
        ^ word(text, at + 16) * np.uint64(0xFF51AFD7ED558CCD)
    )
    return np.int64((mixed ^ (mixed >> np.uint64(29))) >> np.uint64(8))


@compiled
def _node(
    text: Bytes,
    at: int,
    end: int,
    nodes: Bytes,
    digits: Bytes,
    offsets: Numbers,
    table: Numbers,
    count: int,
) -> int:
    """Number of the node whose digits are ``text[at:end]``; a new one is stored as ``count``."""
    size, place = (end - at) >> 1, _sample(text, at, end)
    for _ in range(_MOST_PROBES):
        place &= len(table) - 1
        known = np.int64(table[place])
        if known < 0:
            first = offsets[count]
            if 2 * count >= len(table) or not _store(text, at, nodes, digits, first, size):
                return IRREGULAR
            offsets[count + 1] = first + size
            table[place] = count
            return count
        first = offsets[known]
        if offsets[known + 1] - first == size and same(text, at, digits, 2 * first, 2 * size):
            return known
        place += 1
    return IRREGULAR


@compiled
def read_proof(text: Bytes, at: int, store: Store) -> int:
    """Read an array of nodes into ``refs``. Position after it, or IRREGULAR."""
    # Each mention of a field counts a reference, which costs more than the loop.
    nodes, digits, offsets, table = store.nodes, store.digits, store.offsets, store.table
    refs, counts = store.refs, store.counts
    at = after_space(text, at + 1)
    while True:
        if at + 3 > len(text) or text[at] != QUOTE or text[at + 1] != 48 or text[at + 2] != 120:
            return IRREGULAR
        end = string_end(text, at) - 1
        if end < at + 3 or (end - at) & 1 == 0:
            return IRREGULAR
        if end - at - 3 < 2 * SHORTEST:
            number = SHORT
            for place in range(at + 3, end):
                if DIGITS[text[place]] > 15:
                    return IRREGULAR
        else:
            number = _node(text, at + 3, end, nodes, digits, offsets, table, counts[0])
            if number < 0:
                return IRREGULAR
        counts[0] = max(counts[0], number + 1)
        refs[counts[1]] = number
        counts[1] += 1
        at = after_space(text, end + 1)
        if is_at(text, at, CLOSE):
            return at + 1
        if not is_at(text, at, COMMA):
            return IRREGULAR
        at = after_space(text, at + 1)

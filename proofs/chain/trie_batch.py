"""The ordered tries of many blocks at once, hashed level by level.

Does what `trie.ordered_root` does where every value is 32 bytes or longer, as receipts are: then
each node is named by its hash, and what a trie looks like depends on the number of values alone.
Source: the Yellow Paper, appendix D. Loads numpy, and where `roots` is used numba.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np

from ..keccak_batch import Bytes, Offsets, keccak256_rows
from . import rlp
from .trie import EMPTY_ROOT, hex_prefix, path

# Shapes are kept for blocks up to this size; a larger one costs more time than memory.
_LARGEST_KEPT = 2_000
_HASH = 32
# A node by its level, leaves being level 0, and its place there.
_Place: TypeAlias = tuple[int, int]


class Level(NamedTuple):
    """Branches and extensions one after the other, with room for the hashes of their children.

    `offsets` are where each begins in `pattern`, and where the last ends; `holes` where the hashes
    belong, and `children` whose they are, by number.
    """

    pattern: Bytes
    offsets: Offsets
    holes: Offsets
    children: Offsets


class Shape(NamedTuple):
    """The trie of so many values.

    The first items of its leaves by position, as RLP, are ``keys[key_ends[i]:key_ends[i + 1]]``;
    `levels` hold its other nodes, those of a level above all that they name. Leaves are numbered by
    position, then the others in order; the last is the root.
    """

    keys: Bytes
    key_ends: Offsets
    levels: tuple[Level, ...]


def shape(count: int) -> Shape:
    """The shape of the ordered trie of `count` values, one or more."""
    return _kept(count) if count <= _LARGEST_KEPT else _made(count)


def _made(count: int) -> Shape:
    rows = sorted((path(rlp.number(position)), position) for position in range(count))
    keys = [b""] * count
    levels: list[list[list[bytes | _Place]]] = [[]]

    def node(first: int, end: int, depth: int) -> _Place:
        start, position = rows[first]
        if end - first == 1:
            keys[position] = rlp.string(hex_prefix(start[depth:], 2))
            return 0, position
        fork, last = depth, rows[end - 1][0]
        while start[fork] == last[fork]:
            fork += 1
        if fork > depth:
            return noted([rlp.string(hex_prefix(start[depth:fork], 0)), node(first, end, fork)])
        # No key of an ordered trie begins another, so branches hold no values.
        items: list[bytes | _Place] = [rlp.string(b"")] * 17
        while first < end:
            begin, nibble = first, rows[first][0][depth]
            while first < end and rows[first][0][depth] == nibble:
                first += 1
            items[nibble] = node(begin, first, depth + 1)
        return noted(items)

    def noted(items: list[bytes | _Place]) -> _Place:
        level = 1 + max(item[0] for item in items if isinstance(item, tuple))
        levels.extend([] for _ in range(len(levels), level + 1))
        levels[level].append(items)
        return level, len(levels[level]) - 1

    node(0, count, 0)
    starts = [0, count]
    for level in levels[1:]:
        starts.append(starts[-1] + len(level))
    return Shape(
        np.frombuffer(b"".join(keys), np.uint8),
        _ends([len(key) for key in keys]),
        tuple([_level(level, starts) for level in levels[1:]]),
    )


_kept = lru_cache(maxsize=128)(_made)


def _level(nodes: list[list[bytes | _Place]], starts: list[int]) -> Level:
    pattern, sizes = b"", []
    holes, children = [], []
    for items in nodes:
        parts = [rlp.string(bytes(_HASH)) if isinstance(item, tuple) else item for item in items]
        whole = rlp.sequence(parts)
        at = len(pattern) + len(whole) - sum(map(len, parts))
        for item, part in zip(items, parts, strict=True):
            at += len(part)
            if isinstance(item, tuple):
                holes.append(at - _HASH)
                children.append(starts[item[0]] + item[1])
        pattern += whole
        sizes.append(len(whole))
    return Level(
        np.frombuffer(pattern, np.uint8),
        _ends(sizes),
        np.array(holes, np.int64),
        np.array(children, np.int64),
    )


def _ends(sizes: Sequence[int]) -> Offsets:
    ends = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=ends[1:])
    return ends


def roots(leaves: Bytes, counts: Sequence[int]) -> list[bytes]:
    """Roots of the tries of blocks with so many values each, 32 bytes, from the hashes of their
    leaves, 32 bytes a row, block after block: by position, of the RLP of the list of the leaf's key
    in its `shape` and of a value of 32 bytes or more."""
    from .kernels.tries import fill

    shapes = [shape(count) if count else None for count in counts]
    known, at = [], 0
    for one, count in zip(shapes, counts, strict=True):
        inner = sum(len(level.offsets) - 1 for level in one.levels) if one else 0
        hashes = np.empty((count + inner, _HASH), np.uint8)
        hashes[:count] = leaves[at : at + count]
        known.append(hashes)
        at += count
    filled = list(counts)
    for height in range(max((len(one.levels) for one in shapes if one), default=0)):
        here = [
            (number, one.levels[height])
            for number, one in enumerate(shapes)
            if one and height < len(one.levels)
        ]
        out = np.empty(sum(len(level.pattern) for _, level in here), np.uint8)
        offsets, at = [np.zeros(1, np.int64)], 0
        for number, level in here:
            flat = known[number].reshape(-1)
            fill(level.pattern, level.holes, level.children, flat, out, at)
            offsets.append(level.offsets[1:] + at)
            at += len(level.pattern)
        hashed, at = keccak256_rows(out, np.concatenate(offsets)), 0
        for number, level in here:
            begin, size = filled[number], len(level.offsets) - 1
            known[number][begin : begin + size] = hashed[at : at + size]
            filled[number] += size
            at += size
    return [hashes[-1].tobytes() if len(hashes) else EMPTY_ROOT for hashes in known]

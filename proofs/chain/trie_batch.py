"""The ordered tries of many blocks at once, hashed level by level.

Does what `trie.ordered_root` does where every value is 32 bytes or longer, as receipts are: then
each node is named by its hash, and what a trie looks like depends on the number of values alone.
Source: the Yellow Paper, appendix D. Hashing loads numpy and numba (`keccak_batch`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from ..keccak_batch import keccak256_many
from . import rlp
from .trie import EMPTY_ROOT, hex_prefix, path

# Shapes are kept for blocks up to this size; a larger one costs more time than memory.
_LARGEST_KEPT = 2_000
# A node by its level, leaves being level 0, and its place there.
_Place: TypeAlias = tuple[int, int]


class Inner(NamedTuple):
    """A branch or an extension: its bytes around the hashes of its children, and their numbers."""

    parts: tuple[bytes, ...]
    children: tuple[int, ...]


class Shape(NamedTuple):
    """The trie of so many values.

    `keys` are the first items of its leaves by position, as RLP; `levels` its other nodes, those of
    a level above all that they name. Leaves are numbered by position, then the others in order; the
    last is the root.
    """

    keys: tuple[bytes, ...]
    levels: tuple[tuple[Inner, ...], ...]


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
        tuple(keys),
        tuple([tuple([_inner(items, starts) for items in level]) for level in levels[1:]]),
    )


_kept = lru_cache(maxsize=128)(_made)


def _inner(items: list[bytes | _Place], starts: list[int]) -> Inner:
    parts, children = [b""], []
    for item in items:
        if isinstance(item, tuple):
            children.append(starts[item[0]] + item[1])
            parts[-1] += b"\xa0"
            parts.append(b"")
        else:
            parts[-1] += item
    size = sum(map(len, parts)) + 32 * len(children)
    parts[0] = rlp.sequence([bytes(size)])[:-size] + parts[0]
    return Inner(tuple(parts), tuple(children))


def roots(blocks: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Roots of the tries of blocks, 32 bytes each, from the RLP of their leaves: by position, the
    list of `shape(count).keys[position]` and of a value of 32 bytes or more."""
    hashes = keccak256_many([leaf for leaves in blocks for leaf in leaves])
    known, at = [], 0
    for leaves in blocks:
        known.append(hashes[at : at + len(leaves)])
        at += len(leaves)
    shapes = [shape(len(leaves)) if leaves else None for leaves in blocks]
    height = max((len(one.levels) for one in shapes if one), default=0)
    for level in range(height):
        nodes, numbers = [], []
        for number, one in enumerate(shapes):
            if one and level < len(one.levels):
                nodes += [_encoded(inner, known[number]) for inner in one.levels[level]]
                numbers += [number] * len(one.levels[level])
        for number, digest in zip(numbers, keccak256_many(nodes), strict=True):
            known[number].append(digest)
    return [digests[-1] if digests else EMPTY_ROOT for digests in known]


def _encoded(inner: Inner, hashes: list[bytes]) -> bytes:
    pieces = [b""] * (2 * len(inner.children) + 1)
    pieces[::2] = inner.parts
    pieces[1::2] = [hashes[child] for child in inner.children]
    return b"".join(pieces)

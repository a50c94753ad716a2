"""Merkle-Patricia tries from all that is in them: their roots, and proofs of single keys.

Source: the Ethereum Yellow Paper, appendix D. Built bottom-up in one pass over the sorted keys,
without a store of nodes: nothing is ever looked up or deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from ..inputs import octets
from ..keccak import keccak256
from ..refusals import WrongLength
from . import rlp

EMPTY_ROOT = keccak256(rlp.string(b""))
_EMPTY = rlp.string(b"")
_NIBBLES = [bytes((byte >> 4, byte & 15)) for byte in range(256)]

# The path of a key that is to be proven, and the nodes found on it, the deepest first.
_Wanted: TypeAlias = tuple[bytes, list[bytes]]
_Rows: TypeAlias = list[tuple[bytes, bytes]]


def root(pairs: Mapping[bytes, bytes]) -> bytes:
    """Root of the trie that holds these values by key: 32 bytes.

    An empty value means that the key is absent, as in the state of a chain. Raises NotBytes.
    """
    return prove(pairs, ())[0]


def prove(pairs: Mapping[bytes, bytes], keys: Iterable[bytes]) -> tuple[bytes, list[list[bytes]]]:
    """Root of the trie of these values by key, and for each of `keys` the nodes that prove its
    value or its absence, from the root down, as `proof.verify` takes them. Raises NotBytes."""
    rows = sorted(
        (path(octets("a key", key)), octets("a value", value))
        for key, value in pairs.items()
        if octets("a value", value)
    )
    return _prove(rows, [path(octets("a key", key)) for key in keys])


def ordered_root(values: Sequence[bytes]) -> bytes:
    """Root of the trie of a block's transactions, receipts or withdrawals: the keys are the RLP of
    the positions. Raises NotBytes; WrongLength for an empty value, which no such trie holds."""
    return prove_ordered(values, ())[0]


def prove_ordered(
    values: Sequence[bytes], positions: Iterable[int]
) -> tuple[bytes, list[list[bytes]]]:
    """Root of the trie of `ordered_root`, and the nodes that prove the values at `positions`.

    Raises as `ordered_root`, and as `rlp.number` for a position.
    """
    rows = []
    for position, value in enumerate(values):
        if not octets("a value", value):
            raise WrongLength("A value of an ordered trie is empty.", position=position)
        rows.append((path(rlp.number(position)), value))
    rows.sort()
    return _prove(rows, [path(rlp.number(position)) for position in positions])


def path(key: bytes) -> bytes:
    """The nibbles of a key, one a byte."""
    return b"".join([_NIBBLES[byte] for byte in key])


def _prove(rows: _Rows, paths: list[bytes]) -> tuple[bytes, list[list[bytes]]]:
    wanted: list[_Wanted] = [(path, []) for path in paths]
    found = keccak256(_node(rows, 0, len(rows), 0, wanted)) if rows else EMPTY_ROOT
    return found, [nodes[::-1] for _, nodes in wanted]


def _node(rows: _Rows, first: int, end: int, depth: int, wanted: list[_Wanted]) -> bytes:
    """RLP of the node over rows `first` to `end`, whose paths agree in their first `depth` nibbles,
    as do those that are wanted; it is added to the nodes of these.

    Rows are sorted, so what the first and the last share all of them share.
    """
    path, value = rows[first]
    if end - first == 1:
        node = rlp.sequence((rlp.string(hex_prefix(path[depth:], 2)), rlp.string(value)))
        return _found(node, depth, wanted)
    last = rows[end - 1][0]
    fork, shortest = depth, min(len(path), len(last))
    while fork < shortest and path[fork] == last[fork]:
        fork += 1
    if fork > depth:
        beyond = [one for one in wanted if one[0][depth:fork] == path[depth:fork]]
        child = _reference(_node(rows, first, end, fork, beyond))
        node = rlp.sequence((rlp.string(hex_prefix(path[depth:fork], 0)), child))
        return _found(node, depth, wanted)
    slots = [_EMPTY] * 17
    if len(path) == depth:
        slots[16] = rlp.string(value)
        first += 1
    below: defaultdict[int, list[_Wanted]] = defaultdict(list)
    for one in wanted:
        if len(one[0]) > depth:
            below[one[0][depth]].append(one)
    while first < end:
        nibble, begin = rows[first][0][depth], first
        while first < end and rows[first][0][depth] == nibble:
            first += 1
        node = _node(rows, begin, first, depth + 1, below.get(nibble, []))
        slots[nibble] = _reference(node)
    return _found(rlp.sequence(slots), depth, wanted)


def _found(node: bytes, depth: int, wanted: list[_Wanted]) -> bytes:
    # A short node is part of its parent and no node of a proof; the root always is one.
    if len(node) >= 32 or depth == 0:
        for _, nodes in wanted:
            nodes.append(node)
    return node


def _reference(node: bytes) -> bytes:
    """How a parent names a node: a short one by itself, another by its hash."""
    return node if len(node) < 32 else rlp.string(keccak256(node))


def hex_prefix(nibbles: bytes, flag: int) -> bytes:
    """Nibbles packed into bytes; `flag` is 2 for a leaf and 0 for an extension."""
    start = bytes((flag + 1,)) if len(nibbles) % 2 else bytes((flag, 0))
    nibbles = start + nibbles
    return bytes([high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True)])

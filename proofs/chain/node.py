"""Nodes of a Merkle-Patricia trie: their shapes, out of canonical RLP and back into it.

Source: the Yellow Paper, appendix D.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from ..refusals import MalformedProof
from . import rlp
from .trie import hex_prefix, path

SHORTEST_NAMED = 32
"""In bytes: shorter nodes stand in their parents, except the root."""
_EMPTY = rlp.string(b"")


class Branch(NamedTuple):
    """Sixteen ways on, and the value of the key that ends here (empty: none)."""

    children: tuple[Child, ...]
    value: bytes


class Extension(NamedTuple):
    """Nibbles that all keys below share, and what follows them."""

    path: bytes
    child: Child


class Leaf(NamedTuple):
    """The rest of one key in nibbles, and its value."""

    path: bytes
    value: bytes


class Empty(NamedTuple):
    """The root of a trie that holds nothing."""


Node: TypeAlias = Branch | Extension | Leaf | Empty
# A hash of 32 bytes, an inlined node, or b"" for nothing.
Child: TypeAlias = "bytes | Node"


def parse(node: bytes) -> Node:
    """The node whose RLP this is, with those inlined in it. Raises MalformedProof, NotRlp."""
    if node == _EMPTY:
        return Empty()
    return _shape(rlp.decode(node))


def _shape(item: rlp.Item) -> Node:
    if not isinstance(item, list):
        raise MalformedProof("it is a string.")
    if len(item) == 17:
        value = item[16]
        if not isinstance(value, bytes):
            raise MalformedProof("a branch has a list for its value.")
        children = tuple([_child(part) for part in item[:16]])
        if sum(child != b"" for child in (*children, value)) < 2:
            raise MalformedProof("a branch has fewer than two ways on.")
        return Branch(children, value)
    if len(item) != 2:
        raise MalformedProof(f"it has {len(item)} items, not 2 or 17.")
    prefix, rest = item
    if not isinstance(prefix, bytes) or not prefix:
        raise MalformedProof("it has no path.")
    flag, first = divmod(prefix[0], 16)
    if flag > 3 or (flag % 2 == 0 and first):
        raise MalformedProof(f"its path begins with 0x{prefix[0]:02x}, which no path does.")
    nibbles = path(prefix)[1 if flag % 2 else 2 :]
    if flag >= 2:
        if not isinstance(rest, bytes) or not rest:
            raise MalformedProof("a leaf has no value.")
        return Leaf(nibbles, rest)
    child = _child(rest)
    if not nibbles or child == b"":
        raise MalformedProof("an extension leads nowhere.")
    if not isinstance(child, bytes | Branch):
        raise MalformedProof("an extension leads to no branch.")
    return Extension(nibbles, child)


def _child(item: rlp.Item) -> Child:
    if isinstance(item, bytes):
        if len(item) not in (0, 32):
            raise MalformedProof(f"it names a child by {len(item)} bytes.")
        return item
    if (size := len(rlp.encode(item))) >= SHORTEST_NAMED:
        raise MalformedProof(f"a node of {size} bytes is inlined.")
    return _shape(item)


def encode(node: Node) -> bytes:
    """The RLP of a node, as `parse` takes it."""
    return rlp.encode(_item(node))


def _item(child: Child) -> rlp.Item:
    match child:
        case Branch(children, value):
            return [*map(_item, children), value]
        case Extension(shared, below):
            return [hex_prefix(shared, 0), _item(below)]
        case Leaf(rest, value):
            return [hex_prefix(rest, 2), value]
        case Empty():
            return b""
        case _:
            return child

"""Merkle-Patricia proofs: what a trie holds under a key, or that it holds nothing there.

Source: the Yellow Paper, appendix D. This is the readable specification; the batch path for
storage proofs must agree with it. Strict: nodes are canonical RLP, of the shapes that a trie has,
each bound to its parent by hash (or inlined, when shorter than 32 bytes), and each needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from ..inputs import fixed, octets
from ..keccak import keccak256
from ..refusals import (
    BatchRefused,
    HashMismatch,
    MalformedProof,
    MissingNode,
    NotRlp,
    Refusal,
    RootMismatch,
    UnusedNode,
)
from .node import (
    SHORTEST_NAMED,
    Branch,
    Child,
    Empty,
    Extension,
    Leaf,
    Node,
    encode,
    parse,
)
from .trie import EMPTY_ROOT, path

_Fetch: TypeAlias = "Callable[[Child, int], Node]"
Known: TypeAlias = "dict[bytes, tuple[bytes, Node]]"
"""Nodes that were hashed and parsed before, by their bytes."""


def verify(
    root: bytes, key: bytes, nodes: Sequence[bytes], known: Known | None = None
) -> bytes | None:
    """The value under `key` in the trie with this root, or None when it is proven absent.

    `nodes` are those on the path of the key, from the root down, and no others; for the empty trie
    they may be left out. A node that is inlined in its parent may follow it, as alloy-trie (anvil,
    reth) lists it, or not, as geth does. Proofs that share nodes may share `known`, which is added
    to: each node is then hashed and parsed once. Raises RootMismatch and HashMismatch for a node
    that is not the one its parent names, MissingNode, UnusedNode, MalformedProof; NotBytes,
    WrongLength.
    """
    given = _Listed([octets("a node", node) for node in nodes], {} if known is None else known)
    value = _walk(fixed("a root", root, 32), octets("a key", key), given.fetch)
    if given.taken != len(nodes):
        raise unused(given.taken, len(nodes))
    return value


def verify_set(root: bytes, keys: Sequence[bytes], nodes: Iterable[bytes]) -> list[bytes | None]:
    """The values under all of `keys`, or None where proven absent, from one set of nodes.

    The nodes come in any order, each once; each is hashed once and must be on the path of a key.
    Raises BatchRefused, whose refusals name keys by their position and whose answers are those of
    all other keys; UnusedNode for a node too many; NotBytes, WrongLength for what is no key.
    """
    given = _Set([octets("a node", node) for node in nodes])
    fixed("a root", root, 32)
    answers: dict[int, bytes | None] = {}
    refusals: dict[int, Refusal] = {}
    for item, key in enumerate(keys):
        try:
            answers[item] = _walk(root, octets("a key", key), given.fetch)
        except Refusal as refusal:
            refusals[item] = refusal.bare()
    if refusals:
        # What lies below a bad node is reached by no path: that it is unused says nothing more.
        raise BatchRefused(refusals, answers)
    given.check_all_used()
    return [answers[item] for item in range(len(keys))]


def mismatch(position: int, depth: int, found: bytes, expected: bytes) -> Refusal:
    """The refusal of a node that is not the one that its parent, or the root, names."""
    refusal = HashMismatch if position else RootMismatch
    return refusal(
        f"Node {position}, {depth} nibbles down, hashes to 0x{found.hex()}, "
        f"not 0x{expected.hex()}.",
        node=position,
        depth=depth,
        found=found,
        expected=expected,
    )


def missing(position: int, depth: int, expected: bytes) -> Refusal:
    """The refusal of a proof that ends where a node of this hash should follow."""
    return MissingNode(
        f"The proof ends {depth} nibbles down.", node=position, depth=depth, hash=expected
    )


def unused(position: int, count: int) -> Refusal:
    """The refusal of a proof of so many nodes that needs only those before this one."""
    return UnusedNode(f"Node {position} of the proof is not needed.", node=position, nodes=count)


def _walk(root: bytes, key: bytes, fetch: _Fetch) -> bytes | None:
    """Follow a key down to its value or to where it leaves the trie."""
    nibbles, depth = path(key), 0
    node = fetch(root, 0)
    while True:
        match node:
            case Empty():
                return None
            case Leaf(rest, value):
                return value if nibbles[depth:] == rest else None
            case Branch(children, value):
                if depth == len(nibbles):
                    return value or None
                child = children[nibbles[depth]]
                depth += 1
            case Extension(shared, child):
                if not nibbles.startswith(shared, depth):
                    return None
                depth += len(shared)
        if child == b"":
            return None
        below = fetch(child, depth)
        if isinstance(node, Extension) and not isinstance(below, Branch):
            raise MalformedProof(f"No branch ends the extension {depth} nibbles down.", depth=depth)
        node = below


def _parsed(node: bytes, position: int, depth: int) -> Node:
    try:
        return parse(node)
    except (MalformedProof, NotRlp) as refusal:
        raise MalformedProof(
            f"Node {position}, {depth} nibbles down, is no node of a trie: {refusal}",
            node=position,
            depth=depth,
        ) from refusal


def _check_named(node: bytes, position: int, depth: int) -> None:
    """Refuse a node below the root that is named by its hash and should be inlined instead."""
    if depth and len(node) < SHORTEST_NAMED:
        raise MalformedProof(
            f"Node {position}, {depth} nibbles down, has {len(node)} bytes and is not inlined.",
            node=position,
            depth=depth,
        )


class _Listed:
    """The nodes of one proof, taken in their order."""

    def __init__(self, nodes: Sequence[bytes], known: Known) -> None:
        self.nodes = nodes
        self.known = known
        self.taken = 0

    def fetch(self, reference: Child, depth: int) -> Node:
        position = self.taken
        if not isinstance(reference, bytes):
            if self.nodes[position : position + 1] == [encode(reference)]:
                self.taken += 1
            return reference
        if position == len(self.nodes):
            if reference == EMPTY_ROOT and depth == 0:
                return Empty()
            raise missing(position, depth, reference)
        node = self.nodes[position]
        known = self.known.get(node)
        found = keccak256(node) if known is None else known[0]
        if found != reference:
            raise mismatch(position, depth, found, reference)
        _check_named(node, position, depth)
        self.taken += 1
        if known is None:
            known = self.known[node] = found, _parsed(node, position, depth)
        return known[1]


class _Set:
    """Nodes in no order, found by their hashes."""

    def __init__(self, nodes: Sequence[bytes]) -> None:
        self.by_hash: dict[bytes, int] = {}
        self.nodes = nodes
        self.parsed: dict[int, Node] = {}
        for position, node in enumerate(nodes):
            if self.by_hash.setdefault(keccak256(node), position) != position:
                raise UnusedNode(f"Node {position} is there twice.", node=position)

    def fetch(self, reference: Child, depth: int) -> Node:
        if not isinstance(reference, bytes):
            return reference
        position = self.by_hash.get(reference)
        if position is None:
            if reference == EMPTY_ROOT and depth == 0:
                return Empty()
            raise MissingNode(
                f"The node 0x{reference.hex()}, {depth} nibbles down, is not in the set.",
                depth=depth,
                hash=reference,
            )
        _check_named(self.nodes[position], position, depth)
        node = self.parsed.get(position)
        if node is None:
            node = self.parsed[position] = _parsed(self.nodes[position], position, depth)
        return node

    def check_all_used(self) -> None:
        unused = [position for position in range(len(self.nodes)) if position not in self.parsed]
        if unused:
            raise UnusedNode(
                f"{len(unused)} nodes are on the path of no key, the first is node {unused[0]}.",
                node=unused[0],
                unused=unused,
            )

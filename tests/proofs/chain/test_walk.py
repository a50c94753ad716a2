"""The compiled walk proves nothing that the plain one does not, whatever stands in a node.

Rows that it does not prove are looked at by the plain path, the others by nobody. Digests are
given here, so that a node can be another under the hash by which its parent names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

from proofs.chain import proof, rlp
from proofs.chain.getproof_batch import _room
from proofs.chain.kernels import nodes, walk
from proofs.chain.kernels.text import Bytes, Numbers
from proofs.chain.node import Child, Node, parse
from proofs.chain.trie import prove
from proofs.keccak import keccak256
from proofs.refusals import MissingNode, NotRlp, Refusal


def numbered(number: int, nibbles: str) -> bytes:
    """A path that begins with these nibbles."""
    return bytes.fromhex((nibbles + keccak256(bytes([number])).hex())[:64])


# Branches; extensions of one nibble and of two, at even and at odd depths; leaves of both kinds.
VALUES = {"1": 5, "2aa": 2**255, "2ab": 0x80, "2ac0": 7, "2ac1": 2**64, "345": 2**200, "346": 1}
VALUES |= {"7bc1": 3, "7bc2": 2**100, "8b": 6, "8a121": 11, "8a122": 2**56}
HELD = {numbered(at, nibbles): value for at, (nibbles, value) in enumerate(VALUES.items())}
BESIDE = ["4", "2bb", "2ad", "1", "7bd", "7cc", "8a131", "8a22"]
ABSENT = [numbered(20 + at, nibbles) for at, nibbles in enumerate(BESIDE)]
KEYS = [*HELD, *ABSENT]
TRIE = {path: rlp.number(value) for path, value in HELD.items()}
ROOT, PROOFS = prove(TRIE, KEYS)
NODES = list(dict.fromkeys(node for listed in PROOFS for node in listed))
DIGESTS = [keccak256(node) for node in NODES]


class Claimed(NamedTuple):
    """A row: the path of its key, what is claimed to be there, and its nodes by number."""

    path: bytes
    value: int
    refs: tuple[int, ...]


def rows() -> list[Claimed]:
    """Of each key the right claim, wrong ones, and proofs with a node more or less."""
    found = []
    for path, listed in zip(KEYS, PROOFS, strict=True):
        refs = tuple(map(NODES.index, listed))
        value = HELD.get(path, 0)
        found += [Claimed(path, other, refs) for other in (value, value + 1 & 2**256 - 1, 0, 9)]
        found += [Claimed(path, claim, refs[:-1]) for claim in (value, 0)]
        found += [Claimed(path, claim, (*refs, refs[-1])) for claim in (value, 0)]
        found += [Claimed(path, value, (*refs, 0)), Claimed(path, value, refs[::-1])]
        found += [Claimed(path, value, refs[1:])]
    return found


ROWS = rows()


class Table(NamedTuple):
    """Rows as the loop takes them."""

    refs: list[int]
    first: Numbers
    values: Bytes
    paths: Bytes


def table(claims: list[Claimed]) -> Table:
    return Table(
        [ref for claim in claims for ref in claim.refs],
        np.cumsum([0, *(len(claim.refs) for claim in claims)]),
        np.array([list(claim.value.to_bytes(32, "big")) for claim in claims], np.uint8),
        np.array([list(claim.path) for claim in claims], np.uint8),
    )


TABLE = table(ROWS)
HASHES = np.array([list(digest) for digest in DIGESTS], np.uint8)


def walked(
    listed: list[bytes],
    root: bytes = ROOT,
    claims: Table = TABLE,
    hashes: Bytes = HASHES,
    odd: int = 0,
) -> list[bool]:
    """Which rows the loop proves from these nodes under these digests."""
    text, count = b"".join(listed), len(claims.values)
    store = _room(nodes.Store, count, 100 * (len(claims.refs) + 100))
    store.nodes[: len(text)] = np.frombuffer(text, np.uint8)
    store.offsets[1 : len(listed) + 1] = np.cumsum([len(node) for node in listed])
    store.counts[0] = len(listed)
    store.refs[: len(claims.refs)] = claims.refs
    store.first[:] = claims.first
    store.odd[:] = odd
    store.values[:] = claims.values
    shapes = np.empty((len(listed), 5), np.int64)
    walk.shape_all(store, shapes)
    walk.walk(store, shapes, hashes, claims.paths, np.frombuffer(root, np.uint8), 0, count)
    return [not odd for odd in store.odd.tolist()]


def proves(claim: Claimed, listed: list[bytes]) -> bool:
    """What the plain walk says, with the same digests."""
    left = list(claim.refs)

    def fetch(reference: Child, depth: int) -> Node:
        if not left or DIGESTS[left[0]] != reference:
            raise MissingNode("It ends.")
        return parse(listed[left.pop(0)])

    try:
        value = proof._walk(ROOT, claim.path, fetch)
        word = 0 if value is None else int.from_bytes(a_word(value))
    except Refusal:
        return False
    return not left and word == claim.value


def a_word(value: bytes) -> bytes:
    found = rlp.decode(value)
    if not isinstance(found, bytes) or not 0 < len(found) <= 32 or not found[0]:
        raise NotRlp("No word of a storage.")
    return found


def changed(node: bytes) -> Iterator[bytes]:
    """A node with any byte changed; with one left out or put in, under a header that fits; and
    with other headers."""
    for at in range(len(node)):
        for flip in (1, 0x10, 0x20, 0x80):
            yield node[:at] + bytes([node[at] ^ flip]) + node[at + 1 :]
    header = len(node) - len(inside(node))
    for at in range(header, len(node) + 1):
        for more in (b"", b"\0", b"\x80", b"\x81", b"\xa0"):
            for skipped in (0, 1, 33):
                yield rlp.sequence([node[header:at] + more + node[at + skipped :]])
    yield node + b"\0"
    yield node[:-1]
    if len(inside(node)) > 55:
        yield b"\xf9\0" + bytes([len(inside(node)) & 255]) + inside(node)
    else:
        yield b"\xf8" + bytes([len(inside(node))]) + inside(node)


def inside(node: bytes) -> bytes:
    """The items of a node without the header of their list."""
    return node[1 if node[0] < 0xF8 else 1 + node[0] - 0xF7 :]


def test_the_loop_proves_what_is_there_and_nothing_else() -> None:
    assert walked(NODES) == [proves(claim, NODES) for claim in ROWS]
    assert sum(walked(NODES)) >= len(KEYS)
    assert not any(walked(NODES, bytes(32)))
    assert not any(walked(NODES, odd=1)), "what the scan left to the plain path stays there"


@pytest.mark.parametrize("position", range(len(NODES)))
def test_a_changed_node_proves_nothing_that_the_plain_walk_does_not(position: int) -> None:
    assert len(NODES[position]) >= nodes.SHORTEST
    for node in changed(NODES[position]):
        if len(node) < nodes.SHORTEST:
            continue
        listed = [*NODES[:position], node, *NODES[position + 1 :]]
        taken = [claim for claim, proven in zip(ROWS, walked(listed), strict=True) if proven]
        # Who does not use the node is proven as before.
        changed_rows = [claim for claim in taken if position in claim.refs]
        assert all(proves(claim, listed) for claim in changed_rows), node.hex()


def test_a_branch_behind_the_end_of_a_key_is_left_to_the_plain_path() -> None:
    path = KEYS[0]
    branch = rlp.encode([b"\x77" * 32, b"\x66" * 32, *[b""] * 15])
    above = rlp.encode([b"\0" + path, keccak256(branch)])
    hashes = np.array([list(keccak256(above)), list(keccak256(branch))], np.uint8)
    claims = table([Claimed(path, value, (0, 1)) for value in (0, 1)])
    assert walked([above, branch], keccak256(above), claims, hashes) == [False, False]
    assert proof.verify(keccak256(above), path, [above, branch]) is None

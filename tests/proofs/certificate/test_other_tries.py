"""What the verifier in JavaScript finds in a trie, and each node that it takes for none."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from proofs.chain import rlp
from proofs.chain.proof import verify_set
from proofs.keccak import keccak256
from proofs.refusals import Refusal
from tools.node import find_node

KEY = keccak256(b"some key")
NIBBLES = [nibble for byte in KEY for nibble in (byte >> 4, byte & 15)]
VALUE = b"\x05" * 40


def path(nibbles: list[int], flag: int) -> bytes:
    """Nibbles as a node has them: flag 0 for an extension, 2 for a leaf."""
    whole = [flag + 1, *nibbles] if len(nibbles) % 2 else [flag, 0, *nibbles]
    return bytes(high << 4 | low for high, low in zip(whole[::2], whole[1::2], strict=True))


def leaf(depth: int, value: bytes = VALUE) -> rlp.Item:
    return [path(NIBBLES[depth:], 2), value]


def branch(depth: int, child: rlp.Item, *others: rlp.Item) -> rlp.Item:
    """A branch with the child on the key's way, and others beside it."""
    items: list[rlp.Item] = [b""] * 17
    for at, other in enumerate([child, *others]):
        items[(NIBBLES[depth] + at) % 16] = other
    return items


def hashed(node: rlp.Item) -> bytes:
    return keccak256(rlp.encode(node))


OTHER = b"\x77" * 32
LEAF, DEEP, SHORT = leaf(1), leaf(2), leaf(63, b"\x01")
TOP = branch(0, hashed(LEAF), OTHER)
LOWEST = branch(62, hashed(SHORT), OTHER)
# A leaf so short that it is inlined, in the place of a branch below an extension.
INLINED: rlp.Item = [b"\x11", [b"\x35", b"\x01"]]
REFUSED: list[tuple[str, list[rlp.Item]]] = [
    ("an extension does not lead to a branch", [[path(NIBBLES[:2], 0), hashed(DEEP)], DEEP]),
    ("an extension does not lead to a branch", [branch(0, hashed(LEAF), INLINED), LEAF]),
    ("is on the path of no key", [TOP, LEAF, leaf(5)]),
    ("is missing", [TOP]),
    (
        "a node shorter than 32 bytes is named by its hash",
        [[path(NIBBLES[:62], 0), hashed(LOWEST)], LOWEST, SHORT],
    ),
    ("a branch has fewer than two ways on", [branch(0, hashed(LEAF)), LEAF]),
    ("a node has 3 entries", [[b"\x01", b"\x02", b"\x03"]]),
    ("a leaf has no value", [leaf(0, b"")]),
    ("an extension has no path or no child", [[path([], 0), hashed(TOP)], TOP, LEAF]),
    ("an extension has no path or no child", [[path(NIBBLES[:2], 0), b""]]),
    ("a node of 32 bytes or more stands in its parent", [branch(0, LEAF, OTHER)]),
    ("a string has 31 bytes, not 32", [branch(0, OTHER, b"\x01" * 31)]),
    ("the path of a node has no valid flag", [[b"\x40" + KEY, VALUE]]),
    ("the path of a node has no valid flag", [[b"", VALUE]]),
    ("the path of a node is not padded with zero", [[b"\x21" + KEY, VALUE]]),
    ("a string stands where a list belongs", [b"x" * 40]),
]
FOUND: list[tuple[str, list[rlp.Item]]] = [
    (VALUE.hex(), [TOP, LEAF]),
    (VALUE.hex(), [leaf(0)]),
    ("absent", [[path([(NIBBLES[0] + 1) % 16, *NIBBLES[1:]], 2), VALUE]]),
    ("absent", [branch(0, b"", OTHER, OTHER)]),
]


def there(stories: list[tuple[str, list[rlp.Item]]]) -> list[str]:
    """What the other verifier says of each trie, whose root is the first node."""
    lines = [
        json.dumps({"root": root.hex(), "key": KEY.hex(), "nodes": [node.hex() for node in nodes]})
        for root, nodes in map(encoded, stories)
    ]
    command = [str(find_node().node), str(Path(__file__).parent / "tries.mjs")]
    done = subprocess.run(
        command, input="\n".join(lines), capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.splitlines()


def encoded(story: tuple[str, list[rlp.Item]]) -> tuple[bytes, list[bytes]]:
    nodes = [rlp.encode(node) for node in story[1]]
    return keccak256(nodes[0]), nodes


def test_both_find_the_same() -> None:
    for story, said in zip(FOUND, there(FOUND), strict=True):
        (value,) = verify_set(encoded(story)[0], [KEY], encoded(story)[1])
        assert said == story[0] == ("absent" if value is None else value.hex())


def test_each_node_that_no_trie_has_is_refused_by_both() -> None:
    for story, said in zip(REFUSED, there(REFUSED), strict=True):
        assert story[0] in said
        with pytest.raises(Refusal):
            verify_set(encoded(story)[0], [KEY], encoded(story)[1])

"""A proof says what a trie holds, or that it does not; anything else in its place is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.chain import rlp
from proofs.chain.node import Branch, Extension, encode, parse
from proofs.chain.proof import Known, verify, verify_set
from proofs.chain.trie import EMPTY_ROOT, hex_prefix, path, prove, prove_ordered, root
from proofs.keccak import keccak256
from proofs.refusals import (
    BatchRefused,
    HashMismatch,
    MalformedProof,
    MissingNode,
    NotBytes,
    NotRlp,
    Refusal,
    RootMismatch,
    UnusedNode,
    WrongLength,
)

# Short keys and values make nodes that are inlined, keys that end in branches, and long forks.
KEYS = st.one_of(st.binary(max_size=3), st.binary(min_size=32, max_size=32))
TRIES = st.dictionaries(KEYS, st.binary(min_size=1, max_size=40), max_size=40)


@given(TRIES, st.lists(KEYS, max_size=5))
def test_what_a_trie_holds_and_what_it_does_not_is_proven(
    content: dict[bytes, bytes], others: list[bytes]
) -> None:
    keys = list(dict.fromkeys([*content, *others]))
    head, proofs = prove(content, keys)
    assert head == root(content)
    for key, nodes in zip(keys, proofs, strict=True):
        assert verify(head, key, nodes) == content.get(key)
    together = list(dict.fromkeys(node for nodes in proofs for node in nodes))
    for nodes in (together, together[::-1]):
        assert verify_set(head, keys, nodes) == [content.get(key) for key in keys]


def with_inlined(key: bytes, nodes: list[bytes]) -> list[bytes]:
    """The nodes of a proof, and after each those on the way that are inlined in it."""
    nibbles, depth, listed = path(key), 0, []
    for node in nodes:
        listed.append(node)
        one: Any = parse(node)
        while one:
            if isinstance(one, Branch) and depth < len(nibbles):
                one, depth = one.children[nibbles[depth]], depth + 1
            elif isinstance(one, Extension) and nibbles.startswith(one.path, depth):
                one, depth = one.child, depth + len(one.path)
            else:
                break
            if isinstance(one, bytes):
                break
            listed.append(encode(one))
    return listed


@given(TRIES.filter(bool), st.lists(KEYS, max_size=3), st.data())
def test_inlined_nodes_may_be_listed_as_they_are(
    content: dict[bytes, bytes], others: list[bytes], data: st.DataObject
) -> None:
    """As alloy-trie does, so anvil and reth; once each, in their places, and no others."""
    key = data.draw(st.sampled_from([*sorted(content), *others]))
    head, (nodes,) = prove(content, [key])
    listed = with_inlined(key, nodes)
    assert all(len(node) < 32 for node in listed if node not in nodes)
    assert verify(head, key, listed) == content.get(key)
    for at, node in enumerate(listed):
        if node in nodes:
            continue
        with pytest.raises((UnusedNode, HashMismatch)):
            verify(head, key, [*listed[:at], node, *listed[at:]])
        changed = bytearray(node)
        changed[-1] ^= 1
        with pytest.raises((UnusedNode, HashMismatch)):
            verify(head, key, [*listed[:at], bytes(changed), *listed[at + 1 :]])


@given(TRIES.filter(bool), st.data())
def test_a_changed_byte_is_always_refused(content: dict[bytes, bytes], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(content)))
    head, (nodes,) = prove(content, [key])
    at = data.draw(st.integers(0, len(nodes) - 1))
    place = data.draw(st.integers(0, len(nodes[at]) - 1))
    flip = data.draw(st.integers(1, 255))
    changed = bytearray(nodes[at])
    changed[place] ^= flip
    with pytest.raises(HashMismatch if at else RootMismatch) as refused:
        verify(head, key, [*nodes[:at], bytes(changed), *nodes[at + 1 :]])
    assert refused.value.facts["node"] == at
    with pytest.raises(BatchRefused) as together:
        verify_set(head, [key], [*nodes[:at], bytes(changed), *nodes[at + 1 :]])
    assert isinstance(together.value.refusals[0], MissingNode)


@given(TRIES.filter(lambda content: len(content) > 1), st.data())
def test_nodes_left_out_added_repeated_or_turned_round_are_refused(
    content: dict[bytes, bytes], data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(content)))
    head, (nodes,) = prove(content, [key])
    at = data.draw(st.integers(0, len(nodes) - 1))
    with pytest.raises((MissingNode, HashMismatch, RootMismatch)):
        verify(head, key, nodes[:at] + nodes[at + 1 :])
    with pytest.raises((UnusedNode, HashMismatch)):
        verify(head, key, [*nodes[: at + 1], *nodes[at:]])
    with pytest.raises(UnusedNode) as refused:
        verify(head, key, [*nodes, nodes[-1]])
    assert refused.value.facts["node"] == len(nodes)
    if len(nodes) > 1:
        with pytest.raises(RootMismatch):
            verify(head, key, nodes[::-1])
    with pytest.raises(UnusedNode, match="twice"):
        verify_set(head, [key], [*nodes, nodes[at]])
    with pytest.raises(UnusedNode, match="no key"):
        verify_set(head, [key], [*nodes, b"\xc2\x20\x01"])


def test_one_bad_key_hides_nowhere_and_spoils_no_other() -> None:
    content = {keccak256(bytes((number,))): bytes(40) for number in range(100)}
    keys = list(content)
    head, proofs = prove(content, keys)
    together = {node for nodes in proofs for node in nodes} - {proofs[7][-1]}
    with pytest.raises(BatchRefused, match="Refused are 1 of a batch, first item 7") as refused:
        verify_set(head, keys, sorted(together))
    assert set(refused.value.refusals) == {7}
    assert refused.value.answers == {at: bytes(40) for at in range(100) if at != 7}


def test_a_set_is_hashed_once_however_many_keys_it_proves(monkeypatch: pytest.MonkeyPatch) -> None:
    content = {keccak256(bytes((number,))): bytes(40) for number in range(100)}
    head, proofs = prove(content, content)
    together = list({node for nodes in proofs for node in nodes})
    hashed = []
    monkeypatch.setattr(
        "proofs.chain.proof.keccak256", lambda node: hashed.append(node) or keccak256(node)
    )
    verify_set(head, list(content), together)
    assert len(hashed) == len(together)


def test_proofs_that_share_nodes_hash_them_once_and_stay_as_strict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = {keccak256(bytes((number,))): bytes(40) for number in range(100)}
    head, proofs = prove(content, content)
    hashed: list[bytes] = []
    monkeypatch.setattr(
        "proofs.chain.proof.keccak256", lambda node: hashed.append(node) or keccak256(node)
    )
    known: Known = {}
    for key, nodes in zip(content, proofs, strict=True):
        assert verify(head, key, nodes, known) == bytes(40)
    assert len(hashed) == len(known) == len({node for nodes in proofs for node in nodes})
    with pytest.raises(RootMismatch):
        verify(head, next(iter(content)), proofs[0][1:], known)
    with pytest.raises(UnusedNode):
        verify(head, next(iter(content)), [*proofs[0], proofs[0][0]], known)


def test_the_empty_trie_holds_nothing() -> None:
    assert verify(EMPTY_ROOT, b"key", []) is None
    assert verify(EMPTY_ROOT, b"key", [b"\x80"]) is None
    assert verify_set(EMPTY_ROOT, [b"a", b"b"], []) == [None, None]
    with pytest.raises(UnusedNode):
        verify(EMPTY_ROOT, b"key", [b"\x80", b"\x80"])
    with pytest.raises(MissingNode):
        verify(keccak256(b"another"), b"key", [])


def leaf(nibbles: str, value: bytes) -> bytes:
    return rlp.encode([hex_prefix(bytes.fromhex("".join("0" + n for n in nibbles)), 2), value])


def extension(nibbles: str, child: bytes) -> bytes:
    path = rlp.string(hex_prefix(bytes.fromhex("".join("0" + n for n in nibbles)), 0))
    return rlp.sequence([path, child])


def named(node: bytes) -> bytes:
    return rlp.string(keccak256(node)) if len(node) >= 32 else node


def branch(children: dict[int, bytes], value: bytes = b"") -> bytes:
    """A branch whose children are given in RLP, as a hash or inlined."""
    slots = [children.get(nibble, b"\x80") for nibble in range(16)]
    return rlp.sequence([*slots, rlp.string(value)])


LONG = b"a value that makes its node longer than a hash"
FORK = branch({1: named(leaf("23", LONG)), 2: leaf("4", b"x")}, b"here")
ABOVE = extension("ab", named(FORK))


@pytest.mark.parametrize(
    ("key", "nodes", "value"),
    [
        ("ab", [ABOVE, FORK], b"here"),
        ("ab123f", [ABOVE, FORK, leaf("23", LONG)], None),
        ("ab24", [ABOVE, FORK], b"x"),
        ("ab25", [ABOVE, FORK], None),
        ("ab31", [ABOVE, FORK], None),
        ("ac", [ABOVE], None),
        ("a0", [ABOVE], None),
        ("", [ABOVE], None),
        ("cc", [leaf("cd", b"x")], None),
        ("cd", [leaf("cd", b"x")], b"x"),
        ("cdee", [leaf("cd", b"x")], None),
        ("", [branch({1: leaf("2", b"x"), 2: leaf("2", b"y")})], None),
    ],
)
def test_every_way_of_being_there_and_of_being_absent(
    key: str, nodes: list[bytes], value: bytes | None
) -> None:
    """Divergent extension and leaf, empty slot, empty value of a branch, a key too short or long,
    values of leaves, of branches and of inlined nodes."""
    assert verify(keccak256(nodes[0]), bytes.fromhex(key), nodes) == value
    assert verify_set(keccak256(nodes[0]), [bytes.fromhex(key)], nodes) == [value]


HASH = rlp.string(bytes(31) + b"\x01")
TWO = {1: HASH, 2: HASH}
LEAF = leaf("1", b"x")


@pytest.mark.parametrize(
    ("node", "says"),
    [
        (b"", "missing"),
        (b"\x83abc", "a string"),
        (b"\x00", "a string"),
        (b"\xc0", "0 items"),
        (b"\xc1\x20", "1 items"),
        (b"\xc3\x20\x01\x01", "3 items"),
        (rlp.encode([b""] * 16), "16 items"),
        (rlp.encode([b""] * 18), "18 items"),
        (b"\xc2\x80\x01", "no path"),
        (b"\xc3\xc1\x20\x01", "no path"),
        (b"\xc2\x40\x01", "0x40"),
        (rlp.encode([b"\xf0", b"x"]), "0xf0"),
        (rlp.encode([b"\x21", b"x"]), "0x21"),
        (rlp.encode([b"\x01", bytes(32)]), "0x01"),
        (b"\xc2\x20\x80", "no value"),
        (rlp.sequence([b"\x20", LEAF]), "no value"),
        (rlp.sequence([b"\x11", b"\x80"]), "nowhere"),
        (rlp.sequence([b"\x00", HASH]), "nowhere"),
        (rlp.sequence([b"\x11", LEAF]), "no branch"),
        (rlp.sequence([b"\x11", rlp.string(bytes(31))]), "31 bytes"),
        (rlp.sequence([b"\x11", rlp.string(bytes(33))]), "33 bytes"),
        (branch({**TWO, 3: b"\x01"}), "1 bytes"),
        (branch({**TWO, 3: leaf("1", bytes(40))}), "is inlined"),
        (branch({**TWO, 3: rlp.sequence([b"\x20", rlp.string(bytes(29))])}), "is inlined"),
        (branch({**TWO, 3: b"\xc2\x40\x01"}), "0x40"),
        (branch({1: HASH}), "fewer than two"),
        (branch({}, b"x"), "fewer than two"),
        (branch({}), "fewer than two"),
        (rlp.sequence([*[HASH] * 16, b"\xc1\x01"]), "list for its value"),
        (LEAF + b"\x00", "trail"),
        (b"\xf8\x03" + LEAF[1:], "long length"),
        (b"\xc3\x20\x81\x01", "length in front"),
        (branch(TWO)[:-1], "cut off"),
    ],
)
def test_a_node_that_no_trie_holds_is_refused_though_its_hash_fits(node: bytes, says: str) -> None:
    with pytest.raises((MalformedProof, NotRlp), match=says):
        parse(node)
    with pytest.raises(MalformedProof, match=r"Node 0, 0 nibbles down.*" + says) as refused:
        verify(keccak256(node), b"\x11", [node])
    assert (refused.value.facts["node"], refused.value.facts["depth"]) == (0, 0)
    above = branch({1: rlp.string(keccak256(node)), 2: HASH})
    with pytest.raises(MalformedProof, match=r"Node 1, 1 nibbles down"):
        verify(keccak256(above), b"\x11", [above, node])
    with pytest.raises(BatchRefused) as together:
        verify_set(keccak256(above), [b"\x11"], [node, above])
    assert isinstance(together.value.refusals[0], MalformedProof)


def test_a_node_one_byte_shorter_than_a_hash_is_inlined() -> None:
    short = leaf("1", bytes(27) + b"\x01")
    assert len(short) == 31
    node = branch({1: short, 2: HASH})
    assert verify(keccak256(node), b"\x11", [node]) == bytes(27) + b"\x01"
    named_short = branch({1: rlp.string(keccak256(short)), 2: HASH})
    for nodes in ([named_short, short], [short, named_short]):
        with pytest.raises(BatchRefused, match="has 31 bytes and is not inlined") as refused:
            verify_set(keccak256(named_short), [b"\x11"], nodes)
        assert isinstance(refused.value.refusals[0], MalformedProof)
    with pytest.raises(MalformedProof, match="Node 1, 1 nibbles down, has 31 bytes") as alone:
        verify(keccak256(named_short), b"\x11", [named_short, short])
    assert (alone.value.facts["node"], alone.value.facts["depth"]) == (1, 1)


def test_an_extension_may_not_lead_to_a_leaf_or_to_nothing_by_hash() -> None:
    below = leaf("2", LONG)
    node = extension("1", named(below))
    with pytest.raises(MalformedProof, match="No branch"):
        verify(keccak256(node), b"\x12", [node, below])
    node = branch({1: rlp.string(EMPTY_ROOT), 2: HASH})
    with pytest.raises(MalformedProof, match="has 1 bytes and is not inlined"):
        verify(keccak256(node), b"\x12", [node, b"\x80"])


def test_a_proof_of_one_key_proves_no_other() -> None:
    content = {keccak256(bytes((number,))): bytes(40) for number in range(100)}
    one, other, *_ = content
    head, (nodes, _) = prove(content, [one, other])
    with pytest.raises((UnusedNode, MissingNode, HashMismatch)):
        verify(head, other, nodes)


@pytest.mark.parametrize("name", ["trieanyorder", "trietest", "trieanyorder_secureTrie"])
def test_the_official_tries_are_proven_key_by_key(vectors: Path, name: str) -> None:
    def octets(text: str) -> bytes:
        return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()

    path: Callable[[bytes], bytes] = keccak256 if "secure" in name else bytes
    for case in json.loads((vectors / f"trie/{name}.json").read_text()).values():
        steps: Any = case["in"].items() if isinstance(case["in"], dict) else case["in"]
        content = {path(octets(key)): octets(value or "") for key, value in steps}
        head, proofs = prove(content, content)
        assert head.hex() == case["root"][2:]
        for (key, value), nodes in zip(content.items(), proofs, strict=True):
            assert verify(head, key, nodes) == (value or None)


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=300), st.data())
def test_positions_of_a_block_are_proven(values: list[bytes], data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(values)))
    head, (nodes,) = prove_ordered(values, [position])
    expected = values[position] if position < len(values) else None
    assert verify(head, rlp.number(position), nodes) == expected


def test_what_is_no_proof_is_refused() -> None:
    with pytest.raises(WrongLength):
        verify(bytes(31), b"", [])
    with pytest.raises(WrongLength):
        verify_set(bytes(33), [], [])
    for key, nodes in (("text", []), (b"", ["0x80"]), (b"", [bytearray(b"\x80")])):
        with pytest.raises(NotBytes):
            verify(EMPTY_ROOT, key, nodes)  # type: ignore[arg-type]
    with pytest.raises(NotBytes):
        verify_set(EMPTY_ROOT, [b""], ["0x80"])  # type: ignore[list-item]
    with pytest.raises(BatchRefused) as refused:
        verify_set(EMPTY_ROOT, [b"", "text"], [])  # type: ignore[list-item]
    assert isinstance(refused.value.refusals[1], NotBytes)
    assert issubclass(BatchRefused, Refusal)

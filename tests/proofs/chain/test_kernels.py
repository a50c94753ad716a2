"""The compiled loops take nothing for regular that is not, after any change at any place.

What they give up is looked at by the plain path. What they do not give up nobody looks at again,
so each loop is held against a plain reading of the same, which shares nothing with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from made_state import Contract, result

from proofs.chain import proof, rlp
from proofs.chain.getproof_batch import _room
from proofs.chain.kernels import nodes, scan, walk
from proofs.chain.trie import prove
from proofs.keccak import keccak256
from proofs.refusals import MissingNode, NotRlp, Refusal

ADDRESS = b"\x11" * 20
MOST = 2
STRANGE = b'0129afgF"\\,:[]{}x \x1f\x7f\x80'


class Row(NamedTuple):
    """A row as it is read: whether it is left to the plain path, and else what it says."""

    odd: bool
    key: bytes = b""
    value: bytes = b""
    nodes: tuple[bytes, ...] = ()


class Named(list[Any]):
    """The pairs of an object, as they come."""


def plainly(text: bytes) -> list[Row] | None:
    """The rows of a regular reply, None for one that is not."""

    def digits(found: str) -> str:
        if not found.isdigit():
            raise ValueError(found)
        return found

    def refuse(found: str) -> None:
        raise ValueError(found)

    try:
        whole = json.loads(
            text.decode("ascii"),
            object_pairs_hook=Named,
            parse_int=lambda found: Number(digits(found)),
            parse_float=refuse,
            parse_constant=refuse,
        )
        reply = fields(whole, {"jsonrpc": str, "id": (str, Number), "result": Named}, {"result"})
        kinds = dict.fromkeys([*scan.FIELDS[:-1]], str) | {"accountProof": list}
        found = fields(reply["result"], kinds | {"storageProof": list})
        strings(found["accountProof"])
        if len(rows := found["storageProof"]) > MOST or b"\\" in text:
            return None
        return [row(fields(one, {"key": str, "value": str, "proof": list})) for one in rows]
    except (ValueError, TypeError):
        return None


class Number(int):
    """One that is written as digits alone."""


def fields(pairs: Any, kinds: dict[str, Any], needed: set[str] | None = None) -> dict[str, Any]:
    """An object with these names, each at most once, and its values of these kinds."""
    if type(pairs) is not Named:
        raise TypeError
    found = dict(pairs)
    if len(found) < len(pairs) or not (needed or kinds.keys()) <= found.keys() <= kinds.keys():
        raise ValueError
    for name, value in pairs:
        if not isinstance(value, kinds[name]) or (kinds[name] is list and type(value) is Named):
            raise TypeError
    return found


def strings(values: list[Any]) -> list[str]:
    if not all(type(value) is str for value in values):
        raise TypeError
    return values


def row(found: dict[str, Any]) -> Row:
    pattern = re.compile("0x([0-9a-fA-F]{1,64})")
    key, value = (pattern.fullmatch(found[name]) for name in ("key", "value"))
    listed = [re.fullmatch("0x((?:[0-9a-f]{2}){32,})", node) for node in strings(found["proof"])]
    if not (key and value and listed and all(listed)):
        return Row(True)
    raw = tuple([bytes.fromhex(node[1]) for node in listed if node])
    if not all(map(is_list, raw)):
        return Row(True)
    return Row(False, *(bytes.fromhex(one[1].zfill(64)) for one in (key, value)), raw)


def is_list(node: bytes) -> bool:
    """Whether the header of a list tells just these bytes."""
    if not 0xC0 <= node[0] <= 0xF9:
        return False
    if node[0] < 0xF8:
        return len(node) == node[0] - 0xC0 + 1
    width = node[0] - 0xF7
    return len(node) == 1 + width + int.from_bytes(node[1 : 1 + width])


def scanned(text: bytes) -> list[Row] | None:
    """What the loop reads, None for what it gives up."""
    # Whatever it reads behind the text ends no reply.
    store = _room(nodes.Store, MOST, len(text) + 200)
    spans = np.empty((len(scan.FIELDS), 2), np.int64)
    if not scan.scan(np.frombuffer(text, np.uint8), store, MOST, spans):
        return None
    rows = []
    for at in range(store.counts[2]):
        refs = store.refs[store.first[at] : store.first[at + 1]]
        raw = [store.nodes[store.offsets[ref] : store.offsets[ref + 1]].tobytes() for ref in refs]
        whole = store.keys[at].tobytes(), store.values[at].tobytes(), tuple(raw)
        rows.append(Row(True) if store.odd[at] else Row(False, *whole))
    return rows


def a_reply() -> dict[str, Any]:
    """About a contract with an absent slot and one that holds something, each proven by one or two
    short nodes."""
    contract = Contract({slot: 2**250 + slot for slot in (1, 2)})
    _, found = result({ADDRESS: contract}, ADDRESS, [1, 7])
    return {"jsonrpc": "2.0", "id": 1, "result": found}


REPLY = a_reply()
TEXT = json.dumps(REPLY, separators=(",", ":")).encode()


def edited(text: bytes) -> Iterator[bytes]:
    """Each text with one character left out, put in or replaced, or cut off anywhere."""
    for at in range(len(text)):
        yield text[:at]
        yield text[:at] + text[at + 1 :]
        for byte in STRANGE:
            yield text[:at] + bytes([byte]) + text[at:]
            yield text[:at] + bytes([byte]) + text[at + 1 :]


def reshaped(value: Any) -> Iterator[Any]:
    """Each value with one part left out, doubled, renamed, or of another kind, at any depth."""
    others: list[Any] = [None, True, 0, 12, -1, 1.5, "", "0x", "0x" + "1" * 65, [], {}, [[]], [{}]]
    yield from others
    if isinstance(value, Pairs | dict):
        pairs = list(value.items()) if isinstance(value, dict) else list(value)
        for at, (name, inner) in enumerate(pairs):
            before, after = pairs[:at], pairs[at + 1 :]
            yield Pairs(before + after)
            yield Pairs([*pairs, (name, inner)])
            yield Pairs([*before, ("other", inner), *after])
            yield Pairs([*before, (name[:-1], inner), *after])
            yield Pairs([*after, (name, inner), *before])
            yield from (Pairs([*before, (name, one), *after]) for one in reshaped(inner))
        yield Pairs([*pairs, ("more", "0x1")])
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield value[:at] + value[at + 1 :]
            yield [*value, inner]
            yield from ([*value[:at], one, *value[at + 1 :]] for one in reshaped(inner))


class Pairs(list[Any]):
    """An object by its pairs, which may have a name twice."""


def written(value: Any) -> str:
    if isinstance(value, Pairs | dict):
        pairs = value.items() if isinstance(value, dict) else value
        return "{" + ",".join(f"{json.dumps(name)}:{written(one)}" for name, one in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


def sound(text: bytes) -> bool:
    """Whether all that the loop takes for regular is so, and says what it takes it to say."""
    taken = scanned(text)
    if taken is None:
        return True
    known = plainly(text)
    return (
        known is not None
        and len(taken) == len(known)
        and all(one.odd or one == other for one, other in zip(taken, known, strict=True))
    )


def test_a_reply_as_nodes_write_it_is_read() -> None:
    for text in (TEXT, json.dumps(REPLY, indent=2).encode(), TEXT.replace(b'"id":1', b'"id":"a"')):
        rows = scanned(text)
        assert rows == plainly(text)
        assert rows is not None
        assert [one.odd for one in rows] == [False, False]


def test_a_reply_with_any_character_changed_is_not_taken_for_another() -> None:
    assert [text for text in edited(TEXT) if not sound(text)] == []


def test_a_reply_of_another_shape_is_not_taken_for_one() -> None:
    texts = [written(value).encode() for value in reshaped(REPLY)]
    assert len(texts) > 300
    assert [text for text in texts if not sound(text)] == []


def numbered(number: int, nibbles: str) -> bytes:
    """A path that begins with these nibbles."""
    return bytes.fromhex((nibbles + keccak256(bytes([number])).hex())[:64])


# Branches, an extension of two nibbles and one of one, leaves of even and of odd paths.
VALUES = {"1": 5, "2aa": 2**255, "2ab": 0x80, "2ac0": 7, "2ac1": 2**64, "345": 2**200, "346": 1}
HELD = {numbered(at, nibbles): value for at, (nibbles, value) in enumerate(VALUES.items())}
ABSENT = [numbered(20, "4"), numbered(21, "2bb"), numbered(22, "2ad"), numbered(23, "1")]
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
REFS = [ref for claim in ROWS for ref in claim.refs]
FIRST = np.cumsum([0, *(len(claim.refs) for claim in ROWS)])
CLAIMED = np.array([list(claim.value.to_bytes(32, "big")) for claim in ROWS], np.uint8)
PATHS = np.array([list(claim.path) for claim in ROWS], np.uint8)
HASHES = np.array([list(digest) for digest in DIGESTS], np.uint8)


def walked(listed: list[bytes], root: bytes = ROOT) -> list[bool]:
    """Which rows the loop proves from these nodes, whose digests are those of `NODES`."""
    text = b"".join(listed)
    store = _room(nodes.Store, len(ROWS), 100 * (len(REFS) + 100))
    store.nodes[: len(text)] = np.frombuffer(text, np.uint8)
    store.offsets[1 : len(listed) + 1] = np.cumsum([len(node) for node in listed])
    store.counts[0] = len(listed)
    store.refs[: len(REFS)] = REFS
    store.first[:] = FIRST
    store.odd[:] = 0
    store.values[:] = CLAIMED
    shapes = np.empty((len(listed), 5), np.int64)
    walk.shape_all(store, shapes)
    walk.walk(store, shapes, HASHES, PATHS, np.frombuffer(root, np.uint8), 0, len(ROWS))
    return [not odd for odd in store.odd.tolist()]


def proves(claim: Claimed, listed: list[bytes]) -> bool:
    """What the plain walk says, with the same digests."""
    left = list(claim.refs)

    def fetch(reference: bytes, depth: int) -> proof.Node:
        if not left or DIGESTS[left[0]] != reference:
            raise MissingNode("It ends.")
        return proof.parse(listed[left.pop(0)])

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

"""The compiled scan takes no reply for regular that is not, after any change at any place.

What it gives up is looked at by the plain path. What it does not give up nobody looks at again, so
it is held against a plain reading, which shares nothing with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from edited_text import edited
from made_state import Contract, result

from proofs.chain.getproof_batch import _room
from proofs.chain.kernels import nodes, scan

ADDRESS = b"\x11" * 20
MOST = 2


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
        if len(rows := found["storageProof"]) > MOST:
            return None
        return [row(one) for one in rows]
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


def row(one: Any) -> Row:
    """A row that is read by itself; whatever is in the place of a text, it is odd then."""
    if type(one) is not Named:
        return Row(True)
    found = fields(one, dict.fromkeys(("key", "value", "proof"), object))
    texts, nodes = [found["key"], found["value"]], found["proof"]
    if type(nodes) is not list or not all(type(text) is str for text in texts + nodes):
        return Row(True)
    pattern = re.compile("0x([0-9a-fA-F]{1,64})")
    key, value = (pattern.fullmatch(found[name]) for name in ("key", "value"))
    listed = [re.fullmatch("0x((?:[0-9a-fA-F]{2}){32,})", node) for node in nodes]
    if not (key and value and listed and all(listed)):
        return Row(True)
    raw = tuple([bytes.fromhex(node[1]) for node in listed if node])
    return Row(False, *(bytes.fromhex(one[1].zfill(64)) for one in (key, value)), raw)


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
        if store.odd[at] or (refs == nodes.SHORT).any():
            rows.append(Row(True))
            continue
        raw = [store.nodes[store.offsets[ref] : store.offsets[ref + 1]].tobytes() for ref in refs]
        rows.append(Row(False, store.keys[at].tobytes(), store.values[at].tobytes(), tuple(raw)))
    return rows


def a_reply() -> dict[str, Any]:
    """About a contract with an absent slot and one that holds something, each proven by one or two
    short nodes."""
    contract = Contract({slot: 2**250 + slot for slot in (1, 2)})
    _, found = result({ADDRESS: contract}, ADDRESS, [1, 7])
    return {"jsonrpc": "2.0", "id": 1, "result": found}


REPLY = a_reply()
TEXT = json.dumps(REPLY, separators=(",", ":")).encode()


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


@pytest.mark.parametrize("header", ["b83e", "bf", "fa000040", "fb00000040", "f90040", "f83f", "c0"])
def test_a_node_under_another_header_is_read_like_any(header: str) -> None:
    node = f'"0x{header}{"a1" * 64}"'.encode()
    first = TEXT.index(b'"proof":[') + len(b'"proof":[')
    text = TEXT[:first] + node + TEXT[TEXT.index(b"]", first) :]
    rows = scanned(text)
    assert rows is not None
    assert not rows[0].odd
    assert sound(text)

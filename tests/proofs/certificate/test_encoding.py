"""There is one way to write a head, and each deviation is refused by its place."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from bravo_certificate import Bravo
from hypothesis import given
from hypothesis import strategies as st
from made_certificate import Made
from taken_apart import apart

from proofs.certificate import encoding
from proofs.certificate.form import Head
from proofs.certificate.refusals import MalformedCertificate, TooLarge

TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters='"\\'))
VALUES = st.recursive(
    st.none() | st.booleans() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
HEAD, _ = apart(Made().write())


@given(VALUES)
def test_what_is_written_is_read_and_written_the_same(value: Any) -> None:
    assert encoding.decode(encoding.encode(value)) == value


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"a":1}', "it holds a number"),
        (b'{"a":-1.5e3}', "it holds a number"),
        (b"Infinity", "it holds a number"),
        (b'{"a":"1","a":"1"}', "canonical"),
        (b'{"b":"1","a":"1"}', "canonical"),
        (b'{"a": "1"}', "it holds a number"),
        (b'{"a":"1"} ', "it holds a number"),
        (b"{", "no JSON"),
        (b"'a'", "it holds a number"),
        (b"", "no JSON"),
        (b'{"a":"\\u0031"}', "the byte 0x5c"),
        (b'"\n"', "the byte 0x0a"),
        (b'"\xc3\xa9"', "the byte 0xc3"),
        (b"[" * 9 + b"]" * 9, "more than 8 deep"),
    ],
)
def test_other_ways_of_writing_are_refused(line: bytes, why: str) -> None:
    with pytest.raises(MalformedCertificate, match=why):
        encoding.decode(line)


@pytest.mark.parametrize("value", [1.5, b"x", {1: "a", "b": "c"}, 'a"b', "é", "\n"])
def test_what_has_no_canonical_form_is_not_written(value: Any) -> None:
    with pytest.raises(MalformedCertificate):
        encoding.encode(value)


@pytest.mark.parametrize("text", ["", "01", "+1", "-1", "1.0", "0x1", "1 ", "١", str(2**256), 1])
def test_numbers_have_one_form_and_a_width(text: Any) -> None:
    with pytest.raises(MalformedCertificate) as caught:
        encoding.read_decimal(text, "size")
    assert caught.value.place == "size"
    assert encoding.read_decimal("255", "size", 8) == 255
    with pytest.raises(MalformedCertificate):
        encoding.read_decimal("256", "size", 8)


@pytest.mark.parametrize("text", ["", "0x", "0xAB", "0xab0", "ab", "0x1g", "0xabcd", " 0xab", 5])
def test_bytes_have_one_form_and_a_length(text: Any) -> None:
    assert encoding.read_hex("0xab", "hash", 1) == b"\xab"
    with pytest.raises(MalformedCertificate):
        encoding.read_hex(text, "hash", 1)


def changed(path: str, value: Any) -> Any:
    """The head with another value at a path such as `shards.5.kind`."""
    head = copy.deepcopy(HEAD)
    *steps, last = path.split(".")
    inner: Any = head
    for step in steps:
        inner = inner[int(step) if isinstance(inner, list) else step]
    inner[last] = value
    return head


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("shards", "none"),
        ("shards", []),
        ("shards.0.kind", "code"),
        ("shards.5.kind", "unknown"),
        ("shards.5.kind", ["receipts"]),
        ("shards.5.kind", "used"),
        ("missing", []),
        ("missing", {"shards": "x"}),
        ("missing", {"quorum": ""}),
        ("missing", {"quorum": "x" * 501}),
        ("missing", {"quorum": "x"}),
        ("zeros", "some"),
        ("governor", "0x"),
        ("governor", None),
        ("shards", None),
        ("governor.slots", {}),
        ("governor.token", []),
        ("governor.token", ["36", "2"]),
        ("governor.token", ["2", "70000"]),
        ("governor.token", [str(at) for at in range(65)]),
        ("governor.quorum.buckets", []),
        ("governor.quorum.buckets", ["abstain", "for"]),
        ("governor.quorum.buckets", ["for", "for"]),
        ("governor.quorum.fixed", "5"),
        ("governor.quorum.denominator", None),
        ("governor.slots.proposals", None),
        ("governor.slots.numerators", None),
        ("governor.clock", "seconds"),
        ("governor.family", None),
        ("token.slots.counts", "4"),
        ("token.slots.balances", "4"),
        ("token.slots.supply_count", "4"),
        ("token.slots.supply", None),
        ("token.kind", "comp"),
        ("token.implementation", {"address": "0x00"}),
        ("more", "x"),
    ],
)
def test_a_head_of_another_form_is_refused(path: str, value: Any) -> None:
    assert Head.of(HEAD).json() == HEAD
    with pytest.raises((MalformedCertificate, TooLarge)) as caught:
        Head.of(changed(path, value))
    assert caught.value.item == "head"


def test_a_numerator_belongs_to_a_share_alone() -> None:
    bravo, _ = apart(Bravo().write())
    assert Head.of(bravo).governor.layout.quorum_legacy is None
    bravo["governor"]["slots"]["numerator"] = "5"
    with pytest.raises(MalformedCertificate) as caught:
        Head.of(bravo)
    assert caught.value.place == "governor.slots.numerator"


@pytest.mark.parametrize("reason", ["", None, "x" * 501, ["x"]])
def test_a_part_is_missing_only_for_a_reason(reason: Any) -> None:
    lower, _ = apart(Made(missing={"powers": "Nobody proves it."}).write())
    assert Head.of(lower).missing == {"powers": "Nobody proves it."}
    with pytest.raises(MalformedCertificate, match="no reason"):
        Head.of(lower | {"missing": {"powers": reason}})

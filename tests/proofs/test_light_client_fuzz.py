"""Whatever bytes or JSON an endpoint sends, the answer is a store or a typed refusal."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from light_client_chain import MEMBERS, begun, bootstrap, update
from ssz_json import as_json

from proofs.chain.beacon import Fork
from proofs.refusals import Refusal
from proofs.statements.light_client import begin, process_update
from proofs.statements.light_client_data import Update, form
from proofs.statements.light_client_store import Committees

FORM = form(Fork.ELECTRA, MEMBERS)
STORE, GIVEN, BOOTSTRAP = begun(65), update(80, 70, handover=True), bootstrap(65)
DATA, FIRST = FORM.update.write(GIVEN), FORM.bootstrap.write(BOOTSTRAP)
COMMITTEES = Committees()


JSON = as_json(FORM.update, GIVEN)


def only_when_signed_differs(found: Update) -> None:
    """The one field that no signature and no branch covers."""
    assert replace(found, signature_slot=GIVEN.signature_slot) == GIVEN


def follow(read: Any, data: Any) -> None:
    try:
        found = read(data)
        process_update(STORE, found, current_slot=10**6, committees=COMMITTEES)
    except Refusal:
        return
    only_when_signed_differs(found)


EDITS = st.lists(
    st.tuples(st.integers(0, len(DATA) - 1), st.integers(0, 255)), min_size=1, max_size=4
)


@settings(max_examples=300, deadline=None)
@given(edits=EDITS, cut=st.integers(0, 3), tail=st.binary(max_size=3))
def test_bytes_changed_anywhere(edits: list[tuple[int, int]], cut: int, tail: bytes) -> None:
    data = bytearray(DATA)
    for at, value in edits:
        data[at] = value
    follow(FORM.update.read, bytes(data[: len(data) - cut]) + tail)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_bytes_of_no_kind(data: bytes) -> None:
    for schema in (FORM.update, FORM.finality_update, FORM.optimistic_update):
        follow(schema.read, data)


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, len(FIRST) - 1), value=st.integers(0, 255))
def test_a_bootstrap_changed_anywhere(at: int, value: int) -> None:
    data = FIRST[:at] + bytes((value,)) + FIRST[at + 1 :]
    try:
        begin(STORE.network, BOOTSTRAP.header.beacon.root(), FORM.bootstrap.read(data))
    except Refusal:
        assert data != FIRST
    else:
        assert data == FIRST


JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["0x", "0x0", "00", "-0", "1e3", " 1", "0X00", "9" * 100, [], {}, [[]]]),
    st.binary(max_size=4).map(lambda data: "0x" + data.hex()),
)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), junk=JUNK)
def test_json_changed_anywhere(data: st.DataObject, junk: Any) -> None:
    changed = copy.deepcopy(JSON)
    place, key = changed, data.draw(st.sampled_from(sorted(changed)))
    while isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
        place = place[key]
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
    if data.draw(st.booleans()):
        place[key] = junk
    else:
        del place[key]
    follow(FORM.update.parse, changed)


@settings(max_examples=100, deadline=None)
@given(junk=JUNK)
def test_json_of_no_kind(junk: Any) -> None:
    for schema in (FORM.update, FORM.finality_update, FORM.optimistic_update, FORM.bootstrap):
        follow(schema.parse, junk)

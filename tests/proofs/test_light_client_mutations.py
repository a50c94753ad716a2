"""No field of an update or a bootstrap can be changed unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from light_client_chain import (
    MEMBERS,
    NETWORK,
    begun,
    bootstrap,
    update,
)
from light_client_vectors import Case

from proofs.chain.beacon import Fork
from proofs.chain.ssz import Bitvector, ByteList, Bytes, Container, Uint, Vector
from proofs.refusals import (
    BranchMismatch,
    HashMismatch,
    InvalidSignature,
    MalformedPoint,
    NotInSubgroup,
    NotOnCurve,
    Refusal,
    UnorderedSlots,
)
from proofs.statements.light_client import begin, process_update
from proofs.statements.light_client_data import Update, form
from proofs.statements.light_client_store import Committees, Store

COMMITTEES = Committees()
FORM = form(Fork.ELECTRA, MEMBERS)


def process(store: Store, given: Update) -> Store:
    return process_update(store, given, current_slot=10**6, committees=COMMITTEES)


Place = tuple[str | int, ...]


def mutations(schema: Any, value: Any, path: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every field in turn changed by its lowest and its highest bit."""
    if isinstance(schema, Container):
        for name, each in schema.fields.items():
            for inner, changed in mutations(each, getattr(value, name), (*path, name)):
                yield inner, replace(value, **{name: changed})
    elif isinstance(schema, Vector):
        for at, item in enumerate(value):
            for inner, changed in mutations(schema.item, item, (*path, at)):
                yield inner, (*value[:at], changed, *value[at + 1 :])
    elif isinstance(schema, Bitvector):
        for at, bit in enumerate(value):
            yield (*path, at), (*value[:at], not bit, *value[at + 1 :])
    elif isinstance(schema, Uint):
        yield path, value ^ 1
    elif isinstance(schema, ByteList) and not value:
        yield path, b"\0"
    else:
        assert isinstance(schema, Bytes | ByteList)
        yield path, bytes((value[0] ^ 0x80,)) + value[1:]
        yield path, value[:-1] + bytes((value[-1] ^ 1,))


NO_POINT = {MalformedPoint, NotOnCurve, NotInSubgroup}


def expected(path: Place) -> set[type[Refusal]]:
    """What a change there must be refused as."""
    if path[0] == "sync_aggregate":
        return {InvalidSignature} | (NO_POINT if "sync_committee_signature" in path else set())
    if path == ("attested_header", "beacon", "slot"):
        return {UnorderedSlots, InvalidSignature}
    if path[:2] == ("attested_header", "beacon") and path[2] in ("proposer_index", "parent_root"):
        return {InvalidSignature}
    return {BranchMismatch}


def test_every_changed_field_of_an_update_is_refused(vectors: Path) -> None:
    case = Case(vectors / "light_client" / "electra" / "light_client_sync")
    real, made = case.update(case.steps[0]["process_update"]), update(80, 70, handover=True)
    for store, given in ((case.bootstrap(), real), (begun(65), made)):
        assert process(store, given).signed is not None
        seen = 0
        for path, changed in mutations(FORM.update, given):
            if path == ("signature_slot",):
                continue  # nobody signs it: see the next tests for what bounds it
            with pytest.raises(Refusal) as refused:
                process(store, changed)
            assert type(refused.value) in expected(path), path
            seen += 1
        assert seen > 150


def test_every_changed_field_of_a_bootstrap_is_refused() -> None:
    given = bootstrap(65)
    root = given.header.beacon.root()
    seen = 0
    for path, changed in mutations(FORM.bootstrap, given):
        right = HashMismatch if path[:2] == ("header", "beacon") else BranchMismatch
        with pytest.raises(right):
            begin(NETWORK, root, changed)
        seen += 1
    assert seen > 100

"""A store that was put down and taken up again goes on as if nothing had been."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from light_client_chain import MEMBERS, NETWORK, begun, update
from light_client_vectors import Case

from proofs.refusals import AdvancedByForce, NotFinalized, NotSsz
from proofs.statements.light_client import force_update, process_update
from proofs.statements.light_client_record import dump, load
from proofs.statements.light_client_store import Committees, Store, certifies

FORKS = ("altair", "bellatrix", "capella", "deneb", "electra")


@pytest.mark.parametrize("fork", FORKS)
def test_the_vectors_can_be_interrupted_after_each_step(vectors: Path, fork: str) -> None:
    case = Case(vectors / "light_client" / fork / "light_client_sync")
    straight, kept, committees = case.bootstrap(), case.bootstrap(), Committees()
    for step in case.steps:
        ((kind, given),) = step.items()
        slot = int(given["current_slot"])

        def advance(store: Store) -> Store:
            if kind == "force_update":  # noqa: B023
                return force_update(store, current_slot=slot)  # noqa: B023
            read = case.update(given)  # noqa: B023
            return process_update(store, read, current_slot=slot, committees=committees)  # noqa: B023

        straight, kept = advance(straight), advance(load(case.network, dump(kept)))
        assert dump(kept) == dump(straight)
        assert kept.finalized.beacon == straight.finalized.beacon
    assert kept.forced


def test_every_part_comes_back() -> None:
    store = process_update(begun(65), update(80, 70, handover=True), current_slot=999)
    store = process_update(store, update(135, 130, signers=9, handover=True), current_slot=999)
    store = replace(store, previous_max_participants=3)
    assert store.best is not None
    assert load(NETWORK, dump(store)) == store
    assert certifies(load(NETWORK, dump(store))) == certifies(store)


def test_what_certifies_nothing_still_does_not() -> None:
    with pytest.raises(NotFinalized):
        certifies(load(NETWORK, dump(begun(65))))
    forced = replace(process_update(begun(65), update(80, 70), current_slot=999), forced=True)
    with pytest.raises(AdvancedByForce):
        certifies(load(NETWORK, dump(forced)))


def test_other_bytes_are_no_store() -> None:
    data = dump(begun(65))
    flags = [bytes((2,)) + data[1:], *(data[:at] + b"\x02" + data[at + 1 :] for at in range(1, 5))]
    for bad in (b"", data[:-1], data + bytes(40), *flags):
        with pytest.raises(NotSsz):
            load(NETWORK, bad)
    with pytest.raises(NotSsz):
        load(replace(NETWORK, committee_size=MEMBERS * 2), data)

"""Operations, queues, owners: what is there, and that nothing more is there."""

from __future__ import annotations

import itertools

import pytest
from contract_storage import Storage, entry, put

from proofs.refusals import BrokenOwnerList, ImpossibleWord, UnprovenSlot, WrongLength
from proofs.statements.lifecycle import OperationState
from proofs.statements.storage import safe
from proofs.statements.storage.timelock import (
    CONTROLLER,
    OZ4_PROXIED_CONTROLLER,
    OZ5_PROXIED_CONTROLLER,
    compound_queue_slot,
    proven_min_delay,
    proven_operation,
    proven_queued,
)

OPERATION = b"\x07" * 32
ANN, BEN, CLEO = (bytes([tag]) * 20 for tag in (0xA1, 0xB2, 0xC3))
SENTINEL = bytes(19) + b"\x01"
CONTROLLER_NAMESPACE = 0x9A37C2AA9D186A0969FF8A8267BF4E07E864C2F2768F5040949E28A624FB3600


@pytest.mark.parametrize(
    ("layout", "timestamps", "delay"),
    [
        (CONTROLLER, 1, 2),
        (OZ4_PROXIED_CONTROLLER, 151, 152),
        (OZ5_PROXIED_CONTROLLER, CONTROLLER_NAMESPACE, CONTROLLER_NAMESPACE + 1),
    ],
)
def test_an_operation_is_its_timestamp(layout, timestamps, delay) -> None:
    storage: Storage = {}
    put(storage, entry(timestamps, OPERATION), 5_000)
    put(storage, delay, 172_800)
    operation = proven_operation(layout, storage, OPERATION)
    assert operation.state(4_999) is OperationState.WAITING
    assert proven_min_delay(layout, storage) == 172_800
    with pytest.raises(UnprovenSlot):
        proven_operation(layout, storage, b"\x08" * 32)
    with pytest.raises(WrongLength):
        proven_operation(layout, storage, b"\x08" * 20)


def test_the_queue_of_compound_is_a_bool() -> None:
    storage: Storage = {}
    put(storage, entry(3, OPERATION), 1)
    assert compound_queue_slot(OPERATION) in storage
    assert proven_queued(storage, OPERATION)
    put(storage, entry(3, OPERATION), 0)
    assert not proven_queued(storage, OPERATION)
    put(storage, entry(3, OPERATION), 2)
    with pytest.raises(ImpossibleWord):
        proven_queued(storage, OPERATION)


def linked(storage: Storage, slot: int, members: list[bytes]) -> None:
    """A closed list from the sentinel over ``members``."""
    for here, following in itertools.pairwise([SENTINEL, *members, SENTINEL]):
        put(storage, entry(slot, here), int.from_bytes(following, "big"))


def a_safe(owners: list[bytes], threshold: int = 2, nonce: int = 9) -> Storage:
    storage: Storage = {}
    put(storage, 0, int.from_bytes(CLEO, "big"))
    linked(storage, 2, owners)
    for slot, value in ((3, len(owners)), (4, threshold), (5, nonce)):
        put(storage, slot, value)
    return storage


def test_owners_follow_from_the_list_in_its_own_order() -> None:
    storage = a_safe([CLEO, ANN, BEN])
    assert set(safe.owner_slots([ANN, BEN, CLEO])) == set(storage)
    state = safe.proven_safe(storage, [ANN, BEN, CLEO])
    assert state.owners == (CLEO, ANN, BEN)
    assert (state.threshold, state.nonce, state.singleton) == (2, 9, CLEO)


@pytest.mark.parametrize("named", [[ANN, CLEO], [ANN], [], [ANN, BEN, CLEO, b"\x04" * 20]])
def test_an_owner_left_out_or_made_up_is_noticed(named: list[bytes]) -> None:
    storage = a_safe([CLEO, ANN, BEN])
    storage |= {entry(2, b"\x04" * 20): bytes(32)}
    with pytest.raises(BrokenOwnerList):
        safe.proven_safe(storage, named)


def test_a_list_that_runs_in_a_circle_or_ends_in_nothing_is_refused() -> None:
    circle = a_safe([ANN, BEN])
    put(circle, entry(2, BEN), int.from_bytes(ANN, "big"))
    with pytest.raises(BrokenOwnerList):
        safe.proven_safe(circle, [ANN, BEN])
    nothing = a_safe([ANN, BEN])
    put(nothing, entry(2, BEN), 0)
    with pytest.raises(BrokenOwnerList):
        safe.proven_safe(nothing, [ANN, BEN])


def test_an_owner_named_twice_is_one_owner() -> None:
    assert safe.proven_safe(a_safe([ANN, BEN]), [ANN, BEN, ANN]).owners == (ANN, BEN)


def test_the_safes_own_count_and_threshold_must_fit() -> None:
    wrong = a_safe([ANN, BEN])
    put(wrong, 3, 3)
    with pytest.raises(BrokenOwnerList, match="counts 3"):
        safe.proven_safe(wrong, [ANN, BEN])
    for threshold in (0, 3):
        with pytest.raises(ImpossibleWord, match="threshold"):
            safe.proven_safe(a_safe([ANN, BEN], threshold), [ANN, BEN])


def test_modules_are_listed_alike_and_may_be_none() -> None:
    storage: Storage = {}
    linked(storage, 1, [BEN])
    assert set(safe.module_slots([BEN])) == set(storage)
    assert safe.proven_modules(storage, [BEN]) == (BEN,)
    with pytest.raises(BrokenOwnerList, match="modules"):
        safe.proven_modules(storage, [])
    linked(storage, 1, [])
    assert safe.proven_modules(storage, []) == ()


def test_the_slots_of_guard_and_handler_are_the_published_ones() -> None:
    heads = [f"{slot:064x}"[:8] for slot in (safe.GUARD, safe.MODULE_GUARD, safe.FALLBACK_HANDLER)]
    assert heads == ["4a204f62", "b104e0b9", "6c9a6c4a"]

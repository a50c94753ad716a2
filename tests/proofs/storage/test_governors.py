"""Proposals, totals and receipts, from words packed as the contracts pack them."""

from __future__ import annotations

import pytest
from contract_storage import Storage, entry, put, write_trace

from proofs.refusals import (
    FutureLookup,
    ImpossibleWord,
    NonexistentProposal,
    UnknownLayout,
    UnprovenSlot,
)
from proofs.statements.family import Family
from proofs.statements.storage.counting import (
    CountingForm,
    CountingLayout,
    Receipt,
    proven_receipt,
    proven_totals,
)
from proofs.statements.storage.governor import (
    BRAVO_GOVERNOR,
    GovernorLayout,
    ProposalCore,
    oz5_proxied_governor,
    proven_core,
    proven_extension,
    proven_numerator,
    proven_operation,
    proven_timelock,
)
from proofs.statements.tally import Tally

ID = 12345
ANN, BEN = b"\xaa" * 20, b"\xbb" * 20
ANN_NUMBER = int.from_bytes(ANN, "big")
OZ5 = GovernorLayout(
    family=Family.OZ5,
    proposals=4,
    counting=CountingLayout(CountingForm.FRACTIONAL, 9),
    quorum=10,
    extensions=12,
    timelock=14,
    timelock_ids=15,
)
OZ4 = GovernorLayout(
    family=Family.OZ4,
    proposals=3,
    counting=CountingLayout(CountingForm.SIMPLE, 9),
    quorum=11,
    quorum_legacy=10,
    extensions=7,
)


def words(base: int, *values: int) -> Storage:
    storage: Storage = {}
    for offset, value in enumerate(values):
        put(storage, base + offset, value)
    return storage


def test_a_proposal_of_openzeppelin_5_is_one_packed_word_and_an_eta() -> None:
    packed = ANN_NUMBER | 1_000 << 160 | 250 << 208 | 1 << 240
    storage = words(entry(4, ID), packed, 5_000)
    assert proven_core(OZ5, storage, ID) == ProposalCore(
        proposer=ANN, vote_start=1_000, vote_end=1_250, eta=5_000, executed=True, canceled=False
    )
    assert set(OZ5.core_slots(ID)) == set(storage)
    put(storage, entry(4, ID), packed ^ 1 << 240 ^ 1 << 248)
    core = proven_core(OZ5, storage, ID)
    assert (core.executed, core.canceled) == (False, True)


def test_a_proposal_of_openzeppelin_4_holds_the_end_itself_and_no_eta() -> None:
    storage = words(entry(3, ID), 1_000 | ANN_NUMBER << 64, 1_250, 1 << 8)
    assert proven_core(OZ4, storage, ID) == ProposalCore(
        proposer=ANN, vote_start=1_000, vote_end=1_250, eta=None, executed=False, canceled=True
    )
    assert set(OZ4.core_slots(ID)) == set(storage)


def test_a_proposal_of_bravo_is_spread_over_its_struct() -> None:
    base = entry(10, ID)
    storage = words(base, ID, ANN_NUMBER, 5_000, *[0] * 4, 1_000, 1_250, 70, 60, 50, 1 << 8)
    assert proven_core(BRAVO_GOVERNOR, storage, ID) == ProposalCore(
        proposer=ANN, vote_start=1_000, vote_end=1_250, eta=5_000, executed=True, canceled=False
    )
    totals = proven_totals(BRAVO_GOVERNOR.counting, storage, ID)
    assert totals == Tally(against=60, for_=70, abstain=50)
    put(storage, base, ID + 1)
    with pytest.raises(NonexistentProposal):
        proven_core(BRAVO_GOVERNOR, storage, ID)


@pytest.mark.parametrize("layout", [OZ5, OZ4, BRAVO_GOVERNOR])
def test_a_proposal_that_never_was_is_proven_absent(layout: GovernorLayout) -> None:
    nothing = {slot: bytes(32) for slot in layout.core_slots(ID)}
    with pytest.raises(NonexistentProposal):
        proven_core(layout, nothing, ID)
    with pytest.raises(UnprovenSlot):
        proven_core(layout, {}, ID)


def test_words_that_no_governor_writes_are_refused() -> None:
    five = words(entry(4, ID), 1 << 160 | 2 << 240, 0)
    with pytest.raises(ImpossibleWord, match="Executed"):
        proven_core(OZ5, five, ID)
    with pytest.raises(ImpossibleWord, match="eta"):
        proven_core(OZ5, words(entry(4, ID), 1 << 160, 2**48), ID)
    gap = words(entry(3, ID), 1_000 | 1 << 224, 1_250, 0)
    with pytest.raises(ImpossibleWord):
        proven_core(OZ4, gap, ID)
    with pytest.raises(ImpossibleWord):
        proven_extension(OZ5, words(OZ5.extension_slot(ID), 2**48), ID)


def test_extension_queue_and_timelock_stand_where_the_layout_says() -> None:
    storage = words(entry(12, ID), 1_300) | words(entry(15, ID), 7) | words(14, ANN_NUMBER)
    assert proven_extension(OZ5, storage, ID) == 1_300
    assert proven_operation(OZ5, storage, ID) == (7).to_bytes(32, "big")
    assert proven_timelock(OZ5, storage) == ANN
    for missing in (OZ4.operation_slot, BRAVO_GOVERNOR.extension_slot):
        with pytest.raises(UnknownLayout):
            missing(ID)
    with pytest.raises(UnknownLayout):
        proven_timelock(OZ4, storage)


def test_the_numerator_in_force_at_the_snapshot_is_not_todays() -> None:
    storage: Storage = {}
    write_trace(storage, 10, [(0, 4), (50, 10)], 48)
    found = proven_numerator(OZ5, storage, timepoint=49, clock=60, index=0)
    assert (found.value, found.index) == (4, 0)
    assert proven_numerator(OZ5, storage, timepoint=50, clock=60, index=1).value == 10
    with pytest.raises(UnknownLayout):
        BRAVO_GOVERNOR.quorum_history()


def test_openzeppelin_4_falls_back_to_the_numerator_of_before_the_history() -> None:
    storage = words(10, 6) | words(11, 0)
    assert proven_numerator(OZ4, storage, timepoint=9, clock=10, index=None).value == 6
    with pytest.raises(FutureLookup):
        proven_numerator(OZ4, storage, timepoint=10, clock=10, index=None)
    write_trace(storage, 11, [(5, 8)], 32)
    assert proven_numerator(OZ4, storage, timepoint=9, clock=10, index=0).value == 8
    assert proven_numerator(OZ4, storage, timepoint=4, clock=10, index=None).value == 0


@pytest.mark.parametrize(
    ("form", "slot", "order"),
    [
        (CountingForm.SIMPLE, 9, (0, 1, 2)),
        (CountingForm.FRACTIONAL, 9, (0, 1, 2)),
        (CountingForm.OVERRIDABLE, 9, (0, 1, 2)),
        (CountingForm.BRAVO_COMPATIBLE, 9, (6, 5, 7)),
        (CountingForm.BRAVO, 10, (10, 9, 11)),
    ],
)
def test_totals_are_against_for_and_abstain_in_the_order_of_each_form(form, slot, order) -> None:
    layout = CountingLayout(form, slot)
    storage: Storage = {}
    for offset, value in zip(order, (60, 70, 50), strict=True):
        put(storage, entry(slot, ID) + offset, value)
    assert proven_totals(layout, storage, ID) == Tally(against=60, for_=70, abstain=50)
    assert set(layout.totals_slots(ID)) == set(storage)


@pytest.mark.parametrize(
    ("form", "offset", "word", "receipt"),
    [
        (CountingForm.SIMPLE, 3, 1, Receipt(voted=True)),
        (CountingForm.FRACTIONAL, 3, 99, Receipt(voted=True, weight=99)),
        (
            CountingForm.OVERRIDABLE,
            3,
            2 | 1 << 8 | 40 << 16,
            Receipt(voted=True, support=1, overridden=True, overridden_weight=40),
        ),
        (
            # Delegators of somebody who never voted may have overridden already.
            CountingForm.OVERRIDABLE,
            3,
            40 << 16,
            Receipt(voted=False, overridden_weight=40),
        ),
        (
            CountingForm.BRAVO_COMPATIBLE,
            8,
            1 | 2 << 8 | 7 << 16,
            Receipt(voted=True, support=2, weight=7),
        ),
        (CountingForm.BRAVO, 13, 1 | 0 << 8 | 7 << 16, Receipt(voted=True, support=0, weight=7)),
    ],
)
def test_a_receipt_says_what_its_form_keeps(form, offset, word, receipt) -> None:
    layout = CountingLayout(form, 9)
    storage = words(entry(entry(9, ID) + offset, ANN), word) | words(
        entry(entry(9, ID) + offset, BEN), 0
    )
    assert proven_receipt(layout, storage, ID, ANN) == receipt
    assert not proven_receipt(layout, storage, ID, BEN).voted
    with pytest.raises(UnprovenSlot):
        proven_receipt(layout, storage, ID + 1, ANN)


@pytest.mark.parametrize(
    ("form", "word"),
    [
        (CountingForm.SIMPLE, 2),
        (CountingForm.OVERRIDABLE, 1 | 2 << 8),
        (CountingForm.OVERRIDABLE, 1 << 224),
        (CountingForm.BRAVO, 2),
        (CountingForm.BRAVO, 1 | 1 << 112),
    ],
)
def test_a_receipt_that_cannot_be_one_is_refused(form, word) -> None:
    layout = CountingLayout(form, 9)
    with pytest.raises(ImpossibleWord):
        proven_receipt(layout, words(layout.receipt_slot(ID, ANN), word), ID, ANN)


def test_behind_a_proxy_every_part_lies_in_its_namespace() -> None:
    layout = oz5_proxied_governor(CountingForm.OVERRIDABLE, extensions=True)
    governor = 0x7C712897014DBE49C045EF1299AA2D5F9E67E48EEA4403EFA21F1E0F3AC0CB00
    counting = 0xBFFDE6E7CA736EFB3D8171F99B09ABC076E81F804BF1703DC71FB0B1F7715100
    late = 0x042F525FD47E44D02E065DD7BB464F47B4F926FBD05B5E087891EBD756ADF100
    control = 0x0D5829787B8BEFDBC6044EF7457D8A95C2A04BC99235349F1A212C063E59D400
    assert layout.core_slots(ID)[0] == entry(governor + 1, ID)
    assert layout.counting.totals_slots(ID)[0] == entry(counting, ID)
    assert layout.extension_slot(ID) == entry(late + 1, ID)
    assert layout.operation_slot(ID) == entry(control + 1, ID)
    assert layout.timelock == control
    with pytest.raises(UnknownLayout):
        oz5_proxied_governor(CountingForm.BRAVO)

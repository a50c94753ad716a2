"""What a light client must not believe, each refused by its own name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from light_client_chain import (
    MEMBERS,
    NETWORK,
    PERIOD,
    begun,
    bootstrap,
    committee,
    plain,
    signed,
    update,
)

from proofs.chain.beacon import ExecutionHeader, Fork, LightHeader
from proofs.chain.beacon_network import ForkStart
from proofs.refusals import (
    AdvancedByForce,
    BranchMismatch,
    CommitteeMismatch,
    FutureSlot,
    HashMismatch,
    InvalidSignature,
    MalformedPoint,
    NotFinalized,
    NothingToVerify,
    NotInSubgroup,
    NotOnCurve,
    NotSsz,
    PeriodGap,
    Refusal,
    StaleUpdate,
    UnorderedSlots,
    UnprovenPart,
    WrongLength,
)
from proofs.statements.light_client import begin, force_update, process_update
from proofs.statements.light_client_data import Update, form
from proofs.statements.light_client_store import Committees, Store, certifies

NOW = 10**6
COMMITTEES = Committees()
FORM = form(Fork.ELECTRA, MEMBERS)


def process(store: Store, given: Update, current_slot: int = NOW) -> Store:
    return process_update(store, given, current_slot=current_slot, committees=COMMITTEES)


def test_a_bootstrap_of_another_block_is_refused() -> None:
    given = bootstrap(65)
    with pytest.raises(HashMismatch):
        begin(NETWORK, bootstrap(66).header.beacon.root(), given)
    with pytest.raises(WrongLength):
        begin(NETWORK, b"", given)


def test_a_header_with_another_state_root_alone_is_refused() -> None:
    """The lie that matters most: all is right but the execution state."""
    given = update(80, 70)
    false = replace(given.finalized_header.execution, state_root=b"\x66" * 32)
    lie = replace(given, finalized_header=replace(given.finalized_header, execution=false))
    with pytest.raises(BranchMismatch):
        process(begun(65), lie)


def test_two_thirds_are_needed_and_enough() -> None:
    less = process(begun(65), update(80, 70, signers=21))
    assert (less.finalized.slot, less.optimistic.slot, less.best) == (
        65,
        80,
        update(80, 70, signers=21),
    )
    with pytest.raises(NotFinalized):
        certifies(less)
    enough = certifies(process(less, update(80, 70, signers=range(10, 32))))
    assert (enough.slot, enough.signed.participants, enough.signed.committee_size) == (70, 22, 32)
    assert enough.state_root == plain(70).execution.state_root
    assert enough.block_hash == plain(70).execution.block_hash
    assert (enough.block_number, enough.timestamp) == (1070, 1_700_000_840)
    assert enough.beacon_root == plain(70).beacon.root()


def test_without_the_finality_branch_nothing_is_certified() -> None:
    store = process(begun(65), update(80))
    assert (store.optimistic.slot, store.finalized.slot) == (80, 65)
    with pytest.raises(NotFinalized):
        certifies(store)


def test_nobody_is_no_signer() -> None:
    with pytest.raises(NothingToVerify, match="Nobody signed the update"):
        process(begun(65), update(80, 70, signers=0))


def test_the_optimistic_header_needs_half_of_the_most_seen() -> None:
    store = process(begun(65), update(80, signers=20))
    assert process(store, update(81, signers=10)).optimistic.slot == 80
    assert process(store, update(81, signers=11)).optimistic.slot == 81


def test_the_future_is_refused() -> None:
    given = update(80, 70)
    with pytest.raises(FutureSlot):
        process(begun(65), given, current_slot=80)
    assert process(begun(65), given, current_slot=81).finalized.slot == 70


@pytest.mark.parametrize(("attested", "finalized", "signature"), [(80, 81, 82), (80, 70, 80)])
def test_slots_out_of_order_are_refused(attested: int, finalized: int, signature: int) -> None:
    with pytest.raises(UnorderedSlots):
        process(begun(65), update(attested, finalized, signature_slot=signature))


def test_what_is_known_is_stale() -> None:
    given = update(80, 70, handover=True)
    store = process(begun(65), given)
    assert process(store, given).finalized.slot == 70  # attested later than finalized: still news
    store = process(store, update(100, 90))
    for old in (given, update(90, 70)):
        with pytest.raises(StaleUpdate):
            process(store, old)
    with pytest.raises(StaleUpdate):
        process(begun(PERIOD * 3 + 1), given)


def test_periods_cannot_be_skipped() -> None:
    store = begun(65)
    with pytest.raises(PeriodGap):
        process(store, update(130, 129))  # the next committee is not known yet
    store = process(store, update(80, 70, handover=True))
    with pytest.raises(PeriodGap):
        process(store, update(PERIOD * 3 + 5, PERIOD * 3 + 1))
    assert process(store, update(135, 129)).finalized.slot == 129


def test_committees_hand_over_in_an_unbroken_line() -> None:
    store = begun(1)
    for period in range(5):
        first = PERIOD * period
        store = process(store, update(first + 20, first + 10, handover=True))
        assert store.current_committee == committee(period)
        assert store.next_committee == committee(period + 1)
        for swapped in (period + 1, period + 7):
            with pytest.raises(InvalidSignature):
                process(store, update(first + 40, first + 30, by_period=swapped))
        assert certifies(store).slot == first + 10


def test_another_next_committee_is_refused() -> None:
    store = process(begun(65), update(80, 70, handover=True))
    given = update(90, 75, handover=True)
    with pytest.raises(CommitteeMismatch):
        process(store, replace(given, next_sync_committee=committee(9)))
    with pytest.raises(BranchMismatch):
        process(begun(65), replace(given, next_sync_committee=committee(1)))


def test_parts_without_a_branch_are_refused() -> None:
    given = update(80, 70, handover=True)
    for bare in (
        replace(given, next_sync_committee_branch=()),
        replace(given, next_sync_committee_branch=(bytes(32),) * 6),
        replace(given, finality_branch=()),
        replace(given, finality_branch=(bytes(32),) * 7),
    ):
        with pytest.raises(UnprovenPart):
            process(begun(65), bare)
    data = FORM.update.write(given)
    zeroed = data.replace(b"".join(given.finality_branch), bytes(32 * 7))
    with pytest.raises(UnprovenPart):
        FORM.update.read(zeroed)


def test_at_genesis_the_finalized_header_is_empty() -> None:
    store = process(begun(1), update(20, 0))
    with pytest.raises(NotFinalized):
        certifies(store)
    invented = replace(update(20, 0), finalized_header=plain(0))
    with pytest.raises(UnprovenPart):
        process(begun(1), invented)


def test_a_signature_for_another_network_or_fork_is_refused() -> None:
    unsigned = update(80, 70)
    elsewhere = replace(NETWORK, genesis_validators_root=bytes(32))
    earlier = replace(NETWORK, forks=(ForkStart(Fork.DENEB, 0, b"\x04\0\0\x01"),))
    for network in (elsewhere, earlier):
        with pytest.raises(InvalidSignature):
            process(begun(65), signed(unsigned, network=network))


def test_one_bit_more_or_less_is_no_committee() -> None:
    given = update(80, 70)
    for bits in ((True,) * (MEMBERS - 1), (True,) * (MEMBERS + 1)):
        aggregate = replace(given.sync_aggregate, sync_committee_bits=bits)
        with pytest.raises(WrongLength):
            process(begun(65), replace(given, sync_aggregate=aggregate))


def test_after_force_nothing_is_certified_ever_again() -> None:
    store = process(begun(65), update(80, 70, handover=True))
    assert certifies(store).slot == 70
    store = process(store, update(100, signers=12))
    assert store.best is not None
    late = 70 + PERIOD
    assert force_update(store, current_slot=late) is store  # not yet
    store = force_update(store, current_slot=late + 1)
    assert (store.finalized.slot, store.forced, store.best) == (100, True, None)
    store = process(store, update(110, 105))
    store = process(store, update(135, 130, handover=True))
    store = process(store, update(200, 195, handover=True))
    assert (store.finalized.slot, store.signed is not None) == (195, True)
    with pytest.raises(AdvancedByForce):
        certifies(store)


def test_force_needs_something_to_advance_by() -> None:
    store = begun(65)
    assert force_update(store, current_slot=NOW) is store
    finalized = process(store, update(80, 70))
    assert force_update(finalized, current_slot=NOW) is finalized


def test_force_does_not_skip_a_committee_that_is_not_known() -> None:
    kept = replace(begun(65), best=update(200, 195))
    with pytest.raises(PeriodGap, match="past a committee that is not known"):
        force_update(kept, current_slot=NOW)


def test_gas_of_blobs_before_deneb_is_refused() -> None:
    old = LightHeader(execution=ExecutionHeader(blob_gas_used=1))
    with pytest.raises(BranchMismatch, match="before Deneb"):
        old.check(Fork.CAPELLA)
    with pytest.raises(BranchMismatch, match="before Capella"):
        old.check(Fork.BELLATRIX)
    with pytest.raises(BranchMismatch, match="before Capella"):
        LightHeader(execution_branch=(b"\x01" * 32,)).check(Fork.ALTAIR)


def test_a_committee_of_no_points_is_refused_and_named() -> None:
    keys = committee(1).pubkeys
    for bad, refusal in (
        (bytes(48), MalformedPoint),
        (b"\x80" + bytes(46) + b"\x02", NotOnCurve),
    ):
        store = replace(
            begun(65),
            current_committee=replace(committee(1), pubkeys=(keys[0], bad, *keys[2:])),
        )
        with pytest.raises(Refusal) as refused:
            process(store, update(80, 70))
        assert refused.value.facts["position"] == 1
        assert type(refused.value) in (refusal, NotInSubgroup)


def test_keys_are_decompressed_once() -> None:
    committees = Committees()
    first = committees.keys(committee(0))
    assert committees.keys(committee(0)) is first
    for period in (1, 2, 0, 3, 4):
        committees.keys(committee(period))
    assert committees.keys(committee(0)) is first  # used lately
    committees.keys(committee(1))
    committees.keys(committee(2))
    assert committees.keys(committee(1)) is not first


def test_finality_and_optimistic_updates_are_read_from_their_own_forms() -> None:
    given = update(80, 70, handover=True)
    bare = replace(given, next_sync_committee=None, next_sync_committee_branch=())
    assert FORM.finality_update.read(FORM.finality_update.write(given)) == bare
    optimistic = FORM.optimistic_update.read(FORM.optimistic_update.write(given))
    assert process(begun(65), bare).finalized.slot == 70
    store = process(begun(65), optimistic)
    assert (store.finalized.slot, store.optimistic.slot) == (65, 80)
    with pytest.raises(NotSsz):
        FORM.finality_update.read(FORM.optimistic_update.write(given))

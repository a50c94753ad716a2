"""The state of a proposal: the contracts' rules, one by one, and what always holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proposal_facts import END, ETA, FOR_ABSTAIN, GRACE, START, bravo, oz4, oz5, proposals

from proofs.refusals import (
    ImpossibleFacts,
    NonexistentProposal,
    NotAnInteger,
    OutOfRange,
    UnknownOperation,
    UnknownQuorum,
)
from proofs.statements.clock import ClockMode
from proofs.statements.family import Family, Timelock
from proofs.statements.lifecycle import (
    ENDED,
    Change,
    ChangeKind,
    Operation,
    OperationState,
    ProposalFacts,
    ProposalState,
    deadline,
    expires_at,
    next_change,
    passed,
    ready_at,
    state,
)
from proofs.statements.tally import Tally

S = ProposalState
FAMILIES = pytest.mark.parametrize("of", [oz5, oz4, bravo])
CONTROLLERS = pytest.mark.parametrize("of", [oz5, oz4])
clocks = st.integers(0, 260)


def test_states_have_the_numbers_of_the_contracts() -> None:
    names = "PENDING ACTIVE CANCELED DEFEATED SUCCEEDED QUEUED EXPIRED EXECUTED"
    assert [S(number).name for number in range(8)] == names.split()


@FAMILIES
def test_voting_opens_after_the_snapshot_and_closes_after_the_deadline(of) -> None:
    states = {clock: state(of(), clock, 0) for clock in (0, START, START + 1, END, END + 1)}
    assert states == {
        0: S.PENDING,
        START: S.PENDING,
        START + 1: S.ACTIVE,
        END: S.ACTIVE,
        END + 1: S.SUCCEEDED,
    }


@CONTROLLERS
def test_late_quorum_keeps_the_vote_open_and_never_shortens_it(of) -> None:
    extended = of(extended_deadline=END + 30)
    assert deadline(extended) == END + 30
    assert state(extended, END + 30, 0) is S.ACTIVE
    assert state(extended, END + 31, 0) is S.SUCCEEDED
    assert deadline(of(extended_deadline=END - 10)) == END
    assert deadline(of(extended_deadline=0)) == deadline(of()) == END


@FAMILIES
@pytest.mark.parametrize(
    ("tally", "quorum"),
    [
        (Tally(for_=50, against=50), 40),
        (Tally(for_=50, against=51), 40),
        (Tally(for_=39), 40),
        (Tally(for_=39, against=38), 40),
        (Tally(), 0),
    ],
)
def test_a_vote_without_majority_or_quorum_is_defeated(of, tally, quorum) -> None:
    facts = of(tally=tally, quorum=quorum, eta=ETA, operation=None)
    assert state(facts, END + 1, ETA) is S.DEFEATED


def test_abstentions_count_for_quorum_only_where_the_governor_says_so() -> None:
    tally = Tally(for_=30, against=5, abstain=15)
    assert state(oz5(tally=tally), END + 1, 0) is S.SUCCEEDED
    assert state(oz4(tally=tally), END + 1, 0) is S.DEFEATED
    assert state(bravo(tally=tally), END + 1, 0) is S.DEFEATED


@FAMILIES
def test_quorum_is_reached_by_exactly_the_votes_needed(of) -> None:
    assert state(of(tally=Tally(for_=40), quorum=40), END + 1, 0) is S.SUCCEEDED


@CONTROLLERS
def test_a_queued_proposal_is_what_its_timelock_says(of) -> None:
    def queued(timestamp: int) -> ProposalFacts:
        return of(eta=ETA, operation=Operation(timestamp=timestamp))

    assert state(queued(ETA), END + 1, ETA - 1) is S.QUEUED
    assert state(queued(ETA), END + 1, ETA * 100) is S.QUEUED
    assert state(queued(1), END + 1, ETA) is S.EXECUTED
    assert state(queued(0), END + 1, ETA) is S.CANCELED


@CONTROLLERS
def test_an_operation_means_nothing_before_the_governor_has_queued(of) -> None:
    for eta in (None, 0):
        facts = of(eta=eta, operation=Operation(timestamp=1))
        assert state(facts, END + 1, ETA) is S.SUCCEEDED


def test_operations_go_from_waiting_to_ready() -> None:
    assert Operation(timestamp=0).state(5) is OperationState.UNSET
    assert Operation(timestamp=1).state(5) is OperationState.DONE
    assert Operation(timestamp=6).state(5) is OperationState.WAITING
    assert Operation(timestamp=5).state(5) is OperationState.READY


@pytest.mark.parametrize(
    "queued",
    [
        bravo(eta=ETA),
        oz5(timelock=Timelock.COMPOUND, grace_period=GRACE, eta=ETA),
        oz4(timelock=Timelock.COMPOUND, grace_period=GRACE, eta=ETA),
    ],
    ids=lambda facts: facts.family,
)
def test_a_compound_timelock_lets_proposals_expire_after_the_grace_period(queued) -> None:
    assert state(queued, END + 1, ETA + GRACE - 1) is S.QUEUED
    assert state(queued, END + 1, ETA + GRACE) is S.EXPIRED
    assert expires_at(queued) == ETA + GRACE
    assert state(replace(queued, executed=True), END + 1, ETA + GRACE) is S.EXECUTED
    assert state(replace(queued, canceled=True), END + 1, ETA + GRACE) is S.CANCELED


def test_a_controller_operation_never_expires() -> None:
    assert expires_at(oz5(eta=ETA, operation=Operation(timestamp=ETA))) is None
    assert expires_at(bravo()) is None


def test_a_governor_without_timelock_executes_straight_from_succeeded() -> None:
    plain = oz5(timelock=Timelock.NONE)
    assert state(plain, END + 1, 0) is S.SUCCEEDED
    assert state(replace(plain, executed=True), END + 1, 0) is S.EXECUTED


@CONTROLLERS
def test_openzeppelin_looks_at_executed_then_canceled_before_anything_else(of) -> None:
    assert state(of(executed=True, canceled=True), 0, 0) is S.EXECUTED
    assert state(of(canceled=True), 0, 0) is S.CANCELED
    assert state(of(canceled=True, vote_start=0), 0, 0) is S.CANCELED


def test_bravo_looks_at_canceled_first_and_at_executed_late() -> None:
    assert state(bravo(executed=True, canceled=True), END + 1, 0) is S.CANCELED
    assert state(bravo(executed=True, eta=ETA), END, 0) is S.ACTIVE
    assert state(bravo(executed=True, eta=None), END + 1, 0) is S.SUCCEEDED


@FAMILIES
def test_an_unknown_quorum_is_asked_for_only_where_it_decides(of) -> None:
    assert state(of(quorum=None), END, 0) is S.ACTIVE
    assert state(of(quorum=None, tally=Tally(against=1)), END + 1, 0) is S.DEFEATED
    assert state(of(quorum=None, canceled=True), END + 1, 0) is S.CANCELED
    with pytest.raises(UnknownQuorum) as refused:
        state(of(quorum=None), END + 1, 0)
    assert refused.value.facts == {"vote_start": START}


@CONTROLLERS
def test_an_unknown_operation_is_asked_for_only_once_queued(of) -> None:
    assert state(of(eta=None), END + 1, 0) is S.SUCCEEDED
    assert state(of(eta=ETA), END, 0) is S.ACTIVE
    with pytest.raises(UnknownOperation) as refused:
        state(of(eta=ETA), END + 1, 0)
    assert refused.value.facts == {"eta": ETA}


@FAMILIES
def test_a_proposal_that_never_was_is_refused(of) -> None:
    with pytest.raises(NonexistentProposal):
        state(of(vote_start=0, vote_end=0), 5, 5)


@pytest.mark.parametrize(
    ("of", "changes"),
    [
        (oz5, {"vote_end": START - 1}),
        (oz5, {"grace_period": 5}),
        (oz5, {"timelock": Timelock.COMPOUND}),
        (oz5, {"timelock": Timelock.NONE, "eta": ETA}),
        (oz5, {"timelock": Timelock.NONE, "operation": Operation(timestamp=5)}),
        (bravo, {"operation": Operation(timestamp=5)}),
        (bravo, {"grace_period": None}),
        (bravo, {"timelock": Timelock.CONTROLLER, "grace_period": None}),
        (bravo, {"clock_mode": ClockMode.TIMESTAMP}),
        (bravo, {"quorum_buckets": FOR_ABSTAIN}),
        (bravo, {"extended_deadline": END + 5}),
    ],
)
def test_facts_that_contradict_each_other_are_refused(of, changes) -> None:
    with pytest.raises(ImpossibleFacts) as refused:
        of(**changes)
    assert refused.value.facts.keys() == {"family", "timelock"}


@pytest.mark.parametrize(
    "name", ["vote_start", "vote_end", "extended_deadline", "eta", "quorum", "grace_period"]
)
def test_facts_are_whole_and_not_negative(name: str) -> None:
    facts = oz5(timelock=Timelock.COMPOUND, grace_period=GRACE)
    with pytest.raises(OutOfRange):
        replace(facts, **{name: -1})
    with pytest.raises(NotAnInteger):
        replace(facts, **{name: 1.0})


def test_clocks_are_whole_and_not_negative() -> None:
    with pytest.raises(OutOfRange):
        state(oz5(), -1, 0)
    with pytest.raises(NotAnInteger):
        state(oz5(), 1, 0.5)  # type: ignore[arg-type]
    with pytest.raises(OutOfRange):
        Operation(timestamp=-1)


def test_what_time_alone_changes_next_while_the_vote_lasts() -> None:
    facts = oz4(extended_deadline=END + 9)
    blocks = ClockMode.BLOCKNUMBER
    assert next_change(facts, START, 7) == Change(
        kind=ChangeKind.VOTING_OPENS, clock_mode=blocks, value=START + 1, follows=S.ACTIVE
    )
    closes = Change(
        kind=ChangeKind.VOTING_CLOSES, clock_mode=blocks, value=END + 10, follows=S.SUCCEEDED
    )
    assert next_change(facts, END, 7) == closes
    lost, open_ = replace(facts, tally=Tally()), replace(facts, quorum=None)
    assert next_change(lost, END, 7) == replace(closes, follows=S.DEFEATED)
    assert next_change(open_, END, 7) == replace(closes, follows=None)


def test_a_vote_that_lasts_no_time_is_never_open() -> None:
    facts = oz5(vote_end=START)
    change = next_change(facts, START, 7)
    assert change is not None
    assert change.follows is state(facts, START + 1, 7) is S.SUCCEEDED


def test_what_time_alone_changes_next_in_the_queue() -> None:
    seconds = ClockMode.TIMESTAMP
    opens = Change(kind=ChangeKind.EXECUTION_OPENS, clock_mode=seconds, value=ETA, follows=S.QUEUED)
    queued = oz4(eta=ETA, operation=Operation(timestamp=ETA))
    assert next_change(queued, END + 1, ETA - 1) == opens
    assert next_change(queued, END + 1, ETA) is None
    assert next_change(bravo(eta=ETA), END + 1, ETA - 1) == opens
    assert next_change(bravo(eta=ETA), END + 1, ETA) == Change(
        kind=ChangeKind.EXPIRES, clock_mode=seconds, value=ETA + GRACE, follows=S.EXPIRED
    )


def test_nothing_changes_by_itself_when_somebody_must_act_or_all_is_over() -> None:
    assert next_change(oz5(), END + 1, 0) is None
    assert next_change(oz5(tally=Tally()), END + 1, 0) is None
    assert next_change(oz5(executed=True), END + 1, 0) is None


def test_a_pending_operation_knows_better_than_the_announced_eta_when_it_is_ready() -> None:
    assert ready_at(oz5(eta=ETA, operation=Operation(timestamp=ETA + 5))) == ETA + 5
    assert ready_at(oz5(eta=ETA, operation=Operation(timestamp=1))) == ETA
    assert ready_at(oz5(eta=ETA)) == ETA
    assert ready_at(oz5()) == 0


@given(proposals(), clocks, clocks)
def test_every_consistent_proposal_has_exactly_one_state(facts, clock, timestamp) -> None:
    now = state(facts, clock, timestamp)
    assert now in ProposalState
    if facts.executed and facts.family is not Family.BRAVO:
        assert now is S.EXECUTED
    if facts.canceled and not facts.executed:
        assert now is S.CANCELED
    if now in (S.SUCCEEDED, S.QUEUED, S.EXPIRED):
        assert passed(facts)
        assert clock > deadline(facts)
    if now is S.EXPIRED:
        assert facts.timelock is Timelock.COMPOUND


@given(proposals(), clocks, clocks, st.integers(0, 99), st.integers(0, 99))
def test_time_alone_moves_a_proposal_only_forwards(facts, clock, timestamp, later, seconds) -> None:
    before = state(facts, clock, timestamp)
    after = state(facts, clock + later, timestamp + seconds)
    if before is not S.PENDING:
        assert after is not S.PENDING
    if before not in (S.PENDING, S.ACTIVE):
        assert after not in (S.PENDING, S.ACTIVE)
    if before in ENDED:
        assert after is before
    if before is S.QUEUED:
        assert after in (S.QUEUED, S.EXPIRED)


@given(proposals(), clocks, clocks)
def test_the_announced_change_comes_at_its_time_and_not_before(facts, clock, timestamp) -> None:
    change = next_change(facts, clock, timestamp)
    if change is None:
        assert state(facts, 10**6, 10**6) is state(facts, clock, timestamp)
        return
    governor = change.kind in (ChangeKind.VOTING_OPENS, ChangeKind.VOTING_CLOSES)
    just_before, then = [
        state(facts, at, timestamp) if governor else state(facts, clock, at)
        for at in (change.value - 1, change.value)
    ]
    assert just_before is state(facts, clock, timestamp)
    if change.follows is S.SUCCEEDED and facts.eta:
        assert then in (S.CANCELED, S.QUEUED, S.EXPIRED, S.EXECUTED)  # queued ahead of its time
    else:
        assert then is change.follows

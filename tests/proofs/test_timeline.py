"""The timeline of a proposal: what is done, what it waits for, what it will never reach."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proposal_facts import END, ETA, GRACE, START, bravo, oz4, oz5, proposals

from proofs.refusals import UnknownMoment
from proofs.statements.clock import ClockMode, Moment
from proofs.statements.family import Timelock
from proofs.statements.lifecycle import ENDED, Operation, ProposalFacts, state
from proofs.statements.tally import Tally
from proofs.statements.timeline import Moments, StepKind, StepStatus, timeline

PROPOSED = Moment(block_number=90, timestamp=9_000)
MOMENTS = Moments(proposed=PROPOSED)
QUEUED = {"eta": ETA, "operation": Operation(timestamp=ETA)}
MARKS = {StepStatus.DONE: "x", StepStatus.NOW: ">", StepStatus.AHEAD: ".", StepStatus.SKIPPED: "-"}


def drawn(facts: ProposalFacts, clock: int, timestamp: int, moments: Moments = MOMENTS) -> str:
    """The timeline in one line: x done, > waited for, . ahead, - skipped."""
    steps = timeline(facts, clock, timestamp, moments)
    return " ".join(MARKS[step.status] + step.kind for step in steps)


def test_a_proposal_waits_for_one_thing_after_another() -> None:
    queued = oz4(**QUEUED)
    assert [
        drawn(oz4(), START, 0),
        drawn(oz4(), START + 1, 0),
        drawn(oz4(), END + 1, 0),
        drawn(queued, END + 1, ETA - 1),
        drawn(queued, END + 1, ETA),
        drawn(replace(queued, executed=True), END + 1, ETA),
    ] == [
        "xproposed >snapshot .voting .queued .ready .executed",
        "xproposed xsnapshot >voting .queued .ready .executed",
        "xproposed xsnapshot xvoting >queued .ready .executed",
        "xproposed xsnapshot xvoting xqueued >ready .executed",
        "xproposed xsnapshot xvoting xqueued xready >executed",
        "xproposed xsnapshot xvoting xqueued xready xexecuted",
    ]


def test_an_extension_is_a_step_of_its_own() -> None:
    facts = oz5(extended_deadline=END + 20)
    assert drawn(facts, END, 0) == (
        "xproposed xsnapshot >voting .extended .queued .ready .executed"
    )
    assert drawn(facts, END + 1, 0) == (
        "xproposed xsnapshot xvoting >extended .queued .ready .executed"
    )


def test_without_timelock_there_is_nothing_to_queue() -> None:
    plain = oz5(timelock=Timelock.NONE)
    assert drawn(plain, END + 1, 0) == "xproposed xsnapshot xvoting >executed"


def test_an_ended_proposal_says_how_and_crosses_out_the_rest() -> None:
    early = Moments(canceled=Moment(block_number=START, timestamp=1))
    midway = Moments(canceled=Moment(block_number=START + 5, timestamp=1))
    late = Moments(canceled=Moment(block_number=END + 5, timestamp=ETA + 1))
    canceled, unset = oz4(canceled=True), oz4(eta=ETA, operation=Operation(timestamp=0))
    assert [
        drawn(oz4(tally=Tally()), END + 1, 0),
        drawn(canceled, END + 99, 0, early),
        drawn(canceled, END + 99, 0, midway),
        drawn(unset, END + 99, ETA * 2, late),
        drawn(unset, END + 99, ETA * 2),
        drawn(bravo(eta=ETA), END + 1, ETA + GRACE),
    ] == [
        "xproposed xsnapshot xvoting -queued -ready xdefeated",
        "xproposed -snapshot -voting -queued -ready xcanceled",
        "xproposed xsnapshot -voting -queued -ready xcanceled",
        "xproposed xsnapshot xvoting xqueued xready xcanceled",
        "xproposed xsnapshot xvoting xqueued -ready xcanceled",
        "xproposed xsnapshot xvoting xqueued xready xexpired",
    ]


def test_a_cancellation_without_its_block_is_refused_when_votes_might_still_have_run() -> None:
    with pytest.raises(UnknownMoment):
        timeline(oz5(canceled=True), END + 9, 0, MOMENTS)


def test_every_step_carries_its_time_and_clock() -> None:
    blocks, seconds = ClockMode.BLOCKNUMBER, ClockMode.TIMESTAMP
    moments = Moments(
        proposed=PROPOSED,
        queued=Moment(block_number=200, timestamp=9_900),
        executed=Moment(block_number=210, timestamp=ETA + 7),
    )
    facts = oz4(**QUEUED, executed=True, extended_deadline=END + 20)
    times = {
        step.kind: (step.clock_mode, step.at, step.until)
        for step in timeline(facts, END + 60, ETA + 9, moments)
    }
    assert times == {
        StepKind.PROPOSED: (seconds, 9_000, None),
        StepKind.SNAPSHOT: (blocks, START, None),
        StepKind.VOTING: (blocks, START + 1, END),
        StepKind.EXTENDED: (blocks, END + 1, END + 20),
        StepKind.QUEUED: (seconds, 9_900, None),
        StepKind.READY: (seconds, ETA, None),
        StepKind.EXECUTED: (seconds, ETA + 7, None),
    }


def test_endings_carry_their_time_and_clock() -> None:
    def last(facts: ProposalFacts, timestamp: int, moments: Moments = MOMENTS):
        step = timeline(facts, END + 60, timestamp, moments)[-1]
        return step.clock_mode, step.at, step.until

    canceled = Moments(canceled=Moment(block_number=120, timestamp=9_500))
    assert last(oz4(tally=Tally()), 0) == (ClockMode.BLOCKNUMBER, END + 1, None)
    assert last(bravo(eta=ETA), ETA + GRACE) == (ClockMode.TIMESTAMP, ETA + GRACE, None)
    assert last(oz4(canceled=True), 0, canceled) == (ClockMode.TIMESTAMP, 9_500, None)
    assert last(bravo(eta=ETA), ETA) == (ClockMode.TIMESTAMP, None, ETA + GRACE - 1)
    assert last(oz4(), 0) == (ClockMode.TIMESTAMP, None, None)


@given(proposals(), st.integers(0, 260), st.integers(0, 260))
def test_a_living_proposal_waits_for_one_step_and_an_ended_one_for_none(
    facts, clock, timestamp
) -> None:
    moments = Moments(canceled=Moment(block_number=clock, timestamp=timestamp))
    steps = timeline(facts, clock, timestamp, moments)
    statuses = [step.status for step in steps]
    assert statuses[0] is StepStatus.DONE
    if state(facts, clock, timestamp) in ENDED:
        assert statuses[-1] is StepStatus.DONE
        assert not {StepStatus.NOW, StepStatus.AHEAD} & set(statuses)
    else:
        assert statuses.count(StepStatus.NOW) == 1
        assert StepStatus.SKIPPED not in statuses

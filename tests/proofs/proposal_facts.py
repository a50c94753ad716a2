"""Proposals to reason about: one of each family, and all that hypothesis can think of."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from proofs.statements.clock import ClockMode
from proofs.statements.family import Family, Timelock
from proofs.statements.lifecycle import Operation, ProposalFacts
from proofs.statements.tally import Bucket, Tally

FOR = frozenset({Bucket.FOR})
FOR_ABSTAIN = frozenset({Bucket.FOR, Bucket.ABSTAIN})
START, END, ETA, GRACE = 100, 150, 10_000, 500
WON = Tally(for_=60, against=10, abstain=5)

COMMON: dict[str, Any] = {"vote_start": START, "vote_end": END, "tally": WON, "quorum": 40}


def oz5(**changes: Any) -> ProposalFacts:
    """OpenZeppelin 5 before a TimelockController, timestamp clock."""
    defaults = {
        "family": Family.OZ5,
        "timelock": Timelock.CONTROLLER,
        "clock_mode": ClockMode.TIMESTAMP,
        "quorum_buckets": FOR_ABSTAIN,
    }
    return ProposalFacts(**(COMMON | defaults | changes))


def oz4(**changes: Any) -> ProposalFacts:
    """OpenZeppelin 4.9 with Bravo-compatible counting, TimelockController, block clock."""
    defaults = {
        "family": Family.OZ4,
        "timelock": Timelock.CONTROLLER,
        "clock_mode": ClockMode.BLOCKNUMBER,
        "quorum_buckets": FOR,
    }
    return ProposalFacts(**(COMMON | defaults | changes))


def bravo(**changes: Any) -> ProposalFacts:
    """GovernorBravo before its Compound Timelock."""
    defaults = {
        "family": Family.BRAVO,
        "timelock": Timelock.COMPOUND,
        "clock_mode": ClockMode.BLOCKNUMBER,
        "quorum_buckets": FOR,
        "grace_period": GRACE,
    }
    return ProposalFacts(**(COMMON | defaults | changes))


@st.composite
def proposals(draw: st.DrawFn) -> ProposalFacts:
    """Any proposal that its family allows, all facts known."""
    family = draw(st.sampled_from(Family))
    timelock = draw(st.sampled_from(Timelock))
    if family is Family.BRAVO:
        timelock = Timelock.COMPOUND
    start = draw(st.integers(1, 60))
    votes = st.integers(0, 5)
    facts: dict[str, Any] = {
        "vote_start": start,
        "vote_end": start + draw(st.integers(0, 40)),
        "tally": Tally(against=draw(votes), for_=draw(votes), abstain=draw(votes)),
        "quorum": draw(st.integers(0, 8)),
        "executed": draw(st.booleans()),
        "canceled": draw(st.booleans()),
        "timelock": timelock,
        "clock_mode": ClockMode.BLOCKNUMBER,
        "quorum_buckets": FOR,
    }
    if timelock is not Timelock.NONE:
        facts["eta"] = draw(st.none() | st.integers(0, 200))
    if timelock is Timelock.COMPOUND:
        facts["grace_period"] = draw(st.integers(0, 50))
    if timelock is Timelock.CONTROLLER:
        facts["operation"] = draw(st.builds(Operation, timestamp=st.integers(0, 200)))
    if family is not Family.BRAVO:
        facts["clock_mode"] = draw(st.sampled_from(ClockMode))
        facts["quorum_buckets"] = draw(st.sampled_from([FOR, FOR_ABSTAIN, frozenset(Bucket)]))
        facts["extended_deadline"] = draw(st.none() | st.integers(0, 120))
    return ProposalFacts(family=family, **facts)

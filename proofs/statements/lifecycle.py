"""The state of a proposal, from facts that are in storage and from the clock, and nothing else.

Each family is evaluated in the order of its contract: OpenZeppelin 5 and 4 with a
TimelockController, a Compound Timelock or none, and GovernorBravo.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from ..inputs import unsigned
from ..refusals import ImpossibleFacts, NonexistentProposal, UnknownOperation, UnknownQuorum
from .clock import ClockMode
from .family import Family, Timelock
from .quorum import counted_votes, vote_succeeded
from .tally import Bucket, Tally


class ProposalState(IntEnum):
    """``state()`` of OpenZeppelin governors and of GovernorBravo, with their numbers."""

    PENDING = 0
    ACTIVE = 1
    CANCELED = 2
    DEFEATED = 3
    SUCCEEDED = 4
    QUEUED = 5
    EXPIRED = 6
    EXECUTED = 7


ENDED = frozenset(
    {
        ProposalState.CANCELED,
        ProposalState.DEFEATED,
        ProposalState.EXPIRED,
        ProposalState.EXECUTED,
    }
)
"""States in which nothing more will happen."""


class OperationState(StrEnum):
    """``getOperationState`` of a TimelockController."""

    UNSET = "unset"
    WAITING = "waiting"
    READY = "ready"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A TimelockController's word on an operation: ``timestamp`` as in its storage.

    0: unknown or cancelled. 1: done. Otherwise the second (1970 UTC) from which it may be executed.
    """

    timestamp: int

    def __post_init__(self) -> None:
        unsigned("operation timestamp", self.timestamp)

    def state(self, now: int) -> OperationState:
        """Return the state in a block of timestamp ``now`` (seconds)."""
        if self.timestamp == 0:
            return OperationState.UNSET
        if self.timestamp == 1:
            return OperationState.DONE
        return OperationState.WAITING if self.timestamp > now else OperationState.READY


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalFacts:
    """What decides the state of one proposal.

    Timepoints are in ``clock_mode``; ``eta`` and ``grace_period`` always in seconds.
    ``vote_end`` is the deadline before any extension. ``quorum`` (votes at ``vote_start``) is None
    while unknown. ``eta`` is that of ``ProposalQueued``, None or 0 while the governor has not
    queued; ``operation`` is what the TimelockController holds under the id the governor queued.
    ``grace_period`` is that of a Compound Timelock. Raises ImpossibleFacts, NotAnInteger,
    OutOfRange.
    """

    family: Family
    timelock: Timelock
    clock_mode: ClockMode
    quorum_buckets: frozenset[Bucket]
    vote_start: int
    vote_end: int
    tally: Tally
    extended_deadline: int | None = None
    executed: bool = False
    canceled: bool = False
    eta: int | None = None
    quorum: int | None = None
    operation: Operation | None = None
    grace_period: int | None = None

    def __post_init__(self) -> None:
        unsigned("vote start", self.vote_start, 64)
        unsigned("vote end", self.vote_end, 64)
        optional = {
            "extended deadline": self.extended_deadline,
            "eta": self.eta,
            "quorum": self.quorum,
            "grace period": self.grace_period,
        }
        for name, value in optional.items():
            if value is not None:
                unsigned(name, value)
        if problem := self._contradiction():
            raise ImpossibleFacts(problem, family=self.family, timelock=self.timelock)

    def _contradiction(self) -> str | None:
        if self.vote_end < self.vote_start:
            return "The vote would end before it starts."
        if (self.timelock is Timelock.COMPOUND) != (self.grace_period is not None):
            return "A grace period belongs to a Compound Timelock, and to that alone."
        if self.timelock is Timelock.NONE and self.eta:
            return "Without a timelock nothing is ever queued."
        if self.timelock is not Timelock.CONTROLLER and self.operation is not None:
            return "Only a TimelockController holds operations."
        if self.family is Family.BRAVO and (
            self.timelock is not Timelock.COMPOUND
            or self.clock_mode is not ClockMode.BLOCKNUMBER
            or self.quorum_buckets != {Bucket.FOR}
            or self.extended_deadline
        ):
            return (
                "GovernorBravo counts blocks and For votes, never extends, "
                "and queues in a Compound Timelock."
            )
        return None


def deadline(facts: ProposalFacts) -> int:
    """Return the last timepoint at which votes are taken, extension included."""
    return max(facts.vote_end, facts.extended_deadline or 0)


def passed(facts: ProposalFacts) -> bool:
    """Whether the votes as they stand carry the proposal: For beats Against, and quorum is there.

    Raises UnknownQuorum when only the quorum, which was not given, could tell.
    """
    if not vote_succeeded(facts.tally):
        return False
    if facts.quorum is None:
        raise UnknownQuorum(
            "For leads, but the quorum at the snapshot is not known yet.",
            vote_start=facts.vote_start,
        )
    return counted_votes(facts.tally, facts.quorum_buckets) >= facts.quorum


def state(facts: ProposalFacts, clock: int, timestamp: int) -> ProposalState:
    """Return the state at governor clock ``clock`` in a block of ``timestamp`` (seconds, UTC).

    Raises NonexistentProposal, UnknownQuorum, UnknownOperation, NotAnInteger, OutOfRange.
    """
    unsigned("clock", clock, 64)
    unsigned("timestamp", timestamp, 64)
    if facts.family is Family.BRAVO:
        return _bravo_state(facts, clock, timestamp)
    if facts.executed:
        return ProposalState.EXECUTED
    if facts.canceled:
        return ProposalState.CANCELED
    _require_existence(facts)
    voting = _voting_state(facts, clock)
    if voting is not None:
        return voting
    if not facts.eta:
        return ProposalState.SUCCEEDED
    if facts.timelock is Timelock.CONTROLLER:
        return _controller_state(facts, timestamp)
    return _compound_state(facts, timestamp)


class ChangeKind(StrEnum):
    """What the passing of time alone brings next."""

    VOTING_OPENS = "voting opens"
    VOTING_CLOSES = "voting closes"
    EXECUTION_OPENS = "execution opens"
    EXPIRES = "expires"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change that comes by itself: first effective at ``value`` of ``clock_mode``.

    ``follows`` is the state then, if nobody acts before. For VOTING_CLOSES that is the outcome on
    the votes as they stand: None while the unknown quorum decides it, and ``value`` may still move
    by late quorum. For EXECUTION_OPENS the state stays QUEUED.
    """

    kind: ChangeKind
    clock_mode: ClockMode
    value: int
    follows: ProposalState | None


def next_change(facts: ProposalFacts, clock: int, timestamp: int) -> Change | None:
    """Return what time alone will change next, or None when it needs somebody to act, or is over.

    Raises what :func:`state` raises.
    """
    now = state(facts, clock, timestamp)
    if now is ProposalState.PENDING:
        return Change(
            kind=ChangeKind.VOTING_OPENS,
            clock_mode=facts.clock_mode,
            value=facts.vote_start + 1,
            follows=_after_snapshot(facts),
        )
    if now is ProposalState.ACTIVE:
        return Change(
            kind=ChangeKind.VOTING_CLOSES,
            clock_mode=facts.clock_mode,
            value=deadline(facts) + 1,
            follows=_outcome(facts),
        )
    if now is not ProposalState.QUEUED:
        return None
    ready, expiry = ready_at(facts), expires_at(facts)
    # Where no time is granted, what is ready has expired already.
    opens = expiry is None or ready < expiry
    if timestamp < ready and opens:
        kind, value, follows = ChangeKind.EXECUTION_OPENS, ready, ProposalState.QUEUED
    elif expiry is not None:
        kind, value, follows = ChangeKind.EXPIRES, expiry, ProposalState.EXPIRED
    else:
        return None
    return Change(kind=kind, clock_mode=ClockMode.TIMESTAMP, value=value, follows=follows)


def ready_at(facts: ProposalFacts) -> int:
    """Return the second (1970 UTC) from which a queued proposal may be executed, 0 if not queued.

    A pending operation's own time wins over the ETA that the governor announced.
    """
    if facts.operation is not None and facts.operation.timestamp > 1:
        return facts.operation.timestamp
    return facts.eta or 0


def expires_at(facts: ProposalFacts) -> int | None:
    """Return the second (1970 UTC) from which a queued proposal is EXPIRED, None if it never is."""
    if facts.grace_period is None or not facts.eta:
        return None
    return facts.eta + facts.grace_period


def _bravo_state(facts: ProposalFacts, clock: int, timestamp: int) -> ProposalState:
    _require_existence(facts)
    if facts.canceled:
        return ProposalState.CANCELED
    voting = _voting_state(facts, clock)
    if voting is not None:
        return voting
    if not facts.eta:
        return ProposalState.SUCCEEDED
    if facts.executed:
        return ProposalState.EXECUTED
    return _compound_state(facts, timestamp)


def _require_existence(facts: ProposalFacts) -> None:
    if facts.vote_start == 0:
        raise NonexistentProposal("The governor holds no such proposal: its vote start is 0.")


def _voting_state(facts: ProposalFacts, clock: int) -> ProposalState | None:
    """Pending, Active or Defeated; None once the vote is won."""
    if facts.vote_start >= clock:
        return ProposalState.PENDING
    if deadline(facts) >= clock:
        return ProposalState.ACTIVE
    return None if passed(facts) else ProposalState.DEFEATED


def _controller_state(facts: ProposalFacts, timestamp: int) -> ProposalState:
    if facts.operation is None:
        raise UnknownOperation(
            "The proposal is queued; what the timelock holds for it is not known.", eta=facts.eta
        )
    operation = facts.operation.state(timestamp)
    if operation is OperationState.DONE:
        return ProposalState.EXECUTED
    if operation is OperationState.UNSET:
        return ProposalState.CANCELED
    return ProposalState.QUEUED


def _compound_state(facts: ProposalFacts, timestamp: int) -> ProposalState:
    expiry = expires_at(facts)
    if expiry is not None and timestamp >= expiry:
        return ProposalState.EXPIRED
    return ProposalState.QUEUED


def _after_snapshot(facts: ProposalFacts) -> ProposalState | None:
    # A vote that lasts no time at all is decided without ever having been open.
    return ProposalState.ACTIVE if deadline(facts) > facts.vote_start else _outcome(facts)


def _outcome(facts: ProposalFacts) -> ProposalState | None:
    try:
        return ProposalState.SUCCEEDED if passed(facts) else ProposalState.DEFEATED
    except UnknownQuorum:
        return None

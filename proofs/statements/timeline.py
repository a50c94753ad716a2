"""The steps of a proposal in order, each with its timepoint and where we stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..refusals import UnknownMoment
from .clock import ClockMode, Moment
from .family import Timelock
from .lifecycle import (
    ENDED,
    ProposalFacts,
    ProposalState,
    deadline,
    expires_at,
    ready_at,
    state,
)


class StepKind(StrEnum):
    """The stations of a proposal."""

    PROPOSED = "proposed"
    SNAPSHOT = "snapshot"
    VOTING = "voting"
    EXTENDED = "extended"
    QUEUED = "queued"
    READY = "ready"
    EXECUTED = "executed"
    CANCELED = "canceled"
    DEFEATED = "defeated"
    EXPIRED = "expired"


class StepStatus(StrEnum):
    """DONE; NOW: what the proposal waits for; AHEAD; SKIPPED: it ended without this step."""

    DONE = "done"
    NOW = "now"
    AHEAD = "ahead"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """When things happened, by the blocks of their logs; None for what did not, or is not known."""

    proposed: Moment | None = None
    queued: Moment | None = None
    executed: Moment | None = None
    canceled: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One station. ``at`` to ``until`` (both inclusive) in ``clock_mode``, None where open."""

    kind: StepKind
    clock_mode: ClockMode
    at: int | None
    until: int | None = None
    status: StepStatus


def timeline(
    facts: ProposalFacts, clock: int, timestamp: int, moments: Moments
) -> tuple[Step, ...]:
    """Return the steps of a proposal, oldest first, as they stand at ``clock`` and ``timestamp``.

    A living proposal has exactly one step NOW and may be executed as its last; an ended one has
    none NOW, and the way it ended is its last. Snapshot, voting, extension and defeat are in the
    governor's clock, everything else in seconds since 1970 UTC.

    Raises what ``state`` raises, and UnknownMoment for a proposal canceled before it was queued
    when ``moments.canceled`` is not given. Canceled in the queue at an unknown time, it counts as
    canceled before it was ready.
    """
    now = state(facts, clock, timestamp)
    if now is ProposalState.CANCELED:
        clock, timestamp = _canceled_at(facts, moments)
    path = [*_path(facts, clock, timestamp, moments), _ending(facts, now, moments)]
    ended = now in ENDED
    statuses = _statuses([station.done for station in path], ended=ended)
    return tuple(
        Step(
            kind=station.kind,
            clock_mode=station.clock_mode,
            at=station.at,
            until=station.until,
            status=status,
        )
        for station, status in zip(path, statuses, strict=True)
    )


@dataclass(slots=True)
class _Station:
    kind: StepKind
    clock_mode: ClockMode
    at: int | None
    until: int | None = None
    done: bool = False


def _path(facts: ProposalFacts, clock: int, timestamp: int, moments: Moments) -> list[_Station]:
    """The way up to execution, each station done or not at ``clock`` and ``timestamp``."""
    governor, seconds = facts.clock_mode, ClockMode.TIMESTAMP
    start, end, last = facts.vote_start, facts.vote_end, deadline(facts)
    path = [
        _Station(StepKind.PROPOSED, seconds, _seconds(moments.proposed), done=True),
        _Station(StepKind.SNAPSHOT, governor, start, done=clock > start),
        _Station(StepKind.VOTING, governor, start + 1, end, done=clock > end),
    ]
    if last > end:
        path.append(_Station(StepKind.EXTENDED, governor, end + 1, last, done=clock > last))
    if facts.timelock is not Timelock.NONE:
        queued, ready = bool(facts.eta), ready_at(facts)
        path += [
            _Station(StepKind.QUEUED, seconds, _seconds(moments.queued), done=queued),
            _Station(StepKind.READY, seconds, ready or None, done=queued and timestamp >= ready),
        ]
    return path


def _ending(facts: ProposalFacts, now: ProposalState, moments: Moments) -> _Station:
    """The last station: how it ended, or the execution it still heads for."""
    seconds, expiry = ClockMode.TIMESTAMP, expires_at(facts)
    if now is ProposalState.DEFEATED:
        return _Station(StepKind.DEFEATED, facts.clock_mode, deadline(facts) + 1, done=True)
    if now is ProposalState.EXPIRED:
        return _Station(StepKind.EXPIRED, seconds, expiry, done=True)
    if now is ProposalState.CANCELED:
        return _Station(StepKind.CANCELED, seconds, _seconds(moments.canceled), done=True)
    if now is ProposalState.EXECUTED:
        return _Station(StepKind.EXECUTED, seconds, _seconds(moments.executed), done=True)
    until = None if expiry is None else expiry - 1
    return _Station(StepKind.EXECUTED, seconds, None, until)


def _statuses(done: list[bool], *, ended: bool) -> list[StepStatus]:
    statuses = []
    waiting = not ended
    for step_done in done:
        if step_done:
            statuses.append(StepStatus.DONE)
        elif ended:
            statuses.append(StepStatus.SKIPPED)
        else:
            statuses.append(StepStatus.NOW if waiting else StepStatus.AHEAD)
            waiting = False
    return statuses


def _canceled_at(facts: ProposalFacts, moments: Moments) -> tuple[int, int]:
    """The clocks at which a canceled proposal stopped."""
    if moments.canceled is not None:
        return moments.canceled.clock(facts.clock_mode), moments.canceled.timestamp
    if not facts.eta:
        raise UnknownMoment("The proposal was canceled; the block of that is not known.")
    # Whatever is queued has all voting behind it; that it was ready is not known.
    return deadline(facts) + 1, 0


def _seconds(moment: Moment | None) -> int | None:
    return None if moment is None else moment.timestamp

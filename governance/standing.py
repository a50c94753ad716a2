"""How a proposal stands, in the words and shapes that pages show. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from governance import amounts, wording
from governance.moments import ChainClock, When
from proofs.refusals import Refusal
from proofs.statements.clock import ClockMode
from proofs.statements.family import Timelock
from proofs.statements.lifecycle import (
    ENDED,
    Change,
    ChangeKind,
    ProposalFacts,
    ProposalState,
    deadline,
    next_change,
    state,
)
from proofs.statements.quorum import QuorumCheck, vote_succeeded
from proofs.statements.tally import Bucket, Tally
from proofs.statements.timeline import Moments, Step, StepKind, StepStatus, timeline


@dataclass(frozen=True, slots=True)
class Words:
    """A state in words: a short label, a level for its colour, what it means now, and why."""

    label: str
    level: str
    meaning: str
    outcome: str = ""


_WORDS = {
    ProposalState.PENDING: Words(
        "Not open yet", "warn", "Voting power is taken at the snapshot; voting opens right after."
    ),
    ProposalState.ACTIVE: Words("Voting open", "active", "Votes are being taken."),
    ProposalState.CANCELED: Words("Canceled", "plain", "It was withdrawn and will not happen."),
    ProposalState.DEFEATED: Words("Defeated", "alarm", "It will not happen."),
    ProposalState.SUCCEEDED: Words("Passed", "ok", "It passed; anybody may take the next step."),
    ProposalState.QUEUED: Words("Queued", "ok", "It passed and waits in the timelock."),
    ProposalState.EXPIRED: Words(
        "Expired", "plain", "It passed but was not executed in time, and will not happen."
    ),
    ProposalState.EXECUTED: Words("Executed", "ok", "It has been carried out."),
}
UNKNOWN = Words("Not known yet", "plain", "")

STATE_LABELS = {state.name.lower(): words.label for state, words in _WORDS.items()}
"""Lower-case state name to its label, as filters and the API call them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """What time alone brings next: in words, when, and by which timepoint of which clock.

    `past_words` are for a moment that is past while the chain has not come that far.
    """

    words: str
    past_words: str
    when: When
    timepoint: int
    mode: ClockMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One step of the timeline as shown; `when` and `until` are None where they are open."""

    name: str
    status: str
    note: str
    when: When | None
    until: When | None
    timepoint: int | None
    until_timepoint: int | None
    mode: ClockMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One bar of a tally."""

    name: str
    kind: str
    units: int
    width: str
    offset: str
    share: str
    counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a proposal stands at one block. `state` is None while facts are missing (`missing`)."""

    state: ProposalState | None
    words: Words
    missing: str
    deadline: Deadline | None
    lines: tuple[Line, ...]
    total: int
    quorum: QuorumCheck | None
    quorum_width: str
    quorum_final: bool
    ended: bool

    @property
    def quorum_share(self) -> str:
        """How much of the needed votes is there, in percent, at most all of them."""
        if self.quorum is None or self.quorum.needed == 0:
            return ""
        return wording.percent(min(self.quorum.counted, self.quorum.needed), self.quorum.needed, 0)

    @property
    def open(self) -> bool:
        """Whether votes are being taken."""
        return self.state is ProposalState.ACTIVE


def standing(
    facts: ProposalFacts, clock: ChainClock, check: QuorumCheck | None, *, quorum_final: bool
) -> Standing:
    """How the proposal of `facts` stands at the head that `clock` tells."""
    now, missing, change = None, "", None
    try:
        now = state(facts, clock.now(facts.clock_mode), clock.head_timestamp)
        change = next_change(facts, clock.now(facts.clock_mode), clock.head_timestamp)
    except Refusal as refusal:
        missing = str(refusal)
    return Standing(
        state=now,
        words=_words(now, facts, check) if now is not None else UNKNOWN,
        missing=missing,
        deadline=_deadline(change, facts, clock) if change else None,
        lines=lines(facts.tally, facts.quorum_buckets),
        total=facts.tally.total,
        quorum=check,
        quorum_width=amounts.width(check.counted, check.needed) if check else "0%",
        quorum_final=quorum_final,
        ended=now in ENDED,
    )


def lines(tally: Tally, counting: frozenset[Bucket]) -> tuple[Line, ...]:
    """The bars of a tally, For first; `offset` stacks them when they share one bar."""
    found, before = [], 0
    for name, bucket in (("For", Bucket.FOR), ("Against", Bucket.AGAINST), ("Abstain", 2)):
        units = tally[Bucket(bucket)]
        found.append(
            Line(
                name=name,
                kind=name.lower(),
                units=units,
                width=amounts.width(units, tally.total),
                offset=amounts.width(before, tally.total),
                share=wording.percent(units, tally.total, 1) if tally.total else "",
                counts=Bucket(bucket) in counting,
            )
        )
        before += units
    return tuple(found)


def stations(facts: ProposalFacts, clock: ChainClock, moments: Moments) -> Sequence[Station]:
    """The timeline at the head; empty while facts are missing."""
    try:
        steps = timeline(facts, clock.now(facts.clock_mode), clock.head_timestamp, moments)
    except Refusal:
        return ()
    anchor = (
        (moments.proposed.block_number, moments.proposed.timestamp) if moments.proposed else None
    )
    return [_station(step, facts, clock, anchor) for step in steps]


def _words(now: ProposalState, facts: ProposalFacts, check: QuorumCheck | None) -> Words:
    words = _WORDS[now]
    if now is ProposalState.DEFEATED:
        if not vote_succeeded(facts.tally):
            why, meaning = "For did not beat Against", "For did not beat Against. "
        else:
            why, meaning = "quorum missed", "The quorum was not reached. "
            if check is not None and check.needed:
                there = wording.percent(min(check.counted, check.needed), check.needed, 0)
                why = f"quorum missed, with {there} of the votes it needed"
        return Words(words.label, words.level, meaning + words.meaning, why)
    if now is ProposalState.SUCCEEDED:
        step = "execute it" if facts.timelock is Timelock.NONE else "queue it in the timelock"
        return Words(words.label, words.level, f"It passed; anybody may now {step}.")
    if now is ProposalState.ACTIVE and check is not None:
        leads = "For leads" if vote_succeeded(facts.tally) else "For does not lead"
        quorum = "the quorum is reached" if check.reached else "the quorum is not reached"
        return Words(words.label, words.level, f"{leads}, and {quorum} so far.")
    return words


_CHANGES = {
    ChangeKind.VOTING_OPENS: ("opens", "was due to open"),
    ChangeKind.VOTING_CLOSES: ("closes", "was due to close"),
    ChangeKind.EXECUTION_OPENS: ("may be executed", "was due to become executable"),
    ChangeKind.EXPIRES: ("expires", "was due to expire"),
}


def _deadline(change: Change, facts: ProposalFacts, clock: ChainClock) -> Deadline:
    words, past = _CHANGES[change.kind]
    timepoint = change.value
    if change.kind is ChangeKind.VOTING_CLOSES:
        # The last timepoint that still takes votes is what a voter wants to know.
        timepoint = deadline(facts)
    return Deadline(
        words=words,
        past_words=past,
        when=clock.when(change.clock_mode, timepoint),
        timepoint=timepoint,
        mode=change.clock_mode,
    )


_NAMES = {
    StepKind.PROPOSED: "Proposed",
    StepKind.SNAPSHOT: "Snapshot of voting power",
    StepKind.VOTING: "Voting",
    StepKind.EXTENDED: "Voting, extended by a late quorum",
    StepKind.QUEUED: "Queue in the timelock",
    StepKind.READY: "Timelock delay",
    StepKind.EXECUTED: "Execute",
    StepKind.CANCELED: "Canceled",
    StepKind.DEFEATED: "Defeated",
    StepKind.EXPIRED: "Expired",
}
_DONE_NAMES = {
    StepKind.QUEUED: "Queued in the timelock",
    StepKind.READY: "Timelock delay is over",
    StepKind.EXECUTED: "Executed",
}
_FAILED = {StepKind.CANCELED, StepKind.DEFEATED, StepKind.EXPIRED}
_NOTES = {
    (StepKind.QUEUED, StepStatus.NOW): "waits for anybody to queue it",
    (StepKind.EXECUTED, StepStatus.NOW): "waits for anybody to execute it",
}


def _station(
    step: Step, facts: ProposalFacts, clock: ChainClock, anchor: tuple[int, int] | None
) -> Station:
    done = step.status is StepStatus.DONE
    note = _NOTES.get((step.kind, step.status), "")
    if step.kind is StepKind.QUEUED and facts.eta and not done:
        note = ""
    return Station(
        name=_DONE_NAMES.get(step.kind, _NAMES[step.kind]) if done else _NAMES[step.kind],
        status="failed" if step.kind in _FAILED else step.status.value,
        note=note,
        when=None if step.at is None else clock.when(step.clock_mode, step.at, anchor),
        until=None if step.until is None else clock.when(step.clock_mode, step.until, anchor),
        timepoint=step.at,
        until_timepoint=step.until,
        mode=step.clock_mode,
    )

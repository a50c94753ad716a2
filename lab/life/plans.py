"""Plans for proposals: who votes when and how, and how the story ends. Pure and seeded."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import Enum

from lab.accounts import HOLDERS


class Ending(Enum):
    """How a proposal's story goes on after its creation."""

    EXECUTED = "executed"
    EXECUTED_ON_TIMELOCK = "executed directly on the timelock"
    CANCELLED_ON_TIMELOCK = "cancelled on the timelock"
    CANCELLED_BY_GUARDIAN = "cancelled by the guardian"
    CANCELLED_BY_PROPOSER = "cancelled by its proposer"
    DEFEATED = "voted down"
    WITHOUT_QUORUM = "left without quorum"
    LATE_QUORUM = "brought to quorum late"


@dataclass(frozen=True)
class Ballot:
    """One holder's vote, due after this fraction of the voting period.

    ``split`` holds percentages of the holder's power (against, for, abstain) in place of
    ``support``.
    """

    voter: str
    due: float
    support: int
    reason: str = ""
    split: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Plan:
    """A proposal's whole story."""

    ending: Ending
    ballots: tuple[Ballot, ...]


_WEIGHTS = {
    "l2": {
        Ending.EXECUTED: 8,
        Ending.EXECUTED_ON_TIMELOCK: 1,
        Ending.CANCELLED_ON_TIMELOCK: 2,
        Ending.CANCELLED_BY_GUARDIAN: 1,
        Ending.CANCELLED_BY_PROPOSER: 1,
        Ending.DEFEATED: 2,
        Ending.WITHOUT_QUORUM: 2,
        Ending.LATE_QUORUM: 3,
    },
    "l1": {
        Ending.EXECUTED: 6,
        Ending.EXECUTED_ON_TIMELOCK: 1,
        Ending.CANCELLED_ON_TIMELOCK: 2,
        Ending.CANCELLED_BY_PROPOSER: 1,
        Ending.DEFEATED: 2,
        Ending.WITHOUT_QUORUM: 1,
    },
}

FOR_REASONS = (
    "Sound reasoning, and the risk figures hold up.",
    "Delegates asked for this in the last call. Supporting.",
    "A small step in the right direction.",
    "I checked the numbers against last month's liquidations: fine by me.",
    "The forum discussion convinced me.",
)
AGAINST_REASONS = (
    "Too much, too early. Let us see a month of data first.",
    "The proposal does not say what happens if volatility doubles.",
    "I would support half of this.",
    "Voting against until the risk committee has reported.",
)
ABSTAIN_REASONS = (
    "I have a position in this market and abstain.",
    "Present for quorum, without an opinion on the figure.",
)


def draw_ending(rng: random.Random, chain: str) -> Ending:
    """An ending, the ordinary ones more often than the others."""
    weights = _WEIGHTS[chain]
    return rng.choices(list(weights), list(weights.values()))[0]


def make_plan(rng: random.Random, chain: str, ending: Ending) -> Plan:
    """The ballots that lead to an ending. Splits happen on the chain that can count them."""
    names = list(HOLDERS)
    if ending is Ending.WITHOUT_QUORUM:
        # The small holders alone do not reach the quorum of either governance.
        return Plan(ending, tuple(_ballot(rng, n, 1, chain) for n in names[-3:]))
    if ending is Ending.LATE_QUORUM:
        early = [_ballot(rng, n, rng.choice((0, 1)), chain) for n in names[-3:]]
        late = [Ballot(n, rng.uniform(0.84, 0.95), 1, _reason(rng, 1)) for n in names[:2]]
        return Plan(ending, (*early, *late))
    winning, losing = (0, 1) if ending is Ending.DEFEATED else (1, 0)
    ballots = []
    for position, name in enumerate(names):
        if rng.random() < 0.15 and position > 2:
            continue
        support = winning if position < 3 else rng.choices((winning, losing, 2), (6, 3, 2))[0]
        ballots.append(_ballot(rng, name, support, chain))
    # Somebody votes as soon as voting opens: a fresh page is never empty for long.
    eager = rng.randrange(3)
    ballots[eager] = replace(ballots[eager], due=0.0)
    return Plan(ending, tuple(ballots))


def _ballot(rng: random.Random, name: str, support: int, chain: str) -> Ballot:
    due = rng.uniform(0.02, 0.75)
    if chain == "l2" and name in HOLDERS[3:] and rng.random() < 0.2:
        share = rng.randrange(30, 70)
        split = (share, 100 - share - 10, 10)
        return Ballot(name, due, 255, "My delegators are divided, and so is my vote.", split)
    return Ballot(name, due, support, _reason(rng, support))


def _reason(rng: random.Random, support: int) -> str:
    if rng.random() < 0.35:
        return ""
    return rng.choice((AGAINST_REASONS, FOR_REASONS, ABSTAIN_REASONS)[support])

"""What a reader is told about an assurance: its word, and the evidence for and against it.

The words are for somebody who holds tokens, not nodes: who said it, which block it is about, and
what would still change it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chainsync.assurance import Assurance
from chainsync.models import Dispute
from proofs.statements.assurance import Step

LADDER = ("reported", "agreed", "proven", "asserted", "settled", "signed")
FINALIZED = "Finalized"
"""What stands in place of steps 4 and 5 for a statement about L1."""


@dataclass(frozen=True, slots=True)
class Point:
    """One piece of evidence in words: it holds, is still open, or speaks against."""

    status: Literal["holds", "open", "bad"]
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What the mark shows: steps reached, its word, and whether a dispute makes it fall back."""

    step: int
    word: str
    disputed: bool


def mark(reached: Assurance) -> Mark:
    """The mark of an assurance."""
    if reached.disputed:
        return Mark(int(reached.step), "Disputed", True)
    word = LADDER[reached.step - 1].capitalize() if reached.step else "Not read yet"
    if reached.finalized:
        word = FINALIZED
    return Mark(int(reached.step), word, False)


def said_by(operators: Sequence[str]) -> str:
    """`Northwind and Kelp Labs`, `Northwind`, `nobody`."""
    *most, last = sorted(operators) or ["nobody"]
    return f"{', '.join(most)} and {last}" if most else last


def of_block(
    reached: Assurance,
    number: int,
    *,
    final: bool,
    seen_at: datetime | None = None,
    waits: str = "",
) -> tuple[Point, ...]:
    """Evidence of what stands in one block, whose operators are known; `waits` says why finality
    waits on its chain, in words, if it does."""
    block = f"block {number:,}"
    when = f", first seen here {seen_at:%a %-d %b %Y, %H:%M:%S} UTC" if seen_at else ""
    points = []
    if reached.step is Step.UNKNOWN:
        points.append(Point("open", f"No node has been heard about {block} yet."))
    elif len(reached.operators) > 1:
        points.append(
            Point(
                "holds",
                f"Nodes of {said_by(reached.operators)} gave the same hash for {block}{when}.",
            )
        )
    else:
        points.append(
            Point(
                "open",
                f"Only {said_by(reached.operators)} has told us of {block} so far{when}; a node of "
                "another operator has not confirmed it.",
            )
        )
    alone = said_by(reached.operators) if len(reached.operators) == 1 else ""
    return (*points, *_denial(reached), finality(number, final=final, waits=waits, alone=alone))


def of_range(reached: Assurance, first: int, last: int) -> tuple[Point, ...]:
    """Evidence of what rests on the logs of blocks `first` to `last`."""
    span = f"blocks {first:,} to {last:,}" if last > first else f"block {first:,}"
    if reached.step is Step.UNKNOWN:
        return (Point("open", f"Not all of {span} has been read yet."),)
    if reached.unconfirmed_from is not None:
        point = Point(
            "open",
            f"From block {reached.unconfirmed_from:,} on only one operator’s node has been heard; "
            "another has not confirmed it yet.",
        )
    else:
        point = Point("holds", f"Nodes of two operators gave the same logs for {span}.")
    return (point, *_denial(reached))


def finality(number: int, *, final: bool, waits: str = "", alone: str = "") -> Point:
    """Whether the block may still be taken back; `waits` is why it may be for longer than usual,
    `alone` the only operator that was heard about it."""
    if final and alone:
        return Point("open", f"Block {number:,} is final by the word of {alone} alone.")
    if final:
        return Point("holds", f"Block {number:,} is final: the chain will not take it back.")
    return Point(
        "open",
        f"Block {number:,} is not final yet: a reorganisation could still replace it. "
        f"{waits}".strip(),
    )


def _denial(reached: Assurance) -> tuple[Point, ...]:
    if not reached.disputed:
        return ()
    return (
        Point(
            "bad",
            f"{reached.disputed} Until this is settled nothing from block "
            f"{reached.disputed_from:,} on counts as agreed or final.",
        ),
    )


def about(row: Dispute) -> str:
    """What a dispute is about: `which block it is`, `what happened in them`."""
    them = "them" if row.last > row.first else "it"
    return {
        Dispute.About.BLOCK: "which block it is",
        Dispute.About.LOGS: f"what happened in {them}",
        Dispute.About.STATE: "what a contract answers there",
        Dispute.About.RANGE: f"what happened in {them}",
    }[Dispute.About(row.about)]


def blocks_of(row: Dispute) -> str:
    """`block 123`, or `blocks 100 to 180`."""
    if row.last > row.first:
        return f"blocks {row.first:,} to {row.last:,}"
    return f"block {row.first:,}"


def dispute_notice(row: Dispute) -> str:
    """An open dispute for somebody who holds tokens, in one sentence."""
    return f"Two of our sources disagree about {blocks_of(row)}: {about(row)}."


def decided(row: Dispute) -> str:
    """How a dispute ended, in words; while it is open, what happens next."""
    return {
        Dispute.Outcome.OPEN: "Open: the block’s own receipts, or a third source, decide it, and "
        "nothing from there on is taken as final meanwhile.",
        Dispute.Outcome.AGREED_AGAIN: "The sources agree again.",
        Dispute.Outcome.ENDPOINT_WRONG: f"{row.endpoint.name} was wrong.",
        Dispute.Outcome.JOURNAL_WRONG: f"{row.endpoint.name} was right: what we had read was wrong "
        "and has been replaced.",
        Dispute.Outcome.ORPHANED: "The chain replaced the block, so there is nothing left to "
        "decide.",
    }[Dispute.Outcome(row.outcome)]

"""From one vote event to its shares, and from shares to a tally. All amounts in token units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from ..inputs import octets, unsigned
from ..refusals import ImpossibleVote, WeightMismatch

FRACTIONAL_SUPPORT = 255
"""The support value by which a vote says that ``params`` holds its split."""

FRACTIONAL_PARAMS_LENGTH = 48
"""Three packed uint128: against, for, abstain."""


class Bucket(IntEnum):
    """Where a vote is counted; the values are those of ``support`` in vote events."""

    AGAINST = 0
    FOR = 1
    ABSTAIN = 2


class Counting(StrEnum):
    """How a governor turns votes into counts."""

    SIMPLE = "simple"
    BRAVO = "bravo"
    FRACTIONAL = "fractional"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Votes per bucket, each 0 to 2**256 - 1. Raises NotAnInteger, OutOfRange."""

    against: int = 0
    for_: int = 0
    abstain: int = 0

    def __post_init__(self) -> None:
        unsigned("votes against", self.against)
        unsigned("votes for", self.for_)
        unsigned("votes abstaining", self.abstain)

    def __add__(self, other: Tally) -> Tally:
        """Add bucket by bucket. Raises OutOfRange beyond 256 bits, where the contract reverts."""
        return Tally(
            against=self.against + other.against,
            for_=self.for_ + other.for_,
            abstain=self.abstain + other.abstain,
        )

    def __getitem__(self, bucket: Bucket) -> int:
        return (self.against, self.for_, self.abstain)[bucket]

    @property
    def total(self) -> int:
        """All votes cast, in whatever bucket."""
        return self.against + self.for_ + self.abstain


def vote_shares(counting: Counting, support: int, weight: int, params: bytes = b"") -> Tally:
    """Return what one ``VoteCast`` or ``VoteCastWithParams`` event adds to the tally.

    ``weight`` is the event's. Simple and Bravo counting put all of it into the bucket that
    ``support`` (0, 1, 2) names; simple counting ignores ``params``, Bravo weights fit 96 bits.
    Fractional counting emits the weight *used by this event*: a nominal vote (no ``params``) uses
    all that was left, and a split (support 255, ``params`` of 48 bytes) uses exactly the sum of its
    three parts, so one voter may appear in several events whose shares simply add up.

    Raises ImpossibleVote, WeightMismatch, NotAnInteger, NotBytes, OutOfRange.
    """
    unsigned("support", support, 8)
    octets("params", params)
    unsigned("weight", weight, 96 if counting is Counting.BRAVO else 256)
    if counting is Counting.FRACTIONAL and support == FRACTIONAL_SUPPORT:
        return _split(weight, params)
    if counting is Counting.FRACTIONAL and params:
        raise ImpossibleVote(
            "A nominal vote cannot carry params under fractional counting.",
            support=support,
            params_length=len(params),
        )
    if support == Bucket.AGAINST:
        return Tally(against=weight)
    if support == Bucket.FOR:
        return Tally(for_=weight)
    if support == Bucket.ABSTAIN:
        return Tally(abstain=weight)
    raise ImpossibleVote(
        f"Support {support} has no meaning under {counting} counting.",
        support=support,
        counting=counting,
    )


def sum_votes(shares: Iterable[Tally]) -> Tally:
    """Add the shares of all vote events of one proposal; none at all is an empty tally.

    Raises OutOfRange when a bucket exceeds 256 bits, which no contract can have counted.
    """
    against = for_ = abstain = 0
    for share in shares:
        against += share.against
        for_ += share.for_
        abstain += share.abstain
    return Tally(against=against, for_=for_, abstain=abstain)


def remaining_weight(power: int, used: int) -> int:
    """Return what a voter of ``power`` who has used ``used`` may still cast (fractional counting).

    Zero when more was used than there is, as the contract has it. Raises NotAnInteger, OutOfRange.
    """
    return max(unsigned("power", power) - unsigned("used weight", used), 0)


def pack_split(split: Tally) -> bytes:
    """Return the 48 bytes of ``params`` by which a voter casts ``split`` with support 255.

    Raises OutOfRange when a part exceeds 128 bits.
    """
    parts = (split.against, split.for_, split.abstain)
    return b"".join(unsigned("part of a split", part, 128).to_bytes(16, "big") for part in parts)


def _split(weight: int, params: bytes) -> Tally:
    if len(params) != FRACTIONAL_PARAMS_LENGTH:
        raise ImpossibleVote(
            f"A split vote carries {FRACTIONAL_PARAMS_LENGTH} bytes of params, not {len(params)}.",
            params_length=len(params),
        )
    against, for_, abstain = (int.from_bytes(params[i : i + 16], "big") for i in (0, 16, 32))
    split = Tally(against=against, for_=for_, abstain=abstain)
    if split.total != weight:
        raise WeightMismatch(
            f"The parts of the split add up to {split.total}, the event says {weight}.",
            parts=split.total,
            weight=weight,
        )
    return split

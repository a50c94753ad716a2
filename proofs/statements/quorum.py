"""Quorum: which votes count towards it, how many are needed, and whether they are there."""

from __future__ import annotations

from dataclasses import dataclass

from ..inputs import unsigned
from ..refusals import InvalidFraction, UnknownCountingMode
from .tally import Bucket, Counting, Tally

_QUORUM_WORDS = {"against": Bucket.AGAINST, "for": Bucket.FOR, "abstain": Bucket.ABSTAIN}
_SUPPORT_WORDS = {"bravo", "fractional", "override"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingMode:
    """What ``COUNTING_MODE()`` says.

    ``counting``: how events become shares. ``buckets``: what counts for quorum. ``overridable``:
    holders may override their delegate (``VoteReduced``, ``OverrideVoteCast``).
    """

    counting: Counting
    buckets: frozenset[Bucket]
    overridable: bool = False


BRAVO = CountingMode(counting=Counting.BRAVO, buckets=frozenset({Bucket.FOR}))
"""GovernorBravo, which has no ``COUNTING_MODE()``: three kinds of support, quorum by For alone."""


def parse_counting_mode(text: str) -> CountingMode:
    """Read the answer of ``COUNTING_MODE()``, e.g. ``support=bravo&quorum=for,abstain``.

    ``quorum=bravo`` means For alone. Any word not known is refused, since it may change the count.
    Raises UnknownCountingMode.
    """
    fields: dict[str, list[str]] = {}
    for part in text.split("&"):
        key, _, value = part.partition("=")
        if key in fields:
            raise _unknown(text, part)
        fields[key] = value.split(",")
    support = set(fields.pop("support", []))
    if "bravo" not in support or not support <= _SUPPORT_WORDS:
        raise _unknown(text, "support")
    buckets = _quorum_buckets(text, fields.pop("quorum", []))
    overridable = fields.pop("overridable", ["false"]) == ["true"]
    if overridable != ("override" in support):
        raise _unknown(text, "overridable")
    expected = ["fractional"] if "fractional" in support else None
    if fields.pop("params", None) != expected:
        raise _unknown(text, "params")
    if fields:
        raise _unknown(text, min(fields))
    return CountingMode(
        counting=Counting.FRACTIONAL if "fractional" in support else Counting.SIMPLE,
        buckets=buckets,
        overridable=overridable,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedQuorum:
    """A number of votes that the governor names outright. Raises NotAnInteger, OutOfRange."""

    votes: int

    def __post_init__(self) -> None:
        unsigned("quorum", self.votes)

    @property
    def needed(self) -> int:
        """Votes needed, in token units."""
        return self.votes


@dataclass(frozen=True, slots=True, kw_only=True)
class FractionQuorum:
    """A share of the total supply at the snapshot, rounded down as ``mulDiv`` rounds.

    ``numerator`` is the one in force at the snapshot, not today's.
    Raises InvalidFraction, NotAnInteger, OutOfRange.
    """

    supply: int
    numerator: int
    denominator: int = 100

    def __post_init__(self) -> None:
        unsigned("total supply", self.supply)
        unsigned("numerator", self.numerator)
        unsigned("denominator", self.denominator)
        if self.denominator == 0 or self.numerator > self.denominator:
            raise InvalidFraction(
                f"A quorum of {self.numerator}/{self.denominator} of the supply cannot be set.",
                numerator=self.numerator,
                denominator=self.denominator,
            )

    @property
    def needed(self) -> int:
        """Votes needed, in token units."""
        return self.supply * self.numerator // self.denominator


QuorumBasis = FixedQuorum | FractionQuorum


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumCheck:
    """The arithmetic of one quorum, in token units, laid open so that it can be told in words."""

    needed: int
    counted: int
    buckets: frozenset[Bucket]
    basis: QuorumBasis

    @property
    def reached(self) -> bool:
        """Whether the counted votes are at least those needed."""
        return self.counted >= self.needed

    @property
    def missing(self) -> int:
        """Votes still to come, 0 once reached."""
        return max(self.needed - self.counted, 0)


def counted_votes(tally: Tally, buckets: frozenset[Bucket]) -> int:
    """Return the votes of ``tally`` that count for quorum."""
    return sum(tally[bucket] for bucket in buckets)


def check_quorum(tally: Tally, buckets: frozenset[Bucket], basis: QuorumBasis) -> QuorumCheck:
    """Compare a tally with the quorum that ``basis`` asks for."""
    return QuorumCheck(
        needed=basis.needed, counted=counted_votes(tally, buckets), buckets=buckets, basis=basis
    )


def vote_succeeded(tally: Tally) -> bool:
    """Whether For beats Against; a tie does not. The rule of OpenZeppelin 4 and 5 and of Bravo.

    Abstentions never enter here; whether they count for quorum is ``CountingMode.buckets``.
    """
    return tally.for_ > tally.against


def _quorum_buckets(text: str, words: list[str]) -> frozenset[Bucket]:
    if words == ["bravo"]:
        return frozenset({Bucket.FOR})
    if not words or not set(words) <= _QUORUM_WORDS.keys():
        raise _unknown(text, "quorum")
    return frozenset(_QUORUM_WORDS[word] for word in words)


def _unknown(text: str, part: str) -> UnknownCountingMode:
    return UnknownCountingMode(
        f"The counting mode {text!r} is not known: see {part!r}.", counting_mode=text, part=part
    )

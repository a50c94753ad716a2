"""The smallest evidence that a list of votes and the totals do not belong together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .tally import Bucket
from .vote_logs import LogId


class Amounts(NamedTuple):
    """Signed amounts by bucket, in the order of :class:`.tally.Bucket`."""

    against: int = 0
    for_: int = 0
    abstain: int = 0

    def __sub__(self, other: Amounts) -> Amounts:
        return Amounts(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))

    @classmethod
    def total(cls, parts: Iterable[Amounts]) -> Amounts:
        """Return the sum, bucket by bucket."""
        against = for_ = abstain = 0
        for part in parts:
            against += part.against
            for_ += part.for_
            abstain += part.abstain
        return cls(against, for_, abstain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """The fewest linked logs of a bucket that together weigh more than its proven total.

    No order of events allows that: it is a contradiction between these logs and one word.
    """

    bucket: Bucket
    total: int
    weight: int
    logs: tuple[LogId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What no linked log accounts for, ``weight`` votes of a bucket.

    Negative where reductions are missing, which only overridable counting has. ``explained_by`` are
    one or two known logs whose headers are not linked and that would make it up exactly.
    """

    bucket: Bucket
    weight: int
    explained_by: tuple[LogId, ...] = ()


Witness = Excess | Missing
Listed = Sequence[tuple[LogId, Amounts]]


def smallest_witness(
    totals: Amounts, linked: Listed, unlinked: Listed, *, signed: bool = False
) -> Witness | None:
    """Return the smallest evidence of a mismatch, None when the linked logs add up.

    An excess of the fewest logs if there is any, else what is missing, the least amount first.
    With ``signed`` terms (overridable counting) an excess contradicts nothing by itself.
    """
    difference = totals - Amounts.total(amounts for _, amounts in linked)
    found: list[Witness] = []
    for bucket in Bucket:
        if difference[bucket] < 0 and not signed:
            found.append(_excess(bucket, totals[bucket], linked))
        elif difference[bucket]:
            explained = _explained(bucket, difference[bucket], unlinked)
            found.append(Missing(bucket=bucket, weight=difference[bucket], explained_by=explained))
    return min(found, key=_size, default=None)


def _size(witness: Witness) -> tuple[int, int]:
    if isinstance(witness, Excess):
        return 0, len(witness.logs)
    return 1, abs(witness.weight)


def _excess(bucket: Bucket, total: int, linked: Listed) -> Excess:
    """The heaviest logs first: no smaller set can weigh more."""
    weight, logs = 0, []
    for log, amounts in sorted(linked, key=lambda row: (-row[1][bucket], row[0])):
        weight += amounts[bucket]
        logs.append(log)
        if weight > total:
            break
    return Excess(bucket=bucket, total=total, weight=weight, logs=tuple(logs))


def _explained(bucket: Bucket, weight: int, unlinked: Listed) -> tuple[LogId, ...]:
    seen: dict[int, LogId] = {}
    pair: tuple[LogId, ...] = ()
    for log, amounts in unlinked:
        amount = amounts[bucket]
        if amount == weight:
            return (log,)
        if amount and not pair and weight - amount in seen:
            pair = (seen[weight - amount], log)
        if amount:
            seen.setdefault(amount, log)
    return pair

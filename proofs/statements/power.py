"""Voting power and total supply at a timepoint, read from checkpoint histories."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ..inputs import unsigned
from ..refusals import FutureLookup, UnorderedCheckpoints


class CheckpointKind(Enum):
    """Widths of (key, value) in bits, by the contract that writes the history.

    The values of ``DELEGATE`` are addresses: to whom an account had delegated (OpenZeppelin 5.2).
    """

    OZ5 = (48, 208)
    OZ4 = (32, 224)
    COMP = (32, 96)
    DYDX = (128, 128)
    DELEGATE = (96, 160)

    @property
    def key_bits(self) -> int:
        """Width of a timepoint."""
        return self.value[0]

    @property
    def value_bits(self) -> int:
        """Width of an amount of votes."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """A checked history: ``keys`` (timepoints) strictly increase, ``values`` are votes since then.

    Strictly, because a contract rewrites the last checkpoint when the timepoint is the same.
    Build it with :meth:`of`, once, and look up as often as wanted.
    """

    keys: tuple[int, ...]
    values: tuple[int, ...]

    @classmethod
    def of(
        cls, pairs: Iterable[tuple[int, int]], kind: CheckpointKind = CheckpointKind.OZ5
    ) -> Checkpoints:
        """Check (timepoint, votes) pairs, oldest first.

        Raises UnorderedCheckpoints, NotAnInteger, OutOfRange.
        """
        keys: list[int] = []
        values: list[int] = []
        for key, value in pairs:
            unsigned("checkpoint key", key, kind.key_bits)
            if keys and key <= keys[-1]:
                raise UnorderedCheckpoints(
                    f"Checkpoint {len(keys)} has key {key}, the one before it {keys[-1]}.",
                    index=len(keys),
                    key=key,
                    previous=keys[-1],
                )
            keys.append(key)
            values.append(unsigned("checkpoint value", value, kind.value_bits))
        return cls(tuple(keys), tuple(values))

    def lookup(self, timepoint: int) -> int:
        """Return the value of the last checkpoint at or before ``timepoint``, else 0.

        This is OpenZeppelin's ``upperLookupRecent``: it does not ask if ``timepoint`` is past.
        """
        index = bisect_right(self.keys, unsigned("timepoint", timepoint))
        return self.values[index - 1] if index else 0


def votes_at(history: Checkpoints, timepoint: int, clock: int) -> int:
    """Return ``getPastVotes``: the power of a delegate at the end of ``timepoint``.

    ``clock`` is the token's clock now. Raises FutureLookup unless ``timepoint < clock``: within the
    current timepoint the last checkpoint may still change.
    """
    _require_past(timepoint, clock)
    return history.lookup(timepoint)


def prior_votes(history: Checkpoints, block: int, current_block: int) -> int:
    """Return ``getPriorVotes`` of a COMP-style token: power at the end of ``block``.

    The same rule on block numbers: the last checkpoint at or before ``block``, zero before the
    first. Raises FutureLookup unless ``block < current_block``.
    """
    return votes_at(history, block, current_block)


def total_supply_at(history: Checkpoints, timepoint: int, clock: int) -> int:
    """Return ``getPastTotalSupply`` from the total-supply history. Raises FutureLookup."""
    return votes_at(history, timepoint, clock)


def _require_past(timepoint: int, clock: int) -> None:
    unsigned("timepoint", timepoint)
    if timepoint >= unsigned("clock", clock):
        raise FutureLookup(
            f"Timepoint {timepoint} is not past yet: the clock stands at {clock}.",
            timepoint=timepoint,
            clock=clock,
        )

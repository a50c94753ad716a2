"""How far a statement is proven, by who said so: the first two of six steps."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import IntEnum

from ..refusals import Refusal

NEEDED_OPERATORS = 2


class NothingToAssure(Refusal):
    """The lowest step of no parts at all was asked for."""


class Step(IntEnum):
    """The steps in their order; a whole has the lowest step of its parts.

    ``UNKNOWN``: nobody said it, or it was not read. ``REPORTED``: one operator said so, or several
    whose words are disputed. ``AGREED``: at least two operators gave the same block hash and the
    same values, and nobody's denial is undecided.
    """

    UNKNOWN = 0
    REPORTED = 1
    AGREED = 2


def step(operators: Collection[str], *, disputed: bool = False) -> Step:
    """The step of one block's hash and values, from the operators who gave them alike.

    An operator named twice counts once. While a dispute is open agreement is worth no more than
    one word: it is not decided yet whose.
    """
    said = len(set(operators))
    if said == 0:
        return Step.UNKNOWN
    if said < NEEDED_OPERATORS or disputed:
        return Step.REPORTED
    return Step.AGREED


def lowest(steps: Iterable[Step]) -> Step:
    """The step of a whole from those of its parts. Raises NothingToAssure without any."""
    found = min(steps, default=None)
    if found is None:
        raise NothingToAssure("A statement without parts has no assurance.")
    return found

"""How far a statement is proven: six steps, by who said so and by what it follows from."""

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
    same values, and nobody's denial is undecided. ``PROVEN``: it follows from the roots of such a
    block. ``ASSERTED``: a commitment on L1 covers that block. ``SETTLED``: that commitment is
    confirmed; for a statement about L1 itself, whose blocks nobody commits to, the block is
    finalized by the nodes' word. ``SIGNED``: the finalized L1 block is signed by two thirds of the
    sync committee, in an unbroken line from a trusted checkpoint.
    """

    UNKNOWN = 0
    REPORTED = 1
    AGREED = 2
    PROVEN = 3
    ASSERTED = 4
    SETTLED = 5
    SIGNED = 6


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


def climb(
    anchor: Step, *, proven: bool, layer_one: bool, finalized: bool = False, signed: bool = False
) -> Step:
    """The step of what was checked under the state root of an anchor block.

    ``anchor`` is the step of that block's hash, by `step`; ``proven`` says that the statement
    follows from its root. On L1 (``layer_one``) the anchor may be ``finalized`` by the nodes' word,
    and ``signed``: a block that the light client certifies, or an ancestor of one by parent hashes.
    What signatures cover needs nobody's word. On other chains both are ignored: there is no
    statement about L1 in it yet.
    """
    if not proven:
        return min(anchor, Step.AGREED)
    if layer_one and signed:
        return Step.SIGNED
    if anchor < Step.AGREED:
        return anchor
    return Step.SETTLED if layer_one and finalized else Step.PROVEN


def lowest(steps: Iterable[Step]) -> Step:
    """The step of a whole from those of its parts. Raises NothingToAssure without any."""
    found = min(steps, default=None)
    if found is None:
        raise NothingToAssure("A statement without parts has no assurance.")
    return found

"""Output proposals in an L2OutputOracle, which OP Stack chains had before dispute games.

Source: contracts-bedrock of the OP Stack, L2OutputOracle and its storage layout: an array at slot 3
of two slots each, the output root, then the L1 time (low 128 bits) and the L2 block (high).
"""

from __future__ import annotations

from typing import NamedTuple

from ...inputs import unsigned
from ...refusals import NoCommitment
from .slots import array_slot
from .words import Words, fields, word

OUTPUTS = 3
"""Slot of the array."""


class Proposal(NamedTuple):
    """An output root that was proposed: 32 bytes; when, in seconds since 1970 UTC; of which block
    of the L2, by the proposer's word."""

    output_root: bytes
    timestamp: int
    block_number: int


def output_slots(index: int, outputs: int = OUTPUTS) -> tuple[int, int, int]:
    """Return the slots of ``proven_output``. Raises NotAnInteger, OutOfRange."""
    place = 2 * unsigned("index", index, 64)
    return outputs, array_slot(outputs, place), array_slot(outputs, place + 1)


def proven_output(words: Words, index: int, outputs: int = OUTPUTS) -> Proposal:
    """Return the proposal at an index.

    The length is part of the proof: outputs that a challenger deleted stay in their slots, beyond
    the end. Raises NoCommitment, UnprovenSlot, NotAnInteger, OutOfRange, NotBytes, WrongLength.
    """
    length, root, rest = output_slots(index, outputs)
    count = word(words, length, "The number of outputs")
    if index >= count:
        raise NoCommitment(
            f"There are {count} outputs, so none has the index {index}.", index=index, count=count
        )
    what = "An output's time and block"
    timestamp, number = fields(word(words, rest, what), what, 128, 128)
    found = word(words, root, "An output root").to_bytes(32, "big")
    return Proposal(found, timestamp, number)

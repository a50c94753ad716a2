"""What a history of checkpoints held at a timepoint, proven from any later state root.

Histories are append-only, their keys strictly increase, and only the last checkpoint is ever
rewritten, within its own timepoint. So once the clock has passed a timepoint T, three words of any
later root say what was in force at T: the length, the checkpoint ``index`` whose key is at most T,
and its successor, whose key is beyond T, unless ``index`` is the last. Before the first checkpoint
(``index`` None) the value is zero: the length is zero, or the first key lies beyond T.

This assumes that the code in between was the same: say so beside what is proven.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...inputs import unsigned
from ...refusals import FutureLookup, WrongCheckpoint
from ..power import CheckpointKind
from .slots import array_slot, mapping_slot
from .words import Words, fields, number, word


@dataclass(frozen=True, slots=True)
class History:
    """Where one history lies: its length at ``length_slot``, its elements by their shape.

    With ``elements`` None it is a Solidity array, whose elements follow from the slot of its
    length (OpenZeppelin's traces). Else ``elements`` is the slot of a mapping from index to
    checkpoint, and the length is a counter of its own (COMP, dYdX).
    """

    kind: CheckpointKind
    length_slot: int
    elements: int | None = None

    def element_slot(self, index: int) -> int:
        """Return the slot of checkpoint ``index``. Raises NotAnInteger, OutOfRange."""
        if self.elements is None:
            return array_slot(self.length_slot, index)
        return mapping_slot(self.elements, index)

    def slots(self, length: int, index: int | None) -> tuple[int, ...]:
        """Return the one to three slots to prove for the checkpoint ``index`` of ``length``.

        Raises WrongCheckpoint, NotAnInteger, OutOfRange.
        """
        after = _after(length, index)
        wanted = range(after - (index is not None), min(after + 1, length))
        return self.length_slot, *(self.element_slot(each) for each in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenValue:
    """What was in force at ``timepoint``: the value of checkpoint ``index`` (None: none yet)."""

    timepoint: int
    value: int
    length: int
    index: int | None


def decode_checkpoint(kind: CheckpointKind, value: int) -> tuple[int, int]:
    """Split one word into key and value; the key is the low part. Raises ImpossibleWord."""
    key, votes = fields(value, "A checkpoint", kind.key_bits, kind.value_bits)
    return key, votes


def proven_length(history: History, words: Words) -> int:
    """Return how many checkpoints there are. Raises UnprovenSlot, ImpossibleWord."""
    # No history outgrows the 32 bits of COMP's counter; what claims to is another slot's word.
    return number(words, history.length_slot, "The length of the history", 32)


def proven_value(
    history: History, words: Words, *, timepoint: int, clock: int, index: int | None
) -> ProvenValue:
    """Return the value in force at ``timepoint`` from words proven under one later root.

    ``clock`` is the clock of the contract that keeps the history, in the block of that root; on
    Arbitrum an L1 block number, which many blocks share. ``index`` is the prover's word on which
    checkpoint it is, and is not trusted.

    Raises FutureLookup unless ``timepoint < clock``; WrongCheckpoint, UnprovenSlot, ImpossibleWord,
    NotAnInteger, OutOfRange.
    """
    unsigned("timepoint", timepoint)
    if timepoint >= unsigned("clock", clock):
        raise FutureLookup(
            f"Timepoint {timepoint} is not past yet: the clock stands at {clock}.",
            timepoint=timepoint,
            clock=clock,
        )
    length = proven_length(history, words)
    after = _after(length, index)
    value = 0
    if index is not None:
        key, value = _checkpoint(history, words, index)
        if key > timepoint:
            raise WrongCheckpoint(
                f"Checkpoint {index} has key {key}, which lies beyond {timepoint}.",
                index=index,
                key=key,
                timepoint=timepoint,
            )
    if after < length:
        key, _ = _checkpoint(history, words, after)
        if key <= timepoint:
            raise WrongCheckpoint(
                f"Checkpoint {after} has key {key}, so it was in force at {timepoint} instead.",
                index=after,
                key=key,
                timepoint=timepoint,
            )
    return ProvenValue(timepoint=timepoint, value=value, length=length, index=index)


def latest_value(history: History, words: Words) -> tuple[int, int, int]:
    """Return length, last key and last value, zeros for an empty history. Raises as above."""
    length = proven_length(history, words)
    return (length, *_checkpoint(history, words, length - 1)) if length else (0, 0, 0)


def _checkpoint(history: History, words: Words, index: int) -> tuple[int, int]:
    slot = history.element_slot(index)
    return decode_checkpoint(history.kind, word(words, slot, f"Checkpoint {index}"))


def _after(length: int, index: int | None) -> int:
    """The index of the successor. Raises WrongCheckpoint for one beyond the history."""
    unsigned("length", length)
    if index is None:
        return 0
    if unsigned("index", index) >= length:
        raise WrongCheckpoint(
            f"There is no checkpoint {index} among {length}.", index=index, length=length
        )
    return index + 1

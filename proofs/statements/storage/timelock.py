"""Operations in the storage of timelocks: TimelockController, and Compound's Timelock."""

from __future__ import annotations

from dataclasses import dataclass

from ...inputs import fixed
from ..lifecycle import Operation
from .slots import mapping_slot, namespace_slot, offset_slot
from .words import Words, flag, number, word


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerLayout:
    """Slots of a TimelockController: a mapping from operation to timestamp, and the delay."""

    timestamps: int
    min_delay: int

    def operation_slot(self, operation_id: bytes) -> int:
        """Return the slot of an operation (32 bytes). Raises NotBytes, WrongLength."""
        return mapping_slot(self.timestamps, fixed("operation id", operation_id, 32))


def proven_operation(layout: ControllerLayout, words: Words, operation_id: bytes) -> Operation:
    """Return the timelock's word on an operation. Raises UnprovenSlot, NotBytes, WrongLength."""
    slot = layout.operation_slot(operation_id)
    return Operation(timestamp=word(words, slot, "The operation's timestamp"))


def proven_min_delay(layout: ControllerLayout, words: Words) -> int:
    """Return the least delay in seconds. Raises UnprovenSlot."""
    return word(words, layout.min_delay, "The least delay")


def compound_queue_slot(transaction_hash: bytes, queued: int = 3) -> int:
    """Return where a Compound Timelock says whether a call is queued."""
    return mapping_slot(queued, fixed("transaction hash", transaction_hash, 32))


def proven_queued(words: Words, transaction_hash: bytes, queued: int = 3) -> bool:
    """Return whether a Compound Timelock has a call in its queue.

    Not after execution nor after cancelling: those two look alike here.
    Raises UnprovenSlot, ImpossibleWord, NotBytes, WrongLength.
    """
    slot = compound_queue_slot(transaction_hash, queued)
    return flag(number(words, slot, "The queue's word"), "The queue's word")


_NAMESPACE = namespace_slot("openzeppelin.storage.TimelockController")

CONTROLLER = ControllerLayout(timestamps=1, min_delay=2)
"""OpenZeppelin 4 and 5 outside proxies."""

OZ4_PROXIED_CONTROLLER = ControllerLayout(timestamps=151, min_delay=152)
"""TimelockControllerUpgradeable of OpenZeppelin 4."""

OZ5_PROXIED_CONTROLLER = ControllerLayout(
    timestamps=_NAMESPACE, min_delay=offset_slot(_NAMESPACE, 1)
)
"""TimelockControllerUpgradeable of OpenZeppelin 5."""

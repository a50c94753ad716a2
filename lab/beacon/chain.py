"""The tree of beacon blocks above the execution chain: it grows, forks, and is final further down.

One block carries each execution block. Epochs without one stay empty, but for the three after a
block and the first four of each period, which have an empty block in their first slot: so what
was built becomes final, and every period has a light client update, however long nothing happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lab.beacon import network
from lab.beacon.blocks import Block, Mark, child, genesis_block
from lab.beacon.containers import ZERO
from lab.schedule import BEACON

KEPT = 400
"""Blocks of the chain that are kept: more than a node of the lab can undo."""
_EPOCHS_HEARD = 3
_EPOCHS_OPENING = 4


class BeaconChain:
    """Beacon blocks by root, and the one at the head. Not safe to share between threads."""

    def __init__(self, genesis_time: int) -> None:
        self.genesis_time = genesis_time
        self.genesis = genesis_block(genesis_time)
        self.blocks = {self.genesis.root: self.genesis}
        self.head = self.genesis
        self.finalized_mark = Mark()
        self.signers = BEACON.committee_size
        # The newest block that carries an execution block as its newest one.
        self._tips: dict[bytes, bytes] = {ZERO: self.genesis.root}

    def knows(self, execution_hash: bytes) -> bool:
        """Whether a block carries this execution block."""
        return execution_hash in self._tips

    def lead(self, execution_hash: bytes) -> None:
        """Make the newest block that carries this execution block the head."""
        self._head_is(self.blocks[self._tips[execution_hash]])

    def slot_of(self, timestamp: int) -> int:
        """The slot of a time in seconds since 1970 UTC; at least 1."""
        return max(1, (timestamp - self.genesis_time) // BEACON.seconds_per_slot)

    def missing(self, execution: Any) -> Iterator[int]:
        """The slots of empty blocks that must stand before the block of an execution block."""
        tip = self.parent_of(execution)
        slot = self.slot_of(int(execution.timestamp))
        carried = self._carrier(tip).epoch
        for epoch in range(tip.epoch + 1, network.epoch_of(slot)):
            opening = epoch % BEACON.epochs_per_period < _EPOCHS_OPENING
            if opening or epoch - carried <= _EPOCHS_HEARD:
                yield network.start_of(epoch)

    def parent_of(self, execution: Any) -> Block:
        """The block that an execution block's own follows: the newest one with its parent or, when
        that is not known here, the newest one of the chain before its time."""
        slot = self.slot_of(int(execution.timestamp))
        tip = self._tips.get(bytes(execution.parent_hash))
        block = self.head if tip is None else self.blocks[tip]
        while block.slot >= slot and block.parent_root in self.blocks:
            above = self.blocks[block.parent_root]
            if tip is not None and above.execution_hash != block.execution_hash:
                break
            block = above
        return block

    def extend(self, parent: Block, slot: int, execution: Any) -> Block:
        """Put a block on top of another and make it the head."""
        block = child(parent, max(slot, parent.slot + 1), execution, self.signers)
        self._add(block)
        self._head_is(block)
        return block

    def restore(self, blocks: list[Block]) -> None:
        """Take over stored blocks, parents first; the last one is the head."""
        for block in blocks:
            self._add(block)
            self._head_is(block)

    def _add(self, block: Block) -> None:
        self.blocks[block.root] = block
        self._tips[block.execution_hash] = block.root

    def _head_is(self, block: Block) -> None:
        self.head = block
        if block.finality.finalized.epoch > self.finalized_mark.epoch:
            self.finalized_mark = block.finality.finalized
        if len(self.blocks) > 2 * KEPT:
            self._prune()

    def _carrier(self, block: Block) -> Block:
        """The block that brought the execution block which this one carries."""
        while (above := self.blocks.get(block.parent_root)) is not None:
            if above.execution_hash != block.execution_hash:
                break
            block = above
        return block

    def ancestors(self) -> Iterator[Block]:
        """The chain from the head down, as far as it is kept."""
        block: Block | None = self.head
        while block is not None:
            yield block
            block = self.blocks.get(block.parent_root)

    def at_slot(self, slot: int) -> Block | None:
        """The block of the chain in this slot."""
        for block in self.ancestors():
            if block.slot <= slot:
                return block if block.slot == slot else None
        return None

    def is_canonical(self, block: Block) -> bool:
        """Whether a block is of the chain of the head."""
        return self.at_slot(block.slot) is block

    def _block(self, mark: Mark) -> Block:
        return self.blocks.get(mark.root, self.genesis)

    @property
    def finalized(self) -> Block:
        """The block that was finalized last; never an older one than before."""
        return self._block(self.finalized_mark)

    @property
    def justified(self) -> Block:
        """The block that the head calls justified, or the finalized one where that is newer."""
        mark = self.head.finality.justified
        return self._block(mark if mark.epoch > self.finalized_mark.epoch else self.finalized_mark)

    def _prune(self) -> None:
        kept = {self.genesis.root, self.finalized_mark.root, self.head.finality.justified.root}
        for count, block in enumerate(self.ancestors()):
            if count == KEPT:
                break
            kept.add(block.root)
        self.blocks = {key: block for key, block in self.blocks.items() if key in kept}
        self._tips = {key: value for key, value in self._tips.items() if value in kept}
        self._tips.setdefault(ZERO, self.genesis.root)

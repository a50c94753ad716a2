"""The beacon chain follows the execution chain of a node, block by block."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.beacon import archive, execution
from lab.beacon.blocks import Block
from lab.beacon.chain import BeaconChain
from lab.beacon.updates import BestUpdates
from lab.rpc import NodeUnreachable, Rpc, RpcError
from lab.schedule import BLOCKS_KEPT

log = logging.getLogger("lab")

TIMEOUT = 5.0
BLOCKS_AT_ONCE = 100
"""Beacon blocks made in one go. What a long gap needs beyond that is made in the next ones."""


class Follower:
    """The beacon chain of L1, safe to share between threads.

    With ``clock`` (seconds since 1970 UTC) a block waits for its slot, and what a long gap needs is
    made bit by bit; without one, for chains whose time is warped, everything is made at once.
    """

    def __init__(self, genesis_time: int, clock: Callable[[], float] | None = None) -> None:
        self._rpc: Rpc | None = None
        self._resting = False
        self.lock = threading.RLock()
        self._clock = clock
        self.begin(genesis_time)

    def begin(self, genesis_time: int) -> None:
        """Begin a new chain."""
        with self.lock:
            self.chain = BeaconChain(genesis_time)
            self.best = BestUpdates()
            self.behind = self.offline = False

    def use(self, url: str | None) -> None:
        """From now on follow the node at this address, or none."""
        with self.lock:
            if self._rpc is not None:
                self._rpc.close()
            self._rpc = Rpc(url, TIMEOUT) if url else None

    def rest(self) -> None:
        """Make no block any more: who wants to store the chain and end need not wait."""
        self._resting = True

    def follow(self) -> None:
        """Go to the node's head, or a good way towards it; the node's troubles are logged."""
        with self.lock:
            if self._rpc is None or self._resting:
                return
            try:
                self._follow(self._rpc)
                self.offline = False
            except execution.Moved as moved:
                log.debug("[l1] the beacon chain looks again: %s", moved)
            except (NodeUnreachable, RpcError) as error:
                self.offline = True
                log.debug("[l1] the beacon chain cannot look: %s", error)

    def _follow(self, rpc: Rpc) -> None:
        row = execution.head(rpc)
        rows = execution.unknown_blocks(rpc, row, self.chain.knows, BLOCKS_KEPT)
        if not rows:
            self._lead(row)
        left = BLOCKS_AT_ONCE if self._clock else sys.maxsize
        self.behind = False
        for row in rows:
            header = execution.payload_header(rpc, row)
            parent = self.chain.parent_of(header)
            for slot in self.chain.missing(header):
                if self._has_made_enough(left):
                    return
                parent = self._extend(parent, slot, parent.execution)
                left -= 1
            slot = max(self.chain.slot_of(int(header.timestamp)), parent.slot + 1)
            if not self._is_due(slot) or self._has_made_enough(left):
                return
            self._extend(parent, slot, header)
            left -= 1

    def _has_made_enough(self, left: int) -> bool:
        self.behind = not left
        return not left or self._resting

    def _lead(self, row: execution.Row) -> None:
        # Nothing is new, but the chain may have gone back to what was there before.
        if int(row["number"], 16) and self.chain.head.execution_hash != execution.hash_of(row):
            self.chain.lead(execution.hash_of(row))

    def _extend(self, parent: Block, slot: int, header: Any) -> Block:
        block = self.chain.extend(parent, slot, header)
        self.best.consider(block, self.chain)
        return block

    def _is_due(self, slot: int) -> bool:
        return self._clock is None or slot <= self.current_slot

    @property
    def current_slot(self) -> int:
        """The slot of this moment; that of the head where time is warped."""
        if self._clock is None:
            return self.chain.head.slot
        return self.chain.slot_of(int(self._clock()))

    def save(self, folder: Path) -> None:
        """Store the chain beside its node's dump."""
        with self.lock:
            stored = archive.pack(self.chain, self.best)
        archive.write(folder, stored)

    def load(self, folder: Path) -> None:
        """Go on with the stored chain; without a usable one it is made anew from the node's
        blocks, with the same committees. What is wrong with a stored one is logged."""
        with self.lock:
            self.begin(self.chain.genesis_time)
            try:
                archive.unpack(archive.read(folder), self.chain, self.best)
            except archive.Unreadable as error:
                log.warning("[l1] the stored beacon chain cannot be used: %s", error)
                self.begin(self.chain.genesis_time)

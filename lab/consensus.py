"""The lab's own consensus: which block is safe and which is finalized, never going back.

On L1 the beacon chain decides (`lab.beacon`), on L2 the depth.
"""

from __future__ import annotations

import threading
from typing import Protocol

from lab.beacon.follower import Follower
from lab.schedule import ChainTimes


class Finality(Protocol):
    """What decides for one chain."""

    def advance(self, head: int) -> None:
        """Take note of a head; an older one takes nothing back."""
        ...

    def reset(self) -> None:
        """Begin again with a new chain."""
        ...

    def finalize(self, number: int) -> None:
        """Take note of a block that no node of the lab can undo any more."""
        ...

    @property
    def finalized(self) -> int:
        """Number of the newest finalized block."""
        ...

    @property
    def safe(self) -> int:
        """Number of the newest safe block."""
        ...


class BeaconConsensus:
    """Finality as the beacon chain has it: the same that its endpoints tell."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower

    def advance(self, _head: int) -> None:
        """Let the beacon chain follow the node."""
        self.follower.follow()

    def reset(self) -> None:
        """Begin again with a new chain."""
        self.follower.begin(self.follower.chain.genesis_time)

    def finalize(self, _number: int) -> None:
        """Change nothing: that a node cannot undo a block is no word of the validators."""

    @property
    def finalized(self) -> int:
        """Number of the execution block in the finalized beacon block."""
        return self.follower.chain.finalized.execution_number

    @property
    def safe(self) -> int:
        """Number of the execution block in the justified beacon block."""
        return self.follower.chain.justified.execution_number


class Consensus:
    """Finality of one chain by depth behind the highest head seen."""

    def __init__(self, times: ChainTimes, *, finalized: int = 0) -> None:
        self._times = times
        self._lock = threading.Lock()
        self._finalized = finalized
        self._safe = finalized

    def advance(self, head: int) -> None:
        """Take note of a head; an older one changes nothing."""
        with self._lock:
            self._finalized = max(self._finalized, head - self._times.finalized_depth)
            self._safe = max(self._safe, self._finalized, head - self._times.safe_depth)

    def reset(self) -> None:
        """Begin again with a new chain."""
        with self._lock:
            self._finalized = self._safe = 0

    def finalize(self, number: int) -> None:
        """Declare a block final ahead of its depth: what no node of the lab can undo any more."""
        with self._lock:
            self._finalized = max(self._finalized, number)
            self._safe = max(self._safe, number)

    @property
    def finalized(self) -> int:
        """Number of the newest finalized block."""
        return self._finalized

    @property
    def safe(self) -> int:
        """Number of the newest safe block."""
        return self._safe

"""The lab's own consensus: which block is safe and which is finalized, never going back."""

from __future__ import annotations

import threading

from lab.schedule import ChainTimes


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

"""What one process asked of one endpoint, minute by minute, until it is written down.

Questions are put from several threads; the account is their own, so that keeping it costs a lock
and no query.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from chainsync.endpoint import latencies
from chainsync.endpoint.failures import (
    EndpointFailure,
    MalformedReply,
    RateLimited,
    ReplyTooLarge,
    Timeout,
    Unreachable,
    WrongChain,
)

KEPT_MINUTES = 60
"""A process that never writes its account down forgets what is older."""

HEAD_SECONDS = 2.0
"""For so long is a head that an endpoint told compared with ours."""

SORTS: tuple[tuple[type[EndpointFailure], str], ...] = (
    (Timeout, "timeouts"),
    (Unreachable, "unreachable"),
    (RateLimited, "rate_limited"),
    (ReplyTooLarge, "too_large"),
    (WrongChain, "wrong_chain"),
    (MalformedReply, "malformed"),
)
"""Sorts of failure, the narrower first; what is none of them counts as `other`."""


@dataclass(slots=True)
class Minute:
    """Counts of one minute: questions put, failures by sort, a histogram of latencies."""

    requests: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    latencies: list[int] = field(default_factory=latencies.empty)
    latency_max_ms: int = 0

    def add(self, other: "Minute") -> None:
        """Take in the counts of another."""
        self.requests += other.requests
        for sort, count in other.failures.items():
            self.failures[sort] = self.failures.get(sort, 0) + count
        self.latencies = latencies.added([self.latencies, other.latencies])
        self.latency_max_ms = max(self.latency_max_ms, other.latency_max_ms)


class Account:
    """Counts of one endpoint by minute (minutes since 1970)."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._minutes: dict[int, Minute] = {}
        self._head: tuple[int, float] | None = None

    def saw_head(self, number: int) -> None:
        """It said just now that this block is its head."""
        self._head = number, self._clock()

    def head(self) -> int | None:
        """Its head, unless it was said so long ago that ours has moved on since."""
        seen = self._head
        return seen[0] if seen and self._clock() - seen[1] <= HEAD_SECONDS else None

    def answered(self, seconds: float) -> None:
        """A question was answered after so long."""
        taken = seconds * 1000
        with self._lock:
            now = self._now()
            now.requests += 1
            now.latencies[latencies.bucket(taken)] += 1
            now.latency_max_ms = max(now.latency_max_ms, round(taken))

    def failed(self, failure: EndpointFailure) -> None:
        """A question was not answered, or wrongly."""
        sort = next((name for kind, name in SORTS if isinstance(failure, kind)), "other")
        with self._lock:
            now = self._now()
            now.requests += 1
            now.failures[sort] = now.failures.get(sort, 0) + 1

    def take(self) -> dict[int, Minute]:
        """Everything that was counted since the last time, by minute; the account is then empty."""
        with self._lock:
            taken, self._minutes = self._minutes, {}
        return taken

    def give_back(self, taken: dict[int, Minute]) -> None:
        """What could not be written down after all."""
        with self._lock:
            for number, minute in taken.items():
                self._minutes.setdefault(number, Minute()).add(minute)

    def _now(self) -> Minute:
        number = int(self._clock() // 60)
        if number not in self._minutes:
            if len(self._minutes) >= KEPT_MINUTES:
                del self._minutes[min(self._minutes)]
            self._minutes[number] = Minute()
        return self._minutes[number]

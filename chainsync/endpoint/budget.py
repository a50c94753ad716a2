"""How often an endpoint may be asked, by all workers on all machines together.

The charter says `requests_per_second` of an endpoint; a token bucket in the database holds every
worker to it. A worker takes a slice of requests with one update of one row, and asks again when
the slice is used up: the row is not touched for each request. What is not used within a second is
lost, so that a slice grows only while it is needed. A batch may drive the bucket below zero, by at
most itself; then everybody waits until it is filled again, so the rate holds on average.

When an endpoint answers 429 to one worker, all leave it alone: this, too, is kept in the row, and
looked at once a second where no slice is taken. All times are the database's.

Questions are asked in threads that must not hold a connection of Django's each, and never in a
transaction: budgets have one connection per process, of their own.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from chainsync.endpoint.failures import EndpointFailure
from charter.models import Endpoint

SLICE_SHARE = 0.1
"""Largest part of one second's requests that a worker takes at once."""
KEEP_SECONDS = 1.0
"""How long a slice may be used, and how long a look at the row is believed."""
PATIENCE_SECONDS = 2.0
"""How long a question waits for its turn before it is put off: less than following's lease."""
RESERVE_SHARE = 0.25
"""Part of one second's requests that backfill leaves to following."""

_TAKE = """
INSERT INTO chainsync_endpointbudget AS budget
    (endpoint_id, allowance, refilled_at, granted)
VALUES (%(endpoint)s, %(burst)s - %(wanted)s, clock_timestamp(), %(wanted)s)
ON CONFLICT (endpoint_id) DO UPDATE SET
    allowance = LEAST(%(burst)s, budget.allowance + %(rate)s * EXTRACT(EPOCH FROM
        GREATEST(clock_timestamp() - budget.refilled_at, interval '0'))) - %(wanted)s,
    refilled_at = clock_timestamp(),
    granted = budget.granted + %(wanted)s
WHERE (budget.resting_until IS NULL OR budget.resting_until <= clock_timestamp())
  AND budget.allowance + %(rate)s * EXTRACT(EPOCH FROM
        GREATEST(clock_timestamp() - budget.refilled_at, interval '0')) >= %(needed)s
RETURNING 1
"""
_LOOK = """
SELECT GREATEST(EXTRACT(EPOCH FROM resting_until - clock_timestamp()), 0)::float,
       allowance + %(rate)s * EXTRACT(EPOCH FROM
           GREATEST(clock_timestamp() - refilled_at, interval '0'))::float
FROM chainsync_endpointbudget WHERE endpoint_id = %(endpoint)s
"""
_REST = """
INSERT INTO chainsync_endpointbudget AS budget
    (endpoint_id, allowance, refilled_at, resting_until, granted)
VALUES (%(endpoint)s, 0, clock_timestamp(),
        clock_timestamp() + make_interval(secs => %(seconds)s), 0)
ON CONFLICT (endpoint_id) DO UPDATE SET
    allowance = LEAST(budget.allowance, 0),
    refilled_at = GREATEST(clock_timestamp(), excluded.resting_until),
    resting_until = GREATEST(budget.resting_until, excluded.resting_until)
"""


class OverBudget(EndpointFailure):
    """We ask no more of it for now: not its fault, and no sign of ill health.

    `retry_after` seconds are to pass before the next question.
    """

    def __init__(self, endpoint: str, message: str, retry_after: float) -> None:
        super().__init__(endpoint, message)
        self.retry_after = retry_after


class Budget:
    """This process's part in the budget of one endpoint. Safe to share between threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._rate = endpoint.requests_per_second
        self._lock = threading.Lock()
        self._left = 0.0
        self._slice = 1.0
        self._taken_at = -KEEP_SECONDS
        self._looked_at = -KEEP_SECONDS
        self._resting_until = 0.0

    @property
    def batch(self) -> int | None:
        """How many requests may travel together, so that none outlasts a second's budget; None
        where there is no budget."""
        return None if self._rate is None else max(1, int(self._rate))

    def spend(self, requests: int) -> None:
        """Wait for the turn of so many requests. Raises OverBudget when that takes too long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with self._lock:
                wait, why = self._turn(requests)
            if wait <= 0:
                return
            if time.monotonic() + wait > deadline:
                raise OverBudget(self._endpoint.name, why, wait)
            time.sleep(wait)

    def rest(self, seconds: float) -> None:
        """Have all workers leave the endpoint alone: it said that it is asked too often."""
        with self._lock:
            self._left = 0.0
            self._resting_until = time.monotonic() + seconds
            _execute(_REST, {"endpoint": self._endpoint.pk, "seconds": seconds})

    def _turn(self, requests: int) -> tuple[float, str]:
        """Seconds to wait, 0 when the requests may go; and why."""
        now = time.monotonic()
        if now < self._resting_until:
            return self._resting_until - now, "asked to be left alone for a while."
        if self._rate is None:
            return self._only_rest(now)
        fresh = now - self._taken_at < KEEP_SECONDS
        if fresh and self._left >= requests:
            self._left -= requests
            return 0, ""
        wanted = self._next_slice(requests, fresh)
        if self._take(wanted):
            self._slice, self._taken_at = wanted, now
            self._left = wanted - requests
            return 0, ""
        row = self._row()
        resting, allowance = (row[0] or 0.0, row[1]) if row else (0.0, 0.0)
        if resting:
            return resting, "asked another worker to be left alone for a while."
        missing = max(self._needed(wanted) - allowance, 0.0) / self._rate
        words = f"is asked {self._rate:g} times a second at most, and others were before us."
        return max(missing, 0.01), words

    def _next_slice(self, requests: int, fresh: bool) -> float:
        assert self._rate is not None
        grown = min(self._slice * 2, self._rate * SLICE_SHARE) if fresh else 1.0
        return max(float(requests), grown)

    def _needed(self, wanted: float) -> float:
        """What the bucket must hold: the slice, but never more than it can."""
        assert self._rate is not None
        burst = max(self._rate, 1.0)
        reserve = burst * RESERVE_SHARE if _yielding else 0.0
        return min(wanted, burst - reserve) + reserve

    def _take(self, wanted: float) -> bool:
        values = {
            "endpoint": self._endpoint.pk,
            "burst": max(self._rate or 0.0, 1.0),
            "rate": self._rate,
            "wanted": wanted,
            "needed": self._needed(wanted),
        }
        return bool(_execute(_TAKE, values))

    def _row(self) -> tuple[Any, ...] | None:
        values = {"endpoint": self._endpoint.pk, "rate": self._rate or 0.0}
        rows = _execute(_LOOK, values)
        return rows[0] if rows else None

    def _only_rest(self, now: float) -> tuple[float, str]:
        if now - self._looked_at < KEEP_SECONDS:
            return 0, ""
        self._looked_at = now
        row = self._row()
        resting = (row[0] or 0.0) if row else 0.0
        if resting:
            self._resting_until = now + resting
        return resting, "asked another worker to be left alone for a while."


_yielding = False


@contextmanager
def leaving_a_reserve() -> Iterator[None]:
    """Within, this process leaves part of every budget to those who follow a head."""
    global _yielding
    _yielding = True
    try:
        yield
    finally:
        _yielding = False


_guard = threading.Lock()
_connection: tuple[int, BaseDatabaseWrapper] | None = None


def close() -> None:
    """Drop the budgets' connection of this process; the next question opens another."""
    global _connection
    with _guard:
        kept, _connection = _connection, None
        if kept is not None and kept[0] == os.getpid():
            kept[1].close()


def _execute(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement by itself; a connection that was dropped is replaced once."""
    global _connection
    with _guard:
        for attempt in (1, 2):
            # A forked child must leave its parent's connection alone.
            if _connection is None or _connection[0] != os.getpid():
                fresh = connections.create_connection(DEFAULT_DB_ALIAS)
                fresh.inc_thread_sharing()
                _connection = os.getpid(), fresh
            connection = _connection[1]
            try:
                with connection.cursor() as cursor:
                    cursor.execute(statement, values)
                    return cursor.fetchall() if cursor.description else []
            except (OperationalError, InterfaceError):
                connection.close()
                _connection = None
                if attempt == 2:
                    raise
    raise AssertionError("unreachable: the second attempt returns or raises")

"""Brakes: how often somebody may do something, counted for all web processes together.

The count is a row (`charter.models.Allowance`). A process takes a share of the allowance at once
and spends it without asking again, so a brake costs about one write for twenty requests; a share
that a process does not spend is lost to the others until the window ends. Where every attempt
counts (signing in), the share is one. While the database does not answer, each process counts for
itself.
"""

import hashlib
import hmac
import ipaddress
import logging
import random
import threading
import time
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.db import DatabaseError, connection, transaction

SHARES = 20
"""Into how many parts an allowance is divided where it is taken by shares."""
_MOST_KNOWN = 20_000
_UNITS = {"s": 1, "sec": 1, "min": 60, "m": 60, "hour": 3600, "h": 3600, "day": 86_400, "d": 86_400}
_SWEPT_EVERY = 200

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `times` in each window of `seconds`."""

    times: int
    seconds: int


@dataclass(slots=True)
class _Held:
    """What this process may still spend until `ends` (monotonic seconds).

    `last`: more than this is not to be had before that, and the database need not be asked.
    """

    left: int
    ends: float
    last: bool


_held: dict[str, _Held] = {}
_lock = threading.Lock()


@cache
def rate_of(written: str) -> Rate | None:
    """A rate such as `600/min`; None for `off`. Raises ValueError for anything else."""
    if written == "off":
        return None
    times, _, unit = written.partition("/")
    if not (times.isascii() and times.isdigit() and int(times) and unit in _UNITS):
        raise ValueError(f"{written!r} is no rate: write, for example, 600/min, or off")
    return Rate(int(times), _UNITS[unit])


def spend(what: str, who: str, rate: Rate, *, by_shares: bool = False) -> int:
    """Spend one of what `who` may do; 0 when it may, else the seconds until it may again."""
    bucket = _bucket(what, who)
    waiting = spend_held(bucket)
    if waiting is not None:
        return waiting
    share = max(rate.times // SHARES, 1) if by_shares else 1
    try:
        granted, left = _take(bucket, rate, share)
        last = granted < share
    except DatabaseError as error:
        log.warning("Attempts are counted by this process alone: %s", type(error).__name__)
        granted, left, last = rate.times, float(rate.seconds), True
    now = time.monotonic()
    with _lock:
        if len(_held) >= _MOST_KNOWN:
            for known in [key for key, held in _held.items() if held.ends <= now] or list(_held):
                del _held[known]
        _held[bucket] = _Held(max(granted - 1, 0), now + left, last)
    if granted > 0:
        return 0
    return int(left) + 1


def spend_held(bucket: str) -> int | None:
    """Spend of what this process holds already; None when the database is to be asked."""
    now = time.monotonic()
    with _lock:
        held = _held.get(bucket)
        if held is None or held.ends <= now:
            return None
        if held.left == 0:
            return int(held.ends - now) + 1 if held.last else None
        held.left -= 1
        return 0


def forget() -> None:
    """Forget what this process holds: for tests, and for processes that forked."""
    with _lock:
        _held.clear()


def network_of(address: str) -> str:
    """What counts as one sender: an IPv4 address, or the /64 network that one IPv6 line gets."""
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(number, ipaddress.IPv4Address):
        return str(number)
    if number.ipv4_mapped:
        return str(number.ipv4_mapped)
    return str(ipaddress.ip_network((int(number) >> 64 << 64, 64)))


def _bucket(what: str, who: str) -> str:
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, f"{what} {who}".encode(), hashlib.sha256).hexdigest()[:32]


def _take(bucket: str, rate: Rate, share: int) -> tuple[int, float]:
    """How many of `share` are granted, none or fewer when all are taken, and the seconds left."""
    # A savepoint, so that a failure inside somebody's transaction stays in here.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO charter_allowance AS a (bucket, taken, ends_at) VALUES (%(bucket)s, "
            "%(share)s, to_timestamp((floor(extract(epoch FROM statement_timestamp()) "
            "/ %(seconds)s) + 1) * %(seconds)s)) "
            "ON CONFLICT (bucket) DO UPDATE SET ends_at = excluded.ends_at, taken = "
            "excluded.taken + CASE WHEN a.ends_at = excluded.ends_at THEN a.taken ELSE 0 END "
            "RETURNING taken, extract(epoch FROM ends_at - statement_timestamp())",
            {"bucket": bucket, "share": share, "seconds": rate.seconds},
        )
        taken, left = cursor.fetchone()
        if random.randrange(_SWEPT_EVERY) == 0:  # noqa: S311 - only to do it now and then
            cursor.execute(
                "DELETE FROM charter_allowance "
                "WHERE ends_at < statement_timestamp() - interval '1 hour'"
            )
    return min(share, rate.times - (taken - share)), float(left)

"""Taking sealed outbox entries to the parts that must act on them, each at least once.

A consumer is registered by name when its app starts; its cursor is a row. Entries are handed over
in order of position and outside any transaction, since a handler may use the network; the cursor
moves after each. A handler that fails is asked again later, entries behind it wait, and a finding
says so. A handler therefore sees an entry twice when its worker dies in between: it must bear it.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from ledger import leases
from ledger.faultpoints import reached
from ledger.findings import Standing, stand
from ledger.models import Consumer, Finding, OutboxEntry
from ledger.queries import last_position
from ledger.text import storable

RULE = "ledger.dispatch"
LEASE_SECONDS = 60.0
LONGEST_PAUSE = timedelta(minutes=5)
ALARM_AFTER = 5

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """A sealed outbox entry as a consumer gets it."""

    position: int
    at: datetime
    topic: str
    event: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Registration:
    topics: tuple[str, ...]
    handler: Callable[[Message], None]


_registered: dict[str, _Registration] = {}


def register(name: str, topics: tuple[str, ...], handler: Callable[[Message], None]) -> None:
    """Have `handler` hear of all entries whose topic begins with one of `topics`.

    A consumer that is new to this installation begins with what is told from now on.
    """
    if name in _registered:
        raise ValueError(f"The consumer {name} is registered already")
    _registered[name] = _Registration(topics, handler)


def unregister(name: str) -> None:
    """Forget a consumer in this process; its cursor stays."""
    del _registered[name]


def names() -> list[str]:
    """Registered consumers."""
    return sorted(_registered)


def dispatch(name: str, *, limit: int = 200) -> int:
    """Hand over what waits for one consumer, at most `limit` entries; how many it took in.

    0 also when another worker is at it or when a failed entry has to wait.
    """
    registration = _registered[name]
    held = leases.take(f"dispatch:{name}", leases.new_owner(), LEASE_SECONDS)
    if held is None:
        return 0
    taken = 0
    try:
        consumer, _ = Consumer.objects.get_or_create(
            name=name, defaults={"position": last_position()}
        )
        # By the database's clock: that of the worker which failed may be wrong by hours.
        if Consumer.objects.filter(name=name, retry_at__gt=Now()).exists():
            return 0
        for message in _waiting(consumer.position, registration.topics, limit):
            try:
                registration.handler(message)
            except Exception as error:
                logger.exception("%s failed at outbox position %d", name, message.position)
                _failed(held, consumer, message, error)
                return taken
            reached("dispatch.handed")
            held = leases.renew(held, LEASE_SECONDS)
            _advanced(held, consumer, message)
            taken += 1
    finally:
        leases.release(held)
    return taken


def _waiting(after: int, topics: tuple[str, ...], limit: int) -> list[Message]:
    wanted = Q()
    for topic in topics:
        wanted |= Q(topic__startswith=topic)
    entries = OutboxEntry.objects.filter(wanted, position__gt=after).order_by("position")
    return [
        Message(entry.position, entry.at, entry.topic, entry.event, entry.detail)
        for entry in entries[:limit]
        if entry.position is not None
    ]


def _advanced(held: leases.Held, consumer: Consumer, message: Message) -> None:
    with transaction.atomic():
        leases.check(held)
        if consumer.failures:
            stand(rule=RULE, standing={}, within={consumer.name})
        consumer.position = message.position
        consumer.failures, consumer.last_error, consumer.retry_at = 0, "", None
        consumer.save()


def _failed(held: leases.Held, consumer: Consumer, message: Message, error: Exception) -> None:
    with transaction.atomic():
        leases.check(held)
        consumer.failures += 1
        consumer.last_error = storable(f"{type(error).__name__}: {error}")
        pause = min(timedelta(seconds=2 ** min(consumer.failures, 10)), LONGEST_PAUSE)
        consumer.retry_at = Now() + pause
        consumer.save()
        grave = consumer.failures >= ALARM_AFTER
        standing = Standing(
            level=Finding.Level.ALARM if grave else Finding.Level.WARNING,
            summary=(
                f"{consumer.name} cannot take in outbox position {message.position} "
                f"({message.topic} {message.event}); it is tried again, and what follows waits."
            ),
            facts={
                "position": message.position,
                "failures": consumer.failures,
                "error": consumer.last_error,
            },
        )
        stand(rule=RULE, standing={consumer.name: standing}, within={consumer.name})

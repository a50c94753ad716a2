"""What pages and the API read from the ledger."""

from collections.abc import Collection
from typing import NamedTuple

from django.db.models import Max, QuerySet

from ledger.models import AuditEntry, Finding, OutboxEntry, Seal


class Told(NamedTuple):
    """One sealed outbox entry, as live pages need it."""

    position: int
    topic: str
    event: str


def findings(
    *,
    open: bool | None = None,  # noqa: A002 - the word of the API
    rule: str | None = None,
    level: str | None = None,
    subject: str | None = None,
) -> QuerySet[Finding]:
    """Findings, latest first; each argument that is not None narrows them."""
    chosen = Finding.objects.all()
    if open is not None:
        chosen = chosen.filter(closed_at__isnull=open)
    for column, value in (("rule", rule), ("level", level), ("subject", subject)):
        if value is not None:
            chosen = chosen.filter(**{column: value})
    return chosen


def audit_entries() -> QuerySet[AuditEntry]:
    """Sealed acts, latest first."""
    return AuditEntry.objects.filter(position__isnull=False).order_by("-position")


def last_position() -> int:
    """Last sealed position of the outbox: what a page is current to when it is rendered now."""
    return Seal.objects.filter(name="outbox").values_list("position", flat=True).first() or 0


def positions(topics: Collection[str]) -> dict[str, int]:
    """Last position at which each topic was told of; 0 for a topic never told of."""
    found = (
        OutboxEntry.objects.filter(topic__in=topics, position__isnull=False)
        .order_by()
        .values_list("topic")
        .annotate(last=Max("position"))
    )
    return dict.fromkeys(topics, 0) | dict(found)


def told_after(after: int, topics: Collection[str], limit: int) -> list[Told]:
    """Outbox entries of the topics after a position, in order, at most about `limit`.

    When more were missed, only the last of each topic and event: a reader who fetches anew needs
    no more than that.
    """
    missed = OutboxEntry.objects.filter(topic__in=topics, position__gt=after)
    columns = ("position", "topic", "event")
    entries = list(missed.order_by("position").values_list(*columns)[: limit + 1])
    if len(entries) > limit:
        latest = missed.order_by("topic", "event", "-position").distinct("topic", "event")
        entries = sorted(latest.values_list(*columns))
    return [Told(*entry) for entry in entries]

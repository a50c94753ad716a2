"""Whether what is shown is sound, for people: fresh, whole, uncontested, and being worked on.

Each part is asked for by itself, within a bounded time: what the database does not tell in time is
said to be unknown, and the rest stands. Words first; numbers where they say how bad it is.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Min
from django.urls import reverse
from django.utils import timezone

from chainsync import evidence, following, queries
from chainsync.models import BackfillRange, Dispute
from charter.models import Chain
from ledger.models import Consumer, Finding, Lease, OutboxEntry
from ledger.queries import last_position
from tocsin import health
from tocsin.messages_waiting import BrokerSilent, waiting
from tocsin.templatetags.show import duration

Level = Literal["ok", "warn", "alarm", "unknown"]

SECTION_SECONDS = 2.0
WORST: tuple[Level, ...] = ("alarm", "warn", "unknown", "ok")
BEHIND_BLOCKS = 5
OUTBOX_WARN_SECONDS = 30
DRIFT_RULES = ("governance.state-differs", "governance.tally-differs")
LISTED = 5


STALE = (
    "At least one chain is not current: votes and decisions of the last moments are missing from "
    "these pages. Do not rely on their tallies and closing times."
)
CONTESTED = (
    "Sources contradict each other. What is concerned is marked, and nothing that rests on it is "
    "called final."
)
VERDICTS: dict[Level, tuple[str, str]] = {
    "alarm": ("Not all of it", "Something is wrong; it is marked with ! below."),
    "warn": ("Mostly", "Something is not as it should be; it is marked with – below."),
    "unknown": ("Perhaps", "Not everything could be looked at; see what is marked with ?."),
    "ok": ("Yes", "Every chain is current, its sources agree, and nothing is left undone."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at: how it is, in a sentence, and where to read on."""

    level: Level
    says: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One question with its answers; `level` is that of the worst."""

    name: str
    title: str
    lines: tuple[Line, ...]

    @property
    def level(self) -> Level:
        found = {line.level for line in self.lines}
        return next((level for level in WORST if level in found), "ok")


@dataclass(frozen=True, slots=True)
class Soundness:
    """All sections, and the verdict on them."""

    sections: tuple[Section, ...]

    @property
    def level(self) -> Level:
        found = {section.level for section in self.sections}
        return next((level for level in WORST if level in found), "ok")

    @property
    def verdict(self) -> tuple[str, str]:
        """A word, and the sentence behind it."""
        by_name = {section.name: section.level for section in self.sections}
        if by_name["fresh"] == "alarm":
            return "No", STALE
        if by_name["disputes"] == "alarm":
            return "Not all of it", CONTESTED
        return VERDICTS[self.level]


def look() -> Soundness:
    """Look at everything. After two parts that took too long the rest is not tried."""
    sections = []
    slow = 0
    for name, title, read in _PARTS:
        lines: tuple[Line, ...]
        if slow >= 2:
            lines = (Line("unknown", "Not looked at: the database is too slow at the moment."),)
        else:
            try:
                lines = tuple(_bounded(read))
            except DatabaseError:
                slow += 1
                lines = (Line("unknown", "The database did not tell this in time."),)
        sections.append(Section(name, title, lines))
    return Soundness(tuple(sections))


def _bounded(read: Callable[[], Iterable[Line]]) -> list[Line]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {int(SECTION_SECONDS * 1000)}")
        return list(read())


def _fresh() -> Iterable[Line]:
    now = time.time()
    chains = list(Chain.objects.filter(active=True).select_related("status"))
    for chain in chains:
        found = health.chain_condition(chain, getattr(chain, "status", None), now)
        agreed = queries.agreed_head(chain)
        until = (
            f" Up to block {agreed:,} sources of two operators agree."
            if agreed is not None
            else " No two sources have agreed on its newest blocks yet."
        )
        level: Level = "alarm" if not found.holds else "warn" if agreed is None else "ok"
        yield Line(level, _sentence(found.says) + until, reverse("chain", args=[chain.key]))
    if not chains:
        yield Line("alarm", "No chain is known: an operator must run manage.py charter_load.")


def _disputes() -> Iterable[Line]:
    rows = Dispute.objects.filter(closed_at=None).select_related("chain", "endpoint")
    for row in rows.order_by("chain", "first", "pk")[:LISTED]:
        yield Line(
            "alarm",
            f"{evidence.dispute_notice(row)} {row.endpoint.name} of {row.chain.name} is "
            "contradicted; until this is settled nothing from there on is final.",
            reverse("endpoint", args=[row.chain.key, row.endpoint.name]),
        )
    if not rows.exists():
        yield Line("ok", "No source contradicts another.")


def _sources() -> Iterable[Line]:
    for view in queries.chains():
        for one in view.endpoints:
            name = f"{one.endpoint.name} ({one.endpoint.operator})"
            href = reverse("endpoint", args=[view.chain.key, one.endpoint.name])
            status = one.status
            if status is None or (status.answered_at is None and not status.failures):
                yield Line("unknown", f"{name} was not asked yet.", href)
            elif one.contested:
                yield Line("alarm", f"{name} contradicts the others.", href)
            elif status.disagrees:
                yield Line(
                    "warn",
                    f"{name} is not believed: {status.disagrees} What it said is not shown.",
                    href,
                )
            elif status.failures:
                yield Line("warn", f"{name} does not answer: {status.last_error}", href)
            elif one.behind is not None and one.behind > BEHIND_BLOCKS:
                yield Line("warn", f"{name} answers, but is {one.behind:,} blocks behind.", href)
            else:
                taken = "" if status.latency_ms is None else f" in {status.latency_ms:,} ms"
                yield Line("ok", f"{name} answers{taken} and agrees.", href)
        if view.endpoints and view.operators < 2:
            yield Line(
                "warn",
                f"Fewer than two operators answer for {view.chain.name}, so nothing new on it can "
                "be agreed; it is shown as reported.",
                reverse("chain", args=[view.chain.key]),
            )


def _whole() -> Iterable[Line]:
    whole = 0
    for view in queries.chains():
        for one in view.coverage:
            gaps = sum(last - first + 1 for first, last in one.missing if last < one.folded_to)
            href = f"{reverse('chain', args=[view.chain.key])}#read"
            late = health.stale_after(view.chain.block_time) / view.chain.block_time
            if gaps:
                yield Line("warn", f"{one.contract.label}: {gaps:,} blocks are missing.", href)
            elif one.behind > late:
                yield Line(
                    "warn",
                    f"{one.contract.label} is taken in to block {one.folded_to:,}, {one.behind:,} "
                    f"behind the head ({one.percent} % of its history is read).",
                    href,
                )
            else:
                whole += 1
    yield Line("ok", f"{_many(whole, 'contract')} taken in without a gap.")


def _work() -> Iterable[Line]:
    now = timezone.now()
    held = {row.name: row for row in Lease.objects.filter(expires_at__gt=now)}
    for chain in Chain.objects.filter(active=True):
        lease = held.get(following.lease_name(chain.key))
        if lease is None:
            yield Line("alarm", f"Nobody follows {chain.name}: no worker holds its lease.")
        else:
            host = lease.owner.split(":")[0]
            yield Line("ok", f"{chain.name} is followed by a worker on {host}.")
    ranges = BackfillRange.objects.aggregate(count=Count("pk"), oldest=Min("not_before"))
    if ranges["count"]:
        age = max((now - ranges["oldest"]).total_seconds(), 0)
        yield Line(
            "warn" if age > 300 else "ok",
            "Old blocks wait to be read: "
            f"{_many(ranges['count'], 'range')}, the oldest for {duration(int(age))}.",
        )
    else:
        yield Line("ok", "No old blocks wait to be read.")
    try:
        messages = waiting()
    except BrokerSilent:
        yield Line(
            "warn", "The broker does not answer. Work waits in the database and is not lost."
        )
    else:
        told = ", ".join(f"{count:,} in {name}" for name, count in messages.items())
        yield Line("ok", f"Messages waiting for workers: {told or 'none'}.")


def _told() -> Iterable[Line]:
    now = timezone.now()
    unsealed = OutboxEntry.objects.filter(position=None).aggregate(n=Count("pk"), oldest=Min("at"))
    age = (now - unsealed["oldest"]).total_seconds() if unsealed["oldest"] else 0.0
    if age > OUTBOX_WARN_SECONDS:
        yield Line(
            "warn",
            f"Not announced yet: {_many(unsealed['n'], 'change')}, the oldest for "
            f"{duration(int(age))}. Open pages may not refresh by themselves; reload them.",
        )
    else:
        yield Line("ok", "Changes are announced to open pages as they happen.")
    last = last_position()
    for row in Consumer.objects.filter(position__lt=last, failures__gt=0).order_by("name")[:LISTED]:
        missed = _many(last - row.position, "change")
        yield Line("warn", f"{row.name} has not taken in {missed}.")


def _drift() -> Iterable[Line]:
    rows = Finding.objects.filter(rule__in=DRIFT_RULES, closed_at=None)
    for row in rows.order_by("-pk")[:LISTED]:
        yield Line("alarm", row.summary, reverse("findings"))
    if not rows.exists():
        yield Line("ok", "States and tallies are the same as the contracts' own, as last compared.")


def _findings() -> Iterable[Line]:
    counts = dict(
        Finding.objects.filter(closed_at=None).values_list("level").annotate(Count("pk")).order_by()
    )
    if not counts:
        yield Line("ok", "No finding is open.", reverse("findings"))
        return
    named = (("alarm", "alarm"), ("warning", "warning"), ("notice", "notice"))
    words = ", ".join(_many(counts[level], word) for level, word in named if counts.get(level))
    worst: Level = "alarm" if counts.get("alarm") else "warn" if counts.get("warning") else "ok"
    yield Line(worst, f"Open findings: {words}.", reverse("findings"))


_PARTS: tuple[tuple[str, str, Callable[[], Iterable[Line]]], ...] = (
    ("fresh", "Is it fresh, and who says so?", _fresh),
    ("disputes", "Do the sources agree?", _disputes),
    ("sources", "How are the sources?", _sources),
    ("whole", "Is the history whole?", _whole),
    ("drift", "Do our counts equal the contracts' own?", _drift),
    ("work", "Is anybody working?", _work),
    ("told", "Do open pages learn of changes?", _told),
    ("findings", "What else is open?", _findings),
)


def _many(count: int, word: str) -> str:
    """`1 range`, `2 ranges`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]

"""The register of findings, kept by level.

A rule says at each run which conditions stand. The register opens what is new, refreshes what
still stands and closes what is gone; a condition that returns opens a new row, so the history of
each stays.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from ledger.actions import tell
from ledger.models import Finding
from ledger.text import storable, storable_facts

TOPIC = "findings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A condition that stands now: how grave, in words, and the facts behind the words."""

    level: str
    summary: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Stood(NamedTuple):
    """What a call of `stand` changed, by subject."""

    opened: list[str]
    changed: list[str]
    closed: list[str]


def stand(
    *,
    rule: str,
    standing: Mapping[str, Standing],
    within: str | Collection[str] | None = None,
) -> Stood:
    """Record which conditions of `rule` (named `app.what`) stand at this moment, by subject.

    Open findings of the rule that are absent from `standing` are closed. A rule that looked only
    at a part says so by `within`: a prefix of subjects, or the subjects themselves; nothing
    outside is touched, and ValueError is raised for a standing subject outside. Readers of topic
    `findings` are told of opened, changed (level or summary) and closed ones. Runs in a
    transaction of its own or in the caller's; calls for one rule wait for each other.
    """
    if "." not in rule:
        raise ValueError(f"{rule!r} is not the name of a rule: write app.what")
    standing = {storable(subject): facts for subject, facts in standing.items()}
    if outside := [subject for subject in standing if not _inside(subject, within)]:
        raise ValueError(f"{rule}: {outside[0]!r} lies outside of what the rule looked at")
    stood = Stood([], [], [])
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"finding:{rule}"]
            )
        now = timezone.now()
        closed = []
        refreshed = []
        unseen = dict(standing)
        for finding in _open(rule, within):
            current = unseen.pop(finding.subject, None)
            if current is None:
                finding.closed_at = now
                closed.append(finding)
                continue
            if _refresh(finding, current):
                stood.changed.append(finding.subject)
                _tell(finding, "changed")
            finding.seen_at = now
            refreshed.append(finding)
        opened = [
            Finding(
                rule=rule,
                subject=subject,
                level=Finding.Level(current.level),
                summary=storable(current.summary),
                facts=storable_facts(current.facts),
                opened_at=now,
                seen_at=now,
            )
            for subject, current in unseen.items()
        ]
        Finding.objects.bulk_create(opened)
        Finding.objects.bulk_update(refreshed, ["level", "summary", "facts", "seen_at"], 500)
        Finding.objects.filter(pk__in=[finding.pk for finding in closed]).update(closed_at=now)
        for event, findings, subjects in (
            ("opened", opened, stood.opened),
            ("closed", closed, stood.closed),
        ):
            for finding in findings:
                subjects.append(finding.subject)
                _tell(finding, event)
    return stood


def _inside(subject: str, within: str | Collection[str] | None) -> bool:
    if within is None:
        return True
    return subject.startswith(within) if isinstance(within, str) else subject in within


def _open(rule: str, within: str | Collection[str] | None) -> QuerySet[Finding]:
    chosen = Q(rule=rule, closed_at=None)
    if isinstance(within, str):
        chosen &= Q(subject__startswith=within)
    elif within is not None:
        chosen &= Q(subject__in=[storable(subject) for subject in within])
    return Finding.objects.filter(chosen).order_by("id")


def _refresh(finding: Finding, current: Standing) -> bool:
    """Take over what the rule sees now; True when readers would see a difference."""
    before = finding.level, finding.summary
    finding.level = Finding.Level(current.level)
    finding.summary = storable(current.summary)
    finding.facts = storable_facts(current.facts)
    return before != (finding.level, finding.summary)


def _tell(finding: Finding, event: str) -> None:
    tell(
        topic=TOPIC,
        event=event,
        detail={
            "rule": finding.rule,
            "subject": finding.subject,
            "level": str(finding.level),
            "summary": finding.summary,
        },
    )

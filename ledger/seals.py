"""Positions and chained hashes of the audit and the outbox.

Each sequence is a chain: the hash of an entry is SHA-256 of the hash before it followed by the
entry as canonical JSON (UTF-8, keys sorted, no spaces), beginning from 32 zero bytes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from typing import Any, NamedTuple

from django.db import connection

from ledger.faultpoints import reached
from ledger.models import AuditEntry, OutboxEntry, Seal

GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class Sequence:
    """A table whose entries are sealed, and the columns that the hash covers."""

    name: str
    model: type[AuditEntry] | type[OutboxEntry]
    columns: tuple[str, ...]


AUDIT = Sequence("audit", AuditEntry, ("actor", "act", "subject"))
OUTBOX = Sequence("outbox", OutboxEntry, ("topic", "event"))


class Discrepancy(NamedTuple):
    """A place where a sequence is not what was sealed."""

    sequence: str
    position: int
    what: str


def digest(
    sequence: Sequence, entry: AuditEntry | OutboxEntry, position: int, previous: bytes
) -> bytes:
    """The hash that `entry` has at `position` after the hash `previous`, 32 bytes."""
    covered = {
        "id": entry.pk,
        "position": position,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "detail": entry.detail,
        **{column: getattr(entry, column) for column in sequence.columns},
    }
    text = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(previous + text.encode()).digest()


def extend(sequence: Sequence, limit: int) -> tuple[int, int]:
    """Seal up to `limit` entries inside the caller's transaction; (how many, last position)."""
    end = _lock(sequence)
    # Read committed: what follows sees every row that was committed when the lock was had.
    entries: list[Any] = list(sequence.model.objects.filter(position=None).order_by("id")[:limit])
    if not entries:
        return 0, end.position
    position, previous = end.position, bytes(end.hash)
    ids, positions, hashes = [], [], []
    for entry in entries:
        position += 1
        previous = digest(sequence, entry, position, previous)
        ids.append(entry.pk)
        positions.append(position)
        hashes.append(previous)
    table = connection.ops.quote_name(sequence.model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS entry SET position = new.position, seal = new.seal "  # noqa: S608
            "FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[]) AS new(id, position, seal) "
            "WHERE entry.id = new.id",
            [ids, positions, hashes],
        )
    reached("seals.numbered")
    Seal.objects.filter(name=sequence.name).update(position=position, hash=previous)
    return len(entries), position


def _lock(sequence: Sequence) -> Seal:
    """The row of a sequence, held until the transaction ends; made when it is the first time."""
    locked = Seal.objects.select_for_update()
    if end := locked.filter(name=sequence.name).first():
        return end
    Seal.objects.bulk_create(
        [Seal(name=sequence.name, position=0, hash=GENESIS)], ignore_conflicts=True
    )
    return locked.get(name=sequence.name)


def verify_seals() -> list[Discrepancy]:
    """Recompute both chains from the rows; an empty list when everything is as it was sealed."""
    return [found for sequence in (AUDIT, OUTBOX) for found in _verify(sequence)]


def _verify(sequence: Sequence) -> Iterator[Discrepancy]:
    end = Seal.objects.filter(name=sequence.name).first()
    last, last_hash = (end.position, bytes(end.hash)) if end else (0, GENESIS)
    expected, previous = 0, GENESIS
    entries = sequence.model.objects.filter(position__lte=last).order_by("position")
    for entry in entries.iterator(chunk_size=2000):
        expected += 1
        assert entry.position is not None, "only sealed entries were asked for"
        if entry.position != expected:
            missing = f"{entry.position - expected} entries are missing before it"
            yield Discrepancy(sequence.name, entry.position, missing)
            expected = entry.position
        elif bytes(entry.seal or b"") != digest(sequence, entry, expected, previous):
            yield Discrepancy(sequence.name, expected, "its content is not what was sealed")
        # Going on from the stored hash names each changed entry instead of all that follow it.
        previous = bytes(entry.seal or b"")
    if expected != last:
        yield Discrepancy(sequence.name, last, f"{last - expected} entries are missing at the end")
    elif previous != last_hash:
        yield Discrepancy(sequence.name, last, "the last hash is not the one that was kept")

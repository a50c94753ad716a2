"""Writing down what was done and what must be told, and sealing both.

An entry is written in the transaction that makes it true, without a position. After the commit
one sealer gives positions and chained hashes in the order in which rows became visible, so that
a reader who asks for `position > last` never loses a row that committed late.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import connection, transaction

from ledger import seals
from ledger.acts import Act
from ledger.errors import NotInTransaction
from ledger.faultpoints import reached
from ledger.models import AuditEntry, OutboxEntry
from ledger.text import storable, storable_facts

CHANNEL = "tocsin_outbox"
BATCH = 1000


class Sealed(NamedTuple):
    """How many entries one call sealed, and the last position of each sequence afterwards."""

    audit: int
    outbox: int
    audit_position: int
    outbox_position: int


def audit(
    *, actor: str, act: Act, subject: str, detail: Mapping[str, Any] | None = None
) -> AuditEntry:
    """Write down one act, inside the transaction of the act.

    `actor` is an address or `system:<part>`. Raises NotInTransaction outside an atomic block.
    """
    _seal_after_commit("audit")
    return AuditEntry.objects.create(
        actor=actor,
        act=Act(act),
        subject=storable(subject),
        detail=storable_facts(detail or {}),
    )


def tell(*, topic: str, event: str, detail: Mapping[str, Any] | None = None) -> OutboxEntry:
    """Put into the outbox that `topic` changed, inside the transaction that changed it.

    Raises NotInTransaction outside an atomic block.
    """
    _seal_after_commit("tell")
    return OutboxEntry.objects.create(topic=topic, event=event, detail=storable_facts(detail or {}))


def seal() -> Sealed:
    """Give every committed, unsealed entry its position and hash, and wake the readers.

    Works in transactions of at most 1,000 entries of a sequence. The lock on the sequence's row
    is held to the commit, so positions become visible in their own order.
    """
    audited = told = 0
    while True:
        with transaction.atomic(durable=True):
            new_audit, audit_position = seals.extend(seals.AUDIT, BATCH)
            new_outbox, outbox_position = seals.extend(seals.OUTBOX, BATCH)
            if new_outbox:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(outbox_position)])
        audited += new_audit
        told += new_outbox
        reached("actions.sealed")
        if max(new_audit, new_outbox) < BATCH:
            return Sealed(audited, told, audit_position, outbox_position)


def _after_commit() -> None:
    reached("actions.committed")
    seal()


def _seal_after_commit(what: str) -> None:
    """Have the current transaction seal once when it commits."""
    if not connection.in_atomic_block:
        raise NotInTransaction(
            f"ledger.actions.{what} needs the transaction of the act: wrap both in "
            "transaction.atomic()."
        )
    # A savepoint that is rolled back takes its callbacks with it, so this list tells the truth.
    if all(waiting[1] is not _after_commit for waiting in connection.run_on_commit):
        # Robust: the act is committed, and the sweep seals what this call could not.
        transaction.on_commit(_after_commit, robust=True)

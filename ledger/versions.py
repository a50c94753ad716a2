"""Versions of what was told: they change when a topic was told of anew, and cost one index read."""

from collections.abc import Sequence

from django.db import connection


def told(topics: Sequence[str]) -> list[str | None]:
    """Seal of the last entry of each topic in hex, None for a topic never told of. One query.

    The seal is a chained hash, so unlike a position it also tells two databases apart.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (
                SELECT encode(entry.seal, 'hex')
                FROM ledger_outboxentry entry
                WHERE entry.topic = asked.topic AND entry.position IS NOT NULL
                ORDER BY entry.position DESC
                LIMIT 1
            )
            FROM unnest(%s::text[]) WITH ORDINALITY AS asked (topic, place)
            ORDER BY asked.place
            """,
            [list(topics)],
        )
        return [seal for (seal,) in cursor.fetchall()]


def visible() -> int:
    """How many entries of the outbox can be seen now, sealed or not. One query.

    It grows with every transaction that told of something, from the moment of its commit on, and
    sealing changes nothing of it: serial ids commit out of order, and positions come later.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce((SELECT position FROM ledger_seal WHERE name = 'outbox'), 0)
                 + (SELECT count(*) FROM ledger_outboxentry WHERE position IS NULL)
            """
        )
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])

"""One writer at a time, by a row with a fence.

A lease is a right to write that lapses by itself, so nothing is locked while a worker waits for
the network. The fence grows with each taking; a transaction that writes under a lease checks the
fence first, and holds the row against a taker until it ends. All times are the database's.
"""

import os
import secrets
import socket
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg.pq import TransactionStatus

from ledger.errors import FenceLost, NotInTransaction
from ledger.faultpoints import reached

_TAKE = """
INSERT INTO ledger_lease AS lease (name, owner, fence, expires_at)
VALUES (%(name)s, %(owner)s, 1, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (name) DO UPDATE
SET owner = excluded.owner, fence = lease.fence + 1,
    expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE lease.expires_at <= clock_timestamp()
RETURNING fence, expires_at
"""
_RENEW = """
UPDATE ledger_lease SET expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE name = %(name)s AND fence = %(fence)s AND owner = %(owner)s
RETURNING fence, expires_at
"""
_RELEASE = """
UPDATE ledger_lease SET expires_at = clock_timestamp()
WHERE name = %(name)s AND fence = %(fence)s AND owner = %(owner)s
  AND expires_at > clock_timestamp()
"""
_CHECK = """
SELECT fence, owner, expires_at > clock_timestamp() FROM ledger_lease
WHERE name = %(name)s FOR SHARE
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as it was taken or last renewed."""

    name: str
    owner: str
    fence: int
    expires_at: datetime


def new_owner() -> str:
    """A name for one taker: host, process and a random part, so that no two share it."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"


def take(name: str, owner: str, seconds: float) -> Held | None:
    """Take the lease for some seconds; None while anybody holds it, `owner` included."""
    with connection.cursor() as cursor:
        # Looking first costs no lock, so a held lease does not make us wait for its writer.
        cursor.execute(
            "SELECT 1 FROM ledger_lease WHERE name = %s AND expires_at > clock_timestamp()", [name]
        )
        if cursor.fetchone():
            return None
        cursor.execute(_TAKE, {"name": name, "owner": owner, "seconds": seconds})
        row = cursor.fetchone()
    return Held(name, owner, *row) if row else None


def renew(held: Held, seconds: float) -> Held:
    """The lease, held for some seconds from now; also when it has lapsed and nobody took it.

    Raises FenceLost when another has taken it.
    """
    reached("leases.renewing")
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, _of(held) | {"seconds": seconds})
        row = cursor.fetchone()
    if row is None:
        raise FenceLost(f"{held.name}: {held.owner} no longer holds fence {held.fence}.")
    return Held(held.name, held.owner, *row)


def release(held: Held) -> bool:
    """Let go; False when it had lapsed or was taken, which changes nothing.

    Also works after a signal that ends the process cut off a statement, and after the server cut
    the connection: with a new one.
    """
    _leave_cut_off_statement()
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, _of(held))
        return bool(cursor.rowcount == 1)


def check(held: Held) -> None:
    """Assert inside a writing transaction that the lease is ours until this transaction ends.

    Raises FenceLost when it was taken or has lapsed, NotInTransaction outside an atomic block.
    """
    if not connection.in_atomic_block:
        raise NotInTransaction("ledger.leases.check protects the transaction that it runs in.")
    with connection.cursor() as cursor:
        cursor.execute(_CHECK, _of(held))
        row = cursor.fetchone()
    if row is None or (row[0], row[1]) != (held.fence, held.owner):
        now = f"fence {row[0]} is held by {row[1]}" if row else "the lease does not exist"
        raise FenceLost(f"{held.name}: {held.owner} had fence {held.fence}, but {now}.")
    if not row[2]:
        raise FenceLost(f"{held.name}: the lease of {held.owner} lapsed; renew it before writing.")


def _leave_cut_off_statement() -> None:
    raw = connection.connection
    if raw is None or connection.in_atomic_block:
        return
    # The server notices within a second that nobody waits for its answer (tocsin/database.py).
    if raw.closed or raw.info.transaction_status is TransactionStatus.ACTIVE:
        connection.close()


def _of(held: Held) -> dict[str, Any]:
    return {"name": held.name, "owner": held.owner, "fence": held.fence}

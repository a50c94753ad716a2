"""The history of each endpoint by minute: written by all processes, kept for a bounded time."""

import json
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.utils import timezone

from chainsync.endpoint.account import SORTS, Minute
from chainsync.endpoint.pool import Source, opened
from chainsync.models import EndpointMinute
from charter.models import Endpoint
from ledger import leases

KEPT = timedelta(days=30)
PRUNE_SECONDS = 3600.0
FLUSH_SECONDS = 5.0

COUNTS = ("requests", *(sort for _, sort in SORTS), "other")

# Nothing but the names of columns above is put into the text.
_UPSERT = f"""
INSERT INTO chainsync_endpointminute AS kept
    (endpoint_id, minute, {", ".join(COUNTS)}, latencies, latency_max_ms, lag_blocks,
     disagreements)
SELECT told.endpoint, to_timestamp(told.minute * 60), {", ".join(f"told.{c}" for c in COUNTS)},
       told.latencies, told.latency_max_ms, greatest(status.head_number - told.head, 0),
       told.disagreements
FROM jsonb_to_recordset(%s::jsonb) AS told (
    endpoint bigint, minute bigint, {", ".join(f"{c} int" for c in COUNTS)}, latencies int[],
    latency_max_ms int, head bigint, disagreements int)
JOIN charter_endpoint endpoint ON endpoint.id = told.endpoint
LEFT JOIN chainsync_chainstatus status ON status.chain_id = endpoint.chain_id
ORDER BY told.endpoint, told.minute
ON CONFLICT (endpoint_id, minute) DO UPDATE SET
    {", ".join(f"{c} = kept.{c} + excluded.{c}" for c in COUNTS)},
    latencies = ARRAY(
        SELECT mine + theirs
        FROM unnest(kept.latencies, excluded.latencies) WITH ORDINALITY AS pair(mine, theirs, at)
        ORDER BY at),
    latency_max_ms = greatest(kept.latency_max_ms, excluded.latency_max_ms),
    lag_blocks = greatest(kept.lag_blocks, excluded.lag_blocks),
    disagreements = greatest(kept.disagreements, excluded.disagreements)
"""  # noqa: S608

_flushed: dict[int, float] = {}


def flush_in_time(sources: Iterable[Source]) -> None:
    """Write the accounts of a pool's endpoints down, at most every few seconds."""
    sources = list(sources)
    if not sources:
        return
    chain, now = sources[0].chain.pk, time.monotonic()
    if now - _flushed.get(chain, -FLUSH_SECONDS) >= FLUSH_SECONDS:
        _flushed[chain] = now
        flush(sources)


def flush(sources: Iterable[Source]) -> int:
    """Add what this process counted to the minutes of all; how many minutes. One query, or none."""
    taken = [(source, source.account.take()) for source in sources]
    rows = [
        _row(source, number, minute, newest=number == max(minutes))
        for source, minutes in taken
        for number, minute in minutes.items()
    ]
    if not rows:
        return 0
    try:
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT, [json.dumps(rows)])
    except DatabaseError:
        for source, minutes in taken:
            source.account.give_back(minutes)
        raise
    return len(rows)


def flush_all() -> int:
    """Write down what this process counted of any endpoint; how many minutes."""
    return flush(source for pool in opened() for source in pool.sources)


def _row(source: Source, number: int, minute: Minute, *, newest: bool) -> dict[str, Any]:
    return {
        "endpoint": source.endpoint.pk,
        "minute": number,
        **dict.fromkeys(COUNTS, 0),
        "requests": minute.requests,
        **minute.failures,
        "latencies": minute.latencies,
        "latency_max_ms": minute.latency_max_ms,
        "head": source.account.head() if newest else None,
        "disagreements": int(newest and bool(source.disagrees)),
    }


def prune_in_time() -> int:
    """Delete what is older than 30 days, once an hour; how many rows."""
    due = leases.take("prune:endpoint-minutes", leases.new_owner(), PRUNE_SECONDS)
    return prune() if due is not None else 0


def prune() -> int:
    """Delete minutes older than 30 days; how many rows."""
    old = EndpointMinute.objects.filter(
        endpoint__in=Endpoint.objects.all(), minute__lt=timezone.now() - KEPT
    )
    return old._raw_delete(old.db)

"""Keeping what is known of each endpoint where pages and rules can read it."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.utils import timezone

from chainsync.endpoint import history
from chainsync.endpoint.pool import Source
from chainsync.models import EndpointStatus


def save(sources: Iterable[Source]) -> None:
    """Write the state of these endpoints as this process knows it; now and then, its account."""
    sources = list(sources)
    rows = [
        EndpointStatus(
            endpoint=source.endpoint,
            head_number=source.head.number if source.head else None,
            head_hash=source.head.hash if source.head else None,
            latency_ms=None if source.latency is None else round(source.latency * 1000),
            failures=source.failures,
            last_error=source.last_error,
            chain_id_seen=source.chain_id,
            disagrees=source.disagrees,
            disagrees_from=source.disagrees_from,
            implausible=source.implausible,
            answered_at=(
                datetime.fromtimestamp(source.answered_at, UTC) if source.answered_at else None
            ),
            updated_at=timezone.now(),
        )
        for source in sources
    ]
    fields = [
        field.name for field in EndpointStatus._meta.concrete_fields if field.name != "endpoint"
    ]
    EndpointStatus.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["endpoint"], update_fields=fields
    )
    history.flush_in_time(sources)

"""What Prometheus learns of endpoints, disputes, leases, queues and drift."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.test import Client
from django.utils import timezone

from chainsync.endpoint import latencies
from chainsync.models import BackfillRange, Dispute, EndpointMinute, EndpointStatus
from charter.models import Endpoint
from ledger import leases
from ledger.findings import Standing, stand
from tests.api.small_venue import Venue, small_venue
from tests.tocsin.test_health import scrape
from tocsin import messages_waiting
from tocsin.messages_waiting import BrokerSilent

pytestmark = pytest.mark.django_db


@pytest.fixture
def venue(db: None) -> Venue:
    return small_venue()


def test_endpoints_tell_their_lag_their_lies_and_what_they_failed_at(
    client: Client, venue: Venue
) -> None:
    liar = Endpoint.objects.get(name="l2-b")
    EndpointStatus.objects.filter(endpoint=liar).update(head_number=988)
    for outcome, closed in (("open", None), ("endpoint-wrong", timezone.now())):
        Dispute.objects.create(
            chain=venue.chains["l2"],
            endpoint=liar,
            about="logs",
            first=990,
            last=990,
            says="Nothing.",
            outcome=outcome,
            closed_at=closed,
        )
    now = timezone.now()
    for minutes in (1, 2, 60):
        EndpointMinute.objects.create(
            endpoint=liar,
            minute=now - timedelta(minutes=minutes),
            requests=10,
            timeouts=1,
            rate_limited=2,
            latencies=latencies.empty(),
            latency_max_ms=1500,
        )
    found = scrape(client)
    assert found["tocsin_endpoint_lag_blocks", "l2", "l2-b"] == 12
    assert found["tocsin_endpoint_lag_blocks", "l2", "l2-a"] == 0
    assert found["tocsin_endpoint_disputes_open", "l2", "l2-b"] == 1
    assert found["tocsin_endpoint_proven_wrong_total", "l2", "l2-b"] == 1
    assert found["tocsin_endpoint_disputes_open", "l2", "l2-a"] == 0
    assert found["tocsin_endpoint_requests_5m", "l2", "l2-b"] == 20
    assert found["tocsin_endpoint_failures_5m", "l2", "l2-b", "timeouts"] == 2
    assert found["tocsin_endpoint_failures_5m", "l2", "l2-b", "rate_limited"] == 4
    assert found["tocsin_endpoint_latency_max_seconds_5m", "l2", "l2-b"] == 1.5


def test_leases_waiting_rows_and_drift(client: Client, venue: Venue) -> None:
    leases.take("follow:l2", leases.new_owner(), 30)
    leases.take("nudge:x", leases.new_owner(), 30)
    waits = BackfillRange.objects.create(
        chain=venue.chains["l2"], contract=venue.contracts["dao"], first=1, last=9, attempts=3
    )
    BackfillRange.objects.filter(pk=waits.pk).update(
        not_before=timezone.now() - timedelta(seconds=90)
    )
    wrong = Standing(level="alarm", summary="The contract counts 5 more.")
    stand(rule="governance.tally-differs", standing={"key": wrong})
    found = scrape(client)
    assert 0 < found["tocsin_lease_seconds_left", "follow:l2"] <= 30
    assert found["tocsin_lease_fence", "follow:l2"] == 1
    assert ("tocsin_lease_seconds_left", "nudge:x") not in found
    assert 90 <= found["tocsin_backfill_oldest_seconds", "l2"] < 200
    assert found["tocsin_backfill_attempts", "l2"] == 3
    assert found["tocsin_projection_drift", "governance.tally-differs"] == 1
    assert found["tocsin_projection_drift", "governance.state-differs"] == 0


def test_messages_that_wait_are_counted_and_a_silent_broker_is_said(
    client: Client, venue: Venue
) -> None:
    from tocsin.celery import app

    before = messages_waiting.waiting().get("urgent", 0)
    with app.connection_for_write() as link:
        app.send_task("chainsync.tasks.sweep", queue="urgent", connection=link)
        app.send_task("chainsync.tasks.sweep", queue="urgent", connection=link)
    found = scrape(client)
    with app.connection_for_write() as link:
        link.default_channel.queue_purge("urgent")
    assert found["tocsin_broker_up",] == 1
    assert found["tocsin_queue_messages", "urgent"] == before + 2
    with patch("tocsin.messages_waiting.waiting", side_effect=BrokerSilent("away")):
        found = scrape(client)
    assert found["tocsin_broker_up",] == 0
    assert found["tocsin_database_up",] == 1

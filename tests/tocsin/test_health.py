"""Whether the installation says the truth about its own state, to people and to machines."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from chainsync.models import BackfillRange, ChainStatus, Coverage, EndpointStatus, Reorg
from charter.models import Chain
from ledger.actions import tell
from ledger.findings import Standing, stand
from tests.api.small_venue import Venue, small_venue, word
from tocsin.health import chain_condition, stale_after

pytestmark = pytest.mark.django_db


@pytest.fixture
def venue(db: None) -> Venue:
    """A venue whose heads are two seconds old."""
    made = small_venue()
    now = timezone.now()
    ChainStatus.objects.update(head_timestamp=int(now.timestamp()) - 2, followed_at=now)
    return made


def wrong(client: Client) -> list[str]:
    answer = client.get("/readyz")
    body = answer.json()
    assert answer.status_code == (200 if body["ready"] else 503)
    assert body["ready"] == (not body["wrong"])
    return list(body["wrong"])


def test_a_process_that_answers_is_alive_whatever_the_data(client: Client) -> None:
    assert client.get("/healthz").json() == {"alive": True}


def test_fresh_chains_are_ready_in_four_queries(
    client: Client, venue: Venue, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(4):  # type: ignore[operator]
        assert wrong(client) == []


def test_each_chain_that_is_not_current_is_named(client: Client, venue: Venue) -> None:
    now = datetime.now(UTC)
    status = ChainStatus.objects.filter(chain__key="l2")
    status.update(head_timestamp=int(now.timestamp()) - 31)
    (said,) = wrong(client)
    assert "Lab L2 is 31 s old" in said or "Lab L2 is 32 s old" in said
    # The head's own time says nothing where a chain's clock runs ahead.
    status.update(
        head_timestamp=int(now.timestamp()) + 900, followed_at=now - timedelta(seconds=40)
    )
    (said,) = wrong(client)
    assert "is 40 s old" in said or "is 41 s old" in said
    status.update(followed_at=now, halted="A reorg crossed the finalized block 940.")
    (said,) = wrong(client)
    assert "reorg crossed" in said
    status.delete()
    (said,) = wrong(client)
    assert "Lab L2 was never followed" in said
    Chain.objects.filter(key="l2").update(active=False)
    assert wrong(client) == []
    Chain.objects.update(active=False)
    assert "charter_load" in wrong(client)[0]


@pytest.mark.parametrize(("block_time", "limit"), [(0.25, 30), (2, 30), (12, 120)])
def test_slow_chains_may_be_older(block_time: float, limit: float) -> None:
    assert stale_after(block_time) == limit
    chain = Chain(key="c", name="C", block_time=block_time)
    for age, holds in ((limit - 1, True), (limit + 1, False)):
        status = ChainStatus(
            head_number=1,
            head_timestamp=10_000 - int(age),
            followed_at=datetime.fromtimestamp(10_000, UTC),
        )
        assert chain_condition(chain, status, 10_000.0).holds is holds


def test_a_missing_migration_is_named(client: Client, venue: Venue) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    (said,) = wrong(client)
    assert "sessions.0001_initial" in said
    assert "manage.py migrate" in said


def test_a_database_that_is_away_is_said_and_not_a_fault_of_the_page(client: Client) -> None:
    with patch("tocsin.health.missing_migrations", side_effect=OperationalError):
        assert wrong(client) == ["The database does not answer."]
    with patch("tocsin.metrics._rows", side_effect=OperationalError):
        assert "tocsin_database_up 0.0" in client.get("/metrics").content.decode()


def scrape(client: Client) -> dict[tuple[str, ...], float]:
    """Every sample by its name and its label values, in the order of the labels' names."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_metrics_tell_lag_gaps_queues_findings_and_endpoints(
    client: Client, venue: Venue, django_assert_num_queries: object
) -> None:
    chain, dao = venue.chains["l2"], venue.contracts["dao"]
    Coverage.objects.filter(contract=dao).update(blocks=[(1, 99), (200, 900)], folded_to=99)
    for first in (100, 901):
        BackfillRange.objects.create(chain=chain, contract=dao, first=first, last=first + 9)
    BackfillRange.objects.filter(first=100).update(
        claimed_until=timezone.now() + timedelta(minutes=1)
    )
    Reorg.objects.create(
        chain=chain, fork_number=9, depth=2, old_head=word(1), new_head=word(2), logs_orphaned=0
    )
    EndpointStatus.objects.filter(endpoint__name="l2-b").update(
        failures=3, latency_ms=250, disagrees="Another hash."
    )
    stand(rule="endpoint.down", standing={"l2-b": Standing(level="warning", summary="It is.")})
    tell(topic="proposals", event="changed")
    with django_assert_num_queries(11):  # type: ignore[operator]
        found = scrape(client)
    assert found["tocsin_database_up",] == 1
    assert found["tocsin_chain_head_block", "l2"] == 1000
    assert 0 <= found["tocsin_chain_head_age_seconds", "l2"] < 20
    assert found["tocsin_chain_finalized_distance_blocks", "l2"] == 60
    assert found["tocsin_chain_halted", "l2"] == 0
    assert found["tocsin_contract_folded_lag_blocks", "l2", "dao"] == 901
    assert found["tocsin_contract_coverage_gaps", "l2", "dao"] == 2
    assert found["tocsin_contract_missing_blocks", "l2", "dao"] == 200
    assert found["tocsin_contract_missing_blocks", "l2", "token"] == 0
    assert found["tocsin_backfill_ranges", "l2"] == 2
    assert found["tocsin_backfill_ranges_claimed", "l2"] == 1
    assert found["tocsin_reorgs_total", "l2"] == 1
    assert found["tocsin_endpoint_failures_in_a_row", "l2", "l2-b"] == 3
    assert found["tocsin_endpoint_latency_seconds", "l2", "l2-b"] == 0.25
    assert found["tocsin_endpoint_disagrees", "l2", "l2-b"] == 1
    assert found["tocsin_findings_open", "warning", "endpoint.down"] == 1
    assert found["tocsin_outbox_unsealed",] >= 1
    assert found["tocsin_outbox_unsealed_age_seconds",] >= 0


def test_metrics_of_an_empty_house_are_told_too(client: Client) -> None:
    assert scrape(client)["tocsin_database_up",] == 1

"""`/metrics`: what Prometheus reads, from a fixed number of bounded queries at each scrape."""

import time
from collections.abc import Iterator
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from chainsync.endpoint_history import FAILURES
from tocsin import messages_waiting
from tocsin.soundness import DRIFT_RULES

CHAINS = """
SELECT chain.key, status.head_number, status.head_timestamp,
       status.head_number - status.finalized_number,
       extract(epoch FROM clock_timestamp() - status.followed_at),
       (coalesce(status.halted, '') <> '')::int,
       (SELECT count(*) FROM chainsync_reorg reorg WHERE reorg.chain_id = chain.id),
       (SELECT count(*) FROM chainsync_backfillrange work
        WHERE work.chain_id = chain.id AND work.claimed_until > clock_timestamp()),
       (SELECT count(*) FROM chainsync_backfillrange work WHERE work.chain_id = chain.id)
FROM charter_chain chain
LEFT JOIN chainsync_chainstatus status ON status.chain_id = chain.id
WHERE chain.active
ORDER BY chain.key
"""
CONTRACTS = """
SELECT chain.key, contract.key, greatest(status.head_number - coverage.folded_to, 0),
       missing.gaps, missing.blocks
FROM chainsync_coverage coverage
JOIN charter_contract contract ON contract.id = coverage.contract_id
JOIN charter_chain chain ON chain.id = contract.chain_id
JOIN chainsync_chainstatus status ON status.chain_id = chain.id
CROSS JOIN LATERAL (
    SELECT count(*) AS gaps, coalesce(sum(upper(gap) - lower(gap)), 0)::bigint AS blocks
    FROM unnest(
        int8multirange(
            int8range(contract.start_block,
                      greatest(status.head_number + 1, contract.start_block))
        ) - coverage.blocks
    ) AS gap
) missing
WHERE contract.active AND chain.active AND status.head_number IS NOT NULL
ORDER BY chain.key, contract.key
"""
ENDPOINTS = """
SELECT chain.key, endpoint.name, status.failures, status.latency_ms / 1000.0,
       (coalesce(status.disagrees, '') <> '')::int,
       greatest(followed.head_number - status.head_number, 0), disputed.open, disputed.lies
FROM charter_endpoint endpoint
JOIN charter_chain chain ON chain.id = endpoint.chain_id
JOIN chainsync_endpointstatus status ON status.endpoint_id = endpoint.id
LEFT JOIN chainsync_chainstatus followed ON followed.chain_id = endpoint.chain_id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE dispute.closed_at IS NULL) AS open,
           count(*) FILTER (WHERE dispute.outcome = 'endpoint-wrong') AS lies
    FROM chainsync_dispute dispute WHERE dispute.endpoint_id = endpoint.id
) disputed
WHERE endpoint.active
ORDER BY endpoint.name
"""
MINUTES = """
SELECT chain.key, endpoint.name, sum(requests), sum(timeouts), sum(unreachable), sum(malformed),
       sum(too_large), sum(wrong_chain), sum(other), sum(rate_limited), max(latency_max_ms) / 1000.0
FROM charter_endpoint endpoint
JOIN charter_chain chain ON chain.id = endpoint.chain_id
JOIN chainsync_endpointminute minute
  ON minute.endpoint_id = endpoint.id
 AND minute.minute > clock_timestamp() - interval '6 minutes'
WHERE endpoint.active
GROUP BY chain.key, endpoint.name
ORDER BY endpoint.name
"""
BEACONS = """
SELECT chain.key, client.signed_number, client.signed_timestamp, client.participants,
       client.committee_size, (client.contradicts_number IS NOT NULL)::int
FROM charter_beacon beacon
JOIN charter_chain chain ON chain.id = beacon.chain_id
JOIN chainsync_lightclient client ON client.chain_id = chain.id
WHERE beacon.active AND chain.active
ORDER BY chain.key
"""
LEASES = """
SELECT name, extract(epoch FROM expires_at - clock_timestamp()), fence
FROM ledger_lease
WHERE name NOT LIKE 'nudge:%%' AND expires_at > clock_timestamp() - interval '1 hour'
ORDER BY name
LIMIT 200
"""
WAITING = """
SELECT chain.key, extract(epoch FROM clock_timestamp() - min(work.not_before)),
       max(work.attempts)
FROM chainsync_backfillrange work JOIN charter_chain chain ON chain.id = work.chain_id
GROUP BY chain.key ORDER BY chain.key
"""
DRIFT = """
SELECT rule, count(*) FROM ledger_finding
WHERE closed_at IS NULL AND rule = ANY(%s) GROUP BY rule
"""
FINDINGS = """
SELECT rule, level, count(*) FROM ledger_finding
WHERE closed_at IS NULL GROUP BY rule, level ORDER BY rule, level
"""
OUTBOX = """
SELECT (SELECT position FROM ledger_seal WHERE name = 'outbox'), count(*),
       coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0)
FROM ledger_outboxentry WHERE position IS NULL
"""
CONSUMERS = """
SELECT consumer.name,
       greatest(coalesce((SELECT position FROM ledger_seal WHERE name = 'outbox'), 0)
                - consumer.position, 0)
FROM ledger_consumer consumer ORDER BY consumer.name
"""


class VenueCollector(Collector):
    """Reads the state of the venue at each scrape; nothing is counted in memory."""

    def describe(self) -> list[Metric]:
        """Nothing: a description must not cost a query."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics now; only `tocsin_database_up` when the database does not answer."""
        try:
            found = [
                *_chains(),
                *_beacons(),
                *_contracts(),
                *_endpoints(),
                *_minutes(),
                *_work(),
                *_ledger(),
            ]
            up = 1
        except DatabaseError:
            found, up = [], 0
        yield GaugeMetricFamily("tocsin_database_up", "Whether the database answers.", up)
        yield from found
        yield from _broker()


registry = CollectorRegistry()
registry.register(VenueCollector())
ProcessCollector(registry=registry)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """All metrics in the text format of Prometheus."""
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _rows(query: str, *given: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, list(given))
        return list(cursor.fetchall())


def _chains() -> list[Metric]:
    rows, now = _rows(CHAINS), time.time()
    labels = ["chain"]
    head = _gauge("chain_head_block", "Number of the followed head.", labels)
    age = _gauge("chain_head_age_seconds", "Age of the followed head by the chain's time.", labels)
    followed = _gauge("chain_followed_age_seconds", "Since a head last came in.", labels)
    distance = _gauge("chain_finalized_distance_blocks", "From finalized block to head.", labels)
    halted = _gauge("chain_halted", "Whether following has stopped for a reason.", labels)
    reorgs = CounterMetricFamily("tocsin_reorgs", "Reorganisations seen.", labels=labels)
    claimed = _gauge("backfill_ranges_claimed", "Ranges that a worker fetches now.", labels)
    waiting = _gauge("backfill_ranges", "Ranges of blocks still to be fetched.", labels)
    for key, number, timestamp, behind, since, stopped, seen, busy, ranges in rows:
        for family, value in (
            (head, number),
            (age, None if timestamp is None else now - timestamp),
            (followed, since),
            (distance, behind),
            (halted, stopped),
            (reorgs, seen),
            (claimed, busy),
            (waiting, ranges),
        ):
            if value is not None:
                family.add_metric([key], float(value))
    return [head, age, followed, distance, halted, reorgs, claimed, waiting]


def _beacons() -> list[Metric]:
    """What signatures certify of chains with a beacon; nothing of those that certify nothing."""
    labels, now = ["chain"], time.time()
    block = _gauge("signed_block", "Newest block that a committee signed as final.", labels)
    age = _gauge("signed_age_seconds", "Age of that block by the chain's time.", labels)
    signers = _gauge("signed_participants", "Members who signed for it.", labels)
    size = _gauge("signed_committee_size", "Members of the committee.", labels)
    denied = _gauge("signed_contradicts_chain", "Whether nodes gave another block.", labels)
    for key, number, timestamp, participants, members, contradicts in _rows(BEACONS):
        denied.add_metric([key], contradicts)
        if number is not None:
            block.add_metric([key], number)
            age.add_metric([key], max(now - timestamp, 0))
            signers.add_metric([key], participants)
            size.add_metric([key], members)
    return [block, age, signers, size, denied]


def _contracts() -> list[Metric]:
    labels = ["chain", "contract"]
    lag = _gauge("contract_folded_lag_blocks", "From the last folded block to the head.", labels)
    gaps = _gauge("contract_coverage_gaps", "Runs of blocks that are not read yet.", labels)
    missing = _gauge("contract_missing_blocks", "Blocks that are not read yet.", labels)
    for chain, contract, behind, count, blocks in _rows(CONTRACTS):
        lag.add_metric([chain, contract], behind)
        gaps.add_metric([chain, contract], count)
        missing.add_metric([chain, contract], blocks)
    return [lag, gaps, missing]


def _endpoints() -> list[Metric]:
    labels = ["chain", "endpoint"]
    failures = _gauge("endpoint_failures_in_a_row", "Failed requests since an answer.", labels)
    latency = _gauge("endpoint_latency_seconds", "Time it takes to answer.", labels)
    disagrees = _gauge("endpoint_disagrees", "Whether it contradicts the others.", labels)
    lag = _gauge("endpoint_lag_blocks", "From its head to the followed one.", labels)
    disputes = _gauge("endpoint_disputes_open", "Undecided disputes about its word.", labels)
    lies = CounterMetricFamily(
        "tocsin_endpoint_proven_wrong", "Disputes that it was proven wrong in.", labels=labels
    )
    for chain, endpoint, failed, seconds, differs, behind, standing, wrong in _rows(ENDPOINTS):
        failures.add_metric([chain, endpoint], failed)
        disagrees.add_metric([chain, endpoint], differs)
        disputes.add_metric([chain, endpoint], standing)
        lies.add_metric([chain, endpoint], wrong)
        if seconds is not None:
            latency.add_metric([chain, endpoint], float(seconds))
        if behind is not None:
            lag.add_metric([chain, endpoint], behind)
    return [failures, latency, disagrees, lag, disputes, lies]


def _minutes() -> list[Metric]:
    """What endpoints were asked in the last five full minutes, by all workers together."""
    labels = ["chain", "endpoint"]
    asked = _gauge("endpoint_requests_5m", "Questions put in the last minutes.", labels)
    slowest = _gauge("endpoint_latency_max_seconds_5m", "The slowest answer of them.", labels)
    failed = _gauge("endpoint_failures_5m", "Those that failed, by sort.", [*labels, "sort"])
    for chain, endpoint, requests, *counts, slow in _rows(MINUTES):
        asked.add_metric([chain, endpoint], float(requests))
        slowest.add_metric([chain, endpoint], float(slow))
        for sort, count in zip((*FAILURES, "rate_limited"), counts, strict=True):
            failed.add_metric([chain, endpoint, sort], float(count))
    return [asked, slowest, failed]


def _work() -> list[Metric]:
    """Leases, and how long rows of work wait."""
    left = _gauge("lease_seconds_left", "Until a lease lapses; negative since it has.", ["name"])
    fence = _gauge("lease_fence", "How often a lease was taken.", ["name"])
    for name, seconds, taken in _rows(LEASES):
        left.add_metric([name], float(seconds))
        fence.add_metric([name], taken)
    oldest = _gauge("backfill_oldest_seconds", "How long the oldest range waits.", ["chain"])
    attempts = _gauge("backfill_attempts", "Most attempts at one waiting range.", ["chain"])
    for chain, age, most in _rows(WAITING):
        oldest.add_metric([chain], max(float(age), 0))
        attempts.add_metric([chain], most)
    counts = dict(_rows(DRIFT, list(DRIFT_RULES)))
    drift = _gauge("projection_drift", "Rows that differ from the contracts' own.", ["rule"])
    for rule in DRIFT_RULES:
        drift.add_metric([rule], counts.get(rule, 0))
    return [left, fence, oldest, attempts, drift]


def _broker() -> Iterator[Metric]:
    """Messages that wait in the broker; asked without the database."""
    try:
        waiting, up = messages_waiting.waiting(), 1
    except messages_waiting.BrokerSilent:
        waiting, up = {}, 0
    yield GaugeMetricFamily("tocsin_broker_up", "Whether the broker answers.", up)
    depth = _gauge("queue_messages", "Messages that wait in a queue of the broker.", ["queue"])
    for name, count in waiting.items():
        depth.add_metric([name], count)
    yield depth


def _ledger() -> list[Metric]:
    findings = _gauge("findings_open", "Findings whose condition stands.", ["rule", "level"])
    for rule, level, count in _rows(FINDINGS):
        findings.add_metric([rule, level], count)
    ((position, unsealed, oldest),) = _rows(OUTBOX)
    behind = _gauge("outbox_consumer_behind", "Positions still to be taken in.", ["consumer"])
    for name, distance in _rows(CONSUMERS):
        behind.add_metric([name], distance)
    return [
        findings,
        GaugeMetricFamily("tocsin_outbox_position", "Last sealed position.", position or 0),
        GaugeMetricFamily("tocsin_outbox_unsealed", "Entries without a position.", unsealed),
        GaugeMetricFamily(
            "tocsin_outbox_unsealed_age_seconds", "Age of the oldest of them.", float(oldest)
        ),
        behind,
    ]


def _gauge(name: str, words: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"tocsin_{name}", words, labels=labels)

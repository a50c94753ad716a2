"""How endpoints answered, minute by minute: counted everywhere, added up, kept for a month."""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainsync.endpoint import latencies
from chainsync.endpoint.account import KEPT_MINUTES, Account
from chainsync.endpoint.failures import (
    EndpointFailure,
    RateLimited,
    RpcError,
    Timeout,
    Unreachable,
)


@given(st.lists(st.floats(0, 60_000), min_size=1, max_size=200))
def test_a_median_read_from_buckets_is_near_the_true_one(times: list[float]) -> None:
    counts = latencies.empty()
    for taken in times:
        counts[latencies.bucket(taken)] += 1
    found = latencies.median(counts)
    assert found is not None
    low, high = statistics.median_low(times), statistics.median_high(times)
    assert low / 1.5 - 1 <= found <= high * 1.5 + 1


def test_histograms_of_two_minutes_add_up() -> None:
    one, two = latencies.empty(), latencies.empty()
    one[3] = two[3] = 1
    two[7] = 5
    both = latencies.added([one, two])
    assert (both[3], both[7], sum(both)) == (2, 5, 7)
    assert latencies.median(latencies.empty()) is None
    assert latencies.bucket(10**9) == latencies.BUCKETS - 1


def test_an_account_counts_by_minute_and_sort_and_forgets_nothing_that_was_not_written() -> None:
    now = [600.0]
    account = Account(lambda: now[0])
    account.answered(0.010)
    account.answered(0.200)
    account.failed(Timeout("l2-a", "did not answer."))
    account.failed(Unreachable("l2-a", "refused."))
    now[0] = 661
    account.failed(RateLimited("l2-a", "asked too often.", 1))
    account.failed(EndpointFailure("l2-a", "is odd."))
    taken = account.take()
    assert taken[10].requests == 4
    assert taken[10].failures == {"timeouts": 1, "unreachable": 1}
    assert taken[10].latency_max_ms == 200
    assert taken[11].failures == {"rate_limited": 1, "other": 1}
    assert account.take() == {}

    account.answered(0.3)
    account.give_back(taken)
    again = account.take()
    assert again[11].requests == 3
    assert again[11].latency_max_ms == 300
    for number in range(3 * KEPT_MINUTES):
        now[0] = 60 * number
        account.answered(0.001)
    assert len(account.take()) == KEPT_MINUTES

    account.saw_head(77)
    assert account.head() == 77
    now[0] += 3
    assert account.head() is None, "ours has moved on since"


@pytest.mark.django_db
def test_minutes_of_several_processes_are_added_and_old_ones_go(
    django_assert_num_queries: Callable[[int], object],
) -> None:
    from chainsync.endpoint import history
    from chainsync.endpoint.pool import Source
    from chainsync.models import ChainStatus, EndpointMinute
    from charter.models import Chain, Endpoint

    chain = Chain.objects.create(key="l2", chain_id=901, name="L2", role="l2", block_time=1)
    ChainStatus.objects.create(chain=chain, head_number=120)
    row = Endpoint.objects.create(chain=chain, name="l2-a", operator="A", url="http://127.0.0.1:1")
    now = time.time()
    workers = [Source(chain, row, "http://127.0.0.1:1") for _ in range(2)]
    for source in workers:
        source.account = Account(lambda: now)
    first, second = workers
    first.account.answered(0.010)
    first.account.failed(Timeout("l2-a", "did not answer."))
    first.account.saw_head(113)
    second.account.answered(0.400)
    second.disagrees = "It says that block 9 is another."
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        assert history.flush(workers[:1]) == 1
    assert history.flush(workers) == 1
    assert history.flush(workers) == 0

    kept = EndpointMinute.objects.get()
    assert kept.minute == datetime.fromtimestamp(now // 60 * 60, UTC)
    assert (kept.requests, kept.timeouts, kept.unreachable) == (3, 1, 0)
    assert sum(kept.latencies) == 2
    assert kept.latency_max_ms == 400
    assert kept.lag_blocks == 7
    assert kept.disagreements == 1

    assert history.prune() == 0
    EndpointMinute.objects.update(minute=datetime.now(UTC) - timedelta(days=31))
    assert history.prune_in_time() == 1
    assert history.prune_in_time() == 0
    assert not EndpointMinute.objects.exists()


@pytest.mark.django_db
def test_a_question_that_is_put_is_counted_however_it_ends() -> None:
    from chainsync.endpoint.pool import Source
    from charter.models import Chain, Endpoint

    chain = Chain(key="l2", chain_id=901, name="L2", role="l2", block_time=1)
    row = Endpoint(chain=chain, name="l2-a", operator="A", url="http://127.0.0.1:1")
    source = Source(chain, row, "http://127.0.0.1:1")
    source._checked = True

    def ask(outcome: Exception | None) -> None:
        def question(_: object) -> None:
            if outcome:
                raise outcome

        if outcome is None:
            source.ask(question)
            return
        with pytest.raises(EndpointFailure):
            source.ask(question)

    ask(None)
    ask(RpcError("l2-a", -32000, "no such block"))
    ask(Timeout("l2-a", "did not answer."))
    source._checked = True
    ask(ValueError("not hex"))
    ((_, minute),) = source.account.take().items()
    assert minute.requests == 4
    assert sum(minute.latencies) == 2
    assert minute.failures == {"timeouts": 1, "malformed": 1}

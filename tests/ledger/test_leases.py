"""One writer at a time: a stale worker cannot write."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, transaction

from ledger import leases
from ledger.errors import FenceLost, NotInTransaction
from ledger.models import Lease, OutboxEntry


def _lives(backend: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [backend])
        return bool(cursor.fetchone()[0])


def lapse(name: str) -> None:
    Lease.objects.filter(name=name).update(expires_at="2020-01-01T00:00:00Z")


@pytest.mark.django_db(transaction=True)
def test_a_lease_has_one_holder_until_it_is_released_or_lapses() -> None:
    first = leases.take("follow:l2", "a", 30)
    assert first is not None
    assert first.fence == 1
    assert leases.take("follow:l2", "b", 30) is None
    assert leases.take("follow:l2", "a", 30) is None
    assert leases.take("follow:l1", "b", 30) is not None

    assert leases.release(first)
    second = leases.take("follow:l2", "b", 30)
    assert second is not None
    assert (second.owner, second.fence) == ("b", 2)
    assert not leases.release(first)

    lapse("follow:l2")
    third = leases.take("follow:l2", "c", 0.05)
    assert third is not None
    assert third.fence == 3
    time.sleep(0.1)
    assert leases.take("follow:l2", "d", 30) is not None


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_ended_within_a_statement_still_lets_go() -> None:
    held = leases.take("follow:l2", "a", 30)
    assert held is not None
    backend = connection.connection.info.backend_pid
    connection.connection.pgconn.send_query(b"SELECT pg_sleep(600)")
    assert leases.release(held)
    assert leases.take("follow:l2", "b", 30) is not None
    until = time.monotonic() + 30
    while _lives(backend):
        assert time.monotonic() < until, "the server still computes what was cut off"
        time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
def test_a_holder_may_renew_until_another_has_taken_over() -> None:
    held = leases.take("follow:l2", "a", 30)
    assert held is not None
    longer = leases.renew(held, 60)
    assert longer.expires_at > held.expires_at
    lapse("follow:l2")
    revived = leases.renew(held, 60)
    with transaction.atomic():
        leases.check(revived)
    lapse("follow:l2")
    assert leases.take("follow:l2", "b", 30) is not None
    with pytest.raises(FenceLost):
        leases.renew(revived, 60)


@pytest.mark.django_db(transaction=True)
def test_writing_is_refused_without_a_transaction_or_a_live_lease() -> None:
    held = leases.take("follow:l2", "a", 30)
    assert held is not None
    with pytest.raises(NotInTransaction):
        leases.check(held)
    lapse("follow:l2")
    with pytest.raises(FenceLost, match="lapsed"), transaction.atomic():
        leases.check(held)
    Lease.objects.all().delete()
    with pytest.raises(FenceLost, match="does not exist"), transaction.atomic():
        leases.check(held)


def test_a_stale_worker_cannot_write(aside: Callable) -> None:
    stale = leases.take("follow:l2", "stale", 30)
    assert stale is not None
    lapse("follow:l2")
    fresh = aside(lambda: leases.take("follow:l2", "fresh", 30)).result(10)

    def write(held: leases.Held) -> None:
        with transaction.atomic():
            OutboxEntry.objects.create(topic="chain:l2", event=f"by the {held.owner} one")
            leases.check(held)

    with pytest.raises(FenceLost, match="fence 2 is held by fresh"):
        write(stale)
    aside(lambda: write(fresh)).result(10)
    assert [entry.event for entry in OutboxEntry.objects.all()] == ["by the fresh one"]


def test_a_lease_is_not_taken_over_in_the_middle_of_a_write(aside: Callable) -> None:
    held = leases.take("follow:l2", "writer", 0.3)
    assert held is not None
    checked, may_commit = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            leases.check(held)
            checked.set()
            assert may_commit.wait(10)
            OutboxEntry.objects.create(topic="chain:l2", event="in time")

    writing = aside(write)
    assert checked.wait(10)
    time.sleep(0.4)

    def take_and_look() -> list[str]:
        assert leases.take("follow:l2", "successor", 30) is not None
        return [entry.event for entry in OutboxEntry.objects.all()]

    taking = aside(take_and_look)
    time.sleep(0.2)
    assert not taking.done()
    may_commit.set()
    writing.result(10)
    assert taking.result(10) == ["in time"]


def test_of_many_takers_exactly_one_succeeds(aside: Callable) -> None:
    for fence in range(1, 6):
        start = threading.Barrier(8)

        def take(start: threading.Barrier = start) -> leases.Held | None:
            start.wait(10)
            return leases.take("follow:l2", leases.new_owner(), 30)

        takers = [aside(take) for _ in range(8)]
        holders = [held for taker in takers if (held := taker.result(10))]
        assert [held.fence for held in holders] == [fence]
        lapse("follow:l2")


@pytest.mark.django_db(transaction=True)
def test_checking_does_not_make_others_wait_who_only_ask(aside: Callable) -> None:
    held = leases.take("follow:l2", "writer", 30)
    assert held is not None
    with transaction.atomic():
        leases.check(held)
        asking = aside(lambda: leases.take("follow:l2", "other", 30))
        assert asking.result(5) is None


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_let_go_although_the_server_cut_the_connection() -> None:
    """Else the next worker would wait for it to lapse after each restart of the database."""
    held = leases.take("follow:l2", "worker", 30)
    assert held is not None
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert leases.release(held)
    assert leases.take("follow:l2", "next", 30) is not None

"""Pages that many read at once: strangers share one answer, and it is never older than the rows."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.web.seeded_venue import person


@pytest.fixture(autouse=True)
def one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still, so that it is not the next second that makes an answer anew."""
    from ledger import sharing

    clock = type("Clock", (), {"time": staticmethod(lambda: 1_790_000_000.0)})
    monkeypatch.setattr(sharing, "time", clock)


@pytest.fixture
def client() -> Client:
    return Client(headers={"Accept": "text/html"})


def tell(topic: str) -> None:
    from ledger.models import OutboxEntry

    OutboxEntry.objects.create(topic=topic, event="votes")


def test_the_second_reader_costs_two_looks(
    transactional_db: None,
    seed: Any,
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    """How far the outbox is told, and what is visible of it: nothing else is asked."""
    page = seed.open.get_absolute_url()
    for path in (page, f"{page}?sort=newest", f"{page}votes/", f"{page}live/", "/proposals/"):
        first = client.get(path)
        with django_assert_max_num_queries(2):
            second = client.get(path)
        assert second.content == first.content
        assert second["Content-Security-Policy"] == first["Content-Security-Policy"]
        assert "Cookie" in second["Vary"]


def test_a_vote_is_on_the_page_as_soon_as_it_is_told(
    transactional_db: None, seed: Any, client: Client
) -> None:
    page = seed.open.get_absolute_url()
    for path in (page, f"{page}votes/", f"/api/v1/proposals/{seed.open.key}/"):
        accept = {"Accept": "application/json" if path.startswith("/api/") else "text/html"}
        before = client.get(path, headers=accept).content
        seed.vote(seed.open, f"voter of {path}", 1, 777_000, 1)
        tell(f"proposal:{seed.open.key}")
        assert client.get(path, headers=accept).content != before


def test_nobody_is_given_what_was_made_for_another(
    transactional_db: None, seed: Any, client: Client
) -> None:
    from charter.models import Person

    page = seed.open.get_absolute_url()
    stranger = client.get(page).content
    known = Client(headers={"Accept": "text/html"})
    known.force_login(Person.objects.create(address=person("alice")))
    own = known.get(page).content
    assert b"Signed in as" in own
    assert b"Signed in as" not in stranger
    assert client.get(page).content == stranger

"""Sources on pages: their history in charts, their contradictions in words, and what they touch."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from chainsync import charts
from tests.web.test_pages import text

pytestmark = pytest.mark.django_db
ENDPOINT = "/chains/l2/endpoints/l2-kelp/"


@pytest.fixture
def client() -> Client:
    return Client(headers={"Accept": "text/html"})


@pytest.fixture
def liar(seed: Any) -> Any:
    """`l2-kelp`, which was asked for an hour and failed at some of it."""
    from chainsync.endpoint import latencies
    from chainsync.models import EndpointMinute
    from charter.models import Endpoint

    liar = Endpoint.objects.get(name="l2-kelp")
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    for ago in range(1, 50):
        counts = latencies.empty()
        counts[latencies.bucket(20)] = 59
        counts[latencies.bucket(700)] = 1
        EndpointMinute.objects.create(
            endpoint=liar,
            minute=now - timedelta(minutes=ago),
            requests=62,
            timeouts=1,
            rate_limited=1,
            latencies=counts,
            latency_max_ms=700,
            lag_blocks=ago % 3,
        )
    return liar


def dispute(liar: Any, first: int, **columns: Any) -> Any:
    from chainsync.models import Dispute

    return Dispute.objects.create(
        chain=liar.chain,
        endpoint=liar,
        **{"about": "block", "first": first, "last": first, "says": "It is another.", **columns},
    )


def test_an_endpoint_shows_its_history_in_charts_and_in_a_table(liar: Any, client: Client) -> None:
    answer = client.get(f"{ENDPOINT}?window=hour")
    page, body = text(answer), answer.content.decode()
    assert "run by Kelp Labs" in page
    assert "the slowest 700 ms" in page
    assert "at most 2 blocks" in page
    assert "no answer in time: 49; asked us to slow down: 49" in page
    assert "96.7 %" in page
    assert body.count('class="failed timeouts"') == body.count('class="failed rate-limited"') == 49
    assert body.count("<tr><td>") == 49
    assert 'aria-label="Lag over the last hour: at most 2 blocks."' in body
    assert "127.0.0.1" not in body, "an address of an endpoint is not shown"
    assert "no source has contradicted" in page.lower()
    for window in ("day", "week", "month", "nonsense"):
        assert client.get(f"{ENDPOINT}?window={window}").status_code == 200
    assert client.get("/chains/l1/endpoints/l2-kelp/").status_code == 404


def test_an_endpoint_that_was_asked_nothing_says_so(seed: Any, client: Client) -> None:
    page = text(client.get("/chains/l2/endpoints/l2-northwind/?window=week"))
    assert "It was asked nothing in the last 7 days." in page


def test_what_was_proven_wrong_is_told_with_its_evidence(liar: Any, client: Client) -> None:
    from chainsync.models import EndpointStatus

    lie = dispute(
        liar,
        48_100,
        about="logs",
        outcome="endpoint-wrong",
        evidence="The receipts root of the block holds two logs.",
        closed_at=datetime.now(UTC),
    )
    EndpointStatus.objects.filter(endpoint=liar).update(disagrees="It was proven wrong.")
    for path in (ENDPOINT, "/chains/l2/", "/chains/", "/chains/l2/blocks/48100/"):
        page = text(client.get(path))
        assert "l2-kelp was contradicted about block 48,100" in page, path
        assert "The receipts root of the block holds two logs." in page
        assert "It still says so." in page
    assert "not believed" in text(client.get(ENDPOINT))
    assert 'rect class="lie"' in client.get(ENDPOINT).content.decode()
    assert "disagree about" not in text(client.get("/")), "what is decided alarms nobody"
    lie.recanted_at = datetime.now(UTC)
    lie.save()
    assert "It stopped saying so" in text(client.get(ENDPOINT))


def test_while_it_is_disputed_every_page_says_what_is_not_final(liar: Any, client: Client) -> None:
    from governance.models import Vote

    seed_open = Vote.objects.filter(reason__startswith="Leverage").get().proposal
    last = Vote.objects.filter(proposal=seed_open).latest("block_number").block_number
    dispute(liar, last)
    notice = f"Two of our sources disagree about block {last:,}: which block it is."
    for path in ("/", "/proposals/", seed_open.get_absolute_url(), "/chains/l2/", "/findings/"):
        answer = client.get(path)
        assert notice in text(answer), path
        assert "counts on Venue L2 that rest on it are not final" in text(answer)
        assert re.search(r'data-level="\w+" data-disputed', answer.content.decode())
    page = text(client.get(seed_open.get_absolute_url()))
    assert "This count is not final." in page
    assert "Disputed , step 1 of 6" in page
    votes = page[page.index("Heaviest first") :]
    assert votes.count("Disputed , step 1 of 6") == 1, "the vote in that block, and no other"
    assert votes.count("Agreed , step 2 of 6") == 4
    assert "Disputed" in text(client.get(f"/chains/l2/blocks/{last}/"))
    assert notice in text(client.get("/live/disputes/"))
    assert client.get("/chains/heads.json").json()["chains"]["l2"]["disputed"] is True
    assert client.get("/chains/heads.json").json()["chains"]["l1"]["disputed"] is False


def test_a_dispute_about_a_contracts_past_holds_its_own_counts_alone(
    liar: Any, client: Client
) -> None:
    from chainsync.models import ChainStatus
    from governance.models import Vote

    found = Vote.objects.filter(reason__startswith="Leverage").get().proposal
    last = Vote.objects.filter(proposal=found).latest("block_number").block_number
    ChainStatus.objects.filter(chain=liar.chain).update(finalized_number=last + 1)
    assert f"lies in block {last:,}, which is final." in text(client.get(found.get_absolute_url()))
    first = found.contract.start_block
    dispute(liar, first, about="range", contract=found.contract)
    page = text(client.get(found.get_absolute_url()))
    assert "The chain calls it final, but what this contract did from block" in page
    assert "Provisional:" in page
    told = client.get(f"/api/v1/proposals/{found.key}/", headers={"Accept": "application/json"})
    assert told.json()["freshness"]["finalized"] is False
    assert ChainStatus.objects.get(chain=liar.chain).finalized_number == last + 1


def test_a_block_tells_who_gave_it_and_what_it_replaced(seed: Any, client: Client) -> None:
    from chainsync.models import Block
    from tests.web.seeded_venue import digest

    number = seed.head - 5
    Block.objects.create(
        chain=seed.l2,
        number=number,
        hash=digest("orphan"),
        parent_hash=digest("l2", number - 1),
        timestamp=seed.now,
        header={},
        canonical=False,
        operators=["Northwind"],
    )
    page = text(client.get(f"/chains/l2/blocks/{number}/"))
    assert "Agreed , step 2 of 6" in page
    assert f"Nodes of Kelp Labs and Northwind gave the same hash for block {number:,}" in page
    assert "is not final yet" in page
    assert digest("orphan") in page
    Block.objects.filter(canonical=True).update(operators=["Northwind"])
    assert "Only Northwind has told us" in text(client.get(f"/chains/l2/blocks/{number}/"))
    assert client.get(f"/chains/l2/blocks/{seed.head + 9}/").status_code == 404
    assert client.get(f"/chains/l2/blocks/{10**25}/").status_code == 404


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**6)), min_size=1, max_size=80))
def test_lines_and_bars_stay_in_their_box_and_gaps_stay_gaps(values: list[int | None]) -> None:
    known = [value for value in values if value is not None]
    top = charts.ceiling(max(known, default=0))
    assert top >= max(known, default=0)
    path = charts.line(values, top)
    assert ("M" in path) == bool(known)
    runs = sum(
        value is not None and (index == 0 or values[index - 1] is None)
        for index, value in enumerate(values)
    )
    assert path.count("M") == runs
    for bar in charts.stacked([[("a", value or 0)] for value in values], top):
        assert 0 <= bar.x <= bar.x + bar.width <= charts.WIDTH + 0.1
        assert 0 < bar.height <= charts.HEIGHT
        assert bar.y + bar.height == pytest.approx(charts.HEIGHT, abs=0.2)


def test_spans_are_cut_to_the_window() -> None:
    bars = charts.spans(
        [(0, 50, "before"), (90, 150, "begins"), (180, None, "lasts"), (300, 400, "after")],
        100,
        200,
    )
    assert [(bar.kind, bar.x, bar.width) for bar in bars] == [
        ("begins", 0, 500),
        ("lasts", 800, 200),
    ]

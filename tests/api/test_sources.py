"""Sources, their history and their disputes as programs read them; never an address of one."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from chainsync.endpoint import latencies
from chainsync.models import ChainStatus, Coverage, Dispute, EndpointMinute, EndpointStatus
from charter.models import Endpoint
from tests.api.small_venue import Venue, word

pytestmark = pytest.mark.django_db


@pytest.fixture
def liar(venue: Venue) -> Endpoint:
    """`l2-b`, contradicted about one block, proven wrong about another."""
    liar = Endpoint.objects.get(name="l2-b")
    standing = {"chain": venue.chains["l2"], "endpoint": liar}
    Dispute.objects.create(
        **standing, about="block", first=990, last=990, block_hash=word(990), says="Block 990 is x."
    )
    Dispute.objects.create(
        **standing,
        about="logs",
        first=950,
        last=951,
        contract=venue.contracts["dao"],
        says="There are no logs.",
        outcome=Dispute.Outcome.ENDPOINT_WRONG,
        evidence="The receipts root of block 950 holds two.",
        closed_at=timezone.now(),
    )
    return liar


def test_an_endpoint_tells_how_it_fares_and_what_it_was_wrong_about(
    client: Client, liar: Endpoint
) -> None:
    EndpointStatus.objects.filter(endpoint=liar).update(
        failures=2, last_error="l2-b answered HTTP 502.", head_number=993
    )
    told = client.get("/api/v1/endpoints/l2-b/").json()
    assert (told["chain"], told["operator"], told["active"]) == ("eip155:901", "b", True)
    assert (told["head_number"], told["blocks_behind"], told["latency_ms"]) == (993, 7, 4)
    assert (told["failures"], told["last_error"]) == (2, "l2-b answered HTTP 502.")
    assert (told["disputes_open"], told["proven_wrong"]) == (1, 1)
    names = [one["name"] for one in client.get("/api/v1/endpoints/?chain=l2").json()["results"]]
    assert names == ["l2-a", "l2-b"]
    assert client.get("/api/v1/endpoints/?operator=b&chain=l1").json()["results"][0]["name"] == (
        "l1-b"
    )
    assert client.get("/api/v1/endpoints/nobody/").status_code == 404


def test_no_answer_holds_an_address_of_an_endpoint(client: Client, liar: Endpoint) -> None:
    for path in ("endpoints/", "endpoints/l2-a/", "endpoints/l2-b/history/", "disputes/"):
        body = client.get(f"/api/v1/{path}").content.decode()
        assert "http://127.0.0.1" not in body
        assert "SECRET_URL" not in body


def test_the_history_is_told_by_minute_newest_first(client: Client, liar: Endpoint) -> None:
    now = timezone.now().replace(second=0, microsecond=0)
    counts = latencies.empty()
    counts[latencies.bucket(40)] = 3
    for ago, columns in (
        (2, {"requests": 4, "timeouts": 1, "latencies": counts, "latency_max_ms": 47}),
        (1, {"requests": 2, "rate_limited": 2, "latencies": latencies.empty(), "lag_blocks": 3}),
    ):
        EndpointMinute.objects.create(endpoint=liar, minute=now - timedelta(minutes=ago), **columns)
    newest, older = client.get("/api/v1/endpoints/l2-b/history/").json()["results"]
    assert newest["latency_median_ms"] is newest["latency_max_ms"] is None
    assert (newest["failed"], newest["rate_limited"], newest["lag_blocks"]) == (0, 2, 3)
    assert (older["requests"], older["failed"], older["failures"]["timeouts"]) == (4, 1, 1)
    assert 32 <= older["latency_median_ms"] <= 48
    assert older["latency_max_ms"] == 47
    assert client.get("/api/v1/endpoints/l1-a/history/").json()["results"] == []
    assert client.get("/api/v1/endpoints/nobody/history/").status_code == 404


def test_disputes_are_told_in_words_and_found_by_how_they_stand(
    client: Client, liar: Endpoint
) -> None:
    def told(query: str) -> list[int]:
        rows = client.get(f"/api/v1/disputes/?{query}").json()["results"]
        return [row["first_block"] for row in rows]

    assert told("") == [950, 990]
    assert told("open=true") == told("about=block") == [990]
    assert told("outcome=endpoint-wrong&chain=l2&endpoint=l2-b&open=false") == [950]
    assert told("endpoint=l2-a") == told("chain=l1") == []
    (row,) = client.get("/api/v1/disputes/?open=false").json()["results"]
    assert row["notice"] == (
        "Two of our sources disagree about blocks 950 to 951: what happened in them."
    )
    assert (row["contract"], row["outcome"], row["open"]) == ("dao", "endpoint-wrong", False)
    assert row["evidence"] == "The receipts root of block 950 holds two."
    assert client.get(f"/api/v1/disputes/{row['id']}/").json() == row
    assert client.get("/api/v1/disputes/?open=perhaps").status_code == 400


def test_every_object_tells_how_far_it_is_agreed_and_its_tag_changes_with_it(
    client: Client, venue: Venue
) -> None:
    proposal = venue.proposal(number=900)
    venue.vote(proposal, 950)
    url = f"/api/v1/proposals/{proposal.key}/"

    def assured() -> tuple[str, str, str]:
        """Of the proposal, of its vote, and the tag."""
        answer = client.get(url)
        vote = client.get(f"{url}votes/").json()["results"][0]
        return (
            answer.json()["freshness"]["assurance"],
            vote["freshness"]["assurance"],
            answer["ETag"],
        )

    agreed = assured()
    assert agreed[:2] == ("agreed", "agreed")
    coverage = Coverage.objects.filter(contract=venue.contracts["dao"])
    coverage.update(agreed=[(1, 920), (930, 1000)])
    reported = assured()
    assert reported[:2] == ("reported", "agreed"), "not all blocks from its creation to its vote"
    coverage.update(agreed=[(1, 1000)], blocks=[(1, 940), (942, 1000)])
    assert assured()[:2] == ("unknown", "agreed")
    coverage.update(blocks=[(1, 1000)])
    Dispute.objects.create(
        chain=venue.chains["l2"],
        endpoint=Endpoint.objects.get(name="l2-b"),
        about="block",
        first=940,
        last=940,
        says="Block 940 is another.",
    )
    disputed = assured()
    assert disputed[:2] == ("disputed", "disputed")
    assert len({agreed[2], reported[2], disputed[2]}) == 3
    head = venue.block("l2", 1000)
    ChainStatus.objects.filter(chain__key="l2").update(head_hash=head.hash)
    told = client.get("/api/v1/chains/l2/").json()
    assert told["freshness"]["assurance"] == "disputed"
    Dispute.objects.all().delete()
    assert client.get("/api/v1/chains/l2/").json()["freshness"]["assurance"] == "agreed"
    (block,) = client.get("/api/v1/blocks/?chain=l2&number=1000").json()["results"]
    assert (block["freshness"]["assurance"], block["operators"]) == ("agreed", ["one", "two"])

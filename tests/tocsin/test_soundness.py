"""The page about the soundness of the data: in words, and also when half of the house is down."""

import re
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from chainsync.models import BackfillRange, Block, ChainStatus, Coverage, Dispute, EndpointStatus
from charter.models import Chain, Endpoint
from ledger import leases
from ledger.findings import Standing, stand
from ledger.models import Lease, OutboxEntry
from tests.api.small_venue import Venue, small_venue
from tocsin import soundness
from tocsin.messages_waiting import BrokerSilent

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return Client(headers={"Accept": "text/html"})


@pytest.fixture
def venue(db: None) -> Venue:
    """A venue in which all is well: fresh heads that two operators gave, and workers at work."""
    made = small_venue()
    now = timezone.now()
    ChainStatus.objects.update(head_timestamp=int(now.timestamp()) - 2, followed_at=now)
    EndpointStatus.objects.update(answered_at=now)
    for key, chain in made.chains.items():
        made.block(key, 1000)
        leases.take(f"follow:{chain.key}", leases.new_owner(), 60)
    Coverage.objects.update(blocks=[(1, 1000)], folded_to=1000)
    return made


def told(client: Client) -> str:
    """What a reader sees of the page."""
    answer = client.get("/health/")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_when_all_is_well_it_says_yes_and_who_says_so(client: Client, venue: Venue) -> None:
    page = told(client)
    assert "Yes." in page
    assert "Block 1,000 of Lab L2" in page
    assert "Up to block 1,000 sources of two operators agree." in page
    assert "No source contradicts another." in page
    assert "l2-b (b) answers in 4 ms and agrees." in page
    assert "taken in without a gap" in page
    assert "Messages waiting for workers:" in page
    assert "No finding is open." in page


def test_each_thing_that_is_wrong_is_said_in_words(client: Client, venue: Venue) -> None:
    chain, liar = venue.chains["l2"], Endpoint.objects.get(name="l2-b")
    Dispute.objects.create(
        chain=chain, endpoint=liar, about="block", first=990, last=990, says="Block 990 is x."
    )
    EndpointStatus.objects.filter(endpoint=liar).update(disagrees="Block 990 is x.")
    EndpointStatus.objects.filter(endpoint__name="l1-a").update(
        failures=4, last_error="l1-a answered HTTP 502."
    )
    EndpointStatus.objects.filter(endpoint__name="l1-b").update(head_number=980)
    Block.objects.filter(chain__key="l1").update(operators=["one"])
    Coverage.objects.filter(contract__key="dao").update(blocks=[(1, 99), (200, 1000)])
    BackfillRange.objects.create(chain=chain, contract=venue.contracts["dao"], first=100, last=199)
    BackfillRange.objects.update(not_before=timezone.now() - timedelta(hours=1))
    OutboxEntry.objects.create(topic="proposals", event="changed")
    OutboxEntry.objects.update(at=timezone.now() - timedelta(minutes=2))
    differs = Standing(level="alarm", summary="The contract counts 5 For votes more.")
    stand(rule="governance.tally-differs", standing={"key": differs})
    with patch("tocsin.soundness.waiting", side_effect=BrokerSilent("away")):
        page = told(client)
    assert "Not all of it." in page
    for words in (
        "Two of our sources disagree about block 990: which block it is.",
        "l2-b (b) contradicts the others.",
        "l1-a (a) does not answer: l1-a answered HTTP 502.",
        "l1-b (b) answers, but is 20 blocks behind.",
        "Fewer than two operators answer for Lab L1",
        "No two sources have agreed on its newest blocks yet.",
        "Dao: 100 blocks are missing.",
        "Old blocks wait to be read: 1 range, the oldest for 1 h",
        "The broker does not answer. Work waits in the database and is not lost.",
        "Not announced yet: ",
        "The contract counts 5 For votes more.",
        "Open findings: 1 alarm.",
    ):
        assert words in page, words


def test_a_chain_that_stands_still_is_a_no(client: Client, venue: Venue) -> None:
    ChainStatus.objects.filter(chain__key="l2").update(followed_at=timezone.now(), head_timestamp=1)
    Lease.objects.filter(name="follow:l2").delete()
    page = told(client)
    assert "No." in page
    assert "Nobody follows Lab L2: no worker holds its lease." in page
    assert "Do not rely on their tallies and closing times." in page
    Chain.objects.update(active=False)
    assert "No chain is known" in told(client)


def test_a_part_that_takes_too_long_is_unknown_and_the_rest_stands(
    client: Client, venue: Venue
) -> None:
    def slow() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")
        return ()

    parts = [(n, t, slow if n == "whole" else read) for n, t, read in soundness._PARTS]
    with patch("tocsin.soundness._PARTS", parts), patch("tocsin.soundness.SECTION_SECONDS", 0.2):
        page = told(client)
    assert "The database did not tell this in time." in page
    assert "Perhaps." in page
    assert "l2-b (b) answers" in page
    assert "No finding is open." in page
    parts = [(n, t, slow if n in ("fresh", "disputes") else read) for n, t, read in parts]
    with patch("tocsin.soundness._PARTS", parts), patch("tocsin.soundness.SECTION_SECONDS", 0.2):
        assert "Not looked at: the database is too slow at the moment." in told(client)


def test_without_a_database_it_says_so_and_nothing_is_blank(client: Client) -> None:
    with patch("tocsin.views.connection.ensure_connection", side_effect=OperationalError("away")):
        answer = client.get("/health/")
    assert answer.status_code == 503
    assert "No: the database does not answer." in answer.content.decode()
    assert "no vote is lost" in answer.content.decode()


def test_every_page_and_every_stale_notice_leads_to_it(client: Client, venue: Venue) -> None:
    home = client.get("/").content.decode()
    assert home[home.index("<footer") :].count('href="/health/"') == 1
    assert 'href="/health/">What is wrong' in home[: home.index("<footer")]

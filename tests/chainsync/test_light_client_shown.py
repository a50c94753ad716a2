"""Signed finality on the chain's page, in the API, for Prometheus and for the doctor."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chainsync.models import Block, ChainStatus, LightClient
from charter.models import Beacon, BeaconEndpoint, Chain
from tests.chainsync.beacon_node import BeaconNode, go
from tests.proofs.light_client_chain import plain, update
from tests.tocsin.test_health import scrape
from tocsin.doctor import beacon as doctor
from tocsin.doctor.checks import Level

pytestmark = pytest.mark.django_db


def page(client: Client) -> str:
    """The section about signatures, without tags."""
    body = client.get("/chains/l1/").content.decode()
    begin = body.index('<h2 id="signed-title">')
    return re.sub(r"<[^>]+>", "", body[begin : body.index("</section>", begin)])


def told(client: Client) -> Any:
    return client.get("/api/v1/chains/l1/").json()["beacon"]


def test_without_a_beacon_the_page_teaches_and_an_l2_says_nothing(client: Client) -> None:
    Chain.objects.create(key="l1", chain_id=900, name="Old L1", role="l1", block_time=12)
    Chain.objects.create(key="l2", chain_id=901, name="Venue L2", role="l2", block_time=2)
    text = page(client)
    assert "No beacon endpoint is configured for Old L1" in text
    assert "Write [chains.l1.beacon] into venue.toml" in text
    assert told(client) is None
    assert "signed-title" not in client.get("/chains/l2/").content.decode()
    [check] = doctor.beacons()
    assert (check.level, "finality rests on what nodes say" in check.says) == (Level.OK, True)


def test_what_is_signed_is_shown_with_what_is_trusted(
    client: Client, l1: Chain, beacon: BeaconNode
) -> None:
    BeaconEndpoint.objects.update(operator="Somebody <b>bold</b>")
    assert "has not been asked for yet" in page(client)
    assert told(client)["signed"] is None
    beacon.go_to(40, finalized=24, signers=30)
    go(42)
    text = page(client)
    execution = plain(24).execution
    assert "Block 1,024 is the newest that two thirds of the committee signed as final" in text
    assert "30 of 32 members signed; 22 are two thirds" in text
    assert "0x" + execution.state_root.hex() in text
    assert "It was 6 min 24 s old when it was begun with; up to 6 h 49 min are allowed" in text
    assert "l1-beacon (Somebody &lt;b&gt;bold&lt;/b&gt;)" in text
    shown = told(client)
    assert shown["signed"]["block_hash"] == "0x" + execution.block_hash.hex()
    assert shown["signed"]["block_number"] == 1024
    assert (shown["signed"]["participants"], shown["signed"]["committee_size"]) == (30, 32)
    assert shown["why_not"] == ""
    assert shown["checkpoint"] == "0x" + beacon.checkpoint.header.beacon.root().hex()
    assert shown["checkpoint_time"] == "2023-11-14T22:14:56Z"
    assert shown["weak_subjectivity_seconds"] == 256 * 8 * 12
    assert (shown["period"], shown["forced"], shown["contradicts_chain"]) == (0, False, False)


def test_what_is_wrong_is_shown(client: Client, l1: Chain, beacon: BeaconNode) -> None:
    beacon.finality = update(40, 24, by_period=1)
    go(42)
    text = page(client)
    assert "Nothing is certified by signatures." in text
    assert "Refused at the last look. l1-beacon" in text
    assert "No endpoint has given anything sound since Tue 14 Nov 2023" in text
    beacon.go_to(40, finalized=24, signers=10)
    go(43)
    assert "the newest signatures are by less than two thirds: 10 members" in page(client)
    LightClient.objects.update(forced=True)
    assert "advanced by less than two thirds" in page(client)
    assert told(client)["forced"] is True
    Beacon.objects.update(checkpoint="${SURELY_UNSET}")
    assert "SURELY_UNSET, which is not set" in page(client)
    assert "SURELY_UNSET" in told(client)["why_not"]


def test_a_contradiction_is_shown_as_an_alarm(
    client: Client, l1: Chain, beacon: BeaconNode
) -> None:
    Block.objects.create(
        chain=l1, number=1024, hash="0x" + "e" * 64, parent_hash="0x" + "d" * 64, timestamp=1,
        header={},
    )  # fmt: skip
    beacon.go_to(40, finalized=24)
    go(42)
    body = client.get("/chains/l1/").content.decode()
    assert '<p class="call alarm"><b>Nothing is certified by signatures.</b>' in body
    assert told(client)["contradicts_chain"] is True
    assert scrape(client)["tocsin_signed_contradicts_chain", "l1"] == 1
    check = {check.name: check for check in doctor.beacons()}["beacon of l1"]
    assert (check.level, "neither is relied on" in check.says) == (Level.FAIL, True)


def test_it_costs_one_query_of_the_page_and_none_of_the_api(
    client: Client, l1: Chain, beacon: BeaconNode
) -> None:
    def count(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(path).status_code == 200
        read = [one["sql"] for one in found if one["sql"].startswith("SELECT")]
        assert not any('"chainsync_lightclient"."record"' in sql for sql in read)
        return len(read)

    ChainStatus.objects.create(chain=l1, head_number=1100, head_hash="0x" + "a" * 64)
    beacon.go_to(40, finalized=24)
    go(42)
    paths = ("/chains/l1/", "/api/v1/chains/l1/", "/api/v1/chains/")
    with_beacon = [count(path) for path in paths]
    Beacon.objects.update(active=False)
    without = [count(path) for path in paths]
    assert [one - other for one, other in zip(with_beacon, without, strict=True)] == [1, 0, 0]


def test_prometheus_and_the_doctor(client: Client, l1: Chain, beacon: BeaconNode) -> None:
    assert ("tocsin_signed_block", "l1") not in scrape(client)
    checks = {check.name: check for check in doctor.beacons()}
    assert checks["beacon endpoint l1-beacon"].level is Level.FAIL
    assert "HTTP 404" in checks["beacon endpoint l1-beacon"].says
    assert checks["beacon of l1"].level is Level.WARN
    beacon.go_to(40, finalized=24, signers=30)
    go(42)
    found = scrape(client)
    assert found["tocsin_signed_block", "l1"] == 1024
    assert found["tocsin_signed_participants", "l1"] == 30
    assert found["tocsin_signed_committee_size", "l1"] == 32
    assert found["tocsin_signed_age_seconds", "l1"] > 10**6
    checks = {check.name: check for check in doctor.beacons()}
    assert "epochs old" in checks["beacon endpoint l1-beacon"].says
    assert "Block 1,024 is signed as final by 30 of 32" in checks["beacon of l1"].says
    BeaconEndpoint.objects.update(url="http://hush:hush@127.0.0.1:1/key-hush")
    Beacon.objects.update(checkpoint="0x12")
    for check in doctor.beacons():
        assert "hush" not in check.says + check.do
        assert check.level is Level.FAIL

"""Pages as they are served: what they say, in how many queries, and what strangers cannot do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.web.seeded_texts import HOSTILE
from tests.web.seeded_venue import ONE, person

FRAME = 4
"""Queries of the frame: outbox position, venue's name, chains, open findings."""


@pytest.fixture
def client() -> Client:
    return Client(headers={"Accept": "text/html"})


def text(response: Any) -> str:
    """What a reader sees of a page, without markup and with single spaces."""
    plain = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", plain)


@pytest.mark.django_db
def test_an_empty_house_teaches(client: Client) -> None:
    """Before anything is read every page answers, and the first says what will happen."""
    home = client.get("/")
    assert home.status_code == 200
    assert "Nothing is up for a vote." in text(home)
    assert "the first proposal is made" in text(home)
    for path in ("/proposals/", "/delegates/", "/operations/", "/chains/", "/findings/"):
        assert client.get(path).status_code == 200, path


def test_home_says_what_is_open_and_what_comes(seed: Any, client: Client) -> None:
    page = text(client.get("/"))
    assert "Four votes are open." in page
    assert "The first closes" in page
    assert page.index("Add a second bridge validator") < page.index("Lower maximum leverage")
    assert "Quorum is reached." in page
    assert "List SOL-PERP" in page[page.index("Coming next") :]


def test_a_proposal_page_tells_everything(seed: Any, client: Client) -> None:
    page = text(client.get(seed.open.get_absolute_url()))
    assert "Set the maximum leverage of market ETH-PERP on Venue from 20x to 10x." in page
    assert "372,880" in page
    assert "73.4 %" in page
    assert (
        "Quorum is reached. For and Abstain together hold 411,830 votes; 4 % of the 9,600,000 "
        "votes that existed at the snapshot are needed, that is 384,000." in page
    )
    assert "Agreed , step 2 of 6" in page
    assert "Provisional:" in page
    assert "What is in force there now: Agreed , step 2 of 6" in page
    assert "40,000 for, 20,000 abstain" in page
    assert page.count("Lower maximum leverage on ETH-PERP from 20× to 10×") == 2, (
        "in the window's title and as heading, not again above the text"
    )
    assert f"own at block {seed.head - 5:,}: they are the same." in page


def test_a_block_clock_is_told_in_both_clocks(seed: Any, client: Client) -> None:
    """Block 9,210 is 90 blocks of 6 s ahead of head: about nine minutes, and said to be about."""
    page = text(client.get(seed.block_clock.get_absolute_url()))
    assert "after block 9,210" in page
    assert "about" in page
    assert "the governor asks for 100,000, whatever the supply" in page


@pytest.mark.parametrize(
    ("title", "label"),
    [
        ("List SOL-PERP", "Not open yet"),
        ("Give the guardian", "Queued"),
        ("Pause withdrawals", "Executed"),
        ("Halve all fees", "Defeated"),
        ("Move the treasury", "Canceled"),
    ],
)
def test_states_are_told_in_words(seed: Any, client: Client, title: str, label: str) -> None:
    from governance.models import Proposal

    found = Proposal.objects.get(title__startswith=title)
    response = client.get(found.get_absolute_url())
    badge = re.search(
        r'class="state [^"]*">(?:<span[^>]*>●</span>)?([^<]+)<', response.content.decode()
    )
    assert badge is not None
    assert badge[1] == label


def test_a_tally_that_differs_from_the_contract_says_so(seed: Any, client: Client) -> None:
    from datetime import UTC, datetime

    from ledger.models import Finding

    now = datetime.now(UTC)
    Finding.objects.create(
        rule="governance.tally-differs",
        subject=seed.open.key,
        level="alarm",
        summary="The contract counts 5 For votes more.",
        opened_at=now,
        seen_at=now,
    )
    page = text(client.get(seed.open.get_absolute_url()))
    assert "The contract counts 5 For votes more." in page
    assert "they are the same" not in page


def test_one_operators_word_is_only_reported(seed: Any, client: Client) -> None:
    """A vote in a block that one operator gave lowers the whole tally's step, and its own."""
    from chainsync.models import Coverage
    from governance.models import Vote

    block = Vote.objects.filter(proposal=seed.open).latest("block_number").block_number
    agreed = [(12, block - 1), (block + 1, seed.head)]
    Coverage.objects.filter(contract=seed.governor).update(agreed=agreed)
    page = text(client.get(seed.open.get_absolute_url()))
    assert "Reported , step 1 of 6" in page
    assert f"From block {block:,} on only one operator’s node has been heard" in page
    votes = page[page.index("Heaviest first") :]
    assert votes.count("Reported , step 1 of 6") == 1
    assert votes.count("Agreed , step 2 of 6") == 4


def test_hostile_text_stays_text(seed: Any, client: Client) -> None:
    """No script, handler, image or dangerous link survives; hidden characters are spelled out."""
    body = client.get(seed.evil.get_absolute_url()).content.decode()
    assert "<script>alert" not in body
    assert "<script>document" not in body
    assert "<img" not in body.replace('<img alt="QR code', "")
    assert "onerror=alert(1)>" not in body
    assert 'href="javascript:' not in body
    assert "\u202e" not in body
    assert '<span class="unseen" title="right-to-left override">U+202E</span>' in body
    assert "Picture left out" in body
    assert len(body) < 120_000, "1 MB of text does not go out at once"
    whole = client.get(f"{seed.evil.get_absolute_url()}text/").content.decode()
    assert whole.count("All work and no play.") == HOSTILE.count("All work and no play.")
    assert "<script>" not in whole


def test_search_filters_and_cursors(seed: Any, client: Client) -> None:
    from governance.models import Proposal

    assert "Lower maximum leverage" in text(client.get("/proposals/?q=leverage"))
    found = text(client.get("/proposals/?state=executed"))
    assert "Pause withdrawals" in found
    assert "Lower maximum leverage" not in found
    only = text(client.get("/proposals/?governor=bridge-governor"))
    assert "Add a second bridge validator" in only
    assert "Pause withdrawals" not in only
    assert "No proposal matches" in text(client.get("/proposals/?q=nothingtobefound"))
    for number in range(25):
        seed.proposal(f"extra {number}", f"# Extra {number:02}", start=-100, end=100)
    first = client.get("/proposals/")
    cursor = re.search(r"after=([0-9.]+)", first.content.decode())
    assert cursor is not None
    second = client.get(f"/proposals/?after={cursor[1]}")
    links = [
        set(re.findall(r'<h3><a id="[^"]*" href="(/proposals/[0-9a-f]+/)"', page.content.decode()))
        for page in (first, second)
    ]
    assert not links[0] & links[1]
    assert len(links[0] | links[1]) == Proposal.objects.count()
    assert client.get("/proposals/?after=nonsense").status_code == 400


def test_votes_are_paged_without_gap_or_double(seed: Any, client: Client) -> None:
    for number in range(60):
        seed.vote(seed.quiet, f"voter {number}", 1, 10 + number % 7, 10)
    path = f"{seed.quiet.get_absolute_url()}votes/?sort=weight"
    seen: list[str] = []
    query = ""
    for _ in range(4):
        body = client.get(path + query).content.decode()
        seen += re.findall(r'id="vote-(\d+)"', body)
        following = re.search(r'hx-get="[^"]*after=([0-9.]+)"', body)
        if following is None:
            break
        query = f"&after={following[1]}"
    assert len(seen) == len(set(seen)) == 60


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/", 12),
        ("/proposals/", 7),
        ("/delegates/", 5),
        ("/operations/", 6),
        ("/chains/", 13),
        ("/chains/l2/", 15),
        ("/findings/", 2),
        ("/health/", 60),
        ("/chains/l2/endpoints/l2-northwind/", 7),
        ("/chains/l2/blocks/48000/", 7),
    ],
)
def test_lists_have_bounded_queries(
    seed: Any,
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    path: str,
    queries: int,
) -> None:
    for number in range(30):
        extra = seed.proposal(f"extra {number}", f"# Extra {number:02}", start=-100, end=100)
        seed.vote(extra, "alice", 1, 10, 5)
    with django_assert_max_num_queries(FRAME + queries):
        assert client.get(path).status_code == 200


def test_a_proposal_page_has_bounded_queries(
    seed: Any, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(100):
        seed.vote(seed.open, f"voter {number}", 1, 10, 5)
    with django_assert_max_num_queries(FRAME + 15):
        assert client.get(seed.open.get_absolute_url()).status_code == 200
    with django_assert_max_num_queries(12):
        assert client.get(f"{seed.open.get_absolute_url()}live/").status_code == 200
    with django_assert_max_num_queries(7):
        assert client.get(f"{seed.open.get_absolute_url()}votes/").status_code == 200


def test_a_delegate_and_an_address(
    seed: Any, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    alice = person("alice")
    with django_assert_max_num_queries(FRAME + 9):
        page = text(client.get(f"/delegates/{alice}/"))
    assert "420,000 VNU" in page
    assert "3 of the last" in page
    with django_assert_max_num_queries(FRAME + 8):
        page = text(client.get(f"/addresses/{alice}/"))
    assert "Better safe." in page
    moved = client.get(f"/addresses/{alice.lower()}/")
    assert moved.status_code == 302
    assert moved["Location"] == f"/addresses/{alice}/"
    assert "a contract of the charter" in text(client.get(f"/addresses/{seed.venue.address}/"))
    assert client.get("/addresses/0x12/").status_code == 404


def test_fragments_answer_not_modified(seed: Any, client: Client) -> None:
    """A page that is asked again before anything happened gets 304, and 200 after a vote."""
    path = f"{seed.open.get_absolute_url()}live/"
    tag = client.get(path)["ETag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
    seed.vote(seed.open, "fay", 1, 100, 1)
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_refusals_are_told_in_words(seed: Any, client: Client) -> None:
    missing = client.get("/proposals/00000000000000000000/")
    assert missing.status_code == 404
    assert "No proposal has this key. It may have been taken back by a reorg." in text(missing)
    assert "There is nothing at this address" in text(client.get("/nowhere/"))


def test_pages_forbid_foreign_scripts(seed: Any, client: Client) -> None:
    """The policy names our own origin alone, and no page carries a script or style of its own."""
    response = client.get(seed.open.get_absolute_url())
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    body = response.content.decode()
    assert not re.search(r"<script(?![^>]*\b(src|type=\"application/json\"))", body)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=", body)


@pytest.mark.django_db
def test_the_hand_off_leads_to_our_own_pages_only(client: Client) -> None:
    assert client.get("/hand-off/?path=/proposals/")["Content-Type"] == "image/svg+xml"
    own = client.get("/hand-off/?path=/").content
    assert client.get("/hand-off/?path=//evil.example/").content == own


def test_amounts_are_exact_to_the_last_unit(seed: Any, client: Client) -> None:
    seed.vote(seed.quiet, "fay", 1, 2**200 // ONE, 1)
    body = client.get(seed.quiet.get_absolute_url()).content.decode()
    assert f"{2**200 // ONE * ONE} base units" in body


def test_a_governor_that_was_not_asked_yet_is_no_error(seed: Any, client: Client) -> None:
    """Right after a start rules may be unknown: the text is shown, and why the state is not."""
    from governance.models import Governor

    Governor.objects.all().delete()
    response = client.get(seed.open.get_absolute_url())
    assert response.status_code == 503
    assert "has not been asked yet what rules it follows" in text(response)
    assert "On the last three stress days" in text(response)
    assert client.get("/").status_code == client.get("/proposals/").status_code == 200

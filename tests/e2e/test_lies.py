"""Sources that lie, lag or vanish: the pages say the truth meanwhile, and heal by themselves."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from contract_reads import all_votes, contract_tally, find_proposal, told_tally
from conversation import is_same_document, mark
from electorate import open_for_a_while
from look import look
from playwright.sync_api import Page, expect
from running_venue import Venue, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

LONG = 90
"""Seconds that something may take on a machine that does a lot besides."""
NOTICE = re.compile(r"Two of our sources disagree about block [\d,]+")


@pytest.fixture(autouse=True)
def healed(venue: Venue) -> Iterator[None]:
    """Each story begins and ends with sources that are well."""
    until(lambda: all_well(venue), LONG, lambda: f"all is well\n{venue.tail()}", pause=1)
    yield
    venue.lab("endpoint", "heal")
    until(lambda: all_well(venue), LONG, lambda: f"all is well again\n{venue.tail()}", pause=1)


def all_well(venue: Venue) -> bool:
    """Nothing is disputed, every source is believed and answers, every chain is fresh."""
    if venue.api("disputes/?open=true")["results"] or venue.get("/readyz")[0] != 200:
        return False
    sources = venue.api("endpoints/")["results"]
    return not any(one["disagrees"] or one["failures"] for one in sources)


def lies_told(venue: Venue) -> list[dict[str, Any]]:
    """Proven lies of l2-b, newest first."""
    query = "disputes/?endpoint=l2-b&outcome=endpoint-wrong"
    return [dict(row) for row in venue.api(query)["results"]]


def test_a_lie_that_a_block_refutes_is_named_and_its_count_is_shown_nowhere(
    venue: Venue, open_page: Callable[..., Page]
) -> None:
    proposal = open_for_a_while(venue, 60)
    known = {row["id"] for row in lies_told(venue)}
    venue.lab("endpoint", "lie", "l2-b")
    cast = len(all_votes(venue, proposal["key"])) + 3
    venue.lab("votes", "cast", 3, "--proposal", proposal["proposal_id"])

    def named() -> list[dict[str, Any]]:
        return [row for row in lies_told(venue) if row["id"] not in known]

    lie, *_ = until(named, LONG, lambda: f"the lie is proven\n{venue.tail()}")
    assert lie["evidence"]
    until(lambda: len(all_votes(venue, proposal["key"])) >= cast, LONG, venue.tail)
    row = find_proposal(venue, proposal["key"])
    count = contract_tally(venue, row, row["freshness"]["as_of_block"])
    assert told_tally(row) == count, "what the liar said of the votes is in no count"

    page = open_page("/chains/l2/endpoints/l2-b/?window=hour")
    expect(page.locator("#endpoint")).to_contain_text("It is not believed at the moment.")
    expect(page.locator("#endpoint")).to_contain_text("l2-b was wrong.")
    expect(page.locator("#endpoint")).to_contain_text(lie["evidence"])
    expect(page.locator("svg.strip rect.lie").first).to_be_attached()
    assert venue.environment["TOCSIN_LAB_URL"] not in page.content()
    assert look(page, "endpoint-lied") == []

    shown = open_page(f"/proposals/{proposal['key']}/")
    # What follows from the block's own root may be proven meanwhile; the votes are one node's word.
    told = shown.locator("#tally .evidence-list")
    expect(told).to_contain_text("only one operator’s node has been heard")
    health = open_page("/health/")
    expect(health.locator("#health")).to_contain_text("l2-b (Lab operator B) is not believed")
    assert look(health, "health-lied") == []

    mark(page)
    venue.lab("endpoint", "heal", "l2-b")
    until(lambda: all_well(venue), LONG, lambda: f"it is believed again\n{venue.tail()}", pause=1)
    expect(page.locator("#endpoint")).to_contain_text("It stopped saying so", timeout=LONG * 1000)
    assert is_same_document(page)


def test_an_open_contradiction_is_said_wherever_a_count_rests_on_it(
    venue: Venue, open_page: Callable[..., Page]
) -> None:
    proposal = open_for_a_while(venue, 120)
    home = open_page("/")
    mark(home)
    pages = {
        "proposal-disputed": f"/proposals/{proposal['key']}/",
        "home-disputed": "/",
        "chain-disputed": "/chains/l2/",
        "health-disputed": "/health/",
    }

    def standing(*endpoints: str) -> list[dict[str, Any]]:
        found = [venue.api(f"disputes/?open=true&endpoint={name}")["results"] for name in endpoints]
        return [dict(row) for rows in found for row in rows]

    def contest() -> dict[str, Any]:
        """Have a contradiction open while l2-a is followed, and which it is."""
        for _ in range(5):
            if found := standing("l2-b"):
                return found[0]
            # The last one was decided when finality had passed it: tell another.
            venue.lab("endpoint", "heal", "l2-b")
            if standing("l2-a"):
                # Whoever failed l2-a lately follows the liar: then it is l2-a who contradicts.
                until(lambda: all_well(venue), LONG, lambda: f"it is settled\n{venue.tail()}")
            venue.lab("endpoint", "lie", "l2-b", "--how", "forged-block")
            until(
                lambda: standing("l2-a", "l2-b"),
                LONG,
                lambda: f"a contradiction is open\n{venue.tail()}",
            )
        raise AssertionError(f"the liar is followed each time\n{venue.tail()}")

    row = contest()

    def voted() -> bool:
        votes = all_votes(venue, proposal["key"])
        return any(vote["block_number"] >= row["first_block"] for vote in votes)

    venue.lab("votes", "cast", 1, "--proposal", proposal["proposal_id"])
    until(voted, LONG, lambda: f"the vote is counted\n{venue.tail()}")
    wrong = []
    for name, path in pages.items():
        contest()
        page = open_page(path)
        expect(page.locator("#disputes")).to_contain_text(NOTICE)
        expect(page.locator('.top .chain[data-chain="l2"]')).to_contain_text("disputed")
        if name == "proposal-disputed":
            expect(page.locator("#tally")).to_contain_text("This count is not final.")
            expect(page.locator("#tally .assured").first).to_contain_text("Disputed")
            expect(page.locator("#votes .assured.disputed").first).to_be_attached()
        if name == "health-disputed":
            expect(page.locator("#health")).to_contain_text("Not all of it.")
        wrong += look(page, name)
    assert wrong == []
    expect(home.locator("#disputes")).to_contain_text(NOTICE, timeout=LONG * 1000)

    venue.lab("endpoint", "heal", "l2-b")
    until(lambda: all_well(venue), LONG, lambda: f"it is settled\n{venue.tail()}", pause=1)
    expect(home.locator("#disputes")).not_to_contain_text(NOTICE, timeout=LONG * 1000)
    assert is_same_document(home)
    row = find_proposal(venue, proposal["key"])
    assert told_tally(row) == contract_tally(venue, row, row["freshness"]["as_of_block"])


def test_a_source_that_lags_is_seen_to_lag_and_nothing_else_suffers(
    venue: Venue, open_page: Callable[..., Page]
) -> None:
    venue.lab("endpoint", "stale", "l2-b")

    def behind() -> bool:
        return (venue.api("endpoints/l2-b/")["blocks_behind"] or 0) > 20

    until(behind, LONG, lambda: f"l2-b is behind\n{venue.tail()}")

    def kept() -> bool:
        minutes = venue.api("endpoints/l2-b/history/?limit=3")["results"]
        return any((minute["lag_blocks"] or 0) > 20 for minute in minutes)

    until(kept, LONG, lambda: f"its lag is history\n{venue.tail()}")
    page = open_page("/chains/l2/endpoints/l2-b/?window=hour")
    expect(page.locator("#endpoint .state").first).to_have_text("behind")
    expect(page.locator("svg.history-chart rect.lag").first).to_be_attached()
    assert look(page, "endpoint-lagging") == []
    expect(open_page("/").locator('.top .chain[data-chain="l2"]')).to_have_attribute(
        "data-level", "fresh"
    )
    assert venue.get("/readyz")[0] == 200


def test_when_no_source_answers_the_pages_say_so_and_come_back(
    venue: Venue, open_page: Callable[..., Page]
) -> None:
    home = open_page("/")
    mark(home)
    venue.lab("endpoint", "refuse", "l2-a", "l2-b", "--how", "unavailable")
    chain = home.locator('.top .chain[data-chain="l2"]')
    expect(chain).to_have_attribute("data-level", "down", timeout=2 * LONG * 1000)
    expect(home.locator('[data-stale="l2"]')).to_contain_text("Venue L2 stands still.")
    assert look(home, "home-outage") == []

    until(lambda: venue.get("/readyz")[0] == 503, LONG, lambda: "/readyz says that it is stale")
    why = json.loads(venue.get("/readyz")[1])["wrong"]
    assert any("Venue L2" in words and "stale" in words for words in why), why
    home.locator('[data-stale="l2"]').get_by_role("link", name="What is wrong").last.click()
    expect(home.locator("#health")).to_contain_text("No.")
    expect(home.locator("#health")).to_contain_text("Do not rely on their tallies")
    expect(home.locator("#health")).to_contain_text(
        re.compile(r"l2-[ab] \(Lab operator [AB]\) does not answer")
    )
    assert look(home, "health-outage") == []

    venue.lab("endpoint", "heal")
    home.goto("/")
    expect(chain).to_have_attribute("data-level", "fresh", timeout=LONG * 1000)

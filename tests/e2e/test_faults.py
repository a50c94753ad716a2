"""What goes wrong outside is seen, said and healed: a reorganisation, a node that stops."""

import json
import re
from collections.abc import Callable

import pytest
from contract_reads import all_votes, contract_tally, find_proposal, told_tally
from conversation import is_same_document, mark
from electorate import open_for_a_while
from look import look
from playwright.sync_api import Page, expect
from running_venue import Venue, until

pytestmark = pytest.mark.browser

DEPTH = 5


def test_a_reorganisation_under_an_open_page_is_shown_and_healed(
    venue: Venue, open_page: Callable[..., Page]
) -> None:
    proposal = open_for_a_while(venue, 45)
    key = proposal["key"]
    known = {reorg["id"] for reorg in venue.api("reorgs/")["results"]}
    page = open_page(f"/proposals/{key}/")
    mark(page)
    expect(page.locator("#reorg-notice")).to_be_hidden()

    venue.lab("votes", "cast", 4, "--proposal", proposal["proposal_id"])
    until(lambda: len(all_votes(venue, key)) >= 4, 30, venue.tail)
    cast = {vote["tx_hash"] for vote in all_votes(venue, key)}
    said = venue.lab("chain", "reorg", "l2", DEPTH, "--drop", 3)
    assert re.search(r"[1-9]\d* dropped", said), said

    def noted() -> list[dict[str, object]]:
        return [r for r in venue.api("reorgs/")["results"] if r["id"] not in known]

    [reorg] = until(noted, 15, lambda: f"the reorganisation is noted\n{venue.tail()}")
    assert reorg["chain"] == "eip155:901"
    [first] = re.findall(r"from block (\d+) on", said)
    assert reorg["fork_number"] == int(first) - 1
    # What is told is what was undone here: the newest block may never have been seen.
    gone = venue.api("blocks/?chain=l2&canonical=false")["results"]
    undone = [block for block in gone if block["number"] > reorg["fork_number"]]
    assert 0 < reorg["depth"] == len(undone) <= DEPTH
    assert not reorg["refused"]
    assert reorg["logs_orphaned"] > 0
    expect(page.locator("#reorg-notice")).to_be_visible(timeout=5000)

    def healed() -> bool:
        row = find_proposal(venue, key)
        count = contract_tally(venue, row, row["freshness"]["as_of_block"])
        return told_tally(row) == count

    until(healed, 20, lambda: f"the tally equals the contract's\n{venue.tail()}", pause=1)
    assert not cast <= {vote["tx_hash"] for vote in all_votes(venue, key)}
    count = find_proposal(venue, key)["tally"]["vote_count"]
    expect(page.locator("#tally")).to_have_attribute("data-votes", str(count))
    assert is_same_document(page)
    assert look(page, "proposal-reorganised") == []

    chain = open_page("/chains/l2/")
    expect(chain.locator("main")).to_contain_text(re.compile("reorgani[sz]", re.IGNORECASE))


def test_the_doctor_finds_a_running_venue_sound(venue: Venue) -> None:
    until(lambda: venue.get("/readyz")[0] == 200, 60, lambda: str(unready(venue)))
    said = venue.manage("doctor")
    assert said.returncode == 0, said.stdout + said.stderr
    assert said.stdout.strip()


def test_a_node_that_stops_is_named_and_comes_back(
    venue: Venue, open_page: Callable[..., Page]
) -> None:
    page = open_page("/")
    shown = page.locator('.chain[data-chain="l2"]')
    expect(shown).to_have_attribute("data-level", "fresh")
    assert unready(venue) == {}

    venue.lab("node", "pause", "l2")
    try:
        expect(shown).to_have_attribute("data-level", re.compile("late|down"), timeout=30_000)
        expect(shown).to_contain_text(re.compile("late|standing still"))

        assert look(page, "home-late") == []
        said = venue.manage("doctor", "--json")
        assert said.returncode == 1, said.stdout
        assert "l2" in json.dumps(json.loads(said.stdout)).lower()

        told = until(lambda: unready(venue), 60, lambda: "/readyz says that it is not ready")
        assert list(told) == ["chain:l2"]
        assert re.search(r"Venue L2 is \d+ s old; data older than \d+ s is stale", told["chain:l2"])
        assert venue.get("/readyz")[0] == 503
    finally:
        venue.lab("node", "resume", "l2")
    expect(shown).to_have_attribute("data-level", "fresh", timeout=40_000)
    until(lambda: not unready(venue), 40, lambda: str(unready(venue)))
    assert venue.get("/readyz")[0] == 200
    halted = [chain["halted"] for chain in venue.api("chains/")["results"]]
    assert halted == ["", ""], "a pause is no reason to stop following"


def unready(venue: Venue) -> dict[str, str]:
    """What /readyz finds wrong: words by name; empty when all is well."""
    told = json.loads(venue.get("/readyz")[1])
    return {one["name"]: one["says"] for one in told["conditions"] if not one["holds"]}

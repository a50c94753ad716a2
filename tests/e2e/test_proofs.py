"""Tallies of the scripted life climb the ladder by themselves, and anybody can check them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from look import look
from playwright.sync_api import Page, expect
from running_venue import Venue, until

from tools.node import find_node

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]


def climbed(venue: Venue, chain: str, step: str) -> dict[str, Any]:
    """A proposal of a chain whose voting is over and whose tally has reached a step."""

    def found() -> dict[str, Any] | None:
        over = venue.api(f"proposals/?chain={chain}&state=executed,defeated,queued")["results"]
        for row in over:
            told = venue.api(f"proposals/{row['key']}/")
            if told["proven"]["tally"] == step and told["proven"]["proof"]["closing"]:
                return told
        return None

    return until(found, 240, lambda: f"a tally on {chain} is {step}\n{venue.tail()}", pause=2)


def test_a_tally_on_l1_is_signed_and_its_page_says_by_whom(
    venue: Venue, open_page: Callable[..., Page]
) -> None:
    told = climbed(venue, "eip155:900", "signed")
    signed = told["proven"]["proof"]["signed"]
    assert signed["participants"] * 3 >= signed["committee"] * 2
    page = open_page(f"/proposals/{told['key']}/")
    tally = page.locator("#tally")
    expect(tally.locator("#evidence > summary")).to_contain_text("Signed, step 6 of 6")
    tally.locator("#evidence > summary").click()
    expect(tally).to_contain_text("members of the sync committee signed as final")
    assert look(page, "proposal-signed") == []


def test_a_tally_on_l2_is_proven_and_says_what_is_missing(
    venue: Venue, open_page: Callable[..., Page]
) -> None:
    told = climbed(venue, "eip155:901", "proven")
    assert told["proven"]["proof"]["reach"] == "proven"
    page = open_page(f"/proposals/{told['key']}/")
    tally = page.locator("#tally")
    expect(tally.locator("#evidence > summary")).to_contain_text("Proven, step 3 of 6")
    tally.locator("#evidence > summary").click()
    expect(tally).to_contain_text("Not asserted yet")


def test_a_browser_checks_it_by_itself(venue: Venue, open_page: Callable[..., Page]) -> None:
    told = climbed(venue, "eip155:901", "proven")
    page = open_page(f"/proposals/{told['key']}/")
    page.get_by_role("button", name="Check it in this browser").click()
    expect(page.locator("#check [data-verdict]")).to_contain_text("proven", timeout=60_000)
    expect(page.locator("#check [data-equal]")).to_be_visible()
    expect(page.locator("#check [data-alarm]")).to_be_hidden()
    assert look(page, "proposal-checked") == []


@pytest.mark.parametrize(("chain", "step"), [("eip155:900", "signed"), ("eip155:901", "proven")])
def test_the_file_is_proven_by_both_verifiers(
    venue: Venue, tmp_path: Path, chain: str, step: str
) -> None:
    told = climbed(venue, chain, step)
    path = tmp_path / "tally.certificate"
    status, body = venue.get(f"/api/v1/proposals/{told['key']}/certificate/file")
    assert status == 200
    path.write_bytes(body)
    javascript = ROOT / "static" / "js" / "verifier" / "command.js"
    for command in (
        [sys.executable, "-m", "proofs", "verify", str(path)],
        [str(find_node().node), str(javascript), str(path)],
    ):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_voter_proves_a_vote_and_a_stranger_that_there_is_none(
    venue: Venue, open_page: Callable[..., Page]
) -> None:
    told = climbed(venue, "eip155:901", "proven")
    vote = venue.api(f"proposals/{told['key']}/votes/")["results"][0]
    voter = vote["voter"].rpartition(":")[2]
    page = open_page(f"/proposals/{told['key']}/proof/{voter}/")
    page.get_by_role("button", name="Check it in this browser").click()
    expect(page.locator("#check [data-verdict]")).to_contain_text("proven", timeout=60_000)
    expect(page.locator("#check [data-voter-words]")).not_to_be_empty()
    assert look(page, "vote-proof") == []
    nobody = open_page(
        f"/proposals/{told['key']}/proof/0x000000000000000000000000000000000000dEaD/"
    )
    expect(nobody.locator("main")).to_contain_text("This address has not voted")

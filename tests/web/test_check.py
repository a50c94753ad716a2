"""Checking a count in a real browser: the panel of a proposal, and the proof of one vote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import made_certificate
import pytest
from made_certificate import BEN, CLEO, DORA, Cast, Made
from taken_apart import apart, sealed

from proofs.chain import rlp
from tests.web.browsing import flaws, until
from tests.web.proven import arguments, plain

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

ABSENT = b"\x09" * 20
RUNNING = Made(deadline=2_000_000)


@pytest.fixture
def proven(site: Any) -> Callable[..., Any]:
    """Have a made vote proven on the site."""
    return lambda made=RUNNING, data=None: site.act("prove", **arguments(made, data))


def panel_of(page: Any) -> Any:
    """Press the button, wait for the outcome."""
    page.get_by_role("button", name="Check it in this browser").click()
    page.locator("[data-outcome]").wait_for(timeout=60_000)
    return page.locator("#check")


def path(told: Any, voter: bytes = b"", root: str = "") -> str:
    place = f"/proposals/{told['key']}/"
    if voter:
        place += f"proof/0x{voter.hex()}/"
    return place + (f"?root={root}" if root else "")


def test_the_count_is_recomputed_and_held_against_the_page(
    site: Any, open_page: Any, proven: Callable[..., Any]
) -> None:
    told = proven()
    page = open_page(path(told))
    panel = panel_of(page)
    assert "The whole count is proven" in panel.inner_text()
    assert "These are the numbers that this page shows" in panel.inner_text()
    assert "720 WHO For, 310 WHO Against, 70 WHO Abstain." in panel.inner_text()
    assert "votes after block 20,012 are not in it" in panel.inner_text()
    assert panel.locator("[data-found-anchor]").inner_text() == told["anchor"]
    assert panel.locator("[data-found-root]").inner_text() == told["root"]
    assert panel.locator("[data-alarm]").is_hidden()
    assert page.evaluate("document.activeElement.hasAttribute('data-outcome')")

    # A vote after the anchor is on the page, and taken off before the two are compared.
    site.act("cast", key=told["key"], vote=plain(Cast(ABSENT, 1, 11, 40)))
    page.locator("#tally").get_by_text("731").first.wait_for()
    assert "These are the numbers that this page shows" in panel_of(page).inner_text()
    site.act("uncast", key=told["key"])


def test_a_page_that_shows_another_number_is_an_alarm(
    site: Any, open_page: Any, proven: Callable[..., Any]
) -> None:
    told = proven()
    page = open_page(path(told))
    page.evaluate(
        "new MutationObserver(() => {"
        " const data = document.querySelector('#tally #bar-for').closest('.line')"
        ".querySelector('data'); if (data.value !== '721') data.value = '721'"
        "}).observe(document.body, {subtree: true, childList: true, attributes: true})"
    )
    page.evaluate("document.body.setAttribute('data-touched', '')")
    alarm = panel_of(page).locator("[data-alarm]")
    assert alarm.get_attribute("role") == "alert"
    assert alarm.locator("tbody tr").all_inner_texts() == [
        "For, as this page shows it\t721 WHO\t720 WHO"
    ]
    assert "other numbers than are proven" in page.locator("[data-verdict]").inner_text()
    assert page.locator("[data-equal]").is_hidden()


def test_votes_that_the_site_was_told_and_that_are_not_proven_are_an_alarm(
    site: Any, open_page: Any, proven: Callable[..., Any]
) -> None:
    """The rows hold a vote in a block before the anchor that the chain does not have."""
    told = proven()
    site.act("cast", key=told["key"], vote=plain(Cast(ABSENT, 1, 5, 3)))
    try:
        page = open_page(path(told))
        rows = panel_of(page).locator("[data-differences] tr").all_inner_texts()
        assert rows == [
            "For, as this site counted up to block 20,012\t725 WHO\t720 WHO",
            "For, as this page shows it\t725 WHO\t720 WHO",
        ]
        page.goto(site.url + path(told, CLEO))
        assert page.get_by_text("contradicts what is proven").is_visible()
        assert "For, as this site counted" in panel_of(page).inner_text()
    finally:
        site.act("uncast", key=told["key"])


def test_a_spoiled_shard_and_a_forged_vote_do_not_hold(
    site: Any, open_page: Any, proven: Callable[..., Any]
) -> None:
    told = proven()
    site.act("spoil", root=told["root"], kind="receipts")
    page = open_page(path(told))
    panel = panel_of(page)
    assert "The certificate does not hold." in panel.inner_text()
    assert "WrongHash" in panel.inner_text()
    assert panel.get_by_text("Shown, step by step").is_hidden()
    # What was spoiled on the way or in the browser's own cache is taken anew.
    site.act("spoil", root=told["root"], kind="receipts")
    assert "The whole count is proven" in panel_of(page).inner_text()

    # Everything is named rightly, and yet the power of a voter is another than its vote.
    head, shards = apart(RUNNING.write())
    at = [one["kind"] for one in head["shards"]].index("used")
    item: Any = rlp.decode(shards[at])
    item[0].reverse()
    shards[at] = rlp.encode(item)
    proven(RUNNING, sealed(head, shards, names=True))
    panel = panel_of(page)
    assert "Disordered" in panel.inner_text()
    proven()


def test_a_proof_of_a_vote_and_of_none_are_found_again_in_the_browser(
    site: Any, open_page: Any, proven: Callable[..., Any]
) -> None:
    told = proven()
    page = open_page(path(told, CLEO))
    panel = panel_of(page)
    assert panel.locator("[data-alarm]").is_hidden()
    where = (
        "log 1 of receipt 1 in block {} of 12 Jan 1970, 13:46:{} UTC (shard 5). "
        "It leads to the anchor, block 20,012, by {} headers, each named by the next."
    )
    assert panel.locator("[data-voter-words] li").all_inner_texts() == [
        f"Split with 60 WHO: {where.format('20,004', 48, 8)}",
        f"Abstain with 40 WHO: {where.format('20,007', 54, 5)}",
        "Its power at the snapshot was 100 WHO: checkpoint 1 of 1 was in force (shard 6).",
        f"The governor’s own record of it is the word 0x{100:064x} (shard 7).",
    ]
    sums = panel.locator("[data-sums] tr").all_inner_texts()
    assert sums[2] == "Abstain\t70 WHO\t0 WHO\t70 WHO"
    # A page that says another number of this voter than was verified.
    page.evaluate("document.querySelector('[data-held=\"sums.abstain.own\"] data').value = '69'")
    rows = panel_of(page).locator("[data-differences] tr").all_inner_texts()
    assert rows == ["Its Abstain votes\t69 WHO\t70 WHO"]

    page.goto(site.url + path(told, ABSENT, told["root"]))
    assert page.get_by_role("heading", name="Proof of not voting").is_visible()
    words = panel_of(page).locator("[data-voter-words]").inner_text()
    assert "No vote of this address is among them. The votes of 4 other voters are all" in words
    assert page.locator("[data-alarm]").is_hidden()
    page.goto(site.url + path(told, DORA))
    assert "change no total" in panel_of(page).locator("[data-voter-words]").inner_text()


def test_a_certificate_that_reaches_less_says_so(
    site: Any, open_page: Any, proven: Callable[..., Any]
) -> None:
    lower = {"powers": "No endpoint proves storage."}
    hopped = Made(deadline=2_000_000, hop=True)
    told = proven(Made(deadline=2_000_000, missing=lower))
    page = open_page(path(told, BEN))
    panel = panel_of(page)
    assert "The power of the voters is not proven." in panel.inner_text()
    assert "No endpoint proves storage." in panel.inner_text()
    told = proven(Made(deadline=2_000_000, missing=lower | {"votes": "No endpoint has receipts."}))
    page.goto(site.url + path(told, BEN))
    assert page.get_by_text("Only the totals are proven, not who voted.").is_visible()
    panel = panel_of(page)
    assert "does not show whether this address voted" in panel.inner_text()
    told = proven(hopped)
    page.goto(site.url + path(told, BEN))
    assert "the history that the chain itself keeps, as of block 20,012" in (
        panel_of(page).inner_text()
    )
    proven()


def test_the_wallets_node_is_asked_for_the_anchor(
    site: Any, open_page: Any, proven: Callable[..., Any]
) -> None:
    told = proven()
    wallet = {"accounts": [site.act("person", name="alice")], "trusted": True}
    page = open_page(path(told), wallet=wallet)
    page.get_by_text("Compare the anchor").click()
    ask = page.get_by_role("button", name="Ask my wallet’s node")
    ask.click()
    page.get_by_role("button", name="Pretended Wallet").click()
    says = page.locator("[data-node-says]")

    def answer(by_hash: dict[str, str] | None, by_number: dict[str, str] | None) -> str:
        page.evaluate(
            "([hash, number]) => Object.assign(pretended, {blocks: {hash, number}})",
            [by_hash, by_number],
        )
        ask.click()
        until(page, "!document.querySelector('[data-node-says]').textContent.endsWith('…')")
        return str(says.inner_text())

    block = {"hash": told["anchor"], "number": hex(20_012)}
    assert "has this very block, number 20,012" in answer(block, block)
    assert "does not know this block" in answer(None, None)
    other = block | {"hash": "0x" + "ab" * 32}
    assert "has another hash" in answer(block, other)
    assert "alarm" in says.get_attribute("class")
    assert "no block" in answer(other, block)


def test_a_check_can_be_stopped_and_needs_no_pointer(
    site: Any, open_page: Any, proven: Callable[..., Any]
) -> None:
    page = open_page(path(proven()))
    page.route("**/certificate/0x*", lambda route: None)  # never answered
    page.locator("[data-start]").focus()
    page.keyboard.press("Enter")
    until(page, "document.activeElement.hasAttribute('data-cancel')")
    bar = page.get_by_role("progressbar", name="Progress of the check")
    bar.wait_for()
    until(page, "document.querySelector('[data-step]').textContent.startsWith('Checking the anch')")
    page.keyboard.press("Enter")
    assert page.get_by_text("The check was stopped.").is_visible()
    assert bar.is_hidden()
    assert page.evaluate("document.activeElement.hasAttribute('data-start')")
    page.unroute("**/certificate/0x*")
    assert "The whole count is proven" in panel_of(page).inner_text()


def test_a_certificate_that_is_replaced_meanwhile_gives_way_to_the_newer_one(
    site: Any, open_page: Any, proven: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While voting, one follows the other; what is shown to be compared is what was checked."""
    told = proven()
    pinned = open_page(path(told, CLEO))
    page = open_page(path(told))
    with monkeypatch.context() as later:
        later.setattr(made_certificate, "BLOCKS", made_certificate.BLOCKS + 1)
        newer = arguments(Made(deadline=2_000_000))
    replaced: list[Any] = []

    def replace(route: Any) -> None:
        if not replaced:
            replaced.append(site.act("prove", **newer))
        route.continue_()

    page.route("**/certificate?root=*", replace)
    panel = panel_of(page)
    assert "The whole count is proven" in panel.inner_text()
    assert panel.locator("[data-found-root]").inner_text() == replaced[0]["root"] != told["root"]
    panel.get_by_text("Compare the anchor").click()
    assert panel.locator("[data-anchor-hash]").inner_text() == replaced[0]["anchor"]
    assert replaced[0]["root"] in panel.locator("[data-file]").get_attribute("href")
    # The proof of a vote is about the very certificate whose numbers it shows.
    pinned.get_by_role("button", name="Check it in this browser").click()
    pinned.locator("[data-problem]").get_by_text("is not kept any more").wait_for()
    site.act("withdraw", key=told["key"])
    proven()


def test_a_certificate_that_is_gone_is_no_verdict(
    site: Any, open_page: Any, proven: Callable[..., Any]
) -> None:
    page = open_page(path(proven()))
    page.route("**/certificate/0x*", lambda route: route.fulfill(status=404, body="{}"))
    page.get_by_role("button", name="Check it in this browser").click()
    problem = page.locator("[data-problem]")
    problem.get_by_text("Nothing was found wrong").wait_for()
    assert page.locator("[data-outcome]").is_hidden()


@pytest.mark.parametrize(("width", "theme"), [(320, "dark"), (1280, "light"), (320, "light")])
def test_what_a_check_shows_is_accessible_and_fits(
    site: Any, open_page: Any, proven: Callable[..., Any], width: int, theme: str
) -> None:
    told = proven()
    page = open_page(path(told), width=width, theme=theme)
    panel = panel_of(page)
    for name in ("Compare the anchor", "Check it without this page"):
        panel.get_by_text(name, exact=True).click()
    assert flaws(page) == [], "proposal"
    for voter in (CLEO, ABSENT):
        page.goto(site.url + path(told, voter))
        panel_of(page)
        assert flaws(page) == [], "proof"
    page.evaluate("document.querySelector('[data-held=\"others\"] data').value = '77'")
    panel_of(page)
    assert flaws(page) == [], "alarm"
    page.goto(site.url + path(told, CLEO, "0x" + "0" * 64))
    assert flaws(page) == [], "gone"


def test_a_proof_is_one_clean_page_on_paper(
    site: Any, open_page: Any, proven: Callable[..., Any]
) -> None:
    told = proven()
    page = open_page(path(told, CLEO, told["root"]), theme="dark")
    page.emulate_media(media="print")
    assert page.locator(".top").is_hidden()
    assert page.locator("#check").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    until(page, "document.querySelector('.qr img').naturalWidth > 0")
    shown = page.locator("#main").inner_text()
    for word in (told["root"], told["anchor"], f"?root={told['root']}", "Abstain"):
        assert word in shown.replace("\n", "")
    sheets = page.pdf(format="A4").count(b"/Type /Page\n")
    assert sheets == 1
    page.emulate_media(media=None)


def test_the_panel_comes_by_itself_once_there_is_a_proof(
    site: Any, open_page: Any, proven: Callable[..., Any]
) -> None:
    """Before, it says why there is none; the form leads to the proof of any address."""
    key = site.act("find", title="Raise the taker fee")["key"]
    page = open_page(f"/proposals/{key}/")
    assert page.get_by_text("This count is not proven yet.").is_visible()
    told = proven()
    page.goto(site.url + path(told))
    page.get_by_label("Prove a vote, or that there is none").fill("0x" + ABSENT.hex())
    page.get_by_role("button", name="Show the proof").click()
    page.get_by_role("heading", name="Proof of not voting").wait_for()

"""Pages in a real browser: they live, and they are usable by everybody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.browsing import flaws, step, until, vote_page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_the_frame_fits_when_every_chain_stands_still(
    site: Any, open_page: Any, width: int
) -> None:
    """The worst news are the longest words, and come when one looks from a phone."""
    page = open_page("/", width=width)
    page.evaluate(
        "for (const one of document.querySelectorAll('[data-chain]')) one.dataset.headTime = 1"
    )
    for chain in ("l1", "l2"):
        page.locator(f".chains [data-chain={chain}][data-level=down]").wait_for()
    shown = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(shown) <= 0


def test_a_vote_shows_within_two_seconds_and_a_reorg_takes_it_back(
    site: Any, open_page: Any
) -> None:
    """An open page follows by itself, forwards and back, and says when it went back."""
    key = site.act("find", title="Raise the taker fee")["key"]
    page = open_page(f"/proposals/{key}/")
    page.get_by_text("Nobody has voted yet").wait_for()
    page.wait_for_timeout(1500)
    site.act("vote", title="Raise the taker fee", name="dora", support=1, tokens=12_345)
    page.locator("#votes").get_by_text("12,345").wait_for(timeout=2000)
    assert "100 %" in page.locator("#tally").inner_text()
    assert page.locator("#reorg-notice").is_hidden()
    site.act("take_back", title="Raise the taker fee")
    page.locator("#reorg-notice").wait_for(timeout=2000)
    page.get_by_text("Nobody has voted yet").wait_for()


def test_the_age_of_a_chain_follows_its_head(site: Any, open_page: Any) -> None:
    page = open_page("/")
    page.wait_for_timeout(1200)
    mark = "document.querySelector('[data-chain=l2][data-head-time]')"
    before = page.evaluate(f"{mark}.dataset.headTime")
    site.act("advance")
    until(page, f"{mark}.dataset.headTime > {before}")
    until(page, f"/^[0-4] s$/.test({mark}.querySelector('[data-age]').textContent)")
    note = page.locator("[data-stale=l2]")
    assert note.is_hidden()
    # Each time anew: what else is told of the head may come meanwhile.
    aged = (
        "for (const mark of document.querySelectorAll('[data-chain=l2][data-head-time]'))"
        f" mark.dataset.headTime = {before} - 600;"
        " return !document.querySelector('[data-stale=l2]').hidden"
    )
    until(page, f"(() => {{ {aged} }})()")
    note.get_by_text("do not rely on its tallies").wait_for()
    assert note.get_by_text("Votes and decisions of the last moments").is_hidden()


def test_a_phone_without_a_wallet_is_handed_on(site: Any, open_page: Any) -> None:
    page = open_page("/proposals/", width=360)
    page.get_by_role("button", name="Connect wallet").click()
    link = page.get_by_role("link", name="Open in MetaMask")
    assert link.get_attribute("href").startswith("https://metamask.app.link/dapp/localhost")
    page.get_by_text("Continue on a phone").click()
    until(page, "document.querySelector('[data-qr]').naturalWidth > 0")
    cut = page.evaluate(
        "document.querySelector('.qr').getBoundingClientRect().bottom"
        " - document.getElementById('wallet-dialog').getBoundingClientRect().bottom"
    )
    assert cut < 0, "the code is seen whole, without scrolling"
    page.keyboard.press("Escape")
    assert page.locator("#wallet-dialog").is_hidden()


def test_a_hostile_wallet_is_only_text(site: Any, open_page: Any) -> None:
    wallet = {
        "accounts": [],
        "name": "<img src=x onerror=alert(1)>",
        "icon": "https://evil.example/track.png",
    }
    page = open_page("/", wallet=wallet)
    page.get_by_role("button", name="Connect wallet").click()
    page.get_by_role("button", name="<img src=x").wait_for()
    assert page.locator("#wallet-dialog .wallet-choice img").count() == 0


def test_a_theme_is_kept(site: Any, open_page: Any) -> None:
    page = open_page("/")
    button = page.locator("[data-theme-button]")
    button.click()
    button.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert "dark" in button.get_attribute("aria-label")


@pytest.mark.parametrize("width", [320, 1280])
def test_the_wallet_dialog_and_the_review_are_accessible(
    site: Any, open_page: Any, width: int
) -> None:
    """What opens only when somebody acts is held to the same measure as the pages."""
    page = open_page("/", width=width)
    page.get_by_role("button", name="Connect wallet").click()
    page.get_by_text("Continue on a phone").click()
    assert flaws(page) == [], "dialog without a wallet"
    page = vote_page(site, open_page, "gert")
    page.set_viewport_size({"width": width, "height": 900})
    page.get_by_label("Split").check()
    page.locator("[name=for]").fill("10")
    assert flaws(page) == [], "form"
    page.get_by_label("Reason").fill("W" * 200)
    page.get_by_role("button", name="Review the vote").click()
    page.get_by_text("Compare the bytes").click()
    page.get_by_text("Send it from a Safe").click()
    assert flaws(page) == [], "review"
    page.get_by_role("button", name="Sign in the wallet").click()
    step(page, "Waiting for a block")
    assert flaws(page) == [], "progress"


def test_a_vote_can_be_cast_by_keyboard(site: Any, open_page: Any) -> None:
    """From the skip link to the review without a pointer."""
    page = open_page("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page = vote_page(site, open_page, "gert")
    page.locator("#vote-box [name=choice]").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("By keyboard.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("By keyboard.").first.wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Check before you sign"


def test_signing_in_shows_what_is_still_open(site: Any, open_page: Any) -> None:
    """A real key signs the message; then the first page lists the votes it has not cast."""
    from eth_account import Account
    from eth_account.messages import encode_defunct

    key = Account.from_key("0x" + "42" * 32)
    page = open_page("/sign-in/", wallet={"accounts": [key.address], "trusted": True})

    def sign_text(raw: str) -> str:
        message = encode_defunct(hexstr=raw)
        return "0x" + bytes(key.sign_message(message).signature).hex()

    page.expose_function("signText", sign_text)
    page.locator("[data-sign-in-page] [data-sign-in]").click()
    page.get_by_role("button", name="Pretended Wallet").click()
    page.get_by_role("button", name="Sign in with this account").click()
    page.wait_for_url(site.url + "/")
    assert "You have not voted on" in page.locator("#home").inner_text()
    page.get_by_role("button", name=key.address[:6]).click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(site.url + "/")
    assert "You have not voted on" not in page.locator("#home").inner_text()

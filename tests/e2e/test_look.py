"""Every page in both themes, on a phone and on a desk: seen, accessible, silent, never too wide.

The pictures are left in `screenshots/` of the checkout to be looked at.
"""

from collections.abc import Callable

import pytest
from contract_reads import address_of
from look import look
from page_guard import Guard
from playwright.sync_api import Page, expect
from running_venue import Venue
from wallet import Wallet

pytestmark = pytest.mark.browser

PAGES = (
    *("home", "proposals", "found", "proposal-open", "proposal-executed", "proposal-bridge"),
    *("delegates", "delegate", "address", "operations", "chains", "chain", "findings", "sign-in"),
    "nothing-here",
)


@pytest.fixture(scope="module")
def addresses(venue: Venue) -> dict[str, str]:
    """Where each kind of page is in this venue."""

    def proposal(query: str) -> str:
        return str(venue.api(f"proposals/?{query}")["results"][0]["key"])

    voter = address_of(venue.api("votes/")["results"][0]["voter"])
    delegate = address_of(venue.api("delegates/")["results"][0]["delegate"])
    chain = venue.api("chains/")["results"][0]["key"]
    return {
        "home": "/",
        "proposals": "/proposals/",
        "found": "/proposals/?q=leverage&state=executed",
        "proposal-open": f"/proposals/{proposal('state=active')}/",
        "proposal-executed": f"/proposals/{proposal('state=executed')}/",
        "proposal-bridge": f"/proposals/{proposal('chain=eip155:900')}/",
        "delegates": "/delegates/",
        "delegate": f"/delegates/{delegate}/",
        "address": f"/addresses/{voter}/",
        "operations": "/operations/",
        "chains": "/chains/",
        "chain": f"/chains/{chain}/",
        "findings": "/findings/",
        "sign-in": "/sign-in/",
        "nothing-here": "/proposals/nothing-has-this-key/",
    }


@pytest.mark.parametrize("name", PAGES)
def test_a_page_in_both_themes_and_widths(
    name: str, addresses: dict[str, str], open_page: Callable[..., Page], guard: Guard
) -> None:
    if name == "nothing-here":
        guard.excused.append("status 404")
    assert look(open_page(addresses[name]), name) == []


def test_the_dialogs_for_somebody_with_a_wallet_and_somebody_without(
    wallet: Wallet, open_page: Callable[..., Page]
) -> None:
    page = open_page("/", wallet)
    page.locator("[data-wallet-button]").click()
    expect(page.get_by_role("dialog")).to_contain_text("Story Wallet")
    wrong = look(page, "dialog-wallet", whole=False)

    page = open_page("/")
    page.locator("[data-wallet-button]").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("No wallet was found in this browser.")
    expect(dialog.get_by_role("link", name="Open in MetaMask")).to_be_visible()
    dialog.get_by_text("Continue on a phone").click()
    code = dialog.get_by_role("img", name="QR code")
    expect(code).to_be_visible()
    assert code.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    assert wrong + look(page, "dialog-no-wallet", whole=False) == []


def test_the_pages_stay_usable_without_a_mouse(open_page: Callable[..., Page]) -> None:
    page = open_page("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")

    button = page.locator("[data-wallet-button]")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(button).to_be_focused()


def test_the_page_of_the_api_works_under_the_policy(open_page: Callable[..., Page]) -> None:
    page = open_page("/api/v1/docs/")
    expect(page.get_by_text("/api/v1/proposals/", exact=True).first).to_be_visible()

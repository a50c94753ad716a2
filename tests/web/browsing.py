"""What tests do on pages with a pretended wallet."""

from __future__ import annotations

import time
from typing import Any

from tests.e2e.axe import violations

LEVERAGE = "Lower maximum leverage"


def until(page: Any, script: str, seconds: float = 10) -> None:
    """Wait until an expression holds; the page's policy forbids it to be evaluated in there."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(script):
        assert time.monotonic() < deadline, script
        page.wait_for_timeout(50)


def vote_page(site: Any, open_page: Any, name: str, **settings: Any) -> Any:
    """The open proposal in a browser whose wallet holds the account of `name`, connected."""
    site.act("advance")
    account = site.act("person", name=name)
    path = f"/proposals/{site.act('find', title=LEVERAGE)['key']}/"
    page = open_page(path, wallet={"accounts": [account], **settings})
    connect(page)
    return page


def connect(page: Any) -> None:
    """Connect the pretended wallet, and wait until the vote box knows what it may do."""
    page.get_by_role("button", name="Connect wallet").first.click()
    page.get_by_role("button", name="Pretended Wallet").click()
    page.get_by_text("Your power").wait_for()


def flaws(page: Any, width: int | None = None) -> list[str]:
    """What axe finds, and by how much the page scrolls sideways, also when it is so narrow."""
    found = violations(page)
    if width is not None:
        page.set_viewport_size({"width": width, "height": 900})
    sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    over = page.evaluate(sideways)
    return [*found, *([f"scrolls sideways by {over} px"] if over > 0 else [])]


def said(page: Any) -> str:
    """What the vote box shows now."""
    return str(page.locator("#vote-box").inner_text())


def step(page: Any, words: str) -> None:
    """Wait until a step of the way shows these words."""
    page.locator("#vote-box .steps").get_by_text(words).wait_for()


def sign(page: Any, choice: str, reason: str = "") -> str:
    """Choose, review and sign; returns the hash of what was sent."""
    page.get_by_label(choice, exact=True).first.check()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Review the vote").click()
    page.get_by_role("button", name="Sign in the wallet").click()
    until(page, "Object.keys(pretended.known).length > 0")
    return str(page.evaluate("Object.keys(pretended.known).at(-1)"))

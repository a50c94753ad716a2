"""How a visitor handles the pages: connecting a wallet, voting, reading what the page says."""

import re
import time
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

SLOW = 20_000
"""Milliseconds that something on the chain may take: a few blocks."""


def connect(page: Page, address: str) -> None:
    """Choose the story wallet in the dialog; the page then shows the address."""
    button = page.locator("[data-wallet-button]")
    button.click()
    page.get_by_role("dialog").get_by_role("button", name="Story Wallet").click()
    expect(button).to_contain_text(re.compile(address[2:6], re.IGNORECASE))


@dataclass
class Box:
    """A box from which something is sent to the chain: choose, review, sign, follow."""

    page: Page
    selector: str

    @property
    def box(self) -> Locator:
        return self.page.locator(self.selector)

    def review(self) -> None:
        """Have the page derive the transaction and show it."""
        self.box.get_by_role("button", name=re.compile("^Review")).click()
        expect(self.box.locator("[data-agree]")).to_contain_text("derived the same transaction")

    def sign(self) -> None:
        """Hand the reviewed transaction to the wallet."""
        self.box.get_by_role("button", name="Sign in the wallet").click()

    def says(self, words: str | re.Pattern[str], timeout: float = SLOW) -> None:
        expect(self.box).to_contain_text(words, timeout=timeout)

    def warns(self, words: str | re.Pattern[str], timeout: float = SLOW) -> None:
        """The box shows a problem in these words."""
        expect(self.box.locator("[data-problem]")).to_contain_text(words, timeout=timeout)

    def reaches(self, step: str, status: str = "done", timeout: float = SLOW) -> None:
        """A step of the way of the transaction is `now`, `done` or `failed`."""
        item = self.box.locator(".steps li", has_text=re.compile(f"^{step}"))
        expect(item).to_have_class(status, timeout=timeout)


class VoteBox(Box):
    """The box in which a voter votes, on a proposal's page."""

    def __init__(self, page: Page) -> None:
        super().__init__(page, "#vote-box")

    def choose(self, choice: str) -> None:
        """`For`, `Against`, `Abstain` or `Split`."""
        self.box.get_by_role("radio", name=choice, exact=True).check()

    def split(self, *, against: str, for_: str, abstain: str) -> None:
        """Choose a split vote and give whole tokens to each side."""
        self.choose("Split")
        for name, tokens in (("Against", against), ("For", for_), ("Abstain", abstain)):
            self.box.get_by_role("textbox", name=name, exact=True).fill(tokens)

    def give_reason(self, reason: str) -> None:
        self.box.get_by_label(re.compile("^Reason")).fill(reason)


class DelegateBox(Box):
    """The box in which a holder delegates."""

    def __init__(self, page: Page) -> None:
        super().__init__(page, "[data-delegate-box]")


def mark(page: Page) -> None:
    """Leave a trace in the page that a reload would wipe out."""
    page.evaluate("window.__sameDocument = true")


def is_same_document(page: Page) -> bool:
    """Whether the page was not reloaded since it was marked."""
    return bool(page.evaluate("window.__sameDocument === true"))


def note_when_shown(page: Page, text: str) -> None:
    """Let the page itself note the wall time at which a text first stands in its body."""
    page.evaluate(
        """text => {
          const look = () => {
            if (window.__shownAt || !document.body.textContent.includes(text)) return
            window.__shownAt = Date.now()
          }
          new MutationObserver(look).observe(
            document.body, { childList: true, subtree: true, characterData: true })
          look()
        }""",
        text,
    )


def shown_at(page: Page, timeout: float = SLOW) -> float:
    """Seconds since 1970 at which the noted text appeared."""
    deadline = time.monotonic() + timeout / 1000
    while not (noted := page.evaluate("window.__shownAt")):
        assert time.monotonic() < deadline, "the text did not appear"
        page.wait_for_timeout(100)
    return float(noted) / 1000

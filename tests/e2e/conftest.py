"""One real venue for all stories, and a real Chromium to look at it."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from page_guard import Guard
from playwright.sync_api import Browser, Page, sync_playwright
from running_venue import Venue, started, until
from wallet import Wallet

from tools.chromium import find_chromium

HERE = Path(__file__).parent
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_MS = 15_000


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """The stories are slow; they come last and as written, however the rest is ordered.

    One venue serves them all, and what one begins goes on during the next.
    """
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.node)
    yield
    stories = [item for item in items if item.path.is_relative_to(HERE)]
    others = [item for item in items if not item.path.is_relative_to(HERE)]
    stories.sort(key=lambda item: (item.path.name, item.reportinfo()[1] or 0))
    items[:] = others + stories


@pytest.fixture(scope="package")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """A running venue with an open proposal; at the end it must stop cleanly and leave nothing."""
    with started(tmp_path_factory.mktemp("venue") / "data") as run:
        took = run.wait_until_open()
        print(f"\nfirst start: pages after {took:.1f} s")
        until(
            lambda: run.get("/api/v1/proposals/?state=active")[1].find(b'"key"') > 0,
            120,
            lambda: f"a proposal is open\n{run.tail()}",
        )
        print(f"first start: an open proposal after {run.age():.1f} s")
        yield run
        code = run.interrupt()
        left = [process.as_dict(["pid", "name", "cmdline"]) for process in run.processes()]
        assert (code, left) == (0, []), f"Ctrl-C: exit code {code}, left {left}\n{run.tail()}"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser; for a module only, since it holds an event loop that other tests must not see."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=[*sandbox, *FLAGS]
        )
        yield browser
        browser.close()


OpenPage = Callable[..., Page]
"""`open_page(path, wallet=None, **context)`: a page of the venue in a context of its own."""


@contextmanager
def _pages(browser: Browser, venue: Venue, guard: Guard) -> Iterator[OpenPage]:
    contexts = []

    def open_page(path: str, wallet: Wallet | None = None, **options: object) -> Page:
        context = browser.new_context(base_url=venue.url, **options)
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        if wallet:
            wallet.inject(context)
        page = context.new_page()
        guard.watch(page)
        page.goto(path, wait_until="load")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def guard() -> Iterator[Guard]:
    """Fails the story when a page complained in the background."""
    guard = Guard()
    yield guard
    guard.check()


@pytest.fixture
def open_page(chromium: Browser, venue: Venue, guard: Guard) -> Iterator[OpenPage]:
    """Opens pages that are closed at the end of the story."""
    with _pages(chromium, venue, guard) as opener:
        yield opener


@pytest.fixture(scope="module")
def open_lasting_page(chromium: Browser, venue: Venue) -> Iterator[OpenPage]:
    """Opens pages that stay for all stories of the module."""
    guard = Guard()
    with _pages(chromium, venue, guard) as opener:
        yield opener
    guard.check()


@pytest.fixture
def wallet(venue: Venue) -> Wallet:
    """A wallet that is new: no ether, no voting power."""
    return Wallet(venue)

"""Pages on a real server: a seeded database, a uvicorn process, Chromium and a pretended wallet."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from tests.web.site import Site, running, with_wallet
from tools import postgres


@pytest.fixture
def seed(db: None) -> Any:
    """The seeded venue in the test's own transaction."""
    from tests.web.seed import Seed

    seeded = Seed()
    seeded.all()
    return seeded


@pytest.fixture(scope="session")
def site(
    postgres_server: postgres.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The house on a free port, with a database of its own."""
    with running(postgres_server, "web_pages", tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A Chromium for a module only: it holds an event loop that other tests must not see."""
    from playwright.sync_api import sync_playwright

    from tools.chromium import find_chromium

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(find_chromium()),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


OpenPage = Callable[..., Any]
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep for the end of the test whether it failed: its pages then say what they showed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture
def open_page(chromium: Any, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Open `path` in a fresh context; any error in the page's console fails the test at the end.

    `site`: a house of its own, the shared one if none is given. `wallet`: settings of the pretended
    wallet (tests/web/wallet.js), None for a browser without.
    """
    contexts: list[Any] = []
    errors: list[str] = []

    def open_(
        path: str,
        *,
        site: Site | None = None,
        width: int = 1280,
        theme: str = "light",
        wallet: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        if wallet is not None:
            with_wallet(context, wallet)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda entry: entry.type == "error" and errors.append(entry.text))
        page.goto((site or request.getfixturevalue("site")).url + path)
        return page

    yield open_
    for context in contexts:
        if request.node.stash.get(FAILED, False):
            for page in context.pages:
                print(f"{page.url} showed:\n{page.locator('body').inner_text()[:5000]}")
        context.close()
    expected = ("status of 400", "status of 404")
    unexpected = [error for error in errors if not any(word in error for word in expected)]
    assert not unexpected, unexpected

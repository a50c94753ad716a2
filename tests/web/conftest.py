"""Pages on a real server: a seeded database, a uvicorn process, Chromium and a pretended wallet."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tools import postgres

ROOT = Path(__file__).resolve().parents[2]
WALLET = Path(__file__).with_name("wallet.js")
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Site:
    """A running web process, and the child that writes rows as following a chain would."""

    url: str
    child: subprocess.Popen[str]

    def act(self, name: str, /, **arguments: Any) -> Any:
        """Have rows written (see tests/web/acts.py) and return what it answers."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(json.dumps([name, arguments]) + "\n")
        self.child.stdin.flush()
        answer = json.loads(self.child.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["ok"]


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
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS web_pages WITH (FORCE)")
        connection.execute("CREATE DATABASE web_pages")
    port = _free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": postgres_server.url("web_pages"),
        "TOCSIN_DATA_DIR": str(tmp_path_factory.mktemp("site")),
        "TOCSIN_PUBLIC_URL": f"http://localhost:{port}",
        "PORT": str(port),
    }
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.web.acts"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    site = Site(f"http://localhost:{port}", child)
    assert child.stdout is not None
    assert json.loads(child.stdout.readline()) == {"ok": "ready"}
    log = (tmp_path_factory.mktemp("log") / "web.log").open("w")
    arguments = ["tocsin.asgi:application", "--port", str(port), "--timeout-graceful-shutdown", "2"]
    web = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_for(site.url + "/")
        yield site
    finally:
        for process in (web, child):
            process.terminate()
        for process in (web, child):
            process.wait(10)
        for pipe in (child.stdin, child.stdout, log):
            pipe.close()


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
def open_page(chromium: Any, site: Site, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Open `path` in a fresh context; any error in the page's console fails the test at the end.

    `wallet`: settings of the pretended wallet (tests/web/wallet.js), None for a browser without.
    """
    contexts: list[Any] = []
    errors: list[str] = []

    def open_(
        path: str,
        *,
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
            script = WALLET.read_text().replace("__SETTINGS__", json.dumps(wallet))
            context.add_init_script(script)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda entry: entry.type == "error" and errors.append(entry.text))
        page.goto(site.url + path)
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=20):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"{url} did not answer within {START_SECONDS} seconds")

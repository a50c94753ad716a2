"""The page that explains the API, in a real browser under the policy of the house."""

import os

import pytest
from pytest_django.live_server_helper import LiveServer

from tools.chromium import find_chromium

pytestmark = pytest.mark.browser


@pytest.mark.django_db(transaction=True)
def test_it_draws_every_address_and_the_policy_stops_nothing_of_it(
    live_server: LiveServer,
) -> None:
    from playwright.sync_api import ConsoleMessage, sync_playwright

    complaints: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if said.type == "error":
            complaints.append(said.text)

    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=sandbox)
        page = browser.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{live_server.url}/api/v1/docs/")
        page.locator('[data-path="/api/v1/proposals/{key}/votes/"]').wait_for(timeout=60_000)
        drawn = page.locator(".opblock").count()
        browser.close()
    assert drawn >= 16
    assert complaints == []

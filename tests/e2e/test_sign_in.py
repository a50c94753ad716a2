"""Signing in with a wallet: one signature, no transaction, and out again."""

import re
from collections.abc import Callable

import pytest
from conversation import connect
from playwright.sync_api import Page, expect
from wallet import Wallet

pytestmark = pytest.mark.browser


def test_signing_in_and_out(wallet: Wallet, open_page: Callable[..., Page]) -> None:
    page = open_page("/sign-in/", wallet)
    connect(page, wallet.address)
    page.locator("main").get_by_role("button", name="Sign in with this account").click()
    page.wait_for_url(re.compile(r":\d+/$"))
    assert "personal_sign" in wallet.methods()
    assert "eth_sendTransaction" not in wallet.methods()

    page.goto("/sign-in/")
    expect(page.locator("main")).to_contain_text(f"You are signed in as {wallet.address}")
    page.locator("main").get_by_role("button", name="Sign out", exact=True).click()
    page.goto("/sign-in/")
    expect(page.locator("main")).not_to_contain_text("You are signed in")


def test_an_owner_who_declines_to_sign_in_is_answered(
    wallet: Wallet, open_page: Callable[..., Page]
) -> None:
    page = open_page("/sign-in/", wallet)
    connect(page, wallet.address)
    wallet.rejects = True
    page.locator("main").get_by_role("button", name="Sign in with this account").click()
    expect(page.locator("main [data-problem]")).to_contain_text("You declined in your wallet")

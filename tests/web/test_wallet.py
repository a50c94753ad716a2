"""A wallet on the pages: the way of a vote, and everything that can go wrong on it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.web.browsing import LEVERAGE, said, sign, step, until, vote_page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]


def test_a_vote_is_signed_counted_and_final(site: Any, open_page: Any) -> None:
    """From the choice to finality, and the list below shows it without a reload."""
    page = vote_page(site, open_page, "fay")
    sent = sign(page, "For", "Because it is time.")
    step(page, "Waiting for a block")
    call = page.evaluate("pretended.sent[0]")
    assert call["value"] == "0x0"
    assert b"Because it is time.".hex() in call["data"]
    page.evaluate("hash => pretended.include(hash)", sent)
    step(page, "Waiting until our own reading")
    site.act(
        "vote", title=LEVERAGE, name="fay", support=1, tokens=70_000, tx_hash=sent, reason="Yes."
    )
    step(page, "In the list below since block")
    step(page, "A reorganisation could still take it back")
    page.locator("#votes").get_by_text("70,000").wait_for()
    site.act("finalize")
    step(page, "The endpoints call its block final.")
    assert page.get_by_text("You voted For with 70,000 VNU").is_visible()


def test_both_derivations_must_agree(site: Any, open_page: Any) -> None:
    """A server that answers with other bytes is caught, and nothing can be signed."""
    page = vote_page(site, open_page, "gert")
    answer = re.compile(r"/ballot/")

    def tamper(route: Any) -> None:
        told = route.fetch().json()
        route.fulfill(json={**told, "data": told["data"][:-1] + "7"})

    page.route(answer, tamper)
    page.get_by_label("For", exact=True).first.check()
    page.get_by_role("button", name="Review the vote").click()
    page.get_by_text("derive different transactions").wait_for()
    assert not page.get_by_role("button", name="Sign in the wallet").is_visible()
    assert page.evaluate("pretended.sent") == []


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("pretended.refusal = [4001, 'User rejected the request.']", "You declined"),
        ("pretended.refusal = [-32002, 'pending']", "already shows a request"),
        ("pretended.refusal = [-32000, 'insufficient funds for gas']", "not enough ether"),
        ("pretended.revert = 'GovernorAlreadyCastVote(0x)'", "has already voted"),
        ("pretended.revert = 'GovernorUnexpectedProposalState(1)'", "does not take votes"),
    ],
)
def test_refusals_of_the_wallet_are_told(
    site: Any, open_page: Any, script: str, words: str
) -> None:
    page = vote_page(site, open_page, "gert")
    page.evaluate(script)
    page.get_by_label("Against", exact=True).first.check()
    page.get_by_role("button", name="Review the vote").click()
    page.get_by_role("button", name="Sign in the wallet").click()
    page.locator("#vote-box [data-problem]").get_by_text(words).wait_for()
    assert page.get_by_role("button", name="Sign in the wallet").is_visible()
    page.evaluate("Object.assign(pretended, {refusal: null, revert: null})")
    page.get_by_role("button", name="Sign in the wallet").click()
    step(page, "Waiting for a block")


def test_a_failed_transaction_is_told(site: Any, open_page: Any) -> None:
    page = vote_page(site, open_page, "gert")
    sent = sign(page, "Against")
    page.evaluate("hash => pretended.include(hash, {status: '0x0'})", sent)
    page.locator("#vote-box [data-problem]").get_by_text("failed there").wait_for()


def test_a_replaced_transaction_is_told(site: Any, open_page: Any) -> None:
    """Another transaction took its number: first it counted, then it did nothing."""
    page = vote_page(site, open_page, "hana")
    sent = sign(page, "For")
    page.wait_for_timeout(1500)
    other = "0x" + "cd" * 32
    site.act("vote", title=LEVERAGE, name="hana", support=1, tokens=1_000, tx_hash=other)
    page.evaluate("hash => pretended.replace(hash)", sent)
    step(page, "replaced this transaction by another one")
    step(page, "In the list below since block")


def test_a_transaction_replaced_before_any_node_saw_it_is_told(site: Any, open_page: Any) -> None:
    """The node never shows it: the number that the account had before it was sent tells."""
    page = vote_page(site, open_page, "gert")
    page.evaluate("pretended.unseen = true")
    page.get_by_label("For", exact=True).first.check()
    page.get_by_role("button", name="Review the vote").click()
    page.get_by_role("button", name="Sign in the wallet").click()
    step(page, "Waiting for a block")
    page.wait_for_timeout(1500)
    page.evaluate("pretended.replace(pretended.last)")
    problem = page.locator("#vote-box [data-problem]")
    problem.get_by_text("what took its place did not do this").wait_for(timeout=30_000)
    page.get_by_text("Nothing was counted").first.wait_for()


def test_nothing_is_signed_on_a_chain_that_stands_still(site: Any, open_page: Any) -> None:
    page = vote_page(site, open_page, "gert")
    page.evaluate("document.querySelector('[data-chain=l2]').dataset.headTime = 1")
    page.locator("[data-chain=l2][data-level=down]").first.wait_for()
    page.get_by_label("For", exact=True).first.check()
    page.get_by_role("button", name="Review the vote").click()
    page.locator("#vote-box [data-problem]").get_by_text("stands still").wait_for()
    assert not page.get_by_role("button", name="Sign in the wallet").is_visible()


def test_the_wrong_chain_is_switched(site: Any, open_page: Any) -> None:
    """A wallet elsewhere is asked to switch, and told of the chain where it does not know it."""
    page = vote_page(site, open_page, "gert", chainId=5, chains=[5])
    assert "Your wallet is on another chain" in said(page)
    page.get_by_role("button", name="Switch to Venue L2").click()
    page.get_by_role("button", name="Review the vote").wait_for()
    added = page.evaluate("pretended.added")
    assert added["chainId"] == hex(901)
    assert len(added["rpcUrls"]) == 1
    page.evaluate("pretended.setChain(1)")
    page.get_by_role("button", name="Switch to Venue L2").wait_for()


def test_no_power_and_another_account(site: Any, open_page: Any) -> None:
    page = vote_page(site, open_page, "stranger")
    page.get_by_text("has never delegated").wait_for()
    assert not page.get_by_role("button", name="Review the vote").is_visible()
    page.evaluate("account => pretended.setAccounts([account])", site.act("person", name="bert"))
    page.get_by_text("You voted Against with 96,500 VNU").wait_for()


def test_a_contract_wallet_gets_a_prepared_transaction(site: Any, open_page: Any) -> None:
    page = vote_page(site, open_page, "gert", contract=True)
    page.get_by_label("For", exact=True).first.check()
    page.get_by_role("button", name="Review the vote").click()
    link = page.get_by_role("link", name="Download the transaction")
    link.wait_for()
    assert not page.get_by_role("button", name="Sign in the wallet").is_visible()
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename.startswith("vote-")


def test_a_split_is_checked_and_packed_alike(site: Any, open_page: Any) -> None:
    page = vote_page(site, open_page, "gert")
    page.get_by_label("Split").check()
    page.locator("[name=for]").fill("1,000.25")
    page.locator("[name=abstain]").fill("999999999")
    page.get_by_text("more than you have left").wait_for()
    page.get_by_role("button", name="Review the vote").click()
    page.locator("#vote-box [data-problem]").get_by_text("add up to more").wait_for()
    page.locator("[name=abstain]").fill("0.75")
    page.get_by_role("button", name="Review the vote").click()
    page.get_by_text("You vote 1,000.25 For, 0.75 Abstain").wait_for()
    assert page.get_by_text("derived the same transaction").is_visible()


def test_the_encoder_of_the_page_equals_another(site: Any, open_page: Any) -> None:
    """Against eth_abi, on lengths around the word and on the largest ints."""
    from eth_abi import encode
    from eth_utils import function_signature_to_4byte_selector as selector

    page = open_page("/")
    signature = "castVoteWithReasonAndParams(uint256,uint8,string,bytes)"
    for reason in ("", "a", "x" * 31, "x" * 32, "x" * 33, "Zeit für ✓ \U0001f514", "y" * 1000):
        for number in (0, 1, 2**256 - 1):
            params = bytes(range(48))
            want = selector(signature) + encode(
                ["uint256", "uint8", "string", "bytes"], [number, 255, reason, params]
            )
            found = page.evaluate(
                """async ([signature, number, reason]) => {
                    const abi = await import("/static/js/abi.js");
                    const params = Uint8Array.from({length: 48}, (_, index) => index);
                    return abi.encodeCall(signature, [BigInt(number), 255, reason, params]);
                }""",
                [signature, str(number), reason],
            )
            assert found == "0x" + want.hex()


def delegate(site: Any, open_page: Any, name: str, to: str, before: str) -> Any:
    """The account of `name` has signed its delegation; returns the page and the hash."""
    holder = site.act("person", name=name)
    site.act("advance")
    page = open_page(f"/delegates/{to}/?token=venue-token", wallet={"accounts": [holder]})
    page.get_by_role("button", name="Connect wallet").first.click()
    page.get_by_role("button", name="Pretended Wallet").click()
    page.get_by_text(before).wait_for()
    page.get_by_role("button", name="Review", exact=True).click()
    page.get_by_text("You delegate your voting power to").wait_for()
    page.get_by_role("button", name="Sign in the wallet").click()
    until(page, "Object.keys(pretended.known).length > 0")
    return page, page.evaluate("Object.keys(pretended.known).at(-1)")


def test_a_delegation_is_signed_and_taken_over(site: Any, open_page: Any) -> None:
    bert = site.act("person", name="bert")
    page, sent = delegate(site, open_page, "jon", bert, "has not delegated yet")
    page.evaluate("hash => pretended.include(hash)", sent)
    site.act("delegate", name="jon", to=bert, tx_hash=sent)
    page.get_by_text(f"has delegated its voting power to {bert}").wait_for()


def test_a_question_that_is_never_answered_is_put_again(site: Any, open_page: Any) -> None:
    """A connection may die without a word; nobody's way stands still for it."""
    gert = site.act("person", name="gert")
    page, sent = delegate(site, open_page, "ines", gert, "has delegated its voting power to")
    lost: list[Any] = []
    page.route(re.compile(r"\?of="), lambda route: lost.append(route), times=1)
    page.evaluate("hash => pretended.include(hash)", sent)
    site.act("delegate", name="ines", to=gert, tx_hash=sent)
    page.get_by_text(f"has delegated its voting power to {gert}").wait_for()
    assert lost, "nothing was asked"

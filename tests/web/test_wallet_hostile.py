"""Wallets that announce, answer and tell nonsense: words in the page, and no uncaught error.

`open_page` fails a test in whose page an error was not caught.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.browsing import LEVERAGE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]

ACCOUNT = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
WRONG = "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
HUGE = "'x'.repeat(5_000_000)"
NEVER = "new Promise(() => {})"
SOUND = {
    "eth_requestAccounts": f"['{ACCOUNT}']",
    "eth_accounts": "[]",
    "eth_chainId": "'0x385'",
    "eth_getCode": "'0x'",
    "eth_call": "'0x'",
    "eth_getTransactionCount": "'0x7'",
    "eth_getTransactionReceipt": "null",
    "eth_getTransactionByHash": "null",
}


def announce(page: Any, answers: dict[str, str], name: str = "Hostile") -> None:
    """Announce a wallet; `answers` are expressions by method, evaluated at each request."""
    cases = "".join(
        f"case '{method}': return ({expression});"
        for method, expression in {**SOUND, **answers}.items()
    )
    page.evaluate(
        f"""() => {{
          window.heard = {{}};
          const provider = {{
            request: ({{ method }}) => {{
              switch (method) {{ {cases} default: throw {{ code: 4200 }}; }}
            }},
            on: (event, listener) => {{ window.heard[event] = listener; }},
            removeListener: () => {{ throw new Error("no"); }},
          }};
          const info = {{ uuid: "hostile", name: "{name}", icon: "", rdns: "hostile.example" }};
          const detail = {{ info, provider }};
          dispatchEvent(new CustomEvent("eip6963:announceProvider", {{ detail }}));
        }}"""
    )


def connect(page: Any) -> Any:
    """Ask for the wallet's account; returns where problems are told."""
    page.get_by_role("button", name="Connect wallet").first.click()
    page.locator("#wallet-dialog").get_by_role("button", name="Hostile").click()
    return page.locator("#wallet-dialog [data-problem]")


def test_announcements_that_are_none_are_left_out(open_page: Any) -> None:
    page = open_page("/")
    page.evaluate(
        """() => {
          const request = async () => [];
          const trap = new Proxy({}, { get() { throw new Error("trap"); } });
          const details = [
            undefined, null, 0, "text", [], {}, { info: null }, { info: {}, provider: null },
            { info: { uuid: 7, name: "n" }, provider: { request } },
            { info: { uuid: "", name: "n" }, provider: { request } },
            { info: { uuid: "u".repeat(10_000), name: "n" }, provider: { request } },
            { info: { uuid: "a", name: "n" }, provider: { request: "no" } },
            trap, { info: trap, provider: { request } }, { info: { uuid: "t" }, provider: trap },
          ];
          const almost = [
            { uuid: "1", name: "Good \\u202eteg\\u0000 wallet", icon: "javascript:1", rdns: 5 },
            { uuid: "1", name: "Twin of the first" },
            { uuid: "2", name: { toString() { throw new Error("trap"); } }, icon: {} },
            { uuid: "3", name: "y".repeat(3e6), icon: "data:image/png," + "z".repeat(1e6) },
            { uuid: "4", name: "<img src=x onerror=alert(1)>", icon: "https://evil.example/i.png" },
          ];
          details.push(...almost.map((info) => ({ info, provider: { request } })));
          for (const detail of details) {
            dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
          }
          dispatchEvent(new Event("eip6963:announceProvider"));
        }"""
    )
    page.get_by_role("button", name="Connect wallet").first.click()
    choices = page.locator("#wallet-dialog [data-wallets] button")
    told = choices.all_inner_texts()
    assert len(told) == 4
    assert "Good teg wallet" in told[0]
    assert "A wallet without a name" in told[1]
    assert len(told[2]) <= 62
    assert "<img src=x onerror=alert(1)>" in told[3]
    assert page.locator("#wallet-dialog [data-wallets] img").count() == 0


def test_a_crowd_of_wallets_does_not_fill_the_page(open_page: Any) -> None:
    page = open_page("/")
    page.evaluate(
        """() => {
          for (let index = 0; index < 5000; index++) {
            const info = { uuid: `u${index}`, name: `w${index}` };
            const detail = { info, provider: { request: async () => [] } };
            dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
          }
        }"""
    )
    page.get_by_role("button", name="Connect wallet").first.click()
    assert page.locator("#wallet-dialog [data-wallets] button").count() == 30


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"eth_requestAccounts": "null"}, "no list of accounts"),
        ({"eth_requestAccounts": "{}"}, "no list of accounts"),
        ({"eth_requestAccounts": f"'{ACCOUNT}'"}, "no list of accounts"),
        ({"eth_requestAccounts": "[]"}, "gave no account"),
        ({"eth_requestAccounts": "[null]"}, "no account"),
        ({"eth_requestAccounts": "['0x12']"}, "no account"),
        ({"eth_requestAccounts": f"[{HUGE}]"}, "no account"),
        ({"eth_requestAccounts": "['0x' + '\u0663'.repeat(40)]"}, "no account"),
        ({"eth_requestAccounts": f"['{WRONG}']"}, "checksum is wrong"),
        ({"eth_requestAccounts": "Promise.reject(null)"}, "refused without saying why"),
        ({"eth_requestAccounts": "Promise.reject('no')"}, "refused without saying why"),
        ({"eth_requestAccounts": f"Promise.reject({{message: {HUGE}}})"}, "Your wallet says: xxx"),
        ({"eth_requestAccounts": "(() => { throw {code: 4001}; })()"}, "You declined"),
        ({"eth_requestAccounts": "Promise.reject({message: {a: 1}, data: 5})"}, "without saying"),
        ({"eth_chainId": "null"}, "no chain id"),
        ({"eth_chainId": "'l2'"}, "no chain id"),
        ({"eth_chainId": "'0x'"}, "no chain id"),
        ({"eth_chainId": "-1"}, "no chain id"),
        ({"eth_chainId": "NaN"}, "no chain id"),
        ({"eth_chainId": "'0x' + 'f'.repeat(64)"}, "no chain id"),
        ({"eth_chainId": "[901]"}, "no chain id"),
    ],
)
def test_answers_of_the_wrong_shape_are_told_and_nothing_is_connected(
    open_page: Any, answers: dict[str, str], words: str
) -> None:
    page = open_page("/")
    announce(page, answers)
    problem = connect(page)
    problem.get_by_text(words).wait_for()
    assert len(problem.inner_text()) < 400
    assert page.get_by_role("button", name="Connect wallet").first.inner_text() == "Connect wallet"


def test_an_answer_that_never_comes_ends_in_words(open_page: Any) -> None:
    page = open_page("/")
    announce(page, {"eth_requestAccounts": NEVER})
    page.clock.install()
    problem = connect(page)
    page.clock.fast_forward("06:00")
    problem.get_by_text("has not answered for five minutes").wait_for()
    assert page.locator("#wallet-dialog").get_by_role("button", name="Hostile").is_enabled()


def test_what_a_wallet_tells_later_is_checked_too(open_page: Any) -> None:
    page = open_page("/")
    announce(page, {})
    connect(page)
    button = page.locator("[data-wallet-button]")
    button.get_by_text("0x5aAe").wait_for()
    page.evaluate(
        "() => { for (const odd of [null, {}, 'l2', -1, NaN, [], '0x']) heard.chainChanged(odd); }"
    )
    button.click()
    page.get_by_text("none that it could tell").wait_for()
    page.evaluate("() => heard.chainChanged('0x385')")
    page.get_by_text("chain id 901").wait_for()
    page.keyboard.press("Escape")
    for odd in ("null", "{}", "[null]", f"['{WRONG}']", "'0x'"):
        page.evaluate(f"() => heard.accountsChanged({odd})")
        button.get_by_text("Connect wallet").wait_for()
        # It was left, so what it goes on to say counts for nothing.
        page.evaluate(f"() => heard.accountsChanged(['{ACCOUNT}'])")
        assert button.inner_text() == "Connect wallet"
        connect(page)
        button.get_by_text("0x5aAe").wait_for()


def vote_as(site: Any, open_page: Any, answers: dict[str, str]) -> Any:
    """The review of a vote in a browser with a wallet that answers the rest."""
    site.act("advance")
    path = f"/proposals/{site.act('find', title=LEVERAGE)['key']}/"
    account = site.act("person", name="gert")
    page = open_page(path)
    announce(page, {"eth_requestAccounts": f"['{account}']", **answers})
    connect(page)
    page.get_by_text("Your power").wait_for()
    page.get_by_label("For", exact=True).first.check()
    page.get_by_role("button", name="Review the vote").click()
    return page


@pytest.mark.parametrize(
    "answer",
    ["null", "{}", "'0x12'", "true", HUGE, "['0x' + 'a'.repeat(64)]", "'0x' + 'g'.repeat(64)"],
)
def test_what_is_no_transaction_hash_is_not_followed(
    site: Any, open_page: Any, answer: str
) -> None:
    page = vote_as(site, open_page, {"eth_sendTransaction": answer})
    page.get_by_role("button", name="Sign in the wallet").click()
    page.locator("#vote-box [data-problem]").get_by_text("no transaction hash").wait_for()
    page.get_by_text("It may have sent the transaction all the same").first.wait_for()


def test_a_transaction_that_is_never_answered_may_still_be_sent(site: Any, open_page: Any) -> None:
    page = vote_as(site, open_page, {"eth_sendTransaction": NEVER})
    sign = page.get_by_role("button", name="Sign in the wallet")
    sign.wait_for()
    page.clock.install()
    sign.click()
    page.get_by_text("Look at your wallet").first.wait_for()
    page.clock.fast_forward("06:00")
    problem = page.locator("#vote-box [data-problem]")
    problem.get_by_text("It may still send the transaction").wait_for()


def test_a_wallet_that_changes_its_chain_at_the_last_moment_sends_nothing(
    site: Any, open_page: Any
) -> None:
    chain = "(window.asked = (window.asked ?? 0) + 1) > 1 ? '0x1' : '0x385'"
    page = vote_as(
        site, open_page, {"eth_chainId": chain, "eth_sendTransaction": "window.sent = true"}
    )
    page.get_by_role("button", name="Sign in the wallet").click()
    page.locator("#vote-box [data-problem]").get_by_text("changed its chain").wait_for()
    assert page.evaluate("window.sent") is None


HASH = "'0x' + 'ab'.repeat(32)"


@pytest.mark.parametrize(
    "receipt",
    [
        "{}",
        "'yes'",
        f"{{transactionHash: {HASH}, blockNumber: 'many', status: '0x1'}}",
        f"{{transactionHash: {HASH}, blockNumber: '0x10', status: 'fine'}}",
        "{transactionHash: '0x' + 'cd'.repeat(32), blockNumber: '0x10', status: '0x1'}",
    ],
)
def test_a_receipt_that_is_none_counts_for_nothing(site: Any, open_page: Any, receipt: str) -> None:
    answers = {"eth_sendTransaction": HASH, "eth_getTransactionReceipt": receipt}
    page = vote_as(site, open_page, answers)
    page.get_by_role("button", name="Sign in the wallet").click()
    page.locator("#vote-box .steps").get_by_text("Waiting for a block").wait_for()
    page.wait_for_timeout(2500)
    assert "In block" not in page.locator("#vote-box .steps").inner_text()


@pytest.mark.parametrize("answer", ["null", "{}", "'signed'", "'0x'", HUGE, "[1, 2]"])
def test_what_is_no_signature_signs_nobody_in(open_page: Any, answer: str) -> None:
    page = open_page("/sign-in/")
    announce(page, {"personal_sign": answer})
    connect(page)
    page.get_by_role("button", name="Sign in with this account").click()
    page.locator("[data-sign-in-page] [data-problem]").get_by_text("no signature").wait_for()
    assert page.get_by_role("button", name="Sign in with this account").is_enabled()

"""Voters at their screens: votes that appear by themselves, and one's own from wallet to tally."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import electorate
import pytest
from contract_reads import (
    address_of,
    all_votes,
    contract_tally,
    find_proposal,
    read,
    told_tally,
)
from conversation import (
    DelegateBox,
    VoteBox,
    connect,
    is_same_document,
    mark,
    note_when_shown,
    shown_at,
)
from electorate import Proposal, open_for_a_while
from look import look
from playwright.sync_api import Page, expect
from running_venue import HeadWatch, Venue, until
from wallet import Wallet

pytestmark = pytest.mark.browser

TOKENS = 25_000
POWER = TOKENS * 10**18
FINAL_MS = 120_000


@dataclass(frozen=True)
class Cast:
    """A vote that was cast from a page, and the pages that saw it."""

    proposal: Proposal
    reason: str
    vote: dict[str, Any]
    page: Page
    onlooker: Page
    seconds: float
    """From its block to the page of the onlooker."""

    @property
    def key(self) -> str:
        return str(self.proposal["key"])


@pytest.fixture(scope="module")
def voter(venue: Venue) -> Wallet:
    """A wallet with voting power for every proposal that a story makes."""
    wallet = Wallet(venue)
    electorate.fund(wallet, TOKENS)
    return wallet


@pytest.fixture(scope="module")
def ballots(venue: Venue, voter: Wallet) -> dict[str, int]:
    """Proposals for the stories, made at once: the governor's number of each by title."""
    titles = ("A vote from the browser", "A split vote", "Second thoughts", "A faster transaction")
    return {title: electorate.propose(venue, title) for title in titles}


@pytest.fixture(scope="module")
def cast(
    venue: Venue, ballots: dict[str, int], voter: Wallet, open_lasting_page: Callable[..., Page]
) -> Cast:
    """A vote with a reason, from the wallet until it is counted, while somebody else looks."""
    proposal = electorate.opened(venue, ballots["A vote from the browser"])
    reason = f"Counted by hand, {int(proposal['proposal_id']) % 10**6}."
    path = f"/proposals/{proposal['key']}/"
    onlooker = open_lasting_page(path)
    mark(onlooker)
    note_when_shown(onlooker, reason)
    page = open_lasting_page(path, voter)
    connect(page, voter.address)
    mark(page)
    box = VoteBox(page)
    expect(box.box.locator("[data-power]")).to_have_text("25,000 VNU")
    box.choose("For")
    box.give_reason(reason)
    box.review()
    box.says("You vote For with all of your 25,000 VNU")
    voter.thinks_ms = 800
    with HeadWatch(venue, "l2") as heads:
        box.sign()
        box.reaches("Confirm in your wallet", "now")
        box.reaches("Sent")
        box.reaches("Included in a block")
        box.reaches("Counted")
        seen = shown_at(onlooker)
    voter.thinks_ms = 0
    own = [v for v in all_votes(venue, proposal["key"]) if address_of(v["voter"]) == voter.address]
    assert len(own) == 1
    seconds = seen - heads.seen[own[0]["block_number"]]
    print(f"\nan onlooker saw the vote {seconds:.2f} s after its block")
    return Cast(proposal, reason, own[0], page, onlooker, seconds)


def tallies_agree(venue: Venue, key: str) -> bool:
    """Whether the API counts a proposal as its contract does, at the block the API speaks of."""
    proposal = find_proposal(venue, key)
    block = proposal["freshness"]["as_of_block"]
    return told_tally(proposal) == contract_tally(venue, proposal, block)


def test_votes_of_others_appear_while_one_looks(
    venue: Venue, open_page: Callable[..., Page]
) -> None:
    proposal = open_for_a_while(venue, 60)
    home = open_page("/")
    expect(home.get_by_role("link", name=proposal["title"]).first).to_be_visible()
    home.get_by_role("link", name=proposal["title"]).first.click()
    home.wait_for_url(f"**/proposals/{proposal['key']}/")

    page = home
    expect(page.get_by_role("heading", level=1)).to_have_text(proposal["title"])
    mark(page)
    shown = int(page.locator("#tally").get_attribute("data-votes") or 0)
    venue.lab("votes", "cast", 2, "--proposal", proposal["proposal_id"])
    expect(page.locator("#tally")).to_have_attribute("data-votes", str(shown + 2))
    newest = address_of(all_votes(venue, proposal["key"])[0]["voter"])
    expect(page.locator("#votes-table")).to_contain_text(re.compile(newest[-4:], re.IGNORECASE))
    assert is_same_document(page)


def test_a_vote_from_the_browser_is_counted_with_its_whole_weight(
    venue: Venue, voter: Wallet, cast: Cast
) -> None:
    told = (cast.vote["choice"], int(cast.vote["weight"]), cast.vote["reason"])
    assert told == ("for", POWER, cast.reason)
    assert cast.vote["tx_hash"] == voter.sent[-1]

    block = cast.vote["block_number"]
    before, after = (contract_tally(venue, cast.proposal, at) for at in (block - 1, block))
    assert after == {**before, "for": before["for"] + POWER}
    until(lambda: tallies_agree(venue, cast.key), 20, lambda: "API and contract agree", pause=1)
    assert told_tally(find_proposal(venue, cast.key))["for"] >= POWER


def test_a_vote_appears_by_itself_to_whoever_looks(cast: Cast) -> None:
    for page in (cast.page, cast.onlooker):
        expect(page.locator("#votes-table")).to_contain_text(cast.reason)
        assert is_same_document(page)


def test_a_voter_who_comes_back_reads_how_they_voted(
    voter: Wallet, cast: Cast, open_page: Callable[..., Page]
) -> None:
    again = open_page(f"/proposals/{cast.key}/", voter)
    connect(again, voter.address)
    box = VoteBox(again)
    box.says(re.compile("You voted For with 25,000 VNU.*cannot be changed"))
    expect(box.box.get_by_role("radio")).to_have_count(0)


def test_a_split_vote_counts_on_three_sides(
    venue: Venue, ballots: dict[str, int], voter: Wallet, open_page: Callable[..., Page]
) -> None:
    proposal = electorate.opened(venue, ballots["A split vote"])
    page = open_page(f"/proposals/{proposal['key']}/", voter)
    connect(page, voter.address)
    box = VoteBox(page)
    box.split(against="5000", for_="15000", abstain="6000")
    box.says("1,000 more than you have left")
    wrong = look(page, "vote-form")
    box.split(against="5000", for_="15000", abstain="5000")
    box.review()
    wrong += look(page, "vote-review")
    box.sign()
    box.reaches("Counted")
    assert wrong + look(page, "vote-counted") == []

    [vote] = all_votes(venue, proposal["key"])
    parts = {k: int(vote[f"{k}_votes"]) // 10**18 for k in ("against", "for", "abstain")}
    assert (vote["choice"], parts) == ("split", {"against": 5000, "for": 15000, "abstain": 5000})
    until(lambda: tallies_agree(venue, proposal["key"]), 20, lambda: "API and contract agree")


def test_a_wallet_on_another_chain_and_one_that_declines(
    venue: Venue, ballots: dict[str, int], voter: Wallet, open_page: Callable[..., Page]
) -> None:
    proposal = electorate.opened(venue, ballots["Second thoughts"])
    voter.chain_id, voter.known = 900, {900}
    page = open_page(f"/proposals/{proposal['key']}/", voter)
    connect(page, voter.address)
    box = VoteBox(page)
    box.says("Your wallet is on another chain. This vote is cast on Venue L2")
    switch = box.box.get_by_role("button", name="Switch to Venue L2")

    voter.rejects = True
    switch.click()
    box.warns("You declined in your wallet.")
    voter.rejects = False
    switch.click()
    # The wallet did not know this chain: it was told of it, then switched.
    box.choose("Against")
    assert voter.chain_id == 901
    assert "wallet_addEthereumChain" in voter.methods()

    box.review()
    voter.rejects = True
    box.sign()
    box.warns("You declined in your wallet. Nothing was sent.")
    voter.rejects = False
    assert all_votes(venue, proposal["key"]) == []

    box.sign()
    box.reaches("Counted")
    [vote] = all_votes(venue, proposal["key"])
    assert (vote["choice"], int(vote["weight"])) == ("against", POWER)


def test_a_transaction_that_its_owner_speeds_up_is_followed(
    venue: Venue, ballots: dict[str, int], voter: Wallet, open_page: Callable[..., Page]
) -> None:
    proposal = electorate.opened(venue, ballots["A faster transaction"])
    page = open_page(f"/proposals/{proposal['key']}/", voter)
    connect(page, voter.address)
    box = VoteBox(page)
    box.choose("Abstain")
    box.review()
    voter.replaces = True
    try:
        box.sign()
        box.says("Your wallet replaced this transaction by another one")
        box.reaches("Counted")
    finally:
        voter.replaces = False
    [vote] = all_votes(venue, proposal["key"])
    assert vote["tx_hash"] == voter.sent[-1]


def test_an_account_that_is_changed_in_the_wallet_is_the_one_that_votes(
    venue: Venue, voter: Wallet, wallet: Wallet,
    open_page: Callable[..., Page],
) -> None:  # fmt: skip
    proposal = open_for_a_while(venue, 20)
    page = open_page(f"/proposals/{proposal['key']}/", wallet)
    connect(page, wallet.address)
    who = VoteBox(page).box.locator("[data-who]")
    expect(who).to_contain_text(wallet.address[-4:])
    wallet.change_account(page, voter.account)
    expect(who).to_contain_text(voter.address[-4:])
    expect(page.locator("[data-wallet-button]")).to_contain_text(voter.address[-4:])


def test_somebody_without_power_is_told_why(
    venue: Venue, wallet: Wallet, open_page: Callable[..., Page]
) -> None:
    proposal = open_for_a_while(venue, 20)
    page = open_page(f"/proposals/{proposal['key']}/", wallet)
    connect(page, wallet.address)
    VoteBox(page).says(re.compile("delegat", re.IGNORECASE))
    assert "eth_sendTransaction" not in wallet.methods()


def test_delegating_from_a_page_moves_the_voting_power(
    venue: Venue, voter: Wallet, open_page: Callable[..., Page]
) -> None:
    [delegate, *_] = venue.api("delegates/?token=token")["results"]
    account = address_of(delegate["delegate"])
    page = open_page(f"/delegates/{account}/", voter)
    connect(page, voter.address)
    box = DelegateBox(page)
    box.review()
    box.sign()
    box.reaches("Included in a block")

    token = next(c for c in venue.api("contracts/")["results"] if c["key"] == "token")

    def delegated() -> bool:
        (now,) = read(
            venue, "l2", address_of(token["account"]), "delegates(address)", "address",
            voter.address,
        )  # fmt: skip
        return str(now).lower() == account.lower()

    until(delegated, 20, lambda: "the token says so")

    def counted() -> bool:
        # The venue's people go on delegating meanwhile, so the token itself says how much it is.
        (votes,) = read(
            venue, "l2", address_of(token["account"]), "getVotes(address)", "uint256", account
        )
        rows = venue.api(f"delegates/{account}/")["power"]
        return votes >= 10**21 and votes in [int(row["votes"]) for row in rows]

    until(counted, 20, lambda: "the delegate's power is what the token says")


def test_the_vote_from_the_browser_became_final(cast: Cast) -> None:
    VoteBox(cast.page).reaches("Final", timeout=FINAL_MS)
    assert is_same_document(cast.page)

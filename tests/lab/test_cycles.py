"""Proposals of both families run through their lives on real contracts."""

import pytest

from lab.chain import Reverted
from lab.deployment import market_id
from lab.governance import State, Support
from lab.harness import Harness
from lab.schedule import ETHER

pytestmark = pytest.mark.node


@pytest.fixture(params=["l2", "l1"])
def lab(request: pytest.FixtureRequest) -> Harness:
    return request.getfixturevalue(request.param)


def test_a_proposal_is_voted_queued_and_executed(lab: Harness) -> None:
    proposal = lab.propose("# Change\n\nOne parameter.")
    assert lab.gov.state(proposal.id) is State.PENDING
    lab.open_voting(proposal)
    lab.vote("Ada", proposal, Support.FOR, "because")
    lab.vote("Emre", proposal, Support.AGAINST)
    against, for_, abstain = lab.gov.tally(proposal.id)
    assert for_ > against > 0
    assert abstain == 0
    lab.close_voting(proposal)
    assert lab.gov.state(proposal.id) is State.SUCCEEDED
    lab.queue(proposal)
    assert lab.chain.read(lab.gov.timelock, "isOperation", lab.gov.operation_id(proposal))
    with pytest.raises(Reverted):
        lab.execute(proposal)
    lab.ready(proposal)
    lab.execute(proposal)
    assert lab.gov.state(proposal.id) is State.EXECUTED
    assert lab.gov.proposals(0) == [proposal]


def test_without_quorum_a_proposal_is_defeated(lab: Harness) -> None:
    proposal = lab.propose("Too few")
    lab.open_voting(proposal)
    lab.vote("Fumiko", proposal, Support.FOR)
    lab.close_voting(proposal)
    assert lab.gov.state(proposal.id) is State.DEFEATED


def test_a_queued_operation_is_cancelled_on_the_timelock_itself(lab: Harness) -> None:
    proposal = lab.propose("To be stopped")
    lab.open_voting(proposal)
    lab.vote("Ada", proposal, Support.FOR)
    lab.close_voting(proposal)
    lab.queue(proposal)
    receipt = lab.gov.cancel_on_timelock(proposal)
    assert [e.arguments["id"] for e in receipt.events(lab.gov.timelock, "Cancelled")] == [
        lab.gov.operation_id(proposal)
    ]
    assert not any(lab.gov.governor.event(log) for log in receipt.logs)
    assert lab.gov.state(proposal.id) is State.CANCELED


def test_an_operation_is_executed_past_the_governor(lab: Harness) -> None:
    proposal = lab.propose("Straight")
    lab.open_voting(proposal)
    lab.vote("Ada", proposal, Support.FOR)
    lab.close_voting(proposal)
    lab.queue(proposal)
    lab.ready(proposal)
    receipt = lab.gov.execute_on_timelock(lab.actor("relayer"), proposal)
    assert receipt.events(lab.gov.timelock, "CallExecuted")
    assert lab.gov.state(proposal.id) is State.EXECUTED


def test_split_votes_count_in_each_bucket(l2: Harness) -> None:
    proposal = l2.propose("Divided")
    l2.open_voting(proposal)
    assert l2.venue is not None
    l2.venue.vote_split(l2.actor("Bertrand"), proposal.id, 1 * ETHER, 5 * ETHER, 2 * ETHER, "so")
    assert l2.gov.tally(proposal.id) == (1 * ETHER, 5 * ETHER, 2 * ETHER)


def test_a_late_quorum_extends_the_vote(l2: Harness) -> None:
    proposal = l2.propose("Late")
    l2.advance_to(proposal.deadline - 10)
    l2.vote("Ada", proposal, Support.FOR)
    assert l2.gov.deadline(proposal.id) > proposal.deadline


def test_the_guardian_cancels_and_pauses_but_cannot_unpause(l2: Harness) -> None:
    assert l2.venue is not None
    proposal = l2.propose("Unwanted")
    l2.venue.guardian_cancel(proposal)
    assert l2.gov.state(proposal.id) is State.CANCELED
    l2.venue.pause_market("ETH-PERP")
    assert l2.venue.is_paused("ETH-PERP")
    unpause = l2.venue.venue.data("unpauseMarket", market_id("ETH-PERP"))
    with pytest.raises(Reverted):
        l2.venue.by_safe(l2.addresses["venue"], unpause)


def test_nested_calls_change_all_parameters_or_none(l2: Harness) -> None:
    gov = l2.venue
    assert gov is not None
    key = market_id("BTC-PERP")
    inner = (
        gov.venue_action("setMaxLeverage", key, 90_000),
        gov.venue_action("setTakerFee", key, 9),
    )
    proposal = l2.propose("# Review", [gov.batch_action(*inner)])
    l2.open_voting(proposal)
    l2.vote("Ada", proposal, Support.FOR)
    l2.close_voting(proposal)
    l2.queue(proposal)
    l2.ready(proposal)
    receipt = l2.execute(proposal)
    changed = receipt.events(gov.venue, "MaxLeverageSet")[0].arguments
    assert (changed["previous"], changed["value"]) == (250_000, 90_000)
    assert l2.chain.read(gov.venue, "markets", key)[2:] == (90_000, 200, 9)


def test_a_refusal_is_told_in_the_contracts_own_words(l2: Harness) -> None:
    proposal = l2.propose("Not yet open")
    with pytest.raises(Reverted, match="GovernorUnexpectedProposalState"):
        l2.vote("Ada", proposal, Support.FOR)
    assert l2.venue is not None
    with pytest.raises(Reverted, match="NotGovernance"):
        l2.chain.send(l2.actor("Ada"), l2.venue.venue, "setTakerFee", market_id("ETH-PERP"), 1)


def test_prepared_voters_vote_in_numbers(l2: Harness) -> None:
    proposal = l2.propose("Many")
    l2.open_voting(proposal)
    receipts = l2.vote_many(proposal, 10)
    assert len({receipt.hash for receipt in receipts}) == 10
    assert sum(l2.gov.tally(proposal.id)) == 10 * 200 * ETHER
    assert l2.vote_many(proposal, 10) == []

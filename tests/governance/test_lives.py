"""Whole lives of proposals on real contracts: at every step our state is the contract's own."""

import pytest

from governance.models import Operation, ParameterChange, Vote
from lab.governance import Support
from proofs.statements.lifecycle import ProposalState
from tests.governance.live import Scene

pytestmark = pytest.mark.node
ETHER = 10**18


def test_seven_fates_on_the_venue(venue: Scene) -> None:
    """Executed twice, defeated, missed by quorum, and canceled by proposer, guardian, timelock."""
    lab = venue.lab
    executed = lab.propose("# Raise the leverage\n\nOf ETH-PERP.", [lab.action(260_000)])
    directly = lab.propose("Executed on the timelock itself", [lab.action(240_000)])
    stopped = lab.propose("Canceled on the timelock itself", [lab.action(230_000)])
    guarded = lab.propose("Canceled by the guardian", [lab.action(220_000)])
    refused = lab.propose("Refused by the voters", [lab.action(210_000)])
    unheard = lab.propose("Hardly anybody voted", [lab.action(205_000)])
    withdrawn = lab.propose("Withdrawn by its proposer", [lab.action(204_000)])
    venue.sync()
    assert venue.state(executed) is ProposalState.PENDING

    lab.gov.cancel(lab.actor("Ada"), withdrawn)
    venue.sync()
    assert venue.state(withdrawn) is ProposalState.CANCELED

    lab.open_voting(unheard)
    venue.sync()
    assert venue.state(executed) is ProposalState.ACTIVE
    for proposal in (executed, directly, stopped, guarded):
        lab.vote("Ada", proposal, Support.FOR, "because")
    lab.vote("Ada", refused, Support.AGAINST)
    lab.vote("Fumiko", unheard, Support.FOR)
    lab.gov.vote_split(lab.actor("Chidi"), executed.id, ETHER, 2 * ETHER, 3 * ETHER, "in parts")
    lab.gov.vote_split(lab.actor("Chidi"), executed.id, 5, 0, 0)
    lab.vote("Chidi", executed, Support.ABSTAIN, "and the rest")
    venue.sync()
    chidi = Vote.objects.filter(voter=lab.actor("Chidi").address).order_by("block_number")
    assert [vote.support for vote in chidi] == [255, 255, 2]
    assert sum(vote.weight for vote in chidi) == lab.gov.power(
        lab.actor("Chidi").address, executed.snapshot
    )

    lab.gov.guardian_cancel(guarded)
    venue.sync()
    assert venue.state(guarded) is ProposalState.CANCELED

    lab.close_voting(unheard)
    venue.sync()
    assert venue.state(executed) is ProposalState.SUCCEEDED
    assert venue.state(refused) is venue.state(unheard) is ProposalState.DEFEATED

    for proposal in (executed, directly, stopped):
        lab.queue(proposal)
    venue.sync()
    assert venue.state(executed) is ProposalState.QUEUED
    assert Operation.objects.count() == 3

    lab.gov.cancel_on_timelock(stopped)
    venue.sync()
    assert venue.state(stopped) is ProposalState.CANCELED
    assert not venue.row(stopped).canceled, "the governor itself never said so"

    lab.ready(stopped)
    lab.ready(directly)
    lab.execute(executed)
    lab.gov.execute_on_timelock(lab.actor("relayer"), directly)
    venue.sync()
    assert venue.state(executed) is venue.state(directly) is ProposalState.EXECUTED
    assert not venue.row(directly).executed, "the governor itself never said so"
    latest = ParameterChange.objects.filter(name="maxLeverageBps", scope="ETH-PERP").first()
    assert latest is not None
    assert latest.value == "240000"
    operation = Operation.objects.get(operation_id=venue.row(directly).operation_id)
    assert (operation.done, operation.canceled, operation.call_count) == (True, False, 1)


def test_a_late_quorum_extends_the_vote(venue: Scene) -> None:
    """The deadline moves when quorum comes late, and the state stays active until it is over."""
    lab = venue.lab
    proposal = lab.propose("Decided in the last minute")
    lab.open_voting(proposal)
    lab.vote("Fumiko", proposal, Support.AGAINST)
    lab.advance_to(proposal.deadline - 6)
    venue.sync()
    lab.vote("Ada", proposal, Support.FOR)
    venue.sync()
    row = venue.row(proposal)
    assert row.extended_deadline is not None
    assert row.extended_deadline == lab.gov.deadline(proposal.id) > row.vote_end
    lab.advance_to(row.vote_end + 2)
    venue.sync()
    assert venue.state(proposal) is ProposalState.ACTIVE
    lab.close_voting(proposal)
    venue.sync()
    assert venue.state(proposal) is ProposalState.SUCCEEDED


def test_four_fates_on_the_bridge(bridge: Scene) -> None:
    """The older family: executed, defeated, canceled on the timelock, executed on the timelock."""
    lab = bridge.lab
    executed = lab.propose("# Raise the daily limit", [lab.action(7 * ETHER)])
    stopped = lab.propose("Canceled on the timelock itself", [lab.action(8 * ETHER)], "Bertrand")
    directly = lab.propose("Executed on the timelock itself", [lab.action(9 * ETHER)], "Chidi")
    refused = lab.propose("Abstentions are no quorum here", [lab.action(10 * ETHER)], "Dorothea")
    bridge.sync()
    assert bridge.state(executed) is ProposalState.PENDING
    lab.open_voting(refused)
    bridge.sync()
    assert bridge.state(executed) is ProposalState.ACTIVE
    for proposal in (executed, stopped, directly):
        lab.vote("Ada", proposal, Support.FOR, "yes")
    lab.vote("Fumiko", refused, Support.FOR)
    lab.vote("Ada", refused, Support.ABSTAIN)
    bridge.sync()
    lab.close_voting(refused)
    bridge.sync()
    assert bridge.state(refused) is ProposalState.DEFEATED
    assert bridge.state(executed) is ProposalState.SUCCEEDED
    for proposal in (executed, stopped, directly):
        lab.queue(proposal)
    bridge.sync()
    assert bridge.state(stopped) is ProposalState.QUEUED
    lab.gov.cancel_on_timelock(stopped)
    bridge.sync()
    assert bridge.state(stopped) is ProposalState.CANCELED
    lab.ready(directly)
    lab.execute(executed)
    lab.gov.execute_on_timelock(lab.actor("relayer"), directly)
    bridge.sync()
    assert bridge.state(executed) is bridge.state(directly) is ProposalState.EXECUTED
    assert bridge.row(executed).quorum_numerator is None, "a fixed quorum has no share"
    assert bridge.row(executed).quorum == 400_000 * ETHER


def test_a_reorg_takes_votes_back(venue: Scene) -> None:
    """Votes of orphaned blocks leave the tally, and come back with the blocks that hold them."""
    lab = venue.lab
    proposal = lab.propose("A vote that does not last")
    lab.open_voting(proposal)
    lab.vote("Ada", proposal, Support.FOR)
    venue.sync()
    before = venue.row(proposal)
    lab.vote("Bertrand", proposal, Support.AGAINST, "gone in a moment")
    lab.mine(1)
    venue.sync()
    assert venue.row(proposal).against_votes > 0
    lab.reorg(2)
    venue.sync()
    after = venue.row(proposal)
    assert (after.for_votes, after.against_votes) == (before.for_votes, before.against_votes)
    assert not Vote.objects.filter(voter=lab.actor("Bertrand").address).exists()
    lab.vote("Bertrand", proposal, Support.FOR)
    venue.sync()
    assert venue.row(proposal).for_votes > before.for_votes

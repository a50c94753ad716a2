"""What happened before the visitor came: a few finished proposals, told with warped time."""

from __future__ import annotations

import random

from lab.accounts import HOLDERS, actor
from lab.bridge_governance import BridgeGovernance
from lab.governance import State
from lab.life.drafts import bridge_draft, venue_draft
from lab.life.plans import Ballot, Ending, make_plan
from lab.venue_governance import VenueGovernance

SEED = 1871

_ENDINGS = {
    "l2": (
        Ending.EXECUTED,
        Ending.DEFEATED,
        Ending.CANCELLED_ON_TIMELOCK,
        Ending.WITHOUT_QUORUM,
        Ending.LATE_QUORUM,
    ),
    "l1": (Ending.EXECUTED, Ending.DEFEATED),
}
LABELS = {"l1": "BIP", "l2": "VIP"}


def tell(chain: str, gov: VenueGovernance | BridgeGovernance) -> int:
    """Play the prologue on a chain that mines on demand; the number of proposals made."""
    rng = random.Random(SEED)  # noqa: S311 - a play, not a secret
    for number, ending in enumerate(_ENDINGS[chain], start=1):
        _tell_one(rng, chain, gov, f"{LABELS[chain]}-{number}", ending)
    return len(_ENDINGS[chain])


def _tell_one(
    rng: random.Random,
    chain: str,
    gov: VenueGovernance | BridgeGovernance,
    label: str,
    ending: Ending,
) -> None:
    draft = venue_draft(rng, gov) if isinstance(gov, VenueGovernance) else bridge_draft(rng, gov)
    plan = make_plan(rng, chain, ending)
    proposer = actor(rng.choice(HOLDERS[:4]))
    proposal = gov.propose(proposer, draft.actions, draft.text(label))
    length = proposal.deadline - proposal.snapshot
    for ballot in sorted(plan.ballots, key=lambda item: item.due):
        gov.advance_to(proposal.snapshot + 1 + int(ballot.due * length))
        cast(gov, proposal.id, proposal.snapshot, ballot)
    gov.advance_to(gov.deadline(proposal.id) + 1)
    if gov.state(proposal.id) is not State.SUCCEEDED:
        return
    gov.queue(proposer, proposal)
    if ending is Ending.CANCELLED_ON_TIMELOCK:
        gov.cancel_on_timelock(proposal)
        return
    gov.chain.advance_time_to(gov.eta(proposal.id))
    gov.execute(actor("relayer"), proposal)


def cast(
    gov: VenueGovernance | BridgeGovernance, proposal_id: int, snapshot: int, ballot: Ballot
) -> bool:
    """Cast a planned ballot; False when the voter has no power at the snapshot or has voted."""
    voter = actor(ballot.voter)
    power = gov.power(voter.address, snapshot)
    if not power or gov.has_voted(proposal_id, voter.address):
        return False
    if ballot.split is None:
        gov.vote(voter, proposal_id, ballot.support, ballot.reason)
    elif isinstance(gov, VenueGovernance):
        against, _for, abstain = (power * share // 100 for share in ballot.split)
        gov.vote_split(
            voter, proposal_id, against, power - against - abstain, abstain, ballot.reason
        )
    return True

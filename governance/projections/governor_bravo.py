"""Compound's GovernorBravo."""

from governance import wording
from governance.calldata.describing import Described, described
from governance.families import GovernorRules
from governance.folding import proposals, votes
from governance.folding.governors import governor_kind
from governance.folding.parameters import setting
from proofs.statements.family import Family

KIND = governor_kind(
    "governor-bravo",
    GovernorRules(
        family=Family.BRAVO,
        clock_mode="mode=blocknumber&from=default",
        counting_mode="support=bravo&quorum=bravo",
    ),
    vote_decoders={votes.VOTE_CAST.topic0: votes.decode_cast},
    settings=(
        setting("VotingDelaySet(uint256 previous, uint256 value)", "votingDelay"),
        setting("VotingPeriodSet(uint256 previous, uint256 value)", "votingPeriod"),
        setting("ProposalThresholdSet(uint256 previous, uint256 value)", "proposalThreshold"),
        setting("NewImplementation(address previous, address value)", "implementation"),
        setting("NewAdmin(address previous, address value)", "admin"),
        setting("NewPendingAdmin(address previous, address value)", "pendingAdmin"),
        setting(
            "WhitelistAccountExpirationSet(address account, uint256 value)",
            "whitelistExpiration",
            scope="account",
            previous=None,
        ),
        setting("WhitelistGuardianSet(address previous, address value)", "whitelistGuardian"),
    ),
    said=(
        proposals.PROPOSAL_QUEUED.topic0,
        proposals.PROPOSAL_EXECUTED.topic0,
        proposals.PROPOSAL_CANCELED.topic0,
    ),
)

FUNCTIONS: tuple[Described, ...] = (
    described(
        "_setVotingDelay(uint256 newVotingDelay)",
        lambda at: (
            f"Set the voting delay of {at.here} "
            f"{at.change('votingDelay', _blocks(at['newVotingDelay']), reading=_blocks)}."
        ),
    ),
    described(
        "_setVotingPeriod(uint256 newVotingPeriod)",
        lambda at: (
            f"Set the voting period of {at.here} "
            f"{at.change('votingPeriod', _blocks(at['newVotingPeriod']), reading=_blocks)}."
        ),
    ),
    described(
        "_setProposalThreshold(uint256 newProposalThreshold)",
        lambda at: (
            f"Set the votes needed to propose in {at.here} to "
            f"{wording.whole(at['newProposalThreshold'])} of the token's smallest units."
        ),
    ),
    described(
        "_setImplementation(address implementation_)",
        lambda at: f"Replace the code of {at.here} by that of {at.name('implementation_')}.",
    ),
    described(
        "_setWhitelistAccountExpiration(address account, uint256 expiration)",
        lambda at: (
            f"Let {at.name('account')} propose in {at.here} with too few votes until "
            f"{wording.moment(at['expiration'])}."
        ),
    ),
    described(
        "_setWhitelistGuardian(address account)",
        lambda at: f"Make {at.name('account')} the guardian of the whitelist of {at.here}.",
    ),
    described(
        "_setPendingAdmin(address newPendingAdmin)",
        lambda at: f"Offer the administration of {at.here} to {at.name('newPendingAdmin')}.",
    ),
    described("_acceptAdmin()", lambda at: f"Accept the administration of {at.here}."),
)


def _blocks(number: int) -> str:
    return f"{wording.whole(number)} block{'' if number == 1 else 's'}"

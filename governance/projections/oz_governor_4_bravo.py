"""Governors of OpenZeppelin 4 with GovernorCompatibilityBravo."""

from governance.calldata.describing import Described, described
from governance.families import GovernorRules
from governance.folding import proposals, votes
from governance.folding.governors import governor_kind
from governance.projections import oz_governor_5
from proofs.statements.family import Family

KIND = governor_kind(
    "oz-governor-4-bravo",
    GovernorRules(family=Family.OZ4),
    vote_decoders={
        votes.VOTE_CAST.topic0: votes.decode_cast,
        votes.VOTE_CAST_WITH_PARAMS.topic0: votes.decode_with_params,
    },
    settings=oz_governor_5.SETTINGS[:6],
    said=(
        proposals.PROPOSAL_QUEUED.topic0,
        proposals.PROPOSAL_EXECUTED.topic0,
        proposals.PROPOSAL_CANCELED.topic0,
        proposals.PROPOSAL_EXTENDED.topic0,
    ),
)

_say = {described_.function.name: described_.say for described_ in oz_governor_5.FUNCTIONS}
_inner = {described_.function.name: described_.inner for described_ in oz_governor_5.FUNCTIONS}

# The same functions as in version 5, with wider numbers, and without guardian.
FUNCTIONS: tuple[Described, ...] = tuple(
    described(declaration, _say[name], _inner[name])
    for name, declaration in {
        "setVotingDelay": "setVotingDelay(uint256 newVotingDelay)",
        "setVotingPeriod": "setVotingPeriod(uint256 newVotingPeriod)",
        "setLateQuorumVoteExtension": "setLateQuorumVoteExtension(uint64 newVoteExtension)",
        "setProposalThreshold": "setProposalThreshold(uint256 newProposalThreshold)",
        "updateQuorumNumerator": "updateQuorumNumerator(uint256 newQuorumNumerator)",
        "updateTimelock": "updateTimelock(address newTimelock)",
        "relay": "relay(address target, uint256 value, bytes data)",
    }.items()
)

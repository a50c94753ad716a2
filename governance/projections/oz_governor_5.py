"""Governors of OpenZeppelin 5, with any of its modules."""

from collections.abc import Callable

from governance import wording
from governance.calldata.describing import Described, Occasion, Subcall, described
from governance.families import GovernorRules
from governance.folding import proposals, votes
from governance.folding.governors import governor_kind
from governance.folding.parameters import Setting, setting
from proofs.statements.clock import ClockMode
from proofs.statements.family import Family

SETTINGS: tuple[Setting, ...] = (
    setting("VotingDelaySet(uint256 previous, uint256 value)", "votingDelay"),
    setting("VotingPeriodSet(uint256 previous, uint256 value)", "votingPeriod"),
    setting("ProposalThresholdSet(uint256 previous, uint256 value)", "proposalThreshold"),
    setting("QuorumNumeratorUpdated(uint256 previous, uint256 value)", "quorumNumerator"),
    setting("TimelockChange(address previous, address value)", "timelock"),
    setting("LateQuorumVoteExtensionSet(uint64 previous, uint64 value)", "lateQuorumExtension"),
    setting("ProposalGuardianSet(address previous, address value)", "proposalGuardian"),
    setting("SuperQuorumNumeratorUpdated(uint256 previous, uint256 value)", "superQuorumNumerator"),
)

KIND = governor_kind(
    "oz-governor-5",
    GovernorRules(family=Family.OZ5),
    vote_decoders={
        votes.VOTE_CAST.topic0: votes.decode_cast,
        votes.VOTE_CAST_WITH_PARAMS.topic0: votes.decode_with_params,
        votes.OVERRIDE_VOTE_CAST.topic0: votes.decode_override,
        votes.VOTE_REDUCED.topic0: votes.decode_reduced,
    },
    settings=SETTINGS,
    said=(
        proposals.PROPOSAL_QUEUED.topic0,
        proposals.PROPOSAL_EXECUTED.topic0,
        proposals.PROPOSAL_CANCELED.topic0,
        proposals.PROPOSAL_EXTENDED.topic0,
    ),
)


def _span(at: Occasion, number: int) -> str:
    """A number of the governor's clock units, in words as far as its clock is known."""
    mode = at.around.clock(at.target)
    if mode is None:
        return f"{wording.whole(number)} units of its clock"
    return wording.span(number, ClockMode(mode))


def _set_span(parameter: str, words: str, argument: str) -> Callable[[Occasion], str]:
    def say(at: Occasion) -> str:
        change = at.change(
            parameter, _span(at, at[argument]), reading=lambda number: _span(at, number)
        )
        return f"Set the {words} of {at.here} {change}."

    return say


def _relayed(at: Occasion) -> list[Subcall]:
    return [Subcall(at["target"], at["value"], at["data"])]


FUNCTIONS: tuple[Described, ...] = (
    described(
        "setVotingDelay(uint48 newVotingDelay)",
        _set_span("votingDelay", "voting delay", "newVotingDelay"),
    ),
    described(
        "setVotingPeriod(uint32 newVotingPeriod)",
        _set_span("votingPeriod", "voting period", "newVotingPeriod"),
    ),
    described(
        "setLateQuorumVoteExtension(uint48 newVoteExtension)",
        _set_span("lateQuorumExtension", "extension by late quorum", "newVoteExtension"),
    ),
    described(
        "setProposalThreshold(uint256 newProposalThreshold)",
        lambda at: (
            f"Set the votes needed to propose in {at.here} to "
            f"{wording.whole(at['newProposalThreshold'])} of the token's smallest units."
        ),
    ),
    described(
        "updateQuorumNumerator(uint256 newQuorumNumerator)",
        lambda at: (
            f"Set the numerator of the quorum of {at.here} "
            f"{at.change('quorumNumerator', wording.whole(at['newQuorumNumerator']))}."
        ),
    ),
    described(
        "setProposalGuardian(address newProposalGuardian)",
        lambda at: (
            f"Make {at.name('newProposalGuardian')} the guardian of {at.here}, who may cancel "
            "any proposal."
        ),
    ),
    described(
        "updateTimelock(address newTimelock)",
        lambda at: f"Let {at.name('newTimelock')} carry out the proposals of {at.here}.",
    ),
    described(
        "relay(address target, uint256 value, bytes data)",
        lambda at: f"Let {at.here} make a call to {at.name('target')}.",
        _relayed,
    ),
)

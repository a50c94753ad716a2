"""From rows to the facts on which every decision about a proposal rests."""

from charter.models import Contract
from governance import families
from governance.models import Governor, Operation, Proposal
from proofs.statements import lifecycle
from proofs.statements.clock import ClockMode, parse_clock_mode
from proofs.statements.family import Timelock
from proofs.statements.lifecycle import ProposalFacts
from proofs.statements.quorum import (
    CountingMode,
    FixedQuorum,
    FractionQuorum,
    QuorumBasis,
    QuorumCheck,
    check_quorum,
    parse_counting_mode,
)
from proofs.statements.tally import Tally


class NotAsked(LookupError):
    """The governor has not described itself yet, so its rules are not known."""


def clock_mode(governor: Contract, profile: Governor | None) -> ClockMode:
    """The clock of a governor. Raises NotAsked, UnknownClockMode."""
    fixed = families.rules_of(governor).clock_mode
    if fixed is not None:
        return parse_clock_mode(fixed)
    return ClockMode(_asked(governor, profile).clock_mode)


def counting(governor: Contract, profile: Governor | None) -> CountingMode:
    """How a governor counts. Raises NotAsked, UnknownCountingMode."""
    fixed = families.rules_of(governor).counting_mode
    return parse_counting_mode(fixed or _asked(governor, profile).counting_mode)


def proposal_facts(
    proposal: Proposal,
    *,
    governor: Contract,
    profile: Governor | None,
    timelock: Contract | None,
    operation: Operation | None,
) -> ProposalFacts:
    """Facts of a proposal; `operation` is the latest one under its operation id, if any.

    Raises NotAsked, NotATimelock, or a Refusal where the rows hold what no contract can hold.
    """
    kind = families.timelock_kind(timelock)
    return ProposalFacts(
        family=families.rules_of(governor).family,
        timelock=kind,
        clock_mode=clock_mode(governor, profile),
        quorum_buckets=counting(governor, profile).buckets,
        vote_start=proposal.vote_start,
        vote_end=proposal.vote_end,
        tally=tally(proposal),
        extended_deadline=proposal.extended_deadline,
        executed=proposal.executed,
        canceled=proposal.canceled,
        eta=proposal.eta,
        quorum=proposal.quorum,
        operation=held(operation) if kind is Timelock.CONTROLLER else None,
        grace_period=families.grace_period(timelock),
    )


def held(operation: Operation | None) -> lifecycle.Operation | None:
    """What a TimelockController's storage holds for an operation, None where none is known."""
    if operation is None:
        return None
    if operation.done:
        return lifecycle.Operation(timestamp=1)
    return lifecycle.Operation(timestamp=0 if operation.canceled else operation.ready_at)


def tally(proposal: Proposal) -> Tally:
    """The tally as summed from votes."""
    return Tally(
        against=proposal.against_votes,
        for_=proposal.for_votes,
        abstain=proposal.abstain_votes,
    )


def quorum_basis(proposal: Proposal) -> QuorumBasis | None:
    """What the quorum rests on, as it was read; None before it was read."""
    if (
        proposal.supply_at_snapshot is not None
        and proposal.quorum_numerator is not None
        and proposal.quorum_denominator is not None
    ):
        basis = FractionQuorum(
            supply=proposal.supply_at_snapshot,
            numerator=proposal.quorum_numerator,
            denominator=proposal.quorum_denominator,
        )
        if proposal.quorum in (None, basis.needed):
            return basis
    return None if proposal.quorum is None else FixedQuorum(votes=proposal.quorum)


def quorum_check(proposal: Proposal, counted: CountingMode) -> QuorumCheck | None:
    """The arithmetic of the quorum; None before it was read. Raises Refusal."""
    basis = quorum_basis(proposal)
    return None if basis is None else check_quorum(tally(proposal), counted.buckets, basis)


def _asked(governor: Contract, profile: Governor | None) -> Governor:
    if profile is None:
        raise NotAsked(f"{governor.label} has not been asked yet what rules it follows.")
    return profile

"""Rows of governance put together for pages: what a card and a proposal page need."""

from collections.abc import Iterable
from dataclasses import dataclass

from chainsync.assured import Assured
from chainsync.models import ProjectedRow
from charter.models import Chain, Contract
from governance import facts, kept_proofs, queries
from governance.directory import Directory, chain_clock, decimals, profile, symbol
from governance.models import Operation, Proposal, ProposalEvent, TallyProof
from governance.moments import ChainClock, When
from governance.proven import Proven
from governance.standing import Standing, standing
from proofs.refusals import Refusal
from proofs.statements.clock import Moment
from proofs.statements.lifecycle import (
    ENDED,
    ProposalFacts,
    ProposalState,
    deadline,
    expires_at,
)
from proofs.statements.quorum import CountingMode
from proofs.statements.tally import Counting
from proofs.statements.timeline import Moments


class NoHead(LookupError):
    """No block of the chain has been read yet, so nothing can be said of its proposals."""


UNTELLABLE = (NoHead, facts.NotAsked, Refusal)
"""What `card` raises while a proposal's standing cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A proposal with all that is needed to say how it stands."""

    proposal: Proposal
    governor: Contract
    token: Contract | None
    timelock: Contract | None
    counting: CountingMode
    facts: ProposalFacts
    clock: ChainClock
    standing: Standing
    told: ProjectedRow | None
    operation: Operation | None = None
    """The timelock operation that it was queued as, if it was."""
    last_vote: int | None = None
    """Block of the last vote; None without votes, and where it was not asked for."""
    proof: TallyProof | None = None
    """The newest proof of its tally; None without one, and where it was not asked for."""

    def proven(self, assured: Assured) -> Proven:
        """What is proven of it beside what is shown. No query."""
        first, governor = self.proposal.block_number, self.governor
        return kept_proofs.beside(
            self.proposal,
            governor,
            self.proof,
            read=assured.of(governor.pk, first, self.last_vote or first),
            last_vote=self.last_vote,
            finalized=assured.final_to(governor, self.chain.status.finalized_number),
        )

    @property
    def ended_at(self) -> When | None:
        """When it ended; None while it has not, or when the event was not read."""
        state = self.standing.state
        if state in (ProposalState.EXECUTED, ProposalState.CANCELED):
            return When(seconds=self.told.timestamp, exact=True) if self.told else None
        if state is ProposalState.DEFEATED:
            anchor = (self.proposal.block_number, self.proposal.timestamp)
            return self.clock.when(self.facts.clock_mode, deadline(self.facts), anchor)
        expiry = expires_at(self.facts) if state is ProposalState.EXPIRED else None
        return None if expiry is None else When(seconds=expiry, exact=True)

    @property
    def values_before(self) -> int | None:
        """Before which block the values were in force that its calls change; None for now."""
        if self.standing.state is ProposalState.EXECUTED and self.told is not None:
            return self.told.block_number
        return self.proposal.block_number if self.standing.state in ENDED else None

    @property
    def decimals(self) -> int:
        return decimals(self.token)

    @property
    def symbol(self) -> str:
        return symbol(self.token)

    @property
    def chain(self) -> Chain:
        return self.governor.chain

    @property
    def splittable(self) -> bool:
        """Whether a voter may divide a vote."""
        return self.counting.counting is Counting.FRACTIONAL


def card(
    found: Proposal,
    directory: Directory,
    operation: Operation | None,
    told: ProjectedRow | None = None,
    last_vote: int | None = None,
    proof: TallyProof | None = None,
) -> Card:
    """Put one proposal together; `told` is the event that ended it, of governor or timelock.

    Raises facts.NotAsked, NoHead, or a Refusal for rows that no contract can hold.
    """
    governor = directory.by_id.get(found.contract_id) or found.contract
    clock, profiled = chain_clock(governor.chain), profile(governor)
    if clock is None:
        raise NoHead(f"No block of {governor.chain.name} has been read yet.")
    timelock = directory.linked(governor, "timelock")
    counting = facts.counting(governor, profiled)
    known = facts.proposal_facts(
        found, governor=governor, profile=profiled, timelock=timelock, operation=operation
    )
    check = facts.quorum_check(found, counting)
    return Card(
        proposal=found,
        governor=governor,
        token=directory.linked(governor, "token"),
        timelock=timelock,
        counting=counting,
        facts=known,
        clock=clock,
        standing=standing(known, clock, check, quorum_final=found.quorum_final),
        told=told,
        operation=operation,
        last_vote=last_vote,
        proof=proof,
    )


def cards(rows: Iterable[Proposal], directory: Directory) -> list[Card]:
    """Put a list of proposals together, five queries for operations, ends, last votes and proofs.

    Proposals of governors that were not read yet are left out.
    """
    rows = list(rows)
    operations = queries.operations_of(rows)
    by_governor = queries.proposal_endings(rows)
    by_timelock = queries.operation_endings(operations.values())
    last_votes, proofs = queries.last_vote_blocks(rows), kept_proofs.newest(rows)
    found = []
    for row in rows:
        operation = operations.get(row.operation_id or "")
        told = by_governor.get(row.pk) or (by_timelock.get(operation.pk) if operation else None)
        try:
            found.append(
                card(row, directory, operation, told, last_votes.get(row.pk), proofs.get(row.pk))
            )
        except UNTELLABLE:
            continue
    return found


def ending_of(found: Proposal, operation: Operation | None) -> ProjectedRow | None:
    """The event that ended a proposal: its governor's, else that of the timelock."""
    by_governor = queries.proposal_endings([found]).get(found.pk)
    if by_governor is not None or operation is None:
        return by_governor
    return queries.operation_endings([operation]).get(operation.pk)


def moments_of(shown: Card, events: dict[str, ProposalEvent]) -> Moments:
    """When the proposal's events happened."""
    found, state = shown.proposal, shown.standing.state

    def at(kind: ProposalEvent.Kind, ended: ProposalState | None = None) -> Moment | None:
        event: ProjectedRow | None = events.get(kind)
        if event is None and state is ended and ended is not None:
            event = shown.told
        if event is None:
            return None
        return Moment(block_number=event.block_number, timestamp=event.timestamp)

    return Moments(
        proposed=Moment(block_number=found.block_number, timestamp=found.timestamp),
        queued=at(ProposalEvent.Kind.QUEUED),
        executed=at(ProposalEvent.Kind.EXECUTED, ProposalState.EXECUTED),
        canceled=at(ProposalEvent.Kind.CANCELED, ProposalState.CANCELED),
    )

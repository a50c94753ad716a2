"""Stored states of proposals, brought up to the clock of each new head.

Only proposals that may still change are looked at: those that have not ended, and those that ended
in blocks which a reorg may still take back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Case, Q, QuerySet, When

from chainsync.models import Block, ChainStatus, Coverage
from charter.models import Chain, Contract
from governance import facts, families
from governance.models import Governor, Operation, Proposal
from ledger.actions import tell
from proofs.refusals import Refusal
from proofs.statements.clock import Moment
from proofs.statements.lifecycle import ENDED, ProposalFacts, ProposalState, state

AT_MOST = 500
"""Proposals looked at for one head; the rest waits for the next."""


@dataclass(frozen=True, slots=True)
class Living:
    """A proposal that may still change, and its facts."""

    proposal: Proposal
    governor: Contract
    facts: ProposalFacts

    def state(self, moment: Moment) -> ProposalState:
        """Its state in a block. Raises Refusal while something that decides it is not known."""
        return state(self.facts, moment.clock(self.facts.clock_mode), moment.timestamp)


def living(chain: Chain, head_number: int, limit: int = AT_MOST) -> list[Living]:
    """Proposals of a chain that may still change, with their facts; see `with_facts`."""
    # Those that have not ended go first, the newest before all others.
    ended = Case(When(state__in=ENDED, then=1), default=0)
    governors = ready(chain, head_number)
    rows = _changing(chain).filter(contract__in=governors).order_by(ended, "-timestamp")[:limit]
    return with_facts(chain, list(rows), governors)


def with_facts(
    chain: Chain, rows: Sequence[Proposal], governors: Mapping[int, Contract]
) -> list[Living]:
    """Put facts to proposals of these governors, in three queries.

    Left out are those of governors that were not asked yet, and those whose rows hold what no
    contract can hold.
    """
    contracts = {row.key: row for row in Contract.objects.filter(chain=chain)}
    operations = _operations(chain, rows)
    profiles = {one.contract_id: one for one in Governor.objects.filter(contract__chain=chain)}
    found = []
    for row in rows:
        governor = governors[row.contract_id]
        timelock = contracts[key] if (key := governor.links.get("timelock")) else None
        try:
            known = facts.proposal_facts(
                row,
                governor=governor,
                profile=profiles.get(governor.pk),
                timelock=timelock,
                operation=operations.get((timelock.pk if timelock else None, row.operation_id)),
            )
        except (facts.NotAsked, families.NotATimelock, Refusal):
            continue
        found.append(Living(row, governor, known))
    return found


def refresh(chain: Chain, head: Block) -> list[Proposal]:
    """Store the states as they are at the head and tell of those that changed; returns these.

    Runs in the transaction that journals the head. A state that something unknown decides (the
    quorum, the timelock's word) stays what it was until that is known.
    """
    moment = Moment(block_number=head.number, timestamp=head.timestamp)
    changed = []
    for one in living(chain, head.number):
        try:
            now = one.state(moment)
        except Refusal:
            continue
        # A stored state of block 0 was undone, so even an equal one is news of this block.
        if now == one.proposal.state and one.proposal.state_block:
            continue
        if now != one.proposal.state:
            changed.append(one.proposal)
        one.proposal.state, one.proposal.state_block = now.value, head.number
        Proposal.objects.filter(pk=one.proposal.pk).update(state=now.value, state_block=head.number)
    _tell(changed)
    return changed


def _tell(changed: Iterable[Proposal]) -> None:
    for proposal in changed:
        detail = {"key": proposal.key, "state": proposal.state_name, "title": proposal.title}
        tell(topic=f"proposal:{proposal.key}", event="state", detail=detail)
        tell(topic="proposals", event="state", detail=detail)


def _changing(chain: Chain) -> QuerySet[Proposal]:
    status = ChainStatus.objects.filter(chain=chain).only("finalized_number").first()
    final = -1 if status is None or status.finalized_number is None else status.finalized_number
    may_change = ~Q(state__in=ENDED) | Q(state_block=0) | Q(state_block__gt=final)
    return Proposal.objects.filter(may_change, contract__chain=chain).defer("description", "search")


def ready(chain: Chain, head_number: int) -> dict[int, Contract]:
    """Governors by primary key that are folded up to the head, their timelocks too."""
    folded = {
        row.contract.key: row.contract
        for row in Coverage.objects.filter(
            contract__chain=chain, folded_to__gte=head_number
        ).select_related("contract__chain")
    }
    kinds = families.governor_kinds()
    return {
        contract.pk: contract
        for contract in folded.values()
        if contract.kind in kinds and contract.links.get("timelock", contract.key) in folded
    }


def _operations(
    chain: Chain, rows: Iterable[Proposal]
) -> dict[tuple[int | None, str | None], Operation]:
    """Latest operation by timelock and operation id."""
    ids = [row.operation_id for row in rows if row.operation_id and row.queued]
    found = Operation.objects.filter(contract__chain=chain, operation_id__in=ids)
    return {
        (operation.contract_id, operation.operation_id): operation
        for operation in found.order_by("block_number", "log_index")
    }

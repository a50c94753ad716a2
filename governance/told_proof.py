"""How far a proposal is proven, as the API tells it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from chainsync import disputes
from chainsync.freshness import Horizon, Word, word_of
from governance import kept_proofs
from governance.models import Proposal, TallyProof
from proofs.refusals import Refusal
from proofs.statements.clock import Moment
from proofs.statements.lifecycle import ProposalFacts, state
from proofs.statements.quorum import QuorumCheck, vote_succeeded


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldProof:
    """How far tally, quorum and state are proven, in the words of the ladder, and by what."""

    key: str
    tally: Word
    quorum: Word
    state: Word
    contradicted: bool
    says: Sequence[str]
    proof: TallyProof | None


def told_proof(
    proposal: Proposal,
    horizon: Horizon,
    found: ProposalFacts | None,
    check: QuorumCheck | None,
    moment: Moment | None,
) -> ToldProof:
    """Tell it of a proposal whose row has the blocks of its last delta and event.

    One query, where the last attempt came with the row.
    """
    governor, row = proposal.contract, cast(Any, proposal)
    last = max(proposal.block_number, row.last_delta or 0)
    chain = horizon.chain(governor.chain_id)
    beside = kept_proofs.beside(
        proposal,
        governor,
        kept_proofs.newest([proposal]).get(proposal.pk),
        read=horizon.read_of(governor.pk, proposal.block_number, last),
        last_vote=row.last_delta,
        last_event=row.last_event,
        finalized=disputes.final_to(chain.finalized, chain.disputes, governor.pk),
        why=kept_proofs.why_not(proposal),
    )
    now = None
    if found is not None and moment is not None:
        with suppress(Refusal):
            now = state(found, moment.clock(found.clock_mode), moment.timestamp)
    won = found is not None and vote_succeeded(found.tally)
    reached = None if check is None else check.reached
    return ToldProof(
        key=proposal.key,
        tally=word_of(beside.tally),
        quorum=word_of(beside.quorum),
        state=word_of(beside.state(now, won=won, reached=reached)),
        contradicted=beside.contradicted or beside.quorum_contradicted,
        says=[point.words for point in beside.points()],
        proof=beside.proof,
    )

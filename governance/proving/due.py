"""Which proposals are to be proven next: those that are voted on first, then those that ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest

from chainsync.models import Block, ChainStatus
from charter.fields import Uint256Field
from charter.models import Chain, Contract
from governance import facts, states
from governance.models import ProofAttempt, Proposal, ProposalEvent, TallyDelta, TallyProof
from governance.proving import anchors, signing
from governance.proving.canonical import canonical
from proofs.refusals import Refusal
from proofs.statements.clock import Moment
from proofs.statements.lifecycle import ProposalState


@dataclass(frozen=True, slots=True)
class Due:
    """A proposal that is to be proven, and the block under whose root."""

    proposal: Proposal
    anchor: Block


def next_due(chain: Chain, now: datetime) -> Due | None:
    """What is to be proven next on a chain, if anything is."""
    head = ChainStatus.objects.filter(chain=chain).values_list("head_number", flat=True).first()
    if head is None:
        return None
    return next(_running(chain, head, now), None) or next(_closing(chain, now), None)


def urgent(chain: Chain, now: datetime) -> bool:
    """Whether votes came in on a proposal since it was last proven: a cheap look at each head."""
    return _voted_on(chain, now).exists()


def _running(chain: Chain, head: int, now: datetime) -> Iterator[Due]:
    governors = states.ready(chain, head)
    anchor = anchors.agreed(chain, head) if governors else None
    if anchor is None:
        return
    rows = _voted_on(chain, now, anchor.number).filter(contract__in=governors)
    for row in _with_contract(rows)[:1]:
        yield Due(row, anchor)


def _voted_on(chain: Chain, now: datetime, upto: int | None = None) -> QuerySet[Proposal]:
    """Proposals with votes up to a block that no proof holds, while more may come."""
    deltas = TallyDelta.objects.filter(proposal=OuterRef("pk"))
    if upto is not None:
        deltas = deltas.filter(block_number__lte=upto)
    last_delta = deltas.order_by("-block_number").values("block_number")[:1]
    return (
        _triable(chain, now)
        .filter(state=ProposalState.ACTIVE.value, vote_count__gt=0)
        .annotate(last_delta=Subquery(last_delta))
        .filter(Q(proven_to=None, last_delta__isnull=False) | Q(proven_to__lt=F("last_delta")))
    )


def _closing(chain: Chain, now: datetime) -> Iterator[Due]:
    final = (
        ChainStatus.objects.filter(chain=chain).values_list("finalized_number", flat=True).first()
    )
    governors = states.ready(chain, final) if final is not None else {}
    anchor = anchors.final(chain, final) if governors and final is not None else None
    if anchor is None:
        return
    for governor in governors.values():
        if (clock := _clock(governor, anchor)) is not None:
            for row in _with_contract(_ended(governor, anchor, clock, now))[:1]:
                yield Due(row, anchor)


def _ended(governor: Contract, anchor: Block, clock: int, now: datetime) -> QuerySet[Proposal]:
    """Proposals whose voting is over at the anchor, and which were not proven since."""
    last_event = (
        ProposalEvent.objects.filter(proposal=OuterRef("pk"), block_number__lte=anchor.number)
        .values("proposal")
        .annotate(last=Max("block_number"))
        .values("last")
    )
    unproven = Q(proven_to=None) | Q(closed=False) | Q(proven_to__lt=F("last_event"))
    if (lowest := signing.linkable_from(governor.chain)) is not None:
        # No signed block can be shown to lead to such an anchor: another one is needed.
        unproven |= Q(signed=None, proven_to__lt=min(lowest, anchor.number))
    return (
        _triable(governor.chain, now)
        .filter(contract=governor, block_number__lte=anchor.number)
        .annotate(
            deadline=Greatest(
                F("vote_end"),
                Coalesce(F("extended_deadline"), F("vote_end")),
                output_field=Uint256Field(),
            ),
            last_event=Subquery(last_event, output_field=BigIntegerField()),
        )
        .filter(unproven, deadline__lt=clock)
    )


def _triable(chain: Chain, now: datetime) -> QuerySet[Proposal]:
    """Proposals of a chain that are not to be left alone until later, the newest first, with how
    far and how well they are proven."""
    waits = ProofAttempt.objects.filter(proposal=OuterRef("pk"), again_at__gt=now)
    proofs = TallyProof.objects.filter(proposal=OuterRef("pk")).filter(canonical())
    newest: Any = proofs.order_by("-anchor_number")
    return (
        Proposal.objects.filter(~Exists(waits), contract__chain=chain)
        .annotate(
            proven_to=Subquery(newest.values("anchor_number")[:1]),
            closed=Subquery(newest.values("closing")[:1]),
            signed=Subquery(newest.values("signed_block")[:1]),
        )
        .order_by("-timestamp", "-pk")
    )


def _with_contract(rows: QuerySet[Proposal]) -> QuerySet[Proposal]:
    return rows.select_related("contract__chain", "contract__governor_profile").defer(
        "description", "search"
    )


def _clock(governor: Contract, anchor: Block) -> int | None:
    """What the governor's clock shows at the anchor, None while its rules are not known."""
    profile = getattr(governor, "governor_profile", None)
    try:
        mode = facts.clock_mode(governor, profile)
    except (facts.NotAsked, Refusal):
        return None
    return Moment(block_number=anchor.number, timestamp=anchor.timestamp).clock(mode)

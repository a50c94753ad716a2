"""One turn of proving: some seconds of what is due, each proposal tried again only after a rest."""

import time
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from chainsync.endpoint.failures import EndpointFailure
from charter.models import Chain
from governance import witnesses
from governance.asking import Orphaned, standing_on
from governance.facts import NotAsked
from governance.models import ProofAttempt, TallyProof
from governance.proving import signing, storing, verdicts
from governance.proving.due import Due, next_due
from governance.witnesses import Contradicted
from ledger.actions import tell
from ledger.faultpoints import reached
from proofs.refusals import Refusal

REST = timedelta(seconds=5)
"""So long is a proposal left alone after it was proven, and ten times as long as that took."""
REST_PER_SECOND = 10
FIRST_RETRY = timedelta(seconds=30)
LAST_RETRY = timedelta(hours=1)


@dataclass(slots=True)
class Turn:
    """What one turn did; `more` says that time ran out before the work did."""

    proven: list[TallyProof] = field(default_factory=list)
    failed: int = 0
    signed: int = 0
    more: bool = False


def turn(chain: Chain, seconds: float) -> Turn:
    """Prove what is due on a chain for about so many seconds.

    Waits for the network: not inside a transaction. What endpoints or proofs refuse is kept with
    the proposal and tried again later; what is wrong in our own house is raised.
    """
    done = Turn()
    with transaction.atomic():
        done.signed = signing.sign(chain)
    until = time.monotonic() + seconds
    while (due := next_due(chain, timezone.now())) is not None:
        if time.monotonic() >= until:
            done.more = True
            break
        row = _prove(due)
        if row is None:
            done.failed += 1
        else:
            done.proven.append(row)
    if done.proven:
        with transaction.atomic():
            done.signed += signing.sign(chain)
    return done


def _prove(due: Due) -> TallyProof | None:
    began = time.monotonic()
    contradictions: list[Contradicted] = []
    try:
        certificate, _ = witnesses.certificate(due.proposal, due.anchor, contradictions.append)
        reached("proving.gathered")
        with standing_on(due.proposal.contract.chain, due.anchor):
            row = storing.store(due.proposal, due.anchor, certificate)
            verdicts.declare(row, contradictions)
            _rest(due, REST + REST_PER_SECOND * timedelta(seconds=time.monotonic() - began))
            tell(
                topic=f"proposal:{due.proposal.key}",
                event="proven",
                detail={"block": due.anchor.number, "reach": row.reach, "root": row.root},
            )
            tell(topic="proposals", event="proven", detail={"key": due.proposal.key})
        return row
    except (Refusal, EndpointFailure, NotAsked, Orphaned) as failure:
        _put_off(due, str(failure))
        return None


def _rest(due: Due, rest: timedelta) -> None:
    now = timezone.now()
    ProofAttempt.objects.update_or_create(
        proposal=due.proposal,
        defaults={
            "anchor_number": due.anchor.number,
            "tried_at": now,
            "again_at": now + rest,
            "failures": 0,
            "why": "",
        },
    )


@transaction.atomic
def _put_off(due: Due, why: str) -> None:
    """Say why nothing was proven, and wait twice as long each time."""
    now = timezone.now()
    before = ProofAttempt.objects.filter(proposal=due.proposal).first()
    failures = before.failures + 1 if before else 1
    ProofAttempt.objects.update_or_create(
        proposal=due.proposal,
        defaults={
            "anchor_number": due.anchor.number,
            "tried_at": now,
            "again_at": now + min(FIRST_RETRY * 2 ** min(failures - 1, 10), LAST_RETRY),
            "failures": failures,
            "why": why,
        },
    )
    if before is None or before.why != why:
        tell(topic=f"proposal:{due.proposal.key}", event="unproven", detail={"why": why})

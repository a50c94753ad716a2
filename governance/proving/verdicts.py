"""What proofs say against what was read: findings, opened and closed by level."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Sum

from governance import wording
from governance.models import TallyDelta, TallyProof
from governance.witnesses import Contradicted
from ledger.findings import Standing, stand
from proofs.statements.tally import Bucket, Tally
from proofs.statements.tally_witness import Excess, Missing, Witness
from proofs.statements.vote_logs import LogId

TOTALS_RULE = "governance.tally-contradicted"
"""The totals in the governor's storage are not the sum of the votes that were read."""
VOTES_RULE = "governance.votes-contradicted"
"""Proven votes do not add up to the proven totals, or a voter used more than was there."""


QUORUM_RULE = "governance.quorum-contradicted"
"""Another quorum is proven than the governor answered when it was asked."""


def declare(row: TallyProof, contradictions: Sequence[Contradicted]) -> None:
    """Open or close what a proof contradicts, in the transaction that stores it."""
    key = row.proposal.key
    ours, proven = _read(row), row.totals
    totals = {key: _totals_differ(row, ours, proven)} if ours != proven else {}
    votes = {key: _votes_differ(row, contradictions[0])} if contradictions else {}
    asked = row.proposal.quorum if row.proposal.quorum_final else None
    differs = None not in (row.quorum, asked) and row.quorum != asked
    quorum = {key: _quorum_differs(row)} if differs else {}
    stand(rule=QUORUM_RULE, within=[key], standing=quorum)
    stand(rule=TOTALS_RULE, within=[key], standing=totals)
    stand(rule=VOTES_RULE, within=[key], standing=votes)


def _read(row: TallyProof) -> Tally:
    """The sum of the votes that were read up to the anchor."""
    sums = TallyDelta.objects.filter(
        proposal=row.proposal_id, block_number__lte=row.anchor_number
    ).aggregate(against=Sum("against_votes"), for_=Sum("for_votes"), abstain=Sum("abstain_votes"))
    return Tally(**{name: int(value or 0) for name, value in sums.items()})


def _totals_differ(row: TallyProof, ours: Tally, proven: Tally) -> Standing:
    return Standing(
        level="alarm",
        summary=(
            f"The governor's storage at block {wording.whole(row.anchor_number)} proves another "
            f"tally of “{row.proposal.title}” than the votes that nodes told us of: "
            f"{_difference(proven, ours)}. Rely on the proven one; votes were kept from us, or "
            "invented."
        ),
        facts={
            "proposal": row.proposal.key,
            "block": row.anchor_number,
            "read": _numbers(ours),
            "proven": _numbers(proven),
            "root": row.root,
        },
    )


def _quorum_differs(row: TallyProof) -> Standing:
    return Standing(
        level="alarm",
        summary=(
            f"At block {wording.whole(row.anchor_number)} another quorum of "
            f"“{row.proposal.title}” is proven than the governor answered when it was asked: "
            f"{wording.whole(row.quorum or 0)} base units are needed, not "
            f"{wording.whole(row.proposal.quorum or 0)}. Rely on the proven one."
        ),
        facts={
            "proposal": row.proposal.key,
            "block": row.anchor_number,
            "read": str(row.proposal.quorum),
            "proven": str(row.quorum),
            "root": row.root,
        },
    )


def _votes_differ(row: TallyProof, refusal: Contradicted) -> Standing:
    return Standing(
        level="alarm",
        summary=(
            f"At block {wording.whole(row.anchor_number)} the proven votes on "
            f"“{row.proposal.title}” and its proven totals do not belong together: {refusal}"
        ),
        facts={
            "proposal": row.proposal.key,
            "block": row.anchor_number,
            "root": row.root,
            **{name: _plain(value) for name, value in refusal.facts.items()},
        },
    )


def _difference(proven: Tally, ours: Tally) -> str:
    parts = [
        f"{proven[bucket] - ours[bucket]:+d} {bucket.name.lower()}"
        for bucket in Bucket
        if proven[bucket] != ours[bucket]
    ]
    return f"{', '.join(parts)} base units"


def _numbers(tally: Tally) -> dict[str, str]:
    return {bucket.name.lower(): str(tally[bucket]) for bucket in Bucket}


def _plain(value: Any) -> Any:
    """Facts of a refusal as JSON holds them: whole numbers as text, bytes as hex."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Excess | Missing):
        return _witness(value)
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if value is None else str(value)


def _witness(found: Witness) -> dict[str, Any]:
    """The smallest witness: which logs weigh more than the total, or what no log accounts for."""
    logs: Sequence[LogId] = found.logs if isinstance(found, Excess) else found.explained_by
    return {
        "kind": "excess" if isinstance(found, Excess) else "missing",
        "bucket": found.bucket.name.lower(),
        "weight": str(found.weight),
        "logs": [_plain(tuple(log)) for log in logs],
    }

"""Which disputes and lies stand, put before their rules at once when one is opened or decided."""

from collections.abc import Mapping

from chainsync import rules
from chainsync.models import Dispute
from chainsync.rules.disputes import DisputeFacts, LieFacts
from chainsync.rules.levels import Conditions
from ledger.findings import stand


def stand_disputes() -> None:
    """Keep the findings about disputes and lies at their level: when one was opened or decided."""
    record(rules.of_disputes(dispute_facts(), lie_facts()))


def record(found: Mapping[tuple[str, str | None], Conditions]) -> None:
    """Put what rules found into the register, by rule and prefix of subjects."""
    for (rule, within), conditions in found.items():
        stand(rule=rule, standing=conditions, within=within)


def dispute_facts() -> list[DisputeFacts]:
    """Every undecided dispute of active endpoints."""
    rows = Dispute.objects.filter(
        closed_at=None, chain__active=True, endpoint__active=True
    ).select_related("endpoint", "chain")
    return [
        DisputeFacts(
            chain=row.chain.key,
            endpoint=row.endpoint.name,
            operator=row.endpoint.operator,
            about=row.about,
            first=row.first,
            says=row.says,
            undecided=row.evidence,
        )
        for row in rows.order_by("first", "pk")
    ]


def lie_facts() -> list[LieFacts]:
    """The newest standing lie of each endpoint."""
    rows = (
        Dispute.objects.filter(
            outcome=Dispute.Outcome.ENDPOINT_WRONG,
            recanted_at=None,
            chain__active=True,
            endpoint__active=True,
        )
        .select_related("endpoint", "chain")
        .order_by("endpoint_id", "-pk")
        .distinct("endpoint_id")
    )
    return [
        LieFacts(
            chain=row.chain.key,
            endpoint=row.endpoint.name,
            operator=row.endpoint.operator,
            first=row.first,
            says=row.says,
            evidence=row.evidence,
        )
        for row in rows
    ]

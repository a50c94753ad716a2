"""Writing disputes down: opened, decided, told again, recanted; and what follows from them.

Rows are the authority: what a source of this process is held for (`Source.disagrees`) and which
findings stand is taken from them by `apply` and `standing.stand_disputes`.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from chainsync.endpoint.pool import Source
from chainsync.models import Dispute
from charter.models import Chain, Contract, Endpoint
from ledger.actions import tell
from ledger.text import storable, storable_facts

logger = logging.getLogger(__name__)

MOST_STANDING_LIES = 100
Outcome = Dispute.Outcome


def open_dispute(
    endpoint: Endpoint,
    about: Dispute.About,
    first: int,
    last: int | None = None,
    *,
    says: str,
    block_hash: str | None = None,
    contract: Contract | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Dispute:
    """The open dispute of this endpoint about just this, made if there is none."""
    with transaction.atomic():
        row, made = Dispute.objects.get_or_create(
            endpoint=endpoint,
            about=about,
            first=first,
            last=first if last is None else last,
            block_hash=block_hash,
            closed_at=None,
            defaults={
                "chain_id": endpoint.chain_id,
                "contract": contract,
                "says": storable(says),
                "detail": storable_facts(detail or {}),
            },
        )
        if made:
            _tell(row, "disputed")
            logger.warning("%s: %s is in dispute: %s", row.chain.key, endpoint.name, says)
    return row


def close(
    rows: Iterable[Dispute],
    outcome: Dispute.Outcome,
    evidence: str,
    *,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Close open disputes with one outcome and its evidence; how many."""
    now = timezone.now()
    closed = 0
    with transaction.atomic():
        for row in rows:
            if row.closed_at is not None:
                continue
            row.outcome, row.evidence, row.closed_at = outcome, storable(evidence), now
            row.detail = {**row.detail, **storable_facts(detail or {})}
            row.repeated_at = now if outcome == Outcome.ENDPOINT_WRONG else None
            row.save()
            _tell(row, "decided")
            logger.warning("%s: %s: %s", row.endpoint.name, outcome.label, evidence)
            closed += 1
    return closed


def explain(row: Dispute, evidence: str) -> None:
    """Say with an open dispute why it is not decided."""
    row.evidence = storable(evidence)
    row.save(update_fields=["evidence"])


def ranges_disputed(contract: Contract, first: int, last: int) -> QuerySet[Dispute]:
    """Undecided disputes about logs of the contract in blocks `first` to `last`."""
    rows = Dispute.objects.filter(contract=contract, about=Dispute.About.RANGE, closed_at=None)
    return rows.filter(first__lte=last, last__gte=first).select_related("endpoint", "chain")


def range_read(contract: Contract, first: int, last: int, operators: Collection[str]) -> None:
    """Note that the logs of a range are settled: disputes in it end, as agreed again for endpoints
    of the operators who gave what is right, as a lie for the others."""
    for row in ranges_disputed(contract, first, last):
        if row.endpoint.operator in operators:
            close([row], Outcome.AGREED_AGAIN, "It now gives the same logs as the others.")
        else:
            close([row], Outcome.ENDPOINT_WRONG, "Its logs were decided against block by block.")


def uphold(rows: Iterable[Dispute], evidence: str) -> None:
    """Note with open disputes that their endpoints are right, while ours is still to be undone:
    they are not held against them, and are followed."""
    for row in rows:
        row.evidence, row.detail = storable(evidence), {**row.detail, "upheld": True}
        row.save(update_fields=["evidence", "detail"])


def lied(
    endpoint: Endpoint,
    about: Dispute.About,
    first: int,
    *,
    says: str,
    evidence: str,
    block_hash: str | None = None,
    contract: Contract | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Dispute:
    """Keep a lie that was proven at once; one that still stands is marked as told again.

    Of an endpoint that lies about block after block the first hundred are rows of their own; what
    follows is counted in the newest (`detail.more`).
    """
    now = timezone.now()
    standing = standing_lies(endpoint)
    same = standing.filter(about=about, first=first, block_hash=block_hash).first()
    if same is None and standing.count() >= MOST_STANDING_LIES:
        same = standing.order_by("-pk")[0]
        same.detail = {**same.detail, "more": int(same.detail.get("more", 0)) + 1}
    if same is not None:
        same.repeated_at = now
        same.save(update_fields=["repeated_at", "detail"])
        return same
    with transaction.atomic():
        row = Dispute.objects.create(
            chain_id=endpoint.chain_id,
            endpoint=endpoint,
            about=about,
            first=first,
            last=first,
            block_hash=block_hash,
            contract=contract,
            says=storable(says),
            outcome=Outcome.ENDPOINT_WRONG,
            evidence=storable(evidence),
            detail=storable_facts(detail or {}),
            closed_at=now,
            repeated_at=now,
        )
        _tell(row, "lied")
    logger.warning("%s says that %s: %s", endpoint.name, says, evidence)
    return row


def recant(rows: Iterable[Dispute]) -> int:
    """Note that endpoints no longer tell these lies; how many."""
    now, recanted = timezone.now(), 0
    with transaction.atomic():
        for row in rows:
            row.recanted_at = now
            row.save(update_fields=["recanted_at"])
            _tell(row, "recanted")
            recanted += 1
    return recanted


def standing_lies(endpoint: Endpoint) -> "QuerySet[Dispute]":
    """Lies of an endpoint that were proven and not recanted."""
    return Dispute.objects.filter(
        endpoint=endpoint, outcome=Outcome.ENDPOINT_WRONG, recanted_at=None
    ).select_related("endpoint")


def doubted(endpoint: Endpoint) -> list[int]:
    """The lowest block in dispute with the endpoint, or that it lied about; at most one number."""
    about = (Dispute.About.BLOCK, Dispute.About.LOGS)
    rows = Dispute.objects.filter(endpoint=endpoint, about__in=about)
    standing = rows.filter(Q(closed_at=None) | Q(outcome=Outcome.ENDPOINT_WRONG, recanted_at=None))
    return list(standing.order_by("first").values_list("first", flat=True)[:1])


def agrees(endpoint: Endpoint, blocks: Mapping[int, str]) -> None:
    """Note that the endpoint gives these blocks (hashes by number) and their logs as others do:
    disputes about them end, and lies about them are recanted."""
    about = (Dispute.About.BLOCK, Dispute.About.LOGS)
    ours = Dispute.objects.filter(endpoint=endpoint, about__in=about, first__in=list(blocks))
    standing = ours.filter(closed_at=None).select_related("endpoint")
    close(standing, Outcome.AGREED_AGAIN, "It now gives the same as the others.")
    recant(ours.filter(outcome=Outcome.ENDPOINT_WRONG, recanted_at=None).select_related("endpoint"))


def answers_alike(endpoint: Endpoint, block: int) -> int:
    """Note that the endpoint answered for a contract as another operator did, at this block:
    disputes about answers up to it end, and such lies are recanted; how many."""
    ours = Dispute.objects.filter(endpoint=endpoint, about=Dispute.About.STATE, first__lte=block)
    standing = ours.filter(closed_at=None).select_related("endpoint")
    lies = ours.filter(outcome=Outcome.ENDPOINT_WRONG, recanted_at=None).select_related("endpoint")
    closed = close(standing, Outcome.AGREED_AGAIN, "It now answers the same as the others.")
    return closed + recant(lies)


def write_down(sources: Collection[Source]) -> int:
    """Make rows of what checks caught these sources at; how many lies there were."""
    found = 0
    for source in sources:
        while source.lies:
            told = source.lies.popleft()
            lied(
                source.endpoint,
                Dispute.About(told.about),
                told.number,
                says=told.says,
                evidence=f"Its own answers show it: {told.evidence}",
                block_hash="0x" + told.block_hash.hex(),
                detail={"by": "itself", **told.facts},
            )
            found += 1
    return found


def apply(sources: Iterable[Source]) -> None:
    """Hold each source for what the rows say of it: an open dispute, or a lie that it still tells.

    Sources that are held for something are asked last. `disagrees_from` is set for open disputes
    alone: a lie that was found out stops nobody else.
    """
    by_endpoint = {source.endpoint.pk: source for source in sources}
    held: dict[int, tuple[str, int | None]] = {}
    rows = Dispute.objects.filter(endpoint__in=list(by_endpoint))
    for row in rows.filter(outcome=Outcome.ENDPOINT_WRONG, recanted_at=None).order_by("pk"):
        held[row.endpoint_id] = f"It was proven wrong: {row.evidence}", None
    for row in rows.filter(closed_at=None).order_by("-first", "pk"):
        if row.detail.get("upheld"):
            continue
        held[row.endpoint_id] = f"It says that {row.says}.", row.first
    for key, source in by_endpoint.items():
        source.disagrees, source.disagrees_from = held.get(key, ("", None))


def _tell(row: Dispute, event: str) -> None:
    chain: Chain = row.chain
    tell(
        topic=f"chain:{chain.key}",
        event=event,
        detail={
            "endpoint": row.endpoint.name,
            "about": row.about,
            "first": row.first,
            "last": row.last,
            "outcome": row.outcome,
        },
    )

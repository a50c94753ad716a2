"""Chains: how fresh, how final, how healthy."""

import time
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import conditional_page, require_safe

from chainsync import assurance, disputes, endpoint_history, evidence, lateness, queries
from chainsync.endpoint.history import KEPT as HISTORY_KEPT
from chainsync.light_client.showing import signed_finality
from chainsync.models import ChainStatus, Coverage, Dispute, EndpointStatus, Reorg
from charter.models import Chain, Endpoint

REORGS_SHOWN = 15
DISPUTES_SHOWN = 10
BEHIND_BLOCKS = 5
MAX_BLOCK = 2**63 - 1


@require_safe
@never_cache
def heads(request: HttpRequest) -> JsonResponse:
    """Head time of each chain and our own clock, for the frame of every page. One query."""
    open_disputes = Dispute.objects.filter(chain=OuterRef("chain"), closed_at=None)
    rows = (
        ChainStatus.objects.filter(chain__active=True)
        .annotate(disputed=Exists(open_disputes))
        .values_list("chain__key", "head_number", "head_timestamp", "halted", "disputed")
    )
    told = {
        key: {
            "head": number,
            "timestamp": timestamp,
            "halted": bool(halted),
            "disputed": disputed,
        }
        for key, number, timestamp, halted, disputed in rows
    }
    return JsonResponse({"now": time.time(), "chains": told})


@require_safe
@conditional_page
def disputes_live(request: HttpRequest) -> HttpResponse:
    """What is disputed now, as the frame of every page says it."""
    return render(request, "components/disputes.html")


@require_safe
def chains(request: HttpRequest) -> HttpResponse:
    """All chains side by side."""
    rows = Chain.objects.filter(active=True).select_related("status")
    found = [_overview(chain) for chain in rows]
    _add_endpoints(found)
    context = {
        "chains": found,
        "reorgs": Reorg.objects.select_related("chain")[:REORGS_SHOWN],
        "disputes": _disputes(Dispute.objects.all()),
    }
    return render(request, "chainsync/chains.html", context)


@require_safe
def chain(request: HttpRequest, key: str) -> HttpResponse:
    """One chain: finality, endpoints, reorgs, coverage of its contracts."""
    rows = Chain.objects.select_related("status", "beacon", "light_client")
    row = get_object_or_404(rows.defer("light_client__record"), key=key)
    found = [_overview(row)]
    _add_endpoints(found)
    coverage = Coverage.objects.filter(contract__chain=row, contract__active=True)
    context: dict[str, Any] = {
        "one": found[0],
        "reorgs": Reorg.objects.filter(chain=row).select_related("chain")[:REORGS_SHOWN],
        "coverage": [
            _covered(read, found[0]["head"]) for read in coverage.select_related("contract")
        ],
        "disputes": _disputes(Dispute.objects.filter(chain=row)),
    }
    if row.role == Chain.Role.L1:
        context["signed"] = signed_finality(row, time.time())
    return render(request, "chainsync/chain.html", context)


@require_safe
def endpoint(request: HttpRequest, key: str, name: str) -> HttpResponse:
    """One endpoint: how it answers now, its history with charts, and what others denied.

    `?window=` is one of hour, day, week, month.
    """
    row = get_object_or_404(
        queries.endpoints().select_related("chain__status", "status"), name=name, chain__key=key
    )
    window = request.GET.get("window", "day")
    window = window if window in endpoint_history.WINDOWS else "day"
    status = getattr(row.chain, "status", None)
    told = endpoint_history.read(row, window, time.time())
    lies = Dispute.objects.filter(endpoint=row, outcome=Dispute.Outcome.ENDPOINT_WRONG)
    context = {
        "one": _endpoint(row, status.head_number if status else None),
        "chain": row.chain,
        "history": told,
        "windows": {name: title for name, (title, _, _) in endpoint_history.WINDOWS.items()},
        "disputes": [_told(dispute) for dispute in told.disputes[:50]],
        "lies": lies.count(),
        "kept": {"days": HISTORY_KEPT.days},
    }
    return render(request, "chainsync/endpoint.html", context)


@require_safe
def block(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """What is known of a block: who gave it, its hash, whether it is final or disputed."""
    row = get_object_or_404(Chain.objects.select_related("status"), key=key)
    if number > MAX_BLOCK:
        raise Http404(f"{row.name} has no block {number}.")
    known = queries.block(row, number)
    status = getattr(row, "status", None)
    finalized = status.finalized_number if status else None
    standing = list(disputes.open_disputes(row))
    last = disputes.final_to(finalized, standing)
    final = last is not None and number <= last
    shown = known.canonical
    if shown is None and (status is None or number > (status.head_number or -1)):
        raise Http404(f"No block {number:,} of {row.name} has been seen here yet.")
    reached = assurance.assurance_of_blocks(row, [number], standing)
    context = {
        "chain": row,
        "number": number,
        "shown": shown,
        "orphans": known.orphans,
        "reached": reached,
        "points": evidence.of_block(
            reached,
            number,
            final=final,
            seen_at=shown.seen_at if shown else None,
            waits=status.finality_waits if status else "",
        ),
        "logs": known.logs,
        "final": final,
        "disputes": _disputes(disputes.about_block(row, number)),
    }
    return render(request, "chainsync/block.html", context)


def _disputes(rows: QuerySet[Dispute]) -> list[dict[str, Any]]:
    """Open disputes, then those decided last, each in words."""
    chosen = rows.select_related("endpoint", "chain", "contract")
    standing = list(chosen.filter(closed_at=None).order_by("first", "pk")[:DISPUTES_SHOWN])
    decided = list(chosen.exclude(closed_at=None).order_by("-pk")[:DISPUTES_SHOWN])
    return [_told(row) for row in (*standing, *decided)]


def _told(row: Dispute) -> dict[str, Any]:
    return {
        "row": row,
        "blocks": evidence.blocks_of(row),
        "about": evidence.about(row),
        "decided": evidence.decided(row),
        "lie": row.outcome == Dispute.Outcome.ENDPOINT_WRONG,
    }


def _overview(chain: Chain) -> dict[str, Any]:
    status = getattr(chain, "status", None)
    now = int(time.time())
    head = status.head_number if status else None
    timestamp = status.head_timestamp if status else None
    halted = status.halted if status else ""
    age = None if timestamp is None else now - timestamp
    level = lateness.level(age, chain.block_time, halted=bool(halted))
    finalized = status.finalized_number if status else None
    safe = status.safe_number if status else None
    return {
        "chain": chain,
        "head": head,
        "timestamp": timestamp,
        "halted": halted,
        "level": level,
        "age_text": lateness.age_text(age, level),
        "late_after": lateness.late_after(chain.block_time),
        "down_after": lateness.down_after(chain.block_time),
        "reached": assurance.assurance_of_head(chain),
        "agreed": queries.agreed_head(chain) if head is not None else None,
        "safe": safe,
        "finalized": finalized,
        "finality_waits": status.finality_waits if status else "",
        "safe_behind": _behind(head, safe),
        "finalized_behind": _behind(head, finalized),
        "endpoints": [],
    }


def _add_endpoints(found: list[dict[str, Any]]) -> None:
    """Give each chain its endpoints with their status. One query."""
    by_chain = {one["chain"].pk: one for one in found}
    rows = queries.endpoints().filter(chain__in=by_chain, active=True)
    for row in rows.order_by("operator", "name"):
        one = by_chain[row.chain_id]
        one["endpoints"].append(_endpoint(row, one["head"]))


def _endpoint(row: Endpoint, head: int | None) -> dict[str, Any]:
    status: EndpointStatus | None = getattr(row, "status", None)
    if status is None or (status.answered_at is None and not status.failures):
        word, level = "not asked yet", "plain"
    elif row.contested:  # type: ignore[attr-defined] # annotated
        word, level = "contradicted", "alarm"
    elif status.implausible:
        word, level = "impossible head", "alarm"
    elif status.disagrees:
        word, level = "not believed", "warn"
    elif status.failures:
        times = "once" if status.failures == 1 else f"{status.failures} times"
        word, level = f"failed {times} in a row", "alarm"
    elif head is not None and (_behind(head, status.head_number) or 0) > BEHIND_BLOCKS:
        word, level = "behind", "warn"
    else:
        word, level = "answers", "ok"
    return {
        "endpoint": row,
        "contested": row.contested,  # type: ignore[attr-defined] # annotated
        "status": status,
        "word": word,
        "level": level,
        "behind": _behind(head, status.head_number if status else None),
    }


def _covered(read: Coverage, head: int | None) -> dict[str, Any]:
    """How much of a contract's history is in the journal; `gaps` lists what is missing."""
    start = read.contract.start_block
    missing, expected = [], start
    for first, last in read.blocks:
        if first > expected:
            missing.append((expected, first - 1))
        expected = max(expected, last + 1)
    return {
        "contract": read.contract,
        "folded_to": read.folded_to,
        "missing": missing,
        "to": expected - 1,
        "behind": _behind(head, expected - 1),
    }


def _behind(head: int | None, number: int | None) -> int | None:
    return None if head is None or number is None else max(head - number, 0)

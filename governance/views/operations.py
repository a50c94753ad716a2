"""Operations of the timelocks."""

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from governance import paging, queries
from governance.directory import Directory
from governance.models import Operation

LIST_LENGTH = 30


@require_safe
@vary_on_headers("HX-Request")
def operations(request: HttpRequest) -> HttpResponse:
    """Timelock operations, newest first; `?after=` is a cursor."""
    directory, now = Directory.read(), int(time.time())
    page = paging.page(
        queries.operations(),
        by=("timestamp", "id"),
        after=request.GET.get("after"),
        limit=LIST_LENGTH,
    )
    endings = queries.operation_endings(page.rows)
    made_by = queries.proposals_of_operations(page.rows)
    context = {
        "operations": [
            {
                "row": row,
                "proposal": made_by.get(row.operation_id),
                "state": _state(row, now),
                "ended": endings.get(row.pk),
                "calls": [
                    (call, directory.label(row.contract.chain_id, call.target))
                    for call in row.calls.all()
                ],
            }
            for row in page.rows
        ],
        "page": page,
        "now": now,
    }
    fragment = "HX-Request" in request.headers
    template = "_operations_list" if fragment else "operations"
    return render(request, f"governance/{template}.html", context)


def _state(row: Operation, now: int) -> tuple[str, str]:
    """Label and level of an operation."""
    if row.canceled:
        return "Canceled", "plain"
    if row.done:
        return "Executed", "ok"
    if row.expires_at is not None and now >= row.expires_at:
        return "Expired", "plain"
    if now >= row.ready_at:
        return "May be executed", "active"
    return "Waiting", "warn"

"""Home, findings, the hand-off to a phone, and refusals in words."""

import io
import logging
import time
from http import HTTPStatus

import segno
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import conditional_page, require_safe
from django.views.decorators.vary import vary_on_headers

from governance import paging, queries
from governance.directory import Directory, decimals, symbol
from governance.pages import cards
from governance.standing import Standing
from ledger.models import Finding
from ledger.queries import last_position
from proofs.statements.lifecycle import ProposalState
from tocsin import soundness

logger = logging.getLogger(__name__)

FINDINGS_LENGTH = 40
DECIDED_SHOWN = 5
DECIDED_READ = 15
"""More than are shown, since proposals do not end in the order in which they were made."""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is open, what comes next, what changed."""
    return render(request, "tocsin/home.html", _home(request))


@require_safe
@conditional_page
def home_live(request: HttpRequest) -> HttpResponse:
    """The living part of the home page."""
    return render(request, "tocsin/_home_live.html", {**_home(request), "now": None})


def _home(request: HttpRequest) -> dict[str, object]:
    directory = Directory.read()
    known = cards([*queries.living(), *queries.decided(DECIDED_READ)], directory)
    living = [one for one in known if not one.standing.ended]
    decided = [one for one in known if one.standing.ended]
    decided.sort(key=lambda one: -one.ended_at.seconds if one.ended_at else 0)
    voting = [one for one in living if one.standing.state is ProposalState.ACTIVE]
    voting.sort(key=lambda one: _closing(one.standing))
    coming = [one for one in living if one.standing.state is not ProposalState.ACTIVE]
    person = request.user if request.user.is_authenticated else None
    voted = (
        queries.voted_on(person.address, [one.proposal.pk for one in voting]) if person else set()
    )
    return {
        "voting": voting,
        "coming": coming,
        "decided": decided[:DECIDED_SHOWN],
        "first": voting[0] if voting else None,
        "happenings": [(one, *_unit(one, directory)) for one in queries.lately(8)],
        "contracts": len(directory.by_id),
        "person": person,
        "yours": [one for one in voting if one.proposal.pk not in voted],
        "now": int(time.time()),
    }


@require_safe
@never_cache
def health_page(request: HttpRequest) -> HttpResponse:
    """Whether what is shown is sound, for people; 503 in few words when the database is away."""
    try:
        connection.ensure_connection()
        request.outbox_position = last_position()  # type: ignore[attr-defined]
        sound = soundness.look()
        return render(request, "tocsin/health.html", {"sound": sound, "now": int(time.time())})
    except DatabaseError:
        logger.exception("the health page could not be read")
        return render(request, "tocsin/health_down.html", status=HTTPStatus.SERVICE_UNAVAILABLE)


@require_safe
@vary_on_headers("HX-Request")
@conditional_page
def findings(request: HttpRequest) -> HttpResponse:
    """What rules see: open findings first, then closed ones by cursor."""
    fragment = "HX-Request" in request.headers
    closed = paging.page(
        Finding.objects.exclude(closed_at=None),
        by=("id",),
        after=request.GET.get("after"),
        limit=FINDINGS_LENGTH,
    )
    context = {
        "open": Finding.objects.filter(closed_at=None)[:200],
        "closed": closed.rows,
        "page": closed,
        "now": None if fragment else int(time.time()),
    }
    return render(request, f"tocsin/{'_findings' if fragment else 'findings'}.html", context)


@require_safe
@cache_control(max_age=3600)
def handoff(request: HttpRequest) -> HttpResponse:
    """A QR code of one of our own pages, `?path=`, for the wallet on a phone."""
    path = request.GET.get("path", "/")
    if not path.startswith("/") or path.startswith("//") or len(path) > 300:
        path = "/"
    image = io.BytesIO()
    address = settings.PUBLIC_URL.rstrip("/") + path
    segno.make(address, error="m").save(image, kind="svg", border=0, scale=1, omitsize=True)
    return HttpResponse(image.getvalue(), content_type="image/svg+xml")


_REFUSALS = {
    400: ("That address cannot be read", "Something in it was cut off or changed by hand."),
    403: ("This is not open to you", "Sign in with an address that may see it, or go back."),
    404: (
        "There is nothing at this address",
        "It may have been mistyped, or a reorganisation of the chain took back what stood here.",
    ),
    500: (
        "Something went wrong on our side",
        "It has been recorded. What is on the chain is not affected; try again in a moment.",
    ),
}


def refusal(
    request: HttpRequest, exception: Exception | None = None, *, status: int
) -> HttpResponse:
    """An error page that says what happened and where to go."""
    title, words = _REFUSALS[status]
    reason = str(exception) if isinstance(exception, Exception) and status == 404 else ""
    context = {"status": status, "title": title, "words": words, "reason": _said(reason)}
    return render(request, "tocsin/refusal.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusal(request, exception, status=HTTPStatus.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusal(request, exception, status=HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusal(request, exception, status=HTTPStatus.NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """The page of a fault of ours; it asks the database for nothing."""
    title, words = _REFUSALS[500]
    context = {"title": title, "words": words}
    return render(request, "tocsin/fault.html", context, status=500)


def _said(reason: str) -> str:
    """Our own sentence about what was not found; Django's own are of no use to a reader."""
    return reason if reason.endswith(".") and "{" not in reason else ""


def _closing(standing: Standing) -> int:
    return standing.deadline.when.seconds if standing.deadline else 0


def _unit(happening: queries.Happening, directory: Directory) -> tuple[int, str, str]:
    """Decimals and symbol of the votes of a happening, and where it happened."""
    governor = directory.by_id.get(happening.proposal.contract_id)
    token = directory.linked(governor, "token") if governor else None
    return decimals(token), symbol(token), governor.label if governor else ""

"""Delegates and addresses."""

import time
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from charter.fields import AddressField
from charter.models import Contract
from governance import charts, paging, queries
from governance.directory import Directory, decimals, symbol
from governance.wallets import wallet_chain

LIST_LENGTH = 25
VOTES_LENGTH = 20


@require_safe
@vary_on_headers("HX-Request")
def delegates(request: HttpRequest) -> HttpResponse:
    """Delegates of one token by power.

    `?token=` its key, `?after=` a cursor, `?q=` how an address begins or ends.
    """
    directory = Directory.read()
    token = _token(request, directory)
    asked = request.GET.get("q", "").strip()[:42]
    context: dict[str, Any] = {"tokens": directory.tokens(), "token": token, "q": asked}
    if token is not None:
        rows = queries.delegates(token)
        page = paging.page(
            queries.with_address(rows, asked) if asked else rows,
            by=("votes", "id"),
            after=request.GET.get("after"),
            limit=LIST_LENGTH,
        )
        context |= {
            "page": page,
            "delegates": page.rows,
            "names": {row.pk: directory.label(token.chain_id, row.address) for row in page.rows},
            "decimals": decimals(token),
            "symbol": symbol(token),
            "total": queries.delegated_total(token),
            "wallet_chain": wallet_chain(token.chain),
            "chain_script": f"chain-of-{token.key}",
        }
    fragment = "HX-Request" in request.headers
    template = "governance/_delegates_list.html" if fragment else "governance/delegates.html"
    return render(request, template, context)


@require_safe
def delegate(request: HttpRequest, address: str) -> HttpResponse:
    """One delegate of one token: power and its history, delegators, participation, votes."""
    if (moved := _canonical(request, "delegate", address)) is not None:
        return moved
    directory, now = Directory.read(), int(time.time())
    token = _token(request, directory)
    if token is None:
        raise Http404("The charter names no votes token yet.")
    governors = [row for row in directory.governors() if directory.linked(row, "token") == token]
    history = queries.checkpoints(token, address)
    attendance = queries.attendance(address, [row.pk for row in governors])
    page = paging.page(
        queries.votes_by(address).filter(contract__in=governors),
        by=("timestamp", "id"),
        after=request.GET.get("after"),
        limit=VOTES_LENGTH,
    )
    context = {
        "address": address,
        "label": directory.label(token.chain_id, address),
        "tokens": directory.tokens(),
        "token": token,
        "decimals": decimals(token),
        "symbol": symbol(token),
        "power": history[-1].votes if history else 0,
        "history": history,
        "chart": charts.step_chart([(row.timestamp, row.votes) for row in history], now),
        "delegators": queries.delegators(token, address),
        "delegation": queries.delegate_now(token, address),
        "attendance": attendance,
        "attended": sum(bool(row["votes"]) for row in attendance),
        "votes": page.rows,
        "votes_page": page,
        "wallet_chain": wallet_chain(token.chain),
        "chain_script": f"chain-of-{token.key}",
        "now": now,
    }
    return render(request, "governance/delegate.html", context)


@require_safe
def address(request: HttpRequest, address: str) -> HttpResponse:
    """What is known of an address: power per token, delegation, proposals, votes, its name."""
    if (moved := _canonical(request, "address", address)) is not None:
        return moved
    directory = Directory.read()
    holdings = [
        {
            "token": token,
            "power": queries.power_now(token, address),
            "delegation": queries.delegate_now(token, address),
            "decimals": decimals(token),
            "symbol": symbol(token),
        }
        for token in directory.tokens()
    ]
    page = paging.page(
        queries.votes_by(address),
        by=("timestamp", "id"),
        after=request.GET.get("after"),
        limit=VOTES_LENGTH,
    )
    context = {
        "address": address,
        "contracts": [row for row in directory.by_id.values() if row.address == address],
        "holdings": holdings,
        "proposals": queries.proposals().filter(proposer=address).order_by("-timestamp")[:20],
        "votes": [(vote, *_unit(vote.contract_id, directory)) for vote in page.rows],
        "votes_page": page,
        "now": int(time.time()),
    }
    return render(request, "governance/address.html", context)


def _unit(governor: int, directory: Directory) -> tuple[int, str]:
    contract = directory.by_id.get(governor)
    token = directory.linked(contract, "token") if contract else None
    return decimals(token), symbol(token)


def _token(request: HttpRequest, directory: Directory) -> Contract | None:
    """The token asked for, or the first; Http404 for one that does not exist."""
    tokens = directory.tokens()
    if key := request.GET.get("token"):
        for token in tokens:
            if token.key == key:
                return token
        raise Http404("The charter names no such token.")
    return tokens[0] if tokens else None


def _canonical(
    request: HttpRequest, route: str, text: str
) -> HttpResponsePermanentRedirect | HttpResponse | None:
    """A redirect to the checksummed spelling, None when it is that already."""
    try:
        checksummed = AddressField().to_python(text)
    except ValidationError:
        raise Http404("This is not an address: 0x and 40 hex digits are needed.") from None
    if checksummed == text:
        return None
    return redirect(route, checksummed)

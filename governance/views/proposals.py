"""Proposals: the list, one proposal, and the parts of it that a live page fetches again."""

import time
from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import conditional_page, require_safe
from django.views.decorators.vary import vary_on_headers

from chainsync.assured import Assured
from governance import evidence, kept_proofs, paging, prose, queries, wording
from governance.calldata import resolving
from governance.directory import Directory, decimals
from governance.models import Proposal, TallyProof
from governance.pages import UNTELLABLE, Card, card, cards, ending_of, moments_of
from governance.prospects import prospects
from governance.standing import STATE_LABELS, stations
from governance.wallets import wallet_chain
from ledger import queries as ledger
from ledger.sharing import shared
from proofs.statements.lifecycle import ProposalState
from proofs.statements.quorum import vote_succeeded

LIST_LENGTH = 20
VOTES_LENGTH = 25
VOTE_ORDERS = {"weight": ("weight", "id"), "newest": ("block_number", "log_index")}
STATES = {state.name.lower(): state for state in ProposalState}


@require_safe
@vary_on_headers("HX-Request")
@shared
def proposal_list(request: HttpRequest) -> HttpResponse:
    """Proposals with filters and full-text search; `?after=` is a cursor."""
    directory = Directory.read()
    asked = request.GET
    state, governor, words = asked.get("state", ""), asked.get("governor", ""), asked.get("q", "")
    states = [STATES[state]] if state in STATES else []
    chosen = [row.pk for row in directory.governors() if row.key == governor]
    rows = queries.proposals(states=states, contracts=chosen, search=words.strip()[:200])
    page = paging.page(rows, by=("timestamp", "id"), after=asked.get("after"), limit=LIST_LENGTH)
    context = {
        "cards": cards(page.rows, directory),
        "page": page,
        "states": STATE_LABELS,
        "state": state if state in STATES else "",
        "governors": directory.governors(),
        "governor": governor if chosen else "",
        "q": words,
        "filtered": bool(states or chosen or words),
        "now": int(time.time()),
    }
    return render(request, _fragment(request, "governance/proposals.html", "list"), context)


@require_safe
@shared
def proposal(request: HttpRequest, key: str) -> HttpResponse:
    """One proposal, all of it."""
    found, directory = _find(key), Directory.read()
    try:
        shown = _card(found, directory)
    except UNTELLABLE as error:
        context = {"proposal": found, "why": str(error)}
        return render(request, "governance/proposal_unread.html", context, status=503)
    words = prose.without_title(found.description, found.title)
    context = {
        **_standing(shown, directory),
        **_votes(request, found),
        "wallet_chain": wallet_chain(shown.chain),
        "actions": resolving.told(shown.chain, found.actions.all(), before=shown.values_before),
        "text": words[: prose.RENDERED_LENGTH],
        "text_length": len(found.description),
        "text_cut": len(words) > prose.RENDERED_LENGTH,
    }
    return render(request, "governance/proposal.html", context)


@require_safe
@conditional_page
@shared
def proposal_live(request: HttpRequest, key: str) -> HttpResponse:
    """What changes on a proposal page: standing, tally, timeline and the first votes."""
    found, directory = _find(key, text=False), Directory.read()
    shown = _card(found, directory)
    context = {**_standing(shown, directory), **_votes(request, found), "oob": True, "now": None}
    return render(request, "governance/_proposal_live.html", context)


@require_safe
@conditional_page
@shared
def proposal_votes(request: HttpRequest, key: str) -> HttpResponse:
    """Votes of a proposal: `?sort=weight|newest`, `?after=` a cursor."""
    found, directory = _find(key, text=False), Directory.read()
    governor = directory.by_id.get(found.contract_id) or found.contract
    unit = decimals(directory.linked(governor, "token"))
    assured = Assured.read()
    context = {
        "assured": assured,
        "proven": kept_proofs.of_votes(found, governor, _proof(found), assured),
        # All that the rows need of a card; what it costs to put one together is not asked.
        "card": {"governor": governor, "decimals": unit},
        "proposal": found,
        **_votes(request, found),
    }
    return render(request, "governance/_votes.html", context)


@require_safe
def proposal_text(request: HttpRequest, key: str) -> HttpResponse:
    """The whole text of a proposal, as plain text with hidden characters spelled out."""
    return render(request, "governance/_text.html", {"proposal": _find(key)})


def _find(key: str, *, text: bool = True) -> Proposal:
    try:
        return queries.proposal(key, text=text)
    except Proposal.DoesNotExist:
        raise Http404("No proposal has this key. It may have been taken back by a reorg.") from None


def _card(found: Proposal, directory: Directory) -> Card:
    timelock = directory.linked(found.contract, "timelock")
    operation = queries.operation_of(found, timelock)
    return card(found, directory, operation, ending_of(found, operation))


def _standing(shown: Card, directory: Directory) -> dict[str, Any]:
    """Everything about a proposal that time and votes change. At most six queries."""
    found, chain = shown.proposal, shown.chain
    events = queries.proposal_events(found)
    last, assured = queries.last_vote_blocks([found]).get(found.pk), Assured.read()
    differs = [row.summary for row in ledger.findings(open=True, subject=found.key)]
    shown = replace(shown, last_vote=last, proof=_proof(found))
    proven = replace(
        shown.proven(assured),
        last_event=max((row.block_number for row in events.values()), default=None),
        why=kept_proofs.why_not(found),
    )
    check = shown.standing.quorum
    return {
        "card": shown,
        "proposal": found,
        "standing": shown.standing,
        "quorum_words": _quorum_words(shown),
        "stations": stations(shown.facts, shown.clock, moments_of(shown, events)),
        "prospects": prospects(shown, directory),
        "operation": shown.operation,
        "assured": assured,
        "proven": proven,
        "quorum_proven": proven.quorum,
        "state_proven": proven.state(
            shown.standing.state,
            won=vote_succeeded(shown.facts.tally),
            reached=None if check is None else check.reached,
        ),
        "assurance": evidence.tally_assurance(
            proven,
            first=found.block_number,
            last=last,
            finalized=chain.status.finalized_number,
            final_to=assured.final_to(shown.governor, chain.status.finalized_number),
            checked=found.checked_block,
            differs=" ".join(differs),
        ),
        "now": int(time.time()),
    }


def _proof(found: Proposal) -> TallyProof | None:
    """The newest proof of its tally. One query."""
    return kept_proofs.newest([found]).get(found.pk)


def _quorum_words(shown: Card) -> str:
    check = shown.standing.quorum
    if check is None:
        return wording.quorum_unknown()
    state = shown.standing.state
    closed = state not in (ProposalState.PENDING, ProposalState.ACTIVE, None)
    final = shown.standing.quorum_final
    return wording.quorum(check, shown.decimals, final=final, closed=closed)


def _votes(request: HttpRequest, found: Proposal) -> dict[str, Any]:
    """One page of votes. One query."""
    sort = request.GET.get("sort", "weight")
    sort = sort if sort in VOTE_ORDERS else "weight"
    page = paging.page(
        queries.votes(found),
        by=VOTE_ORDERS[sort],
        after=request.GET.get("after"),
        limit=VOTES_LENGTH,
    )
    return {"votes": page.rows, "votes_page": page, "sort": sort}


def _fragment(request: HttpRequest, page: str, name: str) -> str:
    """The template of a page, or that of its part when htmx asks for that alone."""
    if "HX-Request" not in request.headers:
        return page
    folder, _, file = page.rpartition("/")
    return f"{folder}/_{file.removesuffix('.html')}_{name}.html"

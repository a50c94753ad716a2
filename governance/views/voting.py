"""What the vote and delegation boxes ask: power, ballots to sign, files for a Safe."""

import time
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chainsync.freshness import final_to
from charter.fields import AddressField
from charter.models import Contract
from charter.representation import iso
from governance import amounts, ballot, queries, wording
from governance.ballot import BadBallot, Choice, Transaction
from governance.directory import Directory
from governance.models import Proposal, Vote
from governance.pages import UNTELLABLE, Card, card
from governance.power import NOBODY
from governance.voter import Voter, voter
from proofs.statements.tally import FRACTIONAL_SUPPORT, Tally


@require_safe
@never_cache
def power(request: HttpRequest, key: str) -> JsonResponse:
    """Power of `?address=` at the snapshot, its votes, and how far they are final."""
    try:
        shown = _card(key)
        address = _address(request.GET.get("address", ""))
    except (BadBallot, *UNTELLABLE) as error:
        return _refused(str(error))
    return JsonResponse(_told(voter(address, shown), shown))


@require_safe
@never_cache
def ballot_to_sign(request: HttpRequest, key: str) -> JsonResponse:
    """The transaction of a vote: `?choice=&reason=`, for a split also the three parts in units."""
    try:
        shown = _card(key)
        transaction = _ballot(request, shown)
    except (BadBallot, *UNTELLABLE) as error:
        return _refused(str(error))
    return JsonResponse(_transaction(transaction, shown.chain.chain_id))


@require_safe
@never_cache
def ballot_file(request: HttpRequest, key: str) -> HttpResponse:
    """The same vote as a file for the Safe Transaction Builder."""
    try:
        shown = _card(key)
        transaction = _ballot(request, shown)
    except (BadBallot, *UNTELLABLE) as error:
        return _refused(str(error))
    name = f"Vote on: {shown.proposal.title[:80]}"
    return _file(transaction, shown.chain.chain_id, name, f"vote-{key}.json")


@require_safe
@never_cache
def delegation_to_sign(request: HttpRequest, key: str) -> HttpResponse:
    """The transaction that delegates to `?to=` on the token of this key; `&file=1` for a Safe.

    With `?of=` instead: to whom that address delegates now.
    """
    token = Directory.read().by_key.get(key)
    if token is None:
        raise Http404("The charter names no such token.")
    if "of" in request.GET:
        return _delegation_of(request.GET["of"], token)
    try:
        to = _address(request.GET.get("to", ""))
    except BadBallot as error:
        return _refused(str(error))
    transaction = ballot.delegation(token.address, to)
    if request.GET.get("file"):
        name = f"Delegate {token.label} to {to}"
        return _file(transaction, token.chain.chain_id, name, f"delegate-{key}.json")
    return JsonResponse(_transaction(transaction, token.chain.chain_id))


def _delegation_of(text: str, token: Contract) -> JsonResponse:
    try:
        holder = _address(text)
    except BadBallot as error:
        return _refused(str(error))
    found = queries.delegate_now(token, holder)
    if found is None or found.to_delegate == NOBODY:
        words = "This account has not delegated yet, so its tokens count for nobody."
    elif found.to_delegate == holder:
        words = "This account votes with its own tokens."
    else:
        words = f"This account has delegated its voting power to {found.to_delegate}."
    told = {
        "delegate": found and found.to_delegate,
        "transaction": found and found.tx_hash,
        "block": found and found.block_number,
        "finalized": final_to(token),
        "words": words,
    }
    return JsonResponse(told)


def _card(key: str) -> Card:
    try:
        found = queries.proposal(key)
    except Proposal.DoesNotExist:
        raise Http404("No proposal has this key.") from None
    directory = Directory.read()
    timelock = directory.linked(found.contract, "timelock")
    return card(found, directory, queries.operation_of(found, timelock))


def _address(text: str) -> str:
    try:
        address = AddressField().to_python(text.strip() or None)
    except ValidationError as error:
        raise BadBallot(f"{text[:60]!r} is not an address: write 0x and 40 hex digits.") from error
    if address is None:
        raise BadBallot("An address is missing.")
    return address


def _ballot(request: HttpRequest, shown: Card) -> Transaction:
    asked = request.GET
    try:
        choice = Choice(asked.get("choice", ""))
    except ValueError:
        raise BadBallot("Choose For, Against, Abstain or Split.") from None
    split = None
    if choice is Choice.SPLIT:
        if not shown.splittable:
            raise BadBallot("This governor does not take split votes.")
        split = Tally(**{_PARTS[name]: _units(asked.get(name, "0"), name) for name in _PARTS})
    return ballot.ballot(
        shown.governor.address, shown.proposal.proposal_id, choice, asked.get("reason", ""), split
    )


_PARTS = {"against": "against", "for": "for_", "abstain": "abstain"}


def _units(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 78):
        raise BadBallot(f"The part {name} must be a whole number of base units.")
    return int(text)


def _transaction(transaction: Transaction, chain_id: int) -> dict[str, Any]:
    return {
        "chain_id": chain_id,
        "to": transaction.to,
        "value": "0",
        "function": transaction.function,
        "data": "0x" + transaction.data.hex(),
    }


def _file(transaction: Transaction, chain_id: int, name: str, filename: str) -> HttpResponse:
    body = ballot.builder_file(transaction, chain_id, name, int(time.time()))
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return JsonResponse(body, json_dumps_params={"indent": 2}, headers=headers)


def _refused(message: str) -> JsonResponse:
    return JsonResponse({"error": message}, status=400)


def _told(found: Voter, shown: Card) -> dict[str, Any]:
    remaining = found.remaining(splittable=shown.splittable)
    chain = shown.chain
    return {
        "address": found.address,
        "power": str(found.power),
        "power_text": f"{amounts.brief(found.power, shown.decimals)} {shown.symbol}".strip(),
        "preliminary": found.preliminary,
        "snapshot": wording.timepoint(shown.facts.vote_start, shown.facts.clock_mode),
        "reason": found.reason,
        "used": str(found.used),
        "remaining": str(remaining),
        "remaining_text": f"{amounts.brief(remaining, shown.decimals)} {shown.symbol}".strip(),
        "votes": [_vote(vote, shown) for vote in found.votes],
        "open": shown.standing.open,
        "state": shown.standing.words.label,
        "head": chain.status.head_number,
        "finalized": final_to(shown.governor),
    }


def _vote(vote: Vote, shown: Card) -> dict[str, Any]:
    names = {0: "Against", 1: "For", 2: "Abstain", FRACTIONAL_SUPPORT: "Split"}
    return {
        "choice": names.get(vote.support, "Unknown"),
        "weight_text": f"{amounts.brief(vote.weight, shown.decimals)} {shown.symbol}".strip(),
        "transaction": vote.tx_hash,
        "block": vote.block_number,
        "at": iso(vote.timestamp),
    }

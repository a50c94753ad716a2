"""Proofs of one address's vote, and what a check in the browser asks."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import conditional_page, require_safe

from charter.fields import AddressField
from governance import certificates, queries
from governance.directory import Directory, decimals, symbol
from governance.models import Proposal
from governance.voter_proof import VoterProof, voter_proof
from governance.wallets import wallet_chain
from ledger.sharing import shared
from proofs.statements.tally import Tally


@require_safe
def find(request: HttpRequest, key: str) -> HttpResponse:
    """From the form on a proposal's page to the proof of `?address=`."""
    return redirect("vote-proof", key, _address(request.GET.get("address", "").strip()))


@require_safe
@shared
def vote_proof(request: HttpRequest, key: str, address: str) -> HttpResponse:
    """What is proven of an address on a proposal; `?root=` by that very certificate.

    404 where that certificate is not kept any more; the page then leads to the newest one.
    """
    if (checksummed := _address(address)) != address:
        return redirect("vote-proof", key, checksummed)
    found, directory = _find(key), Directory.read()
    root = request.GET.get("root", "")
    kept = certificates.kept(found, root)
    context = {
        "proposal": found,
        "address": address,
        "watch": address,
        "kept": kept,
        "root": root,
        **_surroundings(found, directory),
    }
    if kept.proof is not None:
        context |= _shown(request, voter_proof(found, kept.proof, address, directory))
    missing = bool(root) and kept.proof is None
    return render(request, "governance/vote_proof.html", context, status=404 if missing else 200)


@require_safe
@conditional_page
@shared
def check(request: HttpRequest, key: str) -> HttpResponse:
    """The panel that checks a proposal's certificate: asked for again once there is one."""
    found = _find(key)
    context = {"proposal": found, **_surroundings(found, Directory.read())}
    return render(request, "governance/_check.html", context)


@require_safe
@never_cache
def counts(request: HttpRequest, key: str) -> JsonResponse:
    """What was counted here up to the anchor of `?root=` (or of the newest), and in all."""
    found = _find(key)
    kept = certificates.kept(found, request.GET.get("root", ""))
    if kept.proof is None:
        words = "This certificate is not kept any more: reload the page and check the newest."
        if kept.newest is None:
            words = f"No certificate of this proposal is there yet. {kept.why}".strip()
        return JsonResponse({"error": words}, status=404)
    read = certificates.read(found, kept.proof.anchor_number)
    return JsonResponse(
        {
            "root": kept.proof.root,
            "read": _spelled(read.until),
            "whole": _spelled(read.whole),
            "later": read.later,
        }
    )


def _shown(request: HttpRequest, shown: VoterProof) -> dict[str, Any]:
    """The proof, the link to it by its root, and the parts of the certificate that hold it."""
    path = f"{request.path}?root={shown.proof.root}"
    parts = (
        ("The receipt of its vote", shown.shards.receipts),
        ("Its power", shown.shards.powers),
        ("What it used", shown.shards.used),
    )
    return {
        "shown": shown,
        "path": path,
        "link": request.build_absolute_uri(path),
        "parts": parts,
    }


def _surroundings(found: Proposal, directory: Directory) -> dict[str, Any]:
    """What templates need of a card to write amounts, and a wallet to know the chain."""
    governor = directory.by_id.get(found.contract_id) or found.contract
    token = directory.linked(governor, "token")
    card = {
        "governor": governor,
        "chain": governor.chain,
        "decimals": decimals(token),
        "symbol": symbol(token),
    }
    return {"card": card, "wallet_chain": wallet_chain(governor.chain)}


def _spelled(tally: Tally) -> dict[str, str]:
    return {"for": str(tally.for_), "against": str(tally.against), "abstain": str(tally.abstain)}


def _find(key: str) -> Proposal:
    try:
        return queries.proposal(key, text=False)
    except Proposal.DoesNotExist:
        raise Http404("No proposal has this key. It may have been taken back by a reorg.") from None


def _address(text: str) -> str:
    try:
        found = AddressField().to_python(text or None)
    except ValidationError:
        found = None
    if found is None:
        raise Http404("This is not an address: 0x and 40 hex digits are needed.")
    return found

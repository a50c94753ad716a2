"""The mark of assurance: the same six bars and one word on every number, with its evidence."""

from typing import Any

from django import template
from django.urls import reverse

from chainsync import evidence
from chainsync.assurance import Assurance
from chainsync.assured import Assured
from charter.models import Contract
from governance.pages import Card
from governance.proven import Proven

register = template.Library()

_HEIGHTS = (5, 7, 9.5, 12, 15, 18)


@register.inclusion_tag("components/mark.html")
def mark(reached: Assurance, href: str = "", full: bool = False) -> dict[str, Any]:
    """The mark of an assurance, linked to its evidence; `full` spells the step out."""
    return _mark(reached, href, full)


@register.inclusion_tag("components/mark.html", takes_context=True)
def mark_tally(context: Any, card: Card) -> dict[str, Any]:
    """The mark of the tally on a card: from the proposal's creation to its last vote."""
    proven = card.proven(_assured(context))
    return _mark(proven.tally, f"{card.proposal.get_absolute_url()}#tally-title")


@register.inclusion_tag("components/mark.html", takes_context=True)
def mark_log(context: Any, contract: int, number: int) -> dict[str, Any]:
    """The mark of what one log of a contract (by id) says: a vote, an operation. It leads to what
    is known of the block."""
    assured = _assured(context)
    chain = assured.chain_of(contract)
    href = reverse("block", args=[chain, number]) if chain else ""
    return _mark(assured.of(contract, number, number), href)


@register.inclusion_tag("components/mark.html", takes_context=True)
def mark_vote(context: Any, contract: int, number: int) -> dict[str, Any]:
    """The mark of one vote: as `mark_log`, or higher where the page has a proof of it."""
    told = mark_log(context, contract, number)
    proven: Proven | None = context.get("proven")
    if proven is None:
        return told
    reached = proven.vote(number, _assured(context).of(contract, number, number))
    return _mark(reached, told["href"])


@register.inclusion_tag("components/mark.html", takes_context=True)
def mark_contract(context: Any, contract: Contract) -> dict[str, Any]:
    """The mark of what rests on all logs of a contract: a supply, powers, parameters."""
    reached = _assured(context).of(contract.pk)
    return _mark(reached, f"{reverse('chain', args=[contract.chain.key])}#read")


@register.inclusion_tag("components/mark_in_force.html", takes_context=True)
def mark_in_force(context: Any, card: Card, address: str) -> dict[str, Any]:
    """The mark of the values that a called contract has now; nothing where it is not read."""
    contract = _assured(context).at(card.chain.pk, address)
    if contract is None:
        return {}
    return mark_contract(context, contract)


def _assured(context: Any) -> Assured:
    """What the view has read for the page, else what the frame reads."""
    found: Assured = context.get("assured") or context["house"].assured
    return found


def _mark(reached: Assurance, href: str = "", full: bool = False) -> dict[str, Any]:
    shown = evidence.mark(reached)
    bars = [
        {"x": 6 * index, "y": 18 - height, "h": height, "on": index < shown.step}
        for index, height in enumerate(_HEIGHTS)
    ]
    return {"bars": bars, "mark": shown, "href": href, "full": full}

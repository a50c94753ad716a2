"""What the contracts themselves say, asked past Tocsin: the other side of every comparison."""

from typing import Any

from eth_abi import decode, encode
from eth_utils import function_signature_to_4byte_selector
from running_venue import Venue

Proposal = dict[str, Any]
Tally = dict[str, int]
CHAINS = {"eip155:900": "l1", "eip155:901": "l2"}


def read(
    venue: Venue, chain: str, contract: str, function: str, returns: str, *arguments: Any,
    block: int | None = None,
) -> tuple[Any, ...]:  # fmt: skip
    """Call a view function at a block (default: the newest); its decoded results."""
    types = function[function.index("(") + 1 : -1].split(",")
    data = function_signature_to_4byte_selector(function) + encode(types, arguments)
    call = {"to": contract, "data": "0x" + data.hex()}
    at = "latest" if block is None else hex(block)
    answer = venue.rpc(chain, "eth_call", call, at)
    return decode(returns.split(","), bytes.fromhex(answer[2:]))


def contract_tally(venue: Venue, proposal: Proposal, block: int | None = None) -> Tally:
    """The Governor's own count of a proposal on L2, in base units."""
    against, for_, abstain = read(
        venue,
        CHAINS[proposal["chain"]],
        address_of(proposal["governor_account"]),
        "proposalVotes(uint256)",
        "uint256,uint256,uint256",
        int(proposal["proposal_id"]),
        block=block,
    )
    return {"against": against, "for": for_, "abstain": abstain}


def told_tally(proposal: Proposal) -> Tally:
    """The count of the same proposal by the API."""
    tally = proposal["tally"]
    return {kind: int(tally[f"{kind}_votes"]) for kind in ("against", "for", "abstain")}


def address_of(account: str) -> str:
    """The address in a CAIP-10 account."""
    return account.rpartition(":")[2]


def find_proposal(venue: Venue, key: str) -> Proposal:
    """A proposal of the API by its key."""
    for page in _pages(venue, "proposals/"):
        for proposal in page:
            if proposal["key"] == key:
                return dict(proposal)
    raise LookupError(f"the API lists no proposal {key}")


def proposal_by_id(venue: Venue, proposal_id: int) -> Proposal | None:
    """A proposal of the API by the governor's number, among the newest; None when not there yet."""
    for proposal in venue.api("proposals/")["results"]:
        if int(proposal["proposal_id"]) == proposal_id:
            return dict(proposal)
    return None


def all_votes(venue: Venue, key: str) -> list[dict[str, Any]]:
    """Every vote of a proposal by the API, newest first, followed from page to page."""
    return [dict(v) for page in _pages(venue, f"proposals/{key}/votes/") for v in page]


def _pages(venue: Venue, path: str) -> list[list[dict[str, Any]]]:
    pages = []
    following: str | None = path
    while following:
        answer = venue.api(following.partition("/api/v1/")[2] or following)
        pages.append(answer["results"])
        following = answer["next"]
    return pages

"""Visitors with voting power, and proposals on which it counts."""

import itertools
import re
from typing import Any

from contract_reads import proposal_by_id
from running_venue import Venue, until
from wallet import Wallet

Proposal = dict[str, Any]
FOR_STORIES = "Whether the stories go on"
_numbers = itertools.count(1)
MADE = re.compile(r"Proposal (\d+) made on (\w+) in block (\d+)")


def fund(wallet: Wallet, tokens: int) -> None:
    """Ether, tokens and voting power that counts for proposals made from now on."""
    wallet.venue.lab("wallet", "fund", wallet.address, "--votes", tokens)


def propose(venue: Venue, title: str) -> int:
    """Make a proposal on L2; the governor's number of it."""
    said = venue.lab("proposal", "create", "--title", title)
    found = MADE.search(said)
    assert found, said
    return int(found.group(1))


def opened(venue: Venue, number: int) -> Proposal:
    """Wait until voting on a proposal is open by the API; its row."""

    def found() -> Proposal | None:
        row = proposal_by_id(venue, number)
        return row if row and row["state"] == "active" else None

    return until(found, 60, lambda: f"voting opens on {number}\n{venue.tail()}")


def open_for_a_while(venue: Venue, seconds: int) -> Proposal:
    """A proposal on L2 that nobody's script ends or votes on, open for at least so long.

    One made for an earlier story is taken again while its time lasts.
    """
    now = venue.api("chains/l2/")["head"]["timestamp"]
    for row in venue.api("proposals/?state=active&chain=l2")["results"]:
        lasts = row["deadline"]["timepoint"] > now + seconds
        if row["title"].startswith(FOR_STORIES) and lasts:
            return dict(row)
    return opened(venue, propose(venue, f"{FOR_STORIES}, {next(_numbers)}"))

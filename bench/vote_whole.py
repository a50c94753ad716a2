"""All parcels of a vote together, in columns made at once for all votes, and the tally of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.vote_bodies import CLOCK, Parcel, Vote
from bench.vote_stages import Clock, Counted, Spent
from proofs.statements import tally_columns
from proofs.statements.proven_tally import AnchorFacts, Outcome
from proofs.statements.storage.columns import Receipts
from proofs.statements.tally import Counting, Tally
from proofs.statements.tally_columns import Voters
from proofs.statements.vote_columns import Votes

Columns = dict[str, tuple[type, tuple[int, ...]]]
_VOTE: Columns = {
    "block": (np.int64, ()),
    "transaction": (np.int64, ()),
    "position": (np.int64, ()),
    "voters": (np.uint8, (20,)),
    "supports": (np.uint8, ()),
    "weights": (np.uint8, (32,)),
}
_VOTER: Columns = {
    "addresses": (np.uint8, (20,)),
    "powers": (np.uint8, (32,)),
    "voted": (np.bool_, ()),
    "supports": (np.uint8, ()),
    "weights": (np.uint8, (32,)),
}


class Whole:
    """Room for so many votes, each of a voter of its own; what each stage took, and the most
    memory of each worker by its process."""

    def __init__(self, votes: int) -> None:
        self.blocks: list[bytes] = []
        self.workers: dict[int, float] = {}
        self.clock = Clock()
        self._done = 0
        self._votes, self._voters = _room(_VOTE, votes), _room(_VOTER, votes)

    def add(self, parcel: Parcel, one: Counted) -> None:
        """Put a parcel behind those before it."""
        rows = slice(self._done, self._done + len(one.votes.block))
        votes = one.votes._replace(block=one.votes.block + len(self.blocks))
        for name in _VOTE:
            self._votes[name][rows] = getattr(votes, name)
        self._voters["addresses"][rows] = one.voters
        self._voters["powers"][rows] = one.powers
        for name in ("voted", "supports", "weights"):
            self._voters[name][rows] = getattr(one.receipts, name)
        self._done = rows.stop
        self.blocks += parcel.blocks
        self.workers[one.process] = one.megabytes
        for name, took in one.spent.items():
            self.clock.spent[name] = self.clock.spent.get(name, Spent(0, 0)) + took

    def proven(self, vote: Vote) -> bool:
        """Whether the tally is proven. Can be asked once."""
        given, known = self._votes, self._voters
        if self._done != len(given["block"]):
            return False
        votes = Votes(
            self.blocks,
            given["block"],
            given["transaction"],
            given["position"],
            given["voters"],
            given["supports"],
            given["weights"],
            {},
            {},
        )
        order = np.argsort(known["addresses"].view("S20")[:, 0])
        for name in _VOTER:  # One column after the other: all at once would take twice the room.
            known[name] = known[name][order]
        voters = Voters(
            known["addresses"],
            known["powers"],
            Receipts(known["voted"], known["supports"], known["weights"]),
        )
        against, for_, abstain = vote.totals
        anchor = AnchorFacts(
            block_hash=b"\xaa" * 32,
            clock=CLOCK,
            deadline=CLOCK - 1,
            totals=Tally(against=against, for_=for_, abstain=abstain),
            counting=Counting.BRAVO,
        )
        found = tally_columns.prove(anchor, votes, ancestors=set(self.blocks), voters=voters)
        return found.outcome is Outcome.PROVEN


def _room(columns: Columns, rows: int) -> dict[str, Any]:
    return {name: np.empty((rows, *shape), kind) for name, (kind, shape) in columns.items()}

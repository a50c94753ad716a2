"""What one address may do on one proposal, and why it may not."""

from dataclasses import dataclass

from governance import queries
from governance.models import Vote
from governance.pages import Card
from governance.power import power_at
from proofs.statements.tally import remaining_weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """Voting power of an address at the snapshot of a proposal, in base units.

    `preliminary`: the snapshot is not past, so `power` is what it holds now. `reason` says in
    words why there is nothing to vote with, empty when there is.
    """

    address: str
    power: int
    preliminary: bool
    used: int
    votes: tuple[Vote, ...]
    reason: str

    def remaining(self, *, splittable: bool) -> int:
        """What may still be cast: the rest where votes can be divided, else all or nothing."""
        if splittable:
            return remaining_weight(self.power, self.used)
        return 0 if self.votes else self.power


def voter(address: str, shown: Card) -> Voter:
    """The voter `address` (checksummed) on the proposal of `shown`. At most four queries."""
    cast = tuple(queries.votes_of(address, shown.proposal))
    mode, snapshot = shown.facts.clock_mode, shown.facts.vote_start
    now = shown.clock.now(mode)
    if shown.token is None:
        held, preliminary = 0, now <= snapshot
        reason = "The charter does not name the token of this governor."
    else:
        found = power_at(shown.token, mode, address, snapshot, now)
        held, preliminary = found.votes, found.preliminary
        reason = "" if held else found.sentence
    return Voter(
        address=address,
        power=held,
        preliminary=preliminary,
        used=sum(max(vote.weight, 0) for vote in cast if vote.kind == Vote.Kind.CAST),
        votes=cast,
        reason=reason,
    )

"""The later shards: linked headers, receipts with votes, and what is proven of each voter."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from ..refusals import Refusal
from ..statements.proven_tally import AnchorFacts, Outcome, ProvenTally, VoterFacts, prove_tally
from ..statements.storage.counting import CountingForm, Receipt, proven_receipt
from ..statements.storage.tokens import proven_power
from ..statements.tally import Bucket, Counting
from ..statements.vote_logs import ProvenVote
from . import proving
from .ballots import Ballot, votes_in
from .form import POWERS, USED, VOTES, Head
from .linking import Links
from .refusals import (
    BrokenLink,
    ClaimMismatch,
    Disordered,
    MalformedCertificate,
    PartRefused,
    PowerMismatch,
    SumMismatch,
)
from .state import Ground
from .witnesses import Powers, Reading, Used

COUNTING = {
    CountingForm.SIMPLE: Counting.SIMPLE,
    CountingForm.FRACTIONAL: Counting.FRACTIONAL,
    CountingForm.BRAVO_COMPATIBLE: Counting.SIMPLE,
    CountingForm.BRAVO: Counting.BRAVO,
}
"""How the events of each form add up. Overridable counting has signed terms: votes under it are
not certified, only totals."""


class Count:
    """Votes and voters, taken in shard by shard; everything raises the refusals of this package."""

    def __init__(self, head: Head, ground: Ground) -> None:
        self._head = head
        self._ground = ground
        self.votes: list[ProvenVote] = []
        self._voted: set[int] = set()
        self._last_receipt = (-1, -1)
        self._voters: list[bytes] = []
        self._powers: dict[bytes, int] = {}
        self._receipts: dict[bytes, Receipt] = {}

    @cached_property
    def links(self) -> Links:
        """The headers that are linked to the anchor, which the first shards brought."""
        return Links(self._ground.block, self._ground.zeros)

    def take(self, kind: str, item: str, data: bytes) -> None:
        """Check one of the later shards by its kind."""
        match kind:
            case "history":
                self.links.hop(item, Reading(item, data).history())
            case "headers":
                for at, raw in enumerate(Reading(item, data).headers()):
                    self.links.add(item, f"header {at}", raw)
            case "receipts":
                self._ballots(item, Reading(item, data))
            case "powers":
                self._take_powers(item, Reading(item, data).powers())
            case _:
                self._take_used(item, Reading(item, data).used())

    def finish(self) -> ProvenTally | None:
        """The sum of all votes beside the totals; None where the certificate has no votes."""
        if VOTES in self._head.missing:
            return None
        self.links.check_all_used("headers", self._voted)
        voters = self.voters()
        if POWERS not in self._head.missing:
            for kind, known in ((POWERS, self._powers), (USED, self._receipts)):
                if len(known) != len(voters):
                    missing = voters[len(known)]
                    raise MalformedCertificate(kind, f"voter 0x{missing.hex()}", "it is missing.")
        facts, counting = self._ground.facts, self._counting()
        try:
            found = prove_tally(
                AnchorFacts(
                    block_hash=self._head.anchor,
                    clock=facts.clock,
                    deadline=facts.deadline,
                    totals=facts.totals,
                    counting=counting,
                ),
                self.votes,
                ancestors={block.hash for block in self.links.blocks.values()},
                voters=VoterFacts(powers=self._powers, receipts=self._receipts),
            )
        except Refusal as refusal:
            raise PartRefused("receipts", "votes", refusal) from refusal
        _check_outcome(found)
        return found

    def voters(self) -> list[bytes]:
        """Everybody who voted, in ascending order."""
        if not self._voters:
            self._voters = sorted({vote.voter for vote in self.votes})
        return self._voters

    def _counting(self) -> Counting:
        form = self._head.governor.layout.counting.form
        if form not in COUNTING:
            raise MalformedCertificate(
                "head", "governor.form", "votes under this counting are not certified."
            )
        return COUNTING[form]

    def _ballots(self, item: str, reading: Reading) -> None:
        ballot = Ballot(self._head.governor.contract.address, self._head.proposal_id)
        for given in reading.receipts():
            place = f"block {given.number}"
            # Many receipts of one block may stand in several entries.
            if (given.number, given.indices[0]) <= self._last_receipt:
                raise Disordered(item, place, "receipts do not ascend, or one is there twice.")
            self._last_receipt = (given.number, given.indices[-1])
            block = self.links.blocks.get(given.number)
            if block is None:
                raise BrokenLink(item, place, "its header is not linked to the anchor.")
            self._voted.add(given.number)
            self.votes += votes_in(item, ballot, block, given)

    def _take_powers(self, item: str, one: Powers) -> None:
        self._expect(item, [voter for voter, _ in one.powers], len(self._powers))
        layout, facts = self._head.token.layout, self._ground.facts
        slots: dict[int, None] = {}
        for voter, checkpoint in one.powers:
            try:
                wanted = layout.power_slots(voter, checkpoint.length, checkpoint.at)
            except Refusal as refusal:
                raise PartRefused(item, f"voter 0x{voter.hex()}", refusal) from refusal
            slots |= dict.fromkeys(wanted)
        words = proving.words(
            item, self._ground.token_root, list(slots), one.nodes, self._ground.zeros
        )
        for voter, checkpoint in one.powers:
            place = f"voter 0x{voter.hex()}"
            try:
                power = proven_power(
                    layout,
                    words,
                    voter,
                    timepoint=facts.core.vote_start,
                    clock=facts.clock,
                    index=checkpoint.at,
                )
            except Refusal as refusal:
                raise PartRefused(item, place, refusal) from refusal
            if power.length != checkpoint.length:
                raise ClaimMismatch(
                    item,
                    place,
                    f"its history has {power.length} checkpoints, not {checkpoint.length}.",
                    claimed=checkpoint.length,
                    found=power.length,
                )
            self._powers[voter] = power.value

    def _take_used(self, item: str, one: Used) -> None:
        self._expect(item, one.voters, len(self._receipts))
        layout = self._head.governor.layout.counting
        proposal = self._head.proposal_id
        slots = [layout.receipt_slot(proposal, voter) for voter in one.voters]
        words = proving.words(
            item, self._ground.governor_root, slots, one.nodes, self._ground.zeros
        )
        for voter in one.voters:
            try:
                self._receipts[voter] = proven_receipt(layout, words, proposal, voter)
            except Refusal as refusal:
                raise PartRefused(item, f"voter 0x{voter.hex()}", refusal) from refusal

    def _expect(self, item: str, given: Sequence[bytes], done: int) -> None:
        """Refuse any others than the next voters in their order."""
        expected = self.voters()[done : done + len(given)]
        for at, voter in enumerate(given):
            if at >= len(expected) or voter != expected[at]:
                raise Disordered(
                    item, f"voter 0x{voter.hex()}", "it did not vote, or comes out of order."
                )


def _check_outcome(found: ProvenTally) -> None:
    """Raises SumMismatch with the exact difference, PowerMismatch."""
    if any(found.difference):
        named = {bucket.name.lower(): found.difference[bucket] for bucket in Bucket}
        said = ", ".join(f"{value:+d} {name}" for name, value in named.items() if value)
        raise SumMismatch(
            "receipts",
            "sum",
            f"the votes do not add up to the totals; totals less votes: {said}.",
            difference=named,
            witness=found.witness,
        )
    if found.contradictions:
        first = found.contradictions[0]
        raise PowerMismatch(
            "powers",
            f"voter 0x{first.voter.hex()}",
            f"its votes weigh {first.weight}, its {first.source} allows {first.allowed}.",
            contradictions=found.contradictions,
        )
    assert found.outcome is Outcome.PROVEN

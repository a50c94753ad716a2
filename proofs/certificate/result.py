"""What a certificate proves: the result that its head must claim, and its account in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ..statements.ids import proposal_key
from ..statements.proven_tally import ProvenTally, Said
from ..statements.quorum import FractionQuorum, check_quorum
from ..statements.tally import Bucket, Tally
from .encoding import Json, decimal, hexed
from .facts import Facts
from .form import PARTS, Head
from .linking import Block
from .refusals import ClaimMismatch


class Reach(StrEnum):
    """How far the tally is proven. ``PROVEN``: totals, all votes that make them up, and the power
    of all voters. ``COUNTED``: without the power of voters. ``TOTALS``: the totals alone."""

    PROVEN = "proven"
    COUNTED = "counted"
    TOTALS = "totals"


@dataclass(frozen=True, slots=True)
class Shown:
    """One step: what is shown, and by what."""

    what: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A certificate that holds: its root, what it proves, how, and what is taken on trust."""

    root: bytes
    head: Head
    reach: Reach
    steps: tuple[Shown, ...]
    trusted: tuple[str, ...]
    unproven: tuple[str, ...]

    @property
    def proven(self) -> bool:
        """Whether the tally is proven, and not only its totals."""
        return self.reach is Reach.PROVEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the witnesses gave; ``headers`` is how many link votes to the anchor."""

    head: Head
    block: Block
    facts: Facts
    reach: Reach
    tally: ProvenTally | None
    voters: int
    headers: int
    zeros_met: bool

    @property
    def closing(self) -> bool:
        """Whether voting was over at the anchor."""
        return self.facts.clock > self.facts.deadline

    def json(self) -> Json:
        """The ``result`` that the head must claim."""
        core, tally = self.facts.core, self.tally
        votes: Json = None
        if tally is not None:
            votes = {
                "logs": decimal(tally.votes),
                "voters": decimal(self.voters),
                "weightless": decimal(tally.zero_weight),
            }
        governor = self.head.governor.contract.address
        return {
            "block": {
                "number": decimal(self.block.number),
                "timestamp": decimal(self.block.timestamp),
            },
            "clock": decimal(self.facts.clock),
            "core": {
                "canceled": core.canceled,
                "end": decimal(core.vote_end),
                "eta": None if core.eta is None else decimal(core.eta),
                "executed": core.executed,
                "proposer": hexed(core.proposer),
                "start": decimal(core.vote_start),
            },
            "count": "closing" if self.closing else "running",
            "deadline": decimal(self.facts.deadline),
            "key": proposal_key(self.head.chain_id, governor, self.head.proposal_id),
            "quorum": self._quorum_json(),
            "reach": self.reach.value,
            "totals": {
                bucket.name.lower(): decimal(self.facts.totals[bucket]) for bucket in Bucket
            },
            "votes": votes,
        }

    def account(self, root: bytes) -> Verified:
        """All that was shown, what is taken on trust, and what is not shown."""
        head = self.head
        chain = (
            f"that block {hexed(head.anchor)} is on chain {head.chain_id} and stays there: "
            "compare it with nodes that you trust"
        )
        meaning = (
            f"that code {hexed(head.governor.contract.running_code)} (governor) and code "
            f"{hexed(head.token.contract.running_code)} (token) keep and count votes as they are "
            "documented to, in the slots and by the clock that the certificate names"
        )
        missing = head.missing
        open_ = [f"{part} (the issuer says: {missing[part]})" for part in PARTS if part in missing]
        if self.tally is not None:
            open_.append(Said.ZERO_WEIGHT_VOTES.value)
        if self.zeros_met:
            open_.append("that the chain keeps its state by the protocol: it has leaves of zero")
        if not self.closing:
            open_.append("votes after the anchor: voting was not over")
        return Verified(
            root=root,
            head=head,
            reach=self.reach,
            steps=tuple(self._steps()),
            trusted=(chain, meaning, Said.NO_UPGRADE_BETWEEN.value),
            unproven=tuple(open_),
        )

    def _steps(self) -> Iterator[Shown]:
        head, facts = self.head, self.facts
        yield Shown(
            f"Block {self.block.number} and its state root {hexed(self.block.state_root)}",
            f"the header, which hashes to the anchor {hexed(head.anchor)}",
        )
        yield Shown(
            f"The code of governor {hexed(head.governor.contract.address)} and of token "
            f"{hexed(head.token.contract.address)}, and that the governor goes by this token",
            "account proofs, ERC-1967 slots, and the governor's code or storage",
        )
        over = "voting was over" if self.closing else "voting was not over"
        yield Shown(
            f"Proposal {head.proposal_id}: snapshot {facts.core.vote_start}, deadline "
            f"{facts.deadline}; {over} when the clock stood at {facts.clock}",
            "storage proofs of the governor, and the header",
        )
        yield Shown(f"The totals: {words_of(facts.totals)}", "storage proofs of the governor")
        if facts.quorum is not None and head.governor.quorum is not None:
            check = check_quorum(facts.totals, head.governor.quorum.buckets, facts.quorum)
            share = isinstance(facts.quorum, FractionQuorum)
            yield Shown(
                f"The quorum: {check.needed} needed, {check.counted} counted, "
                f"{'reached' if check.reached else 'not reached'}",
                "checkpoints of numerator and supply"
                if share
                else "the governor's code or storage",
            )
        if self.tally is not None:
            yield Shown(
                f"{self.tally.votes} vote events of {self.voters} voters, which add up exactly to "
                "the totals: none of any weight is missing, none is invented",
                f"receipts under {self.headers} headers that are linked to the anchor",
            )
        if self.reach is Reach.PROVEN:
            yield Shown(
                "The power of every voter at the snapshot, and that no voter used more",
                "checkpoints of the token and receipts of the governor, under the anchor",
            )

    def _quorum_json(self) -> Json:
        basis, rule = self.facts.quorum, self.head.governor.quorum
        if basis is None or rule is None:
            return None
        check = check_quorum(self.facts.totals, rule.buckets, basis)
        share = basis if isinstance(basis, FractionQuorum) else None
        return {
            "counted": decimal(check.counted),
            "needed": decimal(check.needed),
            "numerator": None if share is None else decimal(share.numerator),
            "reached": check.reached,
            "supply": None if share is None else decimal(share.supply),
        }


def check_claims(claimed: Json, found: Json, place: str = "result") -> None:
    """Hold the head's result against the one found. Raises ClaimMismatch where they differ."""
    if isinstance(claimed, dict) and isinstance(found, dict) and claimed.keys() == found.keys():
        for name in sorted(found):
            check_claims(claimed[name], found[name], f"{place}.{name}")
    elif claimed != found or type(claimed) is not type(found):
        raise ClaimMismatch(
            "head",
            place,
            f"it claims {_short(claimed)}, the witnesses give {_short(found)}.",
            claimed=claimed,
            found=found,
        )


def words_of(tally: Tally) -> str:
    """The three numbers in words, exact, in base units."""
    return f"{tally.for_} for, {tally.against} against, {tally.abstain} abstaining"


def _short(value: Json) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:80]}..."

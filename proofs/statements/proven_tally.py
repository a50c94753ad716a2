"""Whether proven votes are all votes: their sum beside the totals in the governor's storage.

No light client can prove a list of logs complete. The totals can be proven; and if proven votes,
each in a block that is an ancestor of the anchor, add up to them in every bucket, then no vote of
any weight is missing and none is invented, since no term is negative. See :class:`Said` for what
that does not show.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..inputs import fixed, unsigned
from ..refusals import DuplicateLog, ImpossibleVote
from .storage.counting import Receipt
from .tally import Bucket, Counting, Tally, vote_shares
from .tally_witness import Amounts, Witness, smallest_witness
from .vote_logs import LogId, ProvenVote, VoteKind


class Outcome(StrEnum):
    """What the comparison says.

    ``PROVEN``: the linked votes add up exactly. ``UNLINKED``: only together with votes whose
    headers are not linked to the anchor, so the list stays what operators say, while the totals are
    proven. ``CONTRADICTED``: they add up, but the weight of a voter is not what the token or the
    governor's receipt says. ``MISMATCH``: they do not add up.
    """

    PROVEN = "proven"
    UNLINKED = "unlinked"
    CONTRADICTED = "contradicted"
    MISMATCH = "mismatch"


class Said(StrEnum):
    """What is not shown, and must be said beside the tally."""

    ZERO_WEIGHT_VOTES = "votes of no weight may be missing from the list; they change nothing"
    OVERRIDES = "overrides that cancel out may be missing from the list; the totals stay proven"
    NO_UPGRADE_BETWEEN = "that the contracts were not upgraded and back in between is assumed"
    MEANING_OF_CODE = "that the contract counts as it is documented is trusted"
    POWER_PENDING = "the power of some voters is not proven yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorFacts:
    """What is proven under the one state root of the anchor block.

    ``clock`` is the governor's in that block and ``deadline`` the last timepoint at which votes
    count, extension included. Raises NotAnInteger, NotBytes, OutOfRange, WrongLength.
    """

    block_hash: bytes
    clock: int
    deadline: int
    totals: Tally
    counting: Counting
    overridable: bool = False

    def __post_init__(self) -> None:
        fixed("anchor", self.block_hash, 32)
        unsigned("clock", self.clock)
        unsigned("deadline", self.deadline)
        if self.overridable and self.counting is not Counting.SIMPLE:
            raise ImpossibleVote("Only simple counting can be overridden.", counting=self.counting)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoterFacts:
    """What is proven about voters, by address; nobody needs to be in any of these.

    ``powers``: voting power at the snapshot. ``balances``: voting units held at the snapshot, by
    which an override weighs. ``receipts``: what the governor keeps.
    """

    powers: Mapping[bytes, int] = field(default_factory=dict)
    balances: Mapping[bytes, int] = field(default_factory=dict)
    receipts: Mapping[bytes, Receipt] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A voter whose votes weigh ``weight`` in all, where ``source`` allows ``allowed``."""

    voter: bytes
    weight: int
    allowed: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenTally:
    """The comparison laid open. ``difference`` is totals minus linked votes, bucket by bucket.

    ``closed`` says that voting was over at the anchor. ``unlinked`` are logs whose header is not an
    ancestor of the anchor, ``pending`` voters whose power is not proven.
    """

    outcome: Outcome
    closed: bool
    totals: Tally
    difference: Amounts
    votes: int
    zero_weight: int
    unlinked: tuple[LogId, ...]
    pending: tuple[bytes, ...]
    contradictions: tuple[Contradiction, ...]
    witness: Witness | None
    said: frozenset[Said]


def prove_tally(
    anchor: AnchorFacts,
    votes: Iterable[ProvenVote],
    *,
    ancestors: Container[bytes],
    voters: VoterFacts | None = None,
) -> ProvenTally:
    """Compare proven votes with the proven totals of the anchor.

    ``ancestors`` holds the hashes of headers proven to be ancestors of the anchor, or the anchor
    itself. A voter may cast several votes, a log counts once.

    Raises DuplicateLog for a log given twice, and ImpossibleVote, WeightMismatch, NotAnInteger,
    OutOfRange for an event that no such governor emits.
    """
    voters = voters or VoterFacts()
    linked: list[tuple[ProvenVote, Amounts]] = []
    unlinked: list[tuple[ProvenVote, Amounts]] = []
    seen: set[LogId] = set()
    for vote in votes:
        if vote.log in seen:
            raise DuplicateLog("A log was given twice.", log=vote.log)
        seen.add(vote.log)
        pair = (vote, _amounts(anchor, vote))
        (linked if vote.block_hash in ancestors else unlinked).append(pair)
    totals = Amounts(anchor.totals.against, anchor.totals.for_, anchor.totals.abstain)
    difference = totals - Amounts.total(amounts for _, amounts in linked)
    rest = difference - Amounts.total(amounts for _, amounts in unlinked)
    contradictions, pending = _held_against(anchor, [vote for vote, _ in linked], voters)
    witness = None
    if any(difference) and any(rest):
        outcome = Outcome.MISMATCH
        witness = smallest_witness(
            totals,
            [(vote.log, amounts) for vote, amounts in linked],
            [(vote.log, amounts) for vote, amounts in unlinked],
            signed=anchor.overridable,
        )
    elif contradictions:
        outcome = Outcome.CONTRADICTED
    else:
        outcome = Outcome.UNLINKED if any(difference) else Outcome.PROVEN
    said = {Said.ZERO_WEIGHT_VOTES, Said.NO_UPGRADE_BETWEEN, Said.MEANING_OF_CODE}
    if anchor.overridable:
        said.add(Said.OVERRIDES)
    if pending:
        said.add(Said.POWER_PENDING)
    return ProvenTally(
        outcome=outcome,
        closed=anchor.clock > anchor.deadline,
        totals=anchor.totals,
        difference=difference,
        votes=len(linked),
        zero_weight=sum(vote.weight == 0 for vote, _ in linked),
        unlinked=tuple(vote.log for vote, _ in unlinked),
        pending=pending,
        contradictions=contradictions,
        witness=witness,
        said=frozenset(said),
    )


def _amounts(anchor: AnchorFacts, vote: ProvenVote) -> Amounts:
    """What one event adds to the buckets, negative for a reduction."""
    if vote.kind is not VoteKind.CAST and not anchor.overridable:
        raise ImpossibleVote("This governor has no overrides.", log=vote.log)
    shares = vote_shares(anchor.counting, vote.support, vote.weight, vote.params)
    amounts = Amounts(*(shares[bucket] for bucket in Bucket))
    return Amounts() - amounts if vote.kind is VoteKind.REDUCED else amounts


def _held_against(
    anchor: AnchorFacts, votes: Iterable[ProvenVote], voters: VoterFacts
) -> tuple[tuple[Contradiction, ...], tuple[bytes, ...]]:
    """Compare each voter's whole weight with what is proven about the voter."""
    cast: dict[bytes, int] = {}
    overrides: dict[bytes, int] = {}
    supports: dict[bytes, int] = {}
    for vote in votes:
        if vote.kind is VoteKind.CAST:
            cast[vote.voter] = cast.get(vote.voter, 0) + vote.weight
            supports[vote.voter] = vote.support
        elif vote.kind is VoteKind.OVERRIDE:
            overrides[vote.voter] = overrides.get(vote.voter, 0) + vote.weight
    found: list[Contradiction] = []
    pending: set[bytes] = set()
    for voter, weight in cast.items():
        power, receipt = voters.powers.get(voter), voters.receipts.get(voter)
        # Who overrode beforehand took that weight out of the power of the delegate.
        taken = receipt.overridden_weight if receipt and anchor.overridable else 0
        exact = anchor.counting is not Counting.FRACTIONAL and (
            not anchor.overridable or receipt is not None
        )
        if power is None:
            pending.add(voter)
        elif weight > power - taken or (exact and weight != power - taken):
            found.append(_contradiction(voter, weight, power - taken, "power"))
        if receipt is None:
            continue
        # A split into nothing leaves no trace in a fractional receipt, which holds a weight alone.
        if not receipt.voted and (anchor.counting is not Counting.FRACTIONAL or weight):
            found.append(_contradiction(voter, weight, 0, "receipt"))
        elif receipt.weight is not None and receipt.weight != weight:
            found.append(_contradiction(voter, weight, receipt.weight, "receipt"))
        elif receipt.support is not None and receipt.support != supports[voter]:
            found.append(_contradiction(voter, weight, 0, "choice in the receipt"))
    for voter, weight in overrides.items():
        balance, receipt = voters.balances.get(voter), voters.receipts.get(voter)
        if balance is None:
            pending.add(voter)
        elif weight != balance:
            found.append(_contradiction(voter, weight, balance, "balance"))
        if receipt is not None and not receipt.overridden:
            found.append(_contradiction(voter, weight, 0, "receipt"))
    return tuple(found), tuple(sorted(pending))


def _contradiction(voter: bytes, weight: int, allowed: int, source: str) -> Contradiction:
    return Contradiction(voter=voter, weight=weight, allowed=allowed, source=source)

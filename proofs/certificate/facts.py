"""What is proven under the anchor's state root: the proposal, its totals, its quorum.

The slots named here are those that a certificate proves of its two contracts, no more and no fewer.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..refusals import Refusal
from ..statements.clock import ClockMode, Moment
from ..statements.quorum import FixedQuorum, FractionQuorum, QuorumBasis
from ..statements.storage.counting import proven_totals
from ..statements.storage.governor import (
    ProposalCore,
    proven_core,
    proven_extension,
    proven_numerator,
)
from ..statements.storage.slots import IMPLEMENTATION_SLOT
from ..statements.storage.tokens import proven_supply
from ..statements.storage.words import Words, word
from ..statements.tally import Tally
from .linking import Block
from .refusals import ClaimMismatch, MalformedCertificate, PartRefused
from .rules import Contract, GovernorRules, TokenRules, WordAt
from .witnesses import Checkpoint

_PUSH32 = b"\x7f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The proposal at the anchor. ``deadline`` includes any extension; timepoints are in the
    governor's clock, which shows ``clock``; ``quorum`` is None where the certificate lacks it."""

    clock: int
    core: ProposalCore
    deadline: int
    totals: Tally
    quorum: QuorumBasis | None


def clock_in(block: Block, mode: ClockMode) -> int:
    """What the clock of governor and token shows in a block."""
    return Moment(block_number=block.number, timestamp=block.timestamp).clock(mode)


def governor_slots(
    rules: GovernorRules, proposal_id: int, checkpoint: Checkpoint | None
) -> tuple[int, ...]:
    """Slots of the governor that are proven besides the receipts of voters. Raises Refusal."""
    layout = rules.layout
    wanted = [
        IMPLEMENTATION_SLOT,
        *layout.core_slots(proposal_id),
        *layout.counting.totals_slots(proposal_id),
    ]
    if layout.extensions is not None:
        wanted.append(layout.extension_slot(proposal_id))
    if checkpoint is not None:
        wanted += layout.quorum_history().slots(checkpoint.length, checkpoint.at)
        if not checkpoint.length and layout.quorum_legacy is not None:
            wanted.append(layout.quorum_legacy)
    fixed = None if rules.quorum is None else rules.quorum.fixed
    wanted += [place.slot for place in (rules.token, fixed) if place and place.slot is not None]
    return tuple(dict.fromkeys(wanted))


def token_slots(rules: TokenRules, checkpoint: Checkpoint | None) -> tuple[int, ...]:
    """Slots of the token that are proven besides the power of voters. Raises Refusal."""
    wanted = [IMPLEMENTATION_SLOT]
    if checkpoint is not None:
        history = rules.layout.supply_history()
        wanted += history.slots(checkpoint.length, checkpoint.at)
    return tuple(dict.fromkeys(wanted))


def constant(item: str, what: str, place: WordAt, code: bytes, words: Words) -> int:
    """A constant of the governor, from its slot or from its code, every copy of it named.

    Raises MalformedCertificate.
    """
    if place.slot is not None:
        return word(words, place.slot, what)
    first = place.offsets[0]
    pushed = code[first : first + 33]
    if len(pushed) < 33 or copies(code, pushed[1:]) != place.offsets:
        raise MalformedCertificate(
            item, f"offset {first}", f"{what} does not stand at just the offsets that are named."
        )
    return int.from_bytes(pushed[1:], "big")


def copies(code: bytes, value: bytes) -> tuple[int, ...]:
    """Offsets of every PUSH32 of these 32 bytes, as compilers place immutables."""
    found, at = [], code.find(_PUSH32 + value)
    while at >= 0:
        found.append(at)
        at = code.find(_PUSH32 + value, at + 1)
    return tuple(found)


def check_implementation(item: str, contract: Contract, words: Words) -> None:
    """Hold the ERC-1967 slot against the head. Raises ClaimMismatch."""
    found = word(words, IMPLEMENTATION_SLOT, "The implementation")
    claimed = int.from_bytes(contract.implementation or b"", "big")
    if found != claimed:
        raise ClaimMismatch(
            item,
            "implementation",
            f"the head says 0x{claimed:040x}, the slot holds 0x{found:064x}.",
            claimed=claimed,
            found=found,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What the first shards prove: running code of the governor, words and checkpoints of both."""

    block: Block
    code: bytes
    governor: Words
    numerator: Checkpoint | None
    token: Words
    supply: Checkpoint | None


def read_facts(rules: GovernorRules, token: TokenRules, proposal_id: int, proven: Proven) -> Facts:
    """Read the proposal from proven words. Raises PartRefused, MalformedCertificate,
    ClaimMismatch."""
    words = proven.governor
    try:
        core = proven_core(rules.layout, words, proposal_id)
        extended = 0
        if rules.layout.extensions is not None:
            extended = proven_extension(rules.layout, words, proposal_id)
        totals = proven_totals(rules.layout.counting, words, proposal_id)
    except Refusal as refusal:
        raise PartRefused("governor", "proposal", refusal) from refusal
    named = constant("governor", "the token", rules.token, proven.code, words)
    if named != int.from_bytes(token.contract.address, "big"):
        raise ClaimMismatch(
            "head",
            "token.address",
            f"the governor goes by another token, 0x{named:040x}.",
            claimed=token.contract.address,
            found=named,
        )
    clock = clock_in(proven.block, rules.clock)
    return Facts(
        clock=clock,
        core=core,
        deadline=max(core.vote_end, extended),
        totals=totals,
        quorum=_quorum(rules, token, core, clock, proven),
    )


def _quorum(
    rules: GovernorRules, token: TokenRules, core: ProposalCore, clock: int, proven: Proven
) -> QuorumBasis | None:
    rule = rules.quorum
    if rule is None:
        return None
    if rule.fixed is not None:
        votes = constant("governor", "the quorum", rule.fixed, proven.code, proven.governor)
        return FixedQuorum(votes=votes)
    # The shards have a checkpoint each: whoever took them in has seen to that.
    assert rule.denominator is not None
    assert proven.numerator is not None
    assert proven.supply is not None
    at = {"timepoint": core.vote_start, "clock": clock}
    try:
        numerator = proven_numerator(rules.layout, proven.governor, index=proven.numerator.at, **at)
        supply = proven_supply(token.layout, proven.token, index=proven.supply.at, **at)
        found = FractionQuorum(
            supply=supply.value, numerator=numerator.value, denominator=rule.denominator
        )
    except Refusal as refusal:
        raise PartRefused("governor", "quorum", refusal) from refusal
    _check_length("governor", numerator.length, proven.numerator)
    _check_length("token", supply.length, proven.supply)
    return found


def _check_length(item: str, found: int, claim: Checkpoint) -> None:
    if found != claim.length:
        raise ClaimMismatch(
            item,
            "checkpoint",
            f"its history has {found} checkpoints, not {claim.length}.",
            claimed=claim.length,
            found=found,
        )

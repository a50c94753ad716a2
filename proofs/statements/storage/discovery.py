"""Which of several layouts a deployed contract has, found by answers that are known.

A slot outside ERC-7201 namespaces moves with inheritance, so no layout is trusted by name. Answers
of the contract itself (``numCheckpoints``, ``getVotes``, ``proposalVotes`` …) are held against the
words at the slots that each candidate names. The one candidate that gives them all is kept,
together with the code it was seen on; on other code it must be found again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ...inputs import fixed, unsigned
from ...refusals import AmbiguousLayout, Refusal, StaleLayout, UnknownLayout, WeakProbe
from ..tally import Tally
from .counting import CountingLayout, proven_totals
from .governor import GovernorLayout, ProposalCore, proven_core
from .histories import History, latest_value, proven_length
from .timelock import ControllerLayout, proven_operation
from .tokens import TokenLayout
from .words import Words

NEEDED_DELEGATES = 3
"""How many delegates with checkpoints must agree before the layout of a token is trusted."""

L = TypeVar("L")
L_contra = TypeVar("L_contra", contravariant=True)


class Probe(Protocol[L_contra]):
    """One known answer of the contract."""

    @property
    def subject(self) -> object:
        """What the answer is about, or None when a wrong layout might easily give the same."""

    def slots(self, layout: L_contra, words: Words) -> tuple[int, ...]:
        """The slots that ``layout`` would have it in, as far as they follow from ``words``."""

    def holds(self, layout: L_contra, words: Words) -> bool:
        """Whether the words under ``layout`` give this answer. May raise a Refusal: no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerProbe:
    """``numCheckpoints`` and ``getVotes`` of a delegate, and the token's clock."""

    delegate: bytes
    length: int
    votes: int
    clock: int

    @property
    def subject(self) -> object:
        """The delegate, if it has a checkpoint with votes."""
        return self.delegate if self.length and self.votes else None

    def slots(self, layout: TokenLayout, words: Words) -> tuple[int, ...]:
        """Length and last element."""
        return _last(layout.history_of(self.delegate), self.length)

    def holds(self, layout: TokenLayout, words: Words) -> bool:
        """Whether length and last value are the answers, and the last key is not to come."""
        length, key, value = latest_value(layout.history_of(self.delegate), words)
        return (length, value) == (self.length, self.votes) and key <= self.clock


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyProbe:
    """``totalSupply`` and the token's clock. The length of that history has no getter."""

    supply: int
    clock: int

    @property
    def subject(self) -> object:
        """The supply, if there is any."""
        return "total supply" if self.supply else None

    def slots(self, layout: TokenLayout, words: Words) -> tuple[int, ...]:
        """The length; the last element too once the length is among ``words``."""
        history = layout.supply_history()
        try:
            return _last(history, proven_length(history, words))
        except Refusal:
            return (history.length_slot,)

    def holds(self, layout: TokenLayout, words: Words) -> bool:
        """Whether the last value is the supply, and the last key is not to come."""
        _, key, value = latest_value(layout.supply_history(), words)
        return value == self.supply and key <= self.clock


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreProbe:
    """Snapshot, deadline before any extension, and proposer of one proposal."""

    proposal_id: int
    vote_start: int
    vote_end: int
    proposer: bytes

    @property
    def subject(self) -> object:
        """The proposal, if somebody proposed it."""
        return self.proposal_id if self.vote_start and any(self.proposer) else None

    def slots(self, layout: GovernorLayout, words: Words) -> tuple[int, ...]:
        """All slots of the core."""
        return layout.core_slots(self.proposal_id)

    def holds(self, layout: GovernorLayout, words: Words) -> bool:
        """Whether the core says the same."""
        core: ProposalCore = proven_core(layout, words, self.proposal_id)
        answers = (self.vote_start, self.vote_end, self.proposer)
        return (core.vote_start, core.vote_end, core.proposer) == answers


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsProbe:
    """``proposalVotes`` of one proposal, put in the order of :class:`Tally`."""

    proposal_id: int
    totals: Tally

    @property
    def subject(self) -> object:
        """The proposal, if For and Against differ: else two forms of counting look alike."""
        return self.proposal_id if self.totals.for_ != self.totals.against else None

    def slots(self, layout: CountingLayout, words: Words) -> tuple[int, ...]:
        """The three totals."""
        return layout.totals_slots(self.proposal_id)

    def holds(self, layout: CountingLayout, words: Words) -> bool:
        """Whether the totals are those."""
        return proven_totals(layout, words, self.proposal_id) == self.totals


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationProbe:
    """``getTimestamp`` of an operation of a TimelockController."""

    operation_id: bytes
    timestamp: int

    @property
    def subject(self) -> object:
        """The operation, if the timelock knows it."""
        return self.operation_id if self.timestamp else None

    def slots(self, layout: ControllerLayout, words: Words) -> tuple[int, ...]:
        """The one timestamp."""
        return (layout.operation_slot(self.operation_id),)

    def holds(self, layout: ControllerLayout, words: Words) -> bool:
        """Whether the timestamp is that."""
        return proven_operation(layout, words, self.operation_id).timestamp == self.timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What a layout is pinned to: the contract, its code, and what a proxy delegates to.

    ``implementation`` is the address in the ERC-1967 slot and ``implementation_code`` the hash of
    its code; both None for a contract that is no such proxy. Hashes are 32 bytes, addresses 20.
    Raises NotAnInteger, NotBytes, OutOfRange, WrongLength.
    """

    chain_id: int
    contract: bytes
    code_hash: bytes
    implementation: bytes | None = None
    implementation_code: bytes | None = None

    def __post_init__(self) -> None:
        unsigned("chain id", self.chain_id)
        fixed("contract", self.contract, 20)
        fixed("code hash", self.code_hash, 32)
        if self.implementation is not None or self.implementation_code is not None:
            fixed("implementation", self.implementation, 20)
            fixed("implementation's code hash", self.implementation_code, 32)


@dataclass(frozen=True, slots=True)
class PinnedLayout(Generic[L]):
    """A layout that was checked on ``code`` under the root of the block ``evidence`` (its hash)."""

    layout: L
    code: Code
    evidence: bytes

    def on(self, code: Code) -> L:
        """Return the layout if the contract is still what it was found on, else StaleLayout."""
        for name in Code.__dataclass_fields__:
            if getattr(code, name) != getattr(self.code, name):
                raise StaleLayout(
                    f"The layout was found on another {name.replace('_', ' ')}.",
                    name=name,
                    pinned=getattr(self.code, name),
                    found=getattr(code, name),
                )
        return self.layout


def slots_to_read(
    candidates: Iterable[L], probes: Sequence[Probe[L]], words: Words
) -> frozenset[int]:
    """Return the slots that :func:`discover` still lacks. Read them, ask again, until none is left.

    Two rounds do: some slots are known only once a length has been read.
    """
    wanted: set[int] = set()
    for layout in candidates:
        for probe in probes:
            wanted.update(probe.slots(layout, words))
    return frozenset(wanted - words.keys())


def discover(
    candidates: Iterable[L],
    probes: Sequence[Probe[L]],
    words: Words,
    *,
    code: Code,
    evidence: bytes,
    needed: int = 1,
) -> PinnedLayout[L]:
    """Return the one candidate that gives every known answer, pinned to ``code``.

    ``needed`` is how many answers about different subjects are asked for; for a token it should be
    ``NEEDED_DELEGATES``, and one more for its supply. A candidate whose slots are unproven or hold
    impossible words is out.

    Raises WeakProbe, UnknownLayout, AmbiguousLayout, NotBytes, WrongLength.
    """
    fixed("evidence", evidence, 32)
    subjects = len({probe.subject for probe in probes} - {None})
    if subjects < max(needed, 1):
        raise WeakProbe(
            f"{subjects} known answers would tell a right layout from a wrong one, "
            f"{max(needed, 1)} are needed.",
            subjects=subjects,
            needed=needed,
        )
    found = [layout for layout in candidates if _gives(layout, probes, words)]
    if not found:
        raise UnknownLayout("No candidate layout gives the known answers.", probes=len(probes))
    if len(found) > 1:
        raise AmbiguousLayout(
            f"{len(found)} candidate layouts give the known answers.", layouts=tuple(found)
        )
    return PinnedLayout(found[0], code, evidence)


def _gives(layout: L, probes: Sequence[Probe[L]], words: Words) -> bool:
    try:
        return all(probe.holds(layout, words) for probe in probes)
    except Refusal:
        return False


def _last(history: History, length: int) -> tuple[int, ...]:
    return history.slots(length, length - 1 if length else None)

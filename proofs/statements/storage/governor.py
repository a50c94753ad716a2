"""Proposals in the storage of governors: core, deadline, queue, quorum numerator.

Facts hold for OpenZeppelin 5.7 and 4.9.6 and for GovernorBravo. Each part of a governor has a slot
of its own, since the slots outside ERC-7201 namespaces move with the order of inheritance.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...inputs import unsigned
from ...refusals import NonexistentProposal, UnknownLayout
from ..family import Family
from ..power import CheckpointKind
from .counting import CountingForm, CountingLayout
from .histories import History, ProvenValue, proven_value
from .slots import mapping_slot, namespace_slot, offset_slot
from .words import Words, address, fields, flag, number, word


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalCore:
    """What the governor holds about a proposal. ``vote_end`` is the deadline before extension.

    Timepoints in the governor's clock; ``eta`` in seconds since 1970 UTC, 0 while not queued and
    None in OpenZeppelin 4, which leaves it to the timelock.
    """

    proposer: bytes
    vote_start: int
    vote_end: int
    eta: int | None
    executed: bool
    canceled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorLayout:
    """Slots of a governor; None for parts that it does not have.

    ``proposals`` maps ids to cores, ``counting`` says where votes are. ``quorum`` is the history of
    numerators, ``quorum_legacy`` the numerator that OpenZeppelin 4 falls back to while that history
    is empty. ``extensions`` maps ids to extended deadlines, ``timelock_ids`` ids to operations.
    """

    family: Family
    proposals: int
    counting: CountingLayout
    quorum: int | None = None
    quorum_legacy: int | None = None
    extensions: int | None = None
    timelock: int | None = None
    timelock_ids: int | None = None

    def core_slots(self, proposal_id: int) -> tuple[int, ...]:
        """Return the slots of ``proven_core``. Raises NotAnInteger, OutOfRange."""
        base = mapping_slot(self.proposals, unsigned("proposal id", proposal_id))
        offsets = {Family.OZ5: (0, 1), Family.OZ4: (0, 1, 2), Family.BRAVO: (0, 1, 2, 7, 8, 12)}
        return tuple(offset_slot(base, offset) for offset in offsets[self.family])

    def extension_slot(self, proposal_id: int) -> int:
        """Return the slot of the extended deadline. Raises UnknownLayout without such a part."""
        return _entry(self.extensions, "extended deadlines", proposal_id)

    def operation_slot(self, proposal_id: int) -> int:
        """Return the slot of the timelock's operation id. Raises UnknownLayout."""
        return _entry(self.timelock_ids, "timelock ids", proposal_id)

    def quorum_history(self) -> History:
        """Return where the quorum numerators lie. Raises UnknownLayout."""
        if self.quorum is None:
            raise UnknownLayout("This governor keeps no history of quorum numerators.")
        kind = CheckpointKind.OZ4 if self.family is Family.OZ4 else CheckpointKind.OZ5
        return History(kind, self.quorum)


def proven_core(layout: GovernorLayout, words: Words, proposal_id: int) -> ProposalCore:
    """Return the core of a proposal.

    Raises NonexistentProposal, UnprovenSlot, ImpossibleWord, NotAnInteger, OutOfRange.
    """
    slots = layout.core_slots(proposal_id)
    read = {Family.OZ5: _core_oz5, Family.OZ4: _core_oz4, Family.BRAVO: _core_bravo}
    core = read[layout.family](words, slots, proposal_id)
    if core.vote_start == 0:
        raise NonexistentProposal(
            f"The governor holds no proposal {proposal_id}.", proposal_id=proposal_id
        )
    return core


def proven_extension(layout: GovernorLayout, words: Words, proposal_id: int) -> int:
    """Return the extended deadline, 0 without. Raises UnknownLayout, UnprovenSlot, ImpossibleWord.

    48 bits wide in OpenZeppelin 5, 64 in 4.
    """
    bits = 48 if layout.family is Family.OZ5 else 64
    return number(words, layout.extension_slot(proposal_id), "The extended deadline", bits)


def proven_operation(layout: GovernorLayout, words: Words, proposal_id: int) -> bytes:
    """Return the id of the operation that the governor queued, 32 zero bytes for none.

    OpenZeppelin 5 deletes it on execution and on cancelling, 4 only on cancelling. Raises
    UnknownLayout, UnprovenSlot.
    """
    found = word(words, layout.operation_slot(proposal_id), "The timelock id")
    return found.to_bytes(32, "big")


def proven_timelock(layout: GovernorLayout, words: Words) -> bytes:
    """Return the address of the timelock. Raises UnknownLayout, UnprovenSlot, ImpossibleWord."""
    if layout.timelock is None:
        raise UnknownLayout("This governor names no timelock.")
    return address(words, layout.timelock, "The timelock")


def proven_numerator(
    layout: GovernorLayout, words: Words, *, timepoint: int, clock: int, index: int | None
) -> ProvenValue:
    """Return ``quorumNumerator(timepoint)``; see :func:`.histories.proven_value` for its refusals.

    An empty history of OpenZeppelin 4 means the numerator of before it was kept, which then stands
    in a slot of its own. Raises UnknownLayout besides.
    """
    history = layout.quorum_history()
    found = proven_value(history, words, timepoint=timepoint, clock=clock, index=index)
    if found.length or layout.quorum_legacy is None:
        return found
    legacy = word(words, layout.quorum_legacy, "The quorum numerator")
    return ProvenValue(timepoint=timepoint, value=legacy, length=0, index=None)


def _core_oz5(words: Words, slots: tuple[int, ...], _id: int) -> ProposalCore:
    packed = word(words, slots[0], "The proposal")
    proposer, start, duration, executed, canceled = fields(
        packed, "The proposal", 160, 48, 32, 8, 8
    )
    return ProposalCore(
        proposer=proposer.to_bytes(20, "big"),
        vote_start=start,
        vote_end=start + duration,
        eta=number(words, slots[1], "The eta", 48),
        executed=flag(executed, "Executed"),
        canceled=flag(canceled, "Canceled"),
    )


def _core_oz4(words: Words, slots: tuple[int, ...], _id: int) -> ProposalCore:
    start, proposer = fields(word(words, slots[0], "The proposal"), "The proposal", 64, 160)
    executed, canceled = fields(word(words, slots[2], "The ending"), "The ending", 8, 8)
    return ProposalCore(
        proposer=proposer.to_bytes(20, "big"),
        vote_start=start,
        vote_end=number(words, slots[1], "The vote end", 64),
        eta=None,
        executed=flag(executed, "Executed"),
        canceled=flag(canceled, "Canceled"),
    )


def _core_bravo(words: Words, slots: tuple[int, ...], proposal_id: int) -> ProposalCore:
    own, proposer, eta, start, end, ending = slots
    # The struct names itself: a slot of another mapping would not.
    if number(words, own, "The proposal's id") != proposal_id:
        raise NonexistentProposal(
            f"The governor holds no proposal {proposal_id}.", proposal_id=proposal_id
        )
    canceled, executed = fields(word(words, ending, "The ending"), "The ending", 8, 8)
    return ProposalCore(
        proposer=address(words, proposer, "The proposer"),
        vote_start=number(words, start, "The start block"),
        vote_end=number(words, end, "The end block"),
        eta=number(words, eta, "The eta"),
        executed=flag(executed, "Executed"),
        canceled=flag(canceled, "Canceled"),
    )


def _entry(base: int | None, what: str, proposal_id: int) -> int:
    if base is None:
        raise UnknownLayout(f"This governor keeps no {what}.", what=what)
    return mapping_slot(base, unsigned("proposal id", proposal_id))


BRAVO_GOVERNOR = GovernorLayout(
    family=Family.BRAVO, proposals=10, counting=CountingLayout(CountingForm.BRAVO, 10), timelock=8
)
"""GovernorBravoDelegate behind its delegator."""


def oz5_proxied_governor(form: CountingForm, *, extensions: bool = False) -> GovernorLayout:
    """A governor of OpenZeppelin 5 in ERC-7201 namespaces, with a TimelockController.

    Raises UnknownLayout for a form of counting that OpenZeppelin 5 does not have.
    """
    controlled = namespace_slot("openzeppelin.storage.GovernorTimelockControl")
    late = namespace_slot("openzeppelin.storage.GovernorPreventLateQuorum")
    return GovernorLayout(
        family=Family.OZ5,
        proposals=offset_slot(namespace_slot("openzeppelin.storage.Governor"), 1),
        counting=CountingLayout.namespaced(form),
        quorum=namespace_slot("openzeppelin.storage.GovernorVotesQuorumFraction"),
        extensions=offset_slot(late, 1) if extensions else None,
        timelock=controlled,
        timelock_ids=offset_slot(controlled, 1),
    )

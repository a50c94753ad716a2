"""Votes in the storage of governors: totals of a proposal, and one voter's receipt.

OpenZeppelin 5 simple, fractional and overridable, 4.9 simple and Bravo-compatible, GovernorBravo.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ...inputs import fixed, unsigned
from ...refusals import UnknownLayout
from ..tally import Tally
from .slots import mapping_slot, namespace_slot, offset_slot
from .words import Words, fields, flag, word


class CountingForm(Enum):
    """Offsets of (against, for, abstain, receipts) in the struct of a proposal's votes."""

    SIMPLE = ("simple", 0, 1, 2, 3)
    FRACTIONAL = ("fractional", 0, 1, 2, 3)
    OVERRIDABLE = ("overridable", 0, 1, 2, 3)
    BRAVO_COMPATIBLE = ("bravo compatible", 6, 5, 7, 8)
    BRAVO = ("bravo", 10, 9, 11, 13)

    @property
    def totals(self) -> tuple[int, int, int]:
        """Offsets of the votes against, for and abstaining."""
        return self.value[1], self.value[2], self.value[3]

    @property
    def receipts(self) -> int:
        """Offset of the mapping from voter to receipt."""
        return self.value[4]


_NAMESPACES = {
    CountingForm.SIMPLE: "openzeppelin.storage.GovernorCountingSimple",
    CountingForm.FRACTIONAL: "openzeppelin.storage.GovernorCountingFractional",
    CountingForm.OVERRIDABLE: "openzeppelin.storage.GovernorCountingOverridable",
}


@dataclass(frozen=True, slots=True)
class CountingLayout:
    """Where votes are: a mapping at ``slot`` from proposal id to a struct of ``form``."""

    form: CountingForm
    slot: int

    @classmethod
    def namespaced(cls, form: CountingForm) -> CountingLayout:
        """Return the layout behind a proxy of OpenZeppelin 5. Raises UnknownLayout."""
        if form not in _NAMESPACES:
            raise UnknownLayout(f"OpenZeppelin 5 does not count as {form.name}.", form=form.name)
        return cls(form, namespace_slot(_NAMESPACES[form]))

    def totals_slots(self, proposal_id: int) -> tuple[int, int, int]:
        """Return the slots of against, for, abstain. Raises NotAnInteger, OutOfRange."""
        base = mapping_slot(self.slot, unsigned("proposal id", proposal_id))
        against, for_, abstain = (offset_slot(base, offset) for offset in self.form.totals)
        return against, for_, abstain

    def receipt_slot(self, proposal_id: int, voter: bytes) -> int:
        """Return the slot of ``voter``'s receipt. Raises as above, NotBytes, WrongLength."""
        base = mapping_slot(self.slot, unsigned("proposal id", proposal_id))
        return mapping_slot(offset_slot(base, self.form.receipts), fixed("voter", voter, 20))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the governor keeps about one voter of one proposal; None for what it does not keep.

    ``support`` is the choice, ``weight`` what the voter's own vote counted (fractional: the sum of
    its parts; overridable: not kept). ``overridden`` says that the account overrode the vote of
    its delegate; ``overridden_weight`` is what its delegators took out of its own vote.
    """

    voted: bool
    support: int | None = None
    weight: int | None = None
    overridden: bool = False
    overridden_weight: int = 0


def proven_totals(layout: CountingLayout, words: Words, proposal_id: int) -> Tally:
    """Return the totals that the governor holds. Raises UnprovenSlot, NotAnInteger, OutOfRange."""
    against, for_, abstain = layout.totals_slots(proposal_id)
    return Tally(
        against=word(words, against, "The votes against"),
        for_=word(words, for_, "The votes for"),
        abstain=word(words, abstain, "The abstentions"),
    )


def proven_receipt(layout: CountingLayout, words: Words, proposal_id: int, voter: bytes) -> Receipt:
    """Return what the governor keeps about ``voter``, also that it did not vote.

    Raises UnprovenSlot, ImpossibleWord, NotAnInteger, NotBytes, OutOfRange, WrongLength.
    """
    what = "The receipt"
    value = word(words, layout.receipt_slot(proposal_id, voter), what)
    if layout.form is CountingForm.FRACTIONAL:
        return Receipt(voted=value > 0, weight=value)
    if layout.form is CountingForm.OVERRIDABLE:
        casted, overridden, weight = fields(value, what, 8, 8, 208)
        support = casted - 1 if casted else None
        return Receipt(
            voted=bool(casted),
            support=support,
            overridden=flag(overridden, what),
            overridden_weight=weight,
        )
    if layout.form is CountingForm.SIMPLE:
        return Receipt(voted=flag(value, what))
    voted, support, weight = fields(value, what, 8, 8, 96)
    return Receipt(voted=flag(voted, what), support=support if voted else None, weight=weight)

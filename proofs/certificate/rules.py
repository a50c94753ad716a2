"""What a certificate assumes about its contracts, as its head says it: addresses, code, layouts.

None of it is proven by the chain except that the code is the one named: that this code keeps and
counts votes so is what a reader of the certificate trusts, or looks up.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..statements.clock import ClockMode
from ..statements.family import Family
from ..statements.power import CheckpointKind
from ..statements.storage.counting import CountingForm, CountingLayout
from ..statements.storage.governor import GovernorLayout
from ..statements.storage.tokens import TokenLayout
from ..statements.tally import Bucket
from .encoding import Json, decimal, entries, fields, hexed, read_decimal, read_hex
from .refusals import MalformedCertificate

MAX_OFFSETS = 64
MAX_CODE_BYTES = 1 << 16

_FORMS = {form.value[0]: form for form in CountingForm}
_KINDS = {kind.name.lower(): kind for kind in CheckpointKind}
_BUCKETS = {bucket.name.lower(): bucket for bucket in Bucket}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A contract, its code (hash), and what its ERC-1967 slot delegates to, if anything."""

    address: bytes
    code_hash: bytes
    implementation: bytes | None = None
    implementation_code: bytes | None = None

    @property
    def running_code(self) -> bytes:
        """Hash of the code that decides: the implementation's, or its own."""
        return self.implementation_code or self.code_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class WordAt:
    """Where a constant of the governor stands: in a slot, or in its running code.

    ``offsets`` are those of the bytes 0x7f (PUSH32) in front of each copy of an immutable.
    """

    slot: int | None = None
    offsets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumRule:
    """Which buckets count, and of what: a share of the supply, or votes fixed at a place."""

    buckets: frozenset[Bucket]
    denominator: int | None = None
    fixed: WordAt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorRules:
    """The governor: where it keeps proposals and votes, its token, and its quorum, if proven.

    ``clock`` is that of governor and token, which read the same timepoints.
    """

    contract: Contract
    clock: ClockMode
    layout: GovernorLayout
    token: WordAt
    quorum: QuorumRule | None

    @property
    def is_share(self) -> bool:
        """Whether the quorum is a share of the supply."""
        return self.quorum is not None and self.quorum.denominator is not None

    @classmethod
    def of(cls, value: Json, place: str = "governor") -> GovernorRules:
        """From the head. Raises MalformedCertificate."""
        found = fields(
            value, place, *_CONTRACT, "clock", "family", "form", "quorum", "slots", "token"
        )
        slots = fields(found["slots"], f"{place}.slots", *_SLOTS)
        numbers = {name: _optional(slots[name], f"{place}.slots.{name}") for name in _SLOTS}
        proposals, votes = (_needed(numbers, name, f"{place}.slots") for name in _SLOTS[:2])
        form = _choice(found["form"], f"{place}.form", _FORMS)
        layout = GovernorLayout(
            family=_choice(found["family"], f"{place}.family", {f.value: f for f in Family}),
            proposals=proposals,
            counting=CountingLayout(form, votes),
            extensions=numbers["extensions"],
            quorum=numbers["numerators"],
            quorum_legacy=numbers["numerator"],
        )
        quorum = None
        if found["quorum"] is not None:
            quorum = _quorum(found["quorum"], f"{place}.quorum")
        share = quorum is not None and quorum.denominator is not None
        _present(f"{place}.slots.numerators", layout.quorum, share)
        if not share:
            _present(f"{place}.slots.numerator", layout.quorum_legacy, False)
        return cls(
            contract=_contract(found, place),
            clock=_choice(found["clock"], f"{place}.clock", {m.value: m for m in ClockMode}),
            layout=layout,
            token=_word_at(found["token"], f"{place}.token"),
            quorum=quorum,
        )

    def json(self) -> Json:
        """As it is written in the head."""
        layout = self.layout
        return {
            **_contract_json(self.contract),
            "clock": self.clock.value,
            "family": layout.family.value,
            "form": layout.counting.form.value[0],
            "quorum": None if self.quorum is None else _quorum_json(self.quorum),
            "slots": {
                "proposals": decimal(layout.proposals),
                "votes": decimal(layout.counting.slot),
                "extensions": _written(layout.extensions),
                "numerators": _written(layout.quorum),
                "numerator": _written(layout.quorum_legacy),
            },
            "token": _word_at_json(self.token),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """The votes token: where it keeps checkpoints."""

    contract: Contract
    layout: TokenLayout

    @classmethod
    def of(cls, value: Json, place: str = "token") -> TokenRules:
        """From the head. Raises MalformedCertificate."""
        found = fields(value, place, *_CONTRACT, "kind", "slots")
        slots = fields(found["slots"], f"{place}.slots", *_TOKEN_SLOTS)
        numbers = {name: _optional(slots[name], f"{place}.slots.{name}") for name in _TOKEN_SLOTS}
        layout = TokenLayout(
            kind=_choice(found["kind"], f"{place}.kind", _KINDS),
            checkpoints=_needed(numbers, "checkpoints", f"{place}.slots"),
            counts=numbers["counts"],
            supply=numbers["supply"],
            supply_count=numbers["supply_count"],
            balances=numbers["balances"],
        )
        counted = layout.kind in (CheckpointKind.COMP, CheckpointKind.DYDX)
        _present(f"{place}.slots.counts", layout.counts, counted)
        _present(f"{place}.slots.balances", layout.balances, layout.kind is CheckpointKind.DYDX)
        both = counted and layout.supply is not None
        _present(f"{place}.slots.supply_count", layout.supply_count, both)
        return cls(contract=_contract(found, place), layout=layout)

    def json(self) -> Json:
        """As it is written in the head."""
        return {
            **_contract_json(self.contract),
            "kind": self.layout.kind.name.lower(),
            "slots": {name: _written(getattr(self.layout, name)) for name in _TOKEN_SLOTS},
        }


_CONTRACT = ("address", "code", "implementation")
_SLOTS = ("proposals", "votes", "extensions", "numerators", "numerator")
_TOKEN_SLOTS = ("checkpoints", "counts", "supply", "supply_count", "balances")


def _contract(found: dict[str, Any], place: str) -> Contract:
    behind = found["implementation"]
    address = code = None
    if behind is not None:
        inner = f"{place}.implementation"
        fields(behind, inner, "address", "code")
        address = read_hex(behind["address"], f"{inner}.address", 20)
        code = read_hex(behind["code"], f"{inner}.code", 32)
    return Contract(
        address=read_hex(found["address"], f"{place}.address", 20),
        code_hash=read_hex(found["code"], f"{place}.code", 32),
        implementation=address,
        implementation_code=code,
    )


def _contract_json(contract: Contract) -> dict[str, Json]:
    behind: Json = None
    if contract.implementation is not None and contract.implementation_code is not None:
        behind = {
            "address": hexed(contract.implementation),
            "code": hexed(contract.implementation_code),
        }
    return {
        "address": hexed(contract.address),
        "code": hexed(contract.code_hash),
        "implementation": behind,
    }


def _word_at(value: Json, place: str) -> WordAt:
    if isinstance(value, str):
        return WordAt(slot=read_decimal(value, place))
    listed = entries(value, place, MAX_OFFSETS)
    offsets = tuple(read_decimal(each, place, 16) for each in listed)
    if not offsets or any(a >= b for a, b in pairwise(offsets)):
        raise MalformedCertificate("head", place, "it names no offsets, or not in their order.")
    return WordAt(offsets=offsets)


def _word_at_json(found: WordAt) -> Json:
    if found.slot is not None:
        return decimal(found.slot)
    return [decimal(offset) for offset in found.offsets]


def _quorum(value: Json, place: str) -> QuorumRule:
    found = fields(value, place, "buckets", "denominator", "fixed")
    named = entries(found["buckets"], f"{place}.buckets", len(Bucket))
    buckets = [_choice(each, f"{place}.buckets", _BUCKETS) for each in named]
    if not buckets or buckets != sorted(set(buckets)):
        raise MalformedCertificate("head", f"{place}.buckets", "they are none or disordered.")
    if (found["denominator"] is None) == (found["fixed"] is None):
        raise MalformedCertificate("head", place, "it is neither a share nor fixed, or both.")
    fixed = found["fixed"]
    return QuorumRule(
        buckets=frozenset(buckets),
        denominator=_optional(found["denominator"], f"{place}.denominator"),
        fixed=None if fixed is None else _word_at(fixed, f"{place}.fixed"),
    )


def _quorum_json(rule: QuorumRule) -> Json:
    return {
        "buckets": [bucket.name.lower() for bucket in sorted(rule.buckets)],
        "denominator": _written(rule.denominator),
        "fixed": None if rule.fixed is None else _word_at_json(rule.fixed),
    }


def _choice(value: Json, place: str, known: dict[str, Any]) -> Any:
    if not isinstance(value, str) or value not in known:
        raise MalformedCertificate("head", place, f"it is none of {', '.join(sorted(known))}.")
    return known[value]


def _optional(value: Json, place: str) -> int | None:
    return None if value is None else read_decimal(value, place)


def _needed(numbers: dict[str, int | None], name: str, place: str) -> int:
    found = numbers[name]
    if found is None:
        raise MalformedCertificate("head", f"{place}.{name}", "it is missing.")
    return found


def _present(place: str, value: int | None, wanted: bool) -> None:
    if (value is not None) != wanted:
        raise MalformedCertificate("head", place, "it is missing, or of no use.")


def _written(value: int | None) -> Json:
    return None if value is None else decimal(value)

"""Voting power of an address at a timepoint, from checkpoints, and why it may be none.

Reads at most a handful of rows, whatever the length of the histories.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import QuerySet
from eth_utils.address import to_checksum_address

from charter.models import Contract
from governance import wording
from governance.models import Checkpoint, Delegation
from proofs.refusals import FutureLookup
from proofs.statements.clock import ClockMode
from proofs.statements.power import CheckpointKind, Checkpoints, votes_at

NOBODY = "0x" + "0" * 40


class Why(StrEnum):
    """What explains a power, or that there is none."""

    HAS_POWER = "has power"
    DELEGATED_AWAY = "delegated away"
    NEVER_DELEGATED = "never delegated"
    DELEGATED_LATER = "delegated after the snapshot"
    GAINED_LATER = "got its votes after the snapshot"
    LOST_BEFORE = "had none left at the snapshot"
    NO_TOKENS = "no tokens behind its delegation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """Power of `address` at the end of `timepoint`, in token units.

    `preliminary` is true while the timepoint is not past, so that it may still change. `delegate`
    is whom the address had chosen by then, None for nobody. `sentence` tells it all in words.
    """

    address: str
    timepoint: int
    votes: int
    preliminary: bool
    why: Why
    delegate: str | None
    sentence: str


def power_at(token: Contract, mode: ClockMode, address: str, timepoint: int, clock: int) -> Power:
    """Power of an address at a timepoint of the token's clock, seen from `clock`."""
    address = to_checksum_address(address)
    last = _checkpoints(token, address, mode, upto=timepoint).first()
    checked = Checkpoints.of(_history(token, address, mode, timepoint, last), CheckpointKind.OZ5)
    try:
        votes, preliminary = votes_at(checked, timepoint, clock), False
    except FutureLookup:
        votes, preliminary = checked.lookup(timepoint), True
    chosen = _delegation(token, address, mode, upto=timepoint)
    delegate = None if chosen is None or chosen.to_delegate == NOBODY else chosen.to_delegate
    why = Why.HAS_POWER if votes else _why_none(token, address, mode, timepoint, delegate, last)
    at = wording.timepoint(timepoint, mode)
    return Power(
        address=address,
        timepoint=timepoint,
        votes=votes,
        preliminary=preliminary,
        why=why,
        delegate=delegate,
        sentence=_sentence(why, token.label, at, delegate, preliminary),
    )


def _history(
    token: Contract, address: str, mode: ClockMode, timepoint: int, last: Checkpoint | None
) -> list[tuple[int, int]]:
    """The part of the history that decides: the last checkpoint, or what the next one follows.

    A checkpoint tells the power before it, so the beginning of a history may be missing.
    """
    if last is not None:
        return [(_key(last, mode), last.votes)]
    following = _checkpoints(token, address, mode, after=timepoint).last()
    return [] if following is None else [(0, following.previous)]


def _why_none(
    token: Contract,
    address: str,
    mode: ClockMode,
    timepoint: int,
    delegate: str | None,
    last: Checkpoint | None,
) -> Why:
    if delegate is not None and delegate != address:
        return Why.DELEGATED_AWAY
    if last is not None and last.previous:
        return Why.LOST_BEFORE
    if _checkpoints(token, address, mode, after=timepoint).filter(votes__gt=0).exists():
        return Why.GAINED_LATER if delegate == address else Why.DELEGATED_LATER
    if delegate == address:
        return Why.NO_TOKENS
    later = _delegation(token, address, mode, after=timepoint)
    return Why.NEVER_DELEGATED if later is None else Why.DELEGATED_LATER


def _sentence(why: Why, label: str, at: str, delegate: str | None, preliminary: bool) -> str:
    when = f"now, before the snapshot ({at})" if preliminary else f"at the snapshot ({at})"
    ask = (
        "To have votes in this proposal, delegate to yourself before the snapshot."
        if preliminary
        else "That counts for later proposals, not for this one."
    )
    advice = (
        "Delegate before the snapshot to vote on this proposal."
        if preliminary
        else "Delegate now to vote on later proposals; for this one it is too late."
    )
    match why:
        case Why.HAS_POWER:
            return f"This is the voting power {when}."
        case Why.DELEGATED_AWAY:
            return (
                f"The votes of this address were delegated to {delegate} {when}, who votes with "
                "them."
            )
        case Why.NEVER_DELEGATED:
            return (
                f"No votes {when}: this address has never delegated. Tokens of {label} count only "
                f"once they are delegated, your own to yourself included. {advice}"
            )
        case Why.DELEGATED_LATER:
            return f"No votes {when}: this address got votes by a delegation after it. {ask}"
        case Why.GAINED_LATER:
            return (
                f"No votes {when}: this address had delegated to itself, but got its tokens or "
                f"delegations after it. {ask}"
            )
        case Why.LOST_BEFORE:
            return (
                f"No votes {when}: this address had some before, but its tokens or delegations "
                "were gone by then."
            )
        case Why.NO_TOKENS:
            return (
                f"No votes {when}: this address has delegated to itself, but holds no {label}, and "
                "nobody delegates to it."
            )


def _column(mode: ClockMode) -> str:
    return "timestamp" if mode is ClockMode.TIMESTAMP else "block_number"


def _key(row: Checkpoint, mode: ClockMode) -> int:
    return row.timestamp if mode is ClockMode.TIMESTAMP else row.block_number


def _checkpoints(
    token: Contract,
    address: str,
    mode: ClockMode,
    *,
    upto: int | None = None,
    after: int | None = None,
) -> QuerySet[Checkpoint]:
    column = _column(mode)
    rows = Checkpoint.objects.filter(contract=token, delegate=address)
    if upto is not None:
        rows = rows.filter(**{f"{column}__lte": upto})
    if after is not None:
        rows = rows.filter(**{f"{column}__gt": after})
    # Named in full, so that the index on the token's clock serves the order, too.
    order = ["-block_number", "-log_index"]
    return rows.order_by(*(["-timestamp", *order] if mode is ClockMode.TIMESTAMP else order))


def _delegation(
    token: Contract,
    address: str,
    mode: ClockMode,
    *,
    upto: int | None = None,
    after: int | None = None,
) -> Delegation | None:
    column = _column(mode)
    rows = Delegation.objects.filter(contract=token, delegator=address)
    if upto is not None:
        rows = rows.filter(**{f"{column}__lte": upto})
    if after is not None:
        rows = rows.filter(**{f"{column}__gt": after})
    return rows.order_by("-block_number", "-log_index").first()

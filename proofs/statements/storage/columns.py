"""Powers and receipts of many voters from proven words: the batch path of `tokens` and `counting`.

Everything is in columns, a voter a row: addresses of 20 bytes, words and amounts of 32, the highest
byte first. Histories that are mappings (COMP, dYdX) and whatever does not hold take the plain path,
which words every refusal. Importing this module loads numpy, hashing loads numba (`keccak_batch`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...inputs import unsigned
from ...keccak_batch import keccak256_rows
from ...refusals import (
    BatchRefused,
    FutureLookup,
    Refusal,
    UnknownLayout,
    WrongCheckpoint,
    WrongLength,
)
from .counting import CountingForm, CountingLayout, proven_receipt
from .slots import mapping_slot, offset_slot
from .tokens import TokenLayout, proven_power

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_SLOTS = 1 << 256


class Places(NamedTuple):
    """Voters, the lengths of their histories and the index that is in force, -1 for none yet: the
    prover's word, as in `histories.proven_value`."""

    voters: Bytes
    lengths: Numbers
    indices: Numbers


class Slots(NamedTuple):
    """Slots, voter by voter: those of voter i are ``slots[first[i]:first[i + 1]]``."""

    slots: list[int]
    first: Numbers


class Receipts(NamedTuple):
    """What the governor keeps of voters; None for what it does not keep."""

    voted: Flags
    supports: Bytes | None = None
    weights: Bytes | None = None


def power_slots(layout: TokenLayout, places: Places) -> Slots:
    """The slots of `TokenLayout.power_slots`, voter by voter. Raises WrongCheckpoint."""
    voters, lengths, indices = places
    if (lengths < 0).any() or (indices < -1).any() or (indices >= np.maximum(lengths, 0)).any():
        raise WrongCheckpoint("A checkpoint lies outside of its history.")
    firsts = indices + (indices < 0)
    ends = np.minimum(indices + 2, lengths)
    if layout.counts is not None or layout.balances is not None:
        listed = [
            layout.power_slots(voter.tobytes(), length, None if index < 0 else index)
            for voter, length, index in zip(voters, lengths.tolist(), indices.tolist(), strict=True)
        ]
        return Slots([slot for own in listed for slot in own], _starts(list(map(len, listed))))
    own = _entries(layout.checkpoints, voters)
    elements = keccak256_rows(own.reshape(-1), np.arange(len(own) + 1) * 32)
    slots: list[int] = []
    for length_slot, start, first, end in zip(
        _ints(own), _ints(elements), firsts.tolist(), ends.tolist(), strict=True
    ):
        slots.append(length_slot)
        slots += [(start + index) % _SLOTS for index in range(first, end)]
    return Slots(slots, _starts(1 + ends - firsts))


def proven_powers(
    layout: TokenLayout, places: Places, asked: Slots, words: bytes, *, timepoint: int, clock: int
) -> Bytes:
    """`tokens.proven_power` of each voter, 32 bytes a row; ``words`` has the proven 32 bytes of
    each slot of ``asked``, joined, which are those of `power_slots`.

    Raises BatchRefused: items are voters by position, refused as by `proven_power`, or with
    WrongCheckpoint where the length is another than said; `answers` has the powers of all others.
    Raises FutureLookup, WrongLength, NotAnInteger, OutOfRange.
    """
    unsigned("timepoint", timepoint)
    if timepoint >= unsigned("clock", clock):
        raise FutureLookup(
            f"Timepoint {timepoint} is not past yet: the clock stands at {clock}.",
            timepoint=timepoint,
            clock=clock,
        )
    if len(words) != 32 * len(asked.slots):
        raise WrongLength("There are not as many words as slots.", bytes=len(words))
    rows = np.frombuffer(words, np.uint8).reshape(-1, 32)
    starts, (voters, lengths, indices) = asked.first[:-1], places
    held, more = indices >= 0, indices + 1 < lengths
    fits = _equal(rows[starts], lengths)
    powers = np.zeros((len(voters), 32), np.uint8)
    key_bytes, value_bytes = layout.kind.key_bits // 8, layout.kind.value_bits // 8
    unused = 32 - key_bytes - value_bytes
    if key_bytes > 8 or layout.balances is not None:
        fits[:] = False
    else:
        current = rows[starts[held] + 1]
        powers[held, 32 - value_bytes :] = current[:, unused : 32 - key_bytes]
        fits[held] &= (_keys(current, key_bytes) <= timepoint) & ~current[:, :unused].any(axis=1)
        following = rows[(starts + 1 + held)[more]]
        fits[more] &= (_keys(following, key_bytes) > timepoint) & ~following[:, :unused].any(axis=1)
    refusals: dict[int, Refusal] = {}
    for at in np.flatnonzero(~fits).tolist():
        try:
            own = slice(asked.first[at], asked.first[at + 1])
            found = proven_power(
                layout,
                dict(zip(asked.slots[own], [row.tobytes() for row in rows[own]], strict=True)),
                voters[at].tobytes(),
                timepoint=timepoint,
                clock=clock,
                index=int(indices[at]) if held[at] else None,
            )
            if found.length != lengths[at]:
                raise WrongCheckpoint(
                    f"The history has {found.length} checkpoints, not {lengths[at]}.",
                    length=found.length,
                )
        except Refusal as refusal:
            refusals[at] = refusal
        else:
            powers[at] = np.frombuffer(found.value.to_bytes(32, "big"), np.uint8)
    if refusals:
        raise BatchRefused(
            refusals,
            {at: power.tobytes() for at, power in enumerate(powers) if at not in refusals},
        )
    return powers


def receipt_slots(layout: CountingLayout, proposal_id: int, voters: Bytes) -> list[int]:
    """The slot of `CountingLayout.receipt_slot` for each voter. Raises as that."""
    base = mapping_slot(layout.slot, unsigned("proposal id", proposal_id))
    return _ints(_entries(offset_slot(base, layout.form.receipts), voters))


def proven_receipts(
    layout: CountingLayout, proposal_id: int, voters: Bytes, slots: list[int], words: bytes
) -> Receipts:
    """`counting.proven_receipt` of each voter, from the proven words of `receipt_slots`, joined.

    Raises BatchRefused: items are voters by position, refused as by `proven_receipt`, without
    answers. Raises WrongLength; UnknownLayout for overridable counting, whose receipts hold more.
    """
    if len(words) != 32 * len(voters) or len(slots) != len(voters):
        raise WrongLength("There are not as many words as voters.", bytes=len(words))
    rows = np.frombuffer(words, np.uint8).reshape(-1, 32)
    if layout.form is CountingForm.OVERRIDABLE:
        raise UnknownLayout("Receipts of overridable counting are read one by one.")
    if layout.form is CountingForm.FRACTIONAL:
        return Receipts((rows != 0).any(axis=1), weights=rows)
    kept = 1 if layout.form is CountingForm.SIMPLE else 14
    odd = (rows[:, 31] > 1) | rows[:, : 32 - kept].any(axis=1)
    if odd.any():
        refusals: dict[int, Refusal] = {}
        for at in np.flatnonzero(odd).tolist():
            try:
                known = {slots[at]: rows[at].tobytes()}
                proven_receipt(layout, known, proposal_id, voters[at].tobytes())
            except Refusal as refusal:
                refusals[at] = refusal
        raise BatchRefused(refusals, {})
    voted = rows[:, 31] == 1
    if layout.form is CountingForm.SIMPLE:
        return Receipts(voted)
    weights = np.zeros_like(rows)
    weights[:, 20:] = rows[:, 18:30]
    return Receipts(voted, rows[:, 30], weights)


def _entries(base: int, voters: Bytes) -> Bytes:
    """Slots of the entries of voters in the mapping at slot ``base``, 32 bytes a row."""
    keys = np.zeros((len(voters), 64), np.uint8)
    keys[:, 12:32] = voters
    keys[:, 32:] = np.frombuffer(base.to_bytes(32, "big"), np.uint8)
    return keccak256_rows(keys.reshape(-1), np.arange(len(voters) + 1) * 64)


def _ints(rows: Bytes) -> list[int]:
    data = rows.tobytes()
    return [int.from_bytes(data[at : at + 32], "big") for at in range(0, len(data), 32)]


def _starts(counts: list[int] | Numbers) -> Numbers:
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def _equal(rows: Bytes, numbers: Numbers) -> Flags:
    """Whether words are these numbers, which are not negative."""
    parts = np.ascontiguousarray(rows).view(">u8")
    found: Flags = (parts[:, 3] == numbers.astype(np.uint64)) & ~parts[:, :3].any(axis=1)
    return found


def _keys(rows: Bytes, width: int) -> Numbers:
    """The keys of checkpoints, their last ``width`` bytes, up to 8."""
    padded = np.zeros((len(rows), 8), np.uint8)
    padded[:, 8 - width :] = rows[:, 32 - width :]
    found: Numbers = padded.view(">u8")[:, 0].astype(np.uint64)
    return found

"""Powers and receipts in columns are those read one by one, also where words are wrong."""

from __future__ import annotations

import numpy as np
import pytest
from contract_storage import Storage, write_counted, write_trace
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofs.refusals import (
    BatchRefused,
    FutureLookup,
    OutOfRange,
    Refusal,
    UnknownLayout,
    WrongCheckpoint,
    WrongLength,
)
from proofs.statements.storage import columns
from proofs.statements.storage.columns import Places, Slots
from proofs.statements.storage.counting import (
    CountingForm,
    CountingLayout,
    Receipt,
    proven_receipt,
)
from proofs.statements.storage.tokens import (
    OZ5_PROXIED_TOKEN,
    TokenLayout,
    comp_token,
    dydx_token,
    oz4_token,
    proven_power,
)

# The first batch of a process loads, or even compiles, the loop that hashes.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOW, SNAPSHOT = 1_000, 500
LAYOUTS = {
    "oz5": OZ5_PROXIED_TOKEN,
    "oz4": oz4_token(),
    "comp": comp_token(),
    "dydx": dydx_token(),
}
HISTORIES = st.dictionaries(
    st.binary(min_size=20, max_size=20),
    st.lists(st.tuples(st.integers(1, NOW), st.integers(0, 2**96 - 1)), max_size=5).map(
        lambda pairs: sorted(dict(pairs).items())
    ),
    max_size=6,
)


def stored(layout: TokenLayout, histories: dict[bytes, list[tuple[int, int]]]) -> Storage:
    storage: Storage = {}
    for voter, pairs in histories.items():
        history = layout.history_of(voter)
        if history.elements is None:
            write_trace(storage, history.length_slot, pairs, layout.kind.key_bits)
        else:
            write_counted(
                storage, history.elements, history.length_slot, pairs, layout.kind.key_bits
            )
    return storage


def places_of(histories: dict[bytes, list[tuple[int, int]]]) -> Places:
    before = [sum(key <= SNAPSHOT for key, _ in pairs) for pairs in histories.values()]
    return Places(
        np.frombuffer(b"".join(histories), np.uint8).reshape(-1, 20),
        np.array([len(pairs) for pairs in histories.values()], np.int64),
        np.array(before, np.int64) - 1,
    )


def plainly(
    layout: TokenLayout, places: Places, asked: Slots, words: list[bytes]
) -> dict[int, int | type[Refusal]]:
    found: dict[int, int | type[Refusal]] = {}
    for at, (voter, length, index) in enumerate(
        zip(places.voters, places.lengths.tolist(), places.indices.tolist(), strict=True)
    ):
        own = slice(asked.first[at], asked.first[at + 1])
        known = dict(zip(asked.slots[own], words[own], strict=True))
        try:
            power = proven_power(
                layout,
                known,
                voter.tobytes(),
                timepoint=SNAPSHOT,
                clock=NOW,
                index=None if index < 0 else index,
            )
            found[at] = power.value if power.length == length else WrongCheckpoint
        except Refusal as refusal:
            found[at] = type(refusal)
    return found


def in_columns(
    layout: TokenLayout, places: Places, asked: Slots, words: list[bytes]
) -> dict[int, int | type[Refusal]]:
    try:
        rows = columns.proven_powers(
            layout, places, asked, b"".join(words), timepoint=SNAPSHOT, clock=NOW
        )
    except BatchRefused as batch:
        good = {at: int.from_bytes(power, "big") for at, power in batch.answers.items()}
        return good | {at: type(refusal) for at, refusal in batch.refusals.items()}
    return {at: int.from_bytes(row.tobytes(), "big") for at, row in enumerate(rows)}


@PATIENT
@given(st.sampled_from(sorted(LAYOUTS)), HISTORIES, st.data())
def test_powers_are_read_alike(
    name: str, histories: dict[bytes, list[tuple[int, int]]], data: st.DataObject
) -> None:
    """Right places, then wrong ones, then words of which bits were changed."""
    layout = LAYOUTS[name]
    storage, places = stored(layout, histories), places_of(histories)
    asked = columns.power_slots(layout, places)
    listed = [
        layout.power_slots(voter.tobytes(), length, None if index < 0 else index)
        for voter, length, index in zip(
            places.voters, places.lengths.tolist(), places.indices.tolist(), strict=True
        )
    ]
    assert asked.slots == [slot for own in listed for slot in own]
    assert np.diff(asked.first).tolist() == list(map(len, listed))
    words = [storage.get(slot, bytes(32)) for slot in asked.slots]
    right = in_columns(layout, places, asked, words)
    assert right == plainly(layout, places, asked, words)
    assert right == {
        at: next((value for key, value in reversed(pairs) if key <= SNAPSHOT), 0)
        for at, pairs in enumerate(histories.values())
    }
    if not histories:
        return
    lengths = np.array([data.draw(st.integers(0, 6)) for _ in histories], np.int64)
    indices = np.array(
        [data.draw(st.integers(-1, length - 1)) for length in lengths.tolist()], np.int64
    )
    claimed = Places(places.voters, lengths, indices)
    others = columns.power_slots(layout, claimed)
    words = [storage.get(slot, bytes(32)) for slot in others.slots]
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, len(words) - 1))
        changed = bytearray(words[at])
        changed[data.draw(st.integers(0, 31))] ^= data.draw(st.integers(1, 255))
        words[at] = bytes(changed)
    assert in_columns(layout, claimed, others, words) == plainly(layout, claimed, others, words)


def test_places_and_timepoints_that_cannot_be_are_refused() -> None:
    layout, voter = OZ5_PROXIED_TOKEN, np.zeros((1, 20), np.uint8)

    def places(length: int, index: int) -> Places:
        return Places(voter, np.array([length]), np.array([index]))

    for length, index in ((1, 1), (0, 0), (-1, -1), (1, -2)):
        with pytest.raises(WrongCheckpoint):
            columns.power_slots(layout, places(length, index))
    asked = columns.power_slots(layout, places(0, -1))
    with pytest.raises(FutureLookup):
        columns.proven_powers(layout, places(0, -1), asked, bytes(32), timepoint=5, clock=5)
    with pytest.raises(OutOfRange, match="timepoint"):
        columns.proven_powers(layout, places(0, -1), asked, bytes(32), timepoint=-1, clock=6)
    with pytest.raises(WrongLength):
        columns.proven_powers(layout, places(0, -1), asked, b"", timepoint=5, clock=6)


FORMS = [form for form in CountingForm if form is not CountingForm.OVERRIDABLE]
WORDS = st.one_of(
    st.integers(0, 3),
    st.builds(
        lambda voted, support, weight: voted | support << 8 | weight << 16,
        st.integers(0, 1),
        st.integers(0, 2),
        st.integers(0, 2**96 - 1),
    ),
    st.integers(0, 2**256 - 1),
)


@PATIENT
@given(
    st.sampled_from(FORMS),
    st.dictionaries(st.binary(min_size=20, max_size=20), WORDS, min_size=1, max_size=5),
)
def test_receipts_are_read_alike(form: CountingForm, kept: dict[bytes, int]) -> None:
    layout, proposal = CountingLayout(form, 11), 2**255 + 3
    voters = np.frombuffer(b"".join(kept), np.uint8).reshape(-1, 20)
    slots = columns.receipt_slots(layout, proposal, voters)
    assert slots == [layout.receipt_slot(proposal, voter) for voter in kept]
    words = [value.to_bytes(32, "big") for value in kept.values()]
    plain: dict[int, Receipt] = {}
    refused: dict[int, type[Refusal]] = {}
    for at, (voter, slot, word) in enumerate(zip(kept, slots, words, strict=True)):
        try:
            plain[at] = proven_receipt(layout, {slot: word}, proposal, voter)
        except Refusal as refusal:
            refused[at] = type(refusal)
    if refused:
        with pytest.raises(BatchRefused) as batch:
            columns.proven_receipts(layout, proposal, voters, slots, b"".join(words))
        assert {at: type(why) for at, why in batch.value.refusals.items()} == refused
        return
    found = columns.proven_receipts(layout, proposal, voters, slots, b"".join(words))
    for at, receipt in plain.items():
        assert found.voted[at] == receipt.voted
        if receipt.support is not None:
            assert found.supports is not None
            assert found.supports[at] == receipt.support
        if receipt.weight is not None:
            assert found.weights is not None
            assert int.from_bytes(found.weights[at].tobytes(), "big") == receipt.weight


def test_receipts_that_hold_more_are_left_to_the_plain_path() -> None:
    voters, layout = np.zeros((1, 20), np.uint8), CountingLayout(CountingForm.OVERRIDABLE, 0)
    with pytest.raises(UnknownLayout):
        columns.proven_receipts(layout, 1, voters, [1], bytes(32))
    with pytest.raises(WrongLength):
        columns.proven_receipts(layout, 1, voters, [1], b"")

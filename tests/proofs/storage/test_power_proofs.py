"""Power at a timepoint from words of any later root: every witness but the right one is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from contract_storage import Storage, entry, put, write_counted, write_trace
from hypothesis import given
from hypothesis import strategies as st

from proofs.refusals import (
    FutureLookup,
    ImpossibleWord,
    OutOfRange,
    Refusal,
    UnknownLayout,
    UnprovenSlot,
    UnusedWord,
    WrongCheckpoint,
)
from proofs.statements.power import Checkpoints
from proofs.statements.storage.tokens import (
    OZ4_PROXIED_TOKEN,
    OZ5_PROXIED_TOKEN,
    TokenLayout,
    comp_token,
    dydx_token,
    oz4_token,
    oz5_token,
    proven_power,
    proven_supply,
)
from proofs.statements.storage.words import require_no_other

ANN, BEN = b"\xaa" * 20, b"\xbb" * 20
NOW = 1_000
VOTES_NAMESPACE = 0xE8B26C30FAD74198956032A3533D903385D56DD795AF560196F9C78D4AF40D00

Pairs = list[tuple[int, int]]


def traced(slot: int, key_bits: int) -> Callable[[Storage, Pairs], None]:
    return lambda storage, pairs: write_trace(storage, entry(slot, ANN), pairs, key_bits)


def counted(elements: int, count: int, key_bits: int) -> Callable[[Storage, Pairs], None]:
    return lambda storage, pairs: write_counted(
        storage, entry(elements, ANN), entry(count, ANN), pairs, key_bits
    )


TOKENS = {
    "oz5": (oz5_token(), traced(9, 48)),
    "oz5 proxied": (OZ5_PROXIED_TOKEN, traced(VOTES_NAMESPACE + 1, 48)),
    "oz4": (oz4_token(), traced(10, 32)),
    "oz4 proxied": (OZ4_PROXIED_TOKEN, traced(205, 32)),
    "comp": (comp_token(), counted(3, 4, 32)),
    "dydx": (dydx_token(), counted(7, 8, 128)),
    "dydx proposing": (dydx_token(10, 11), counted(10, 11, 128)),
}
tokens = pytest.mark.parametrize(("layout", "write"), TOKENS.values(), ids=TOKENS.keys())

histories = st.dictionaries(st.integers(1, 60), st.integers(0, 2**96 - 1), max_size=6).map(
    lambda pairs: sorted(pairs.items())
)


def stored(write: Callable[[Storage, Pairs], None], pairs: Pairs) -> Storage:
    storage: Storage = {}
    write(storage, pairs)
    put(storage, entry(0, ANN), 77)
    return storage


def in_force(pairs: Pairs, timepoint: int) -> int | None:
    before = [index for index, (key, _) in enumerate(pairs) if key <= timepoint]
    return before[-1] if before else None


@tokens
@given(pairs=histories, timepoint=st.integers(0, 70))
def test_the_named_slots_suffice_and_give_what_the_contract_would(
    layout: TokenLayout, write, pairs: Pairs, timepoint: int
) -> None:
    storage = stored(write, pairs)
    index = in_force(pairs, timepoint)
    slots = layout.power_slots(ANN, len(pairs), index)
    assert len(slots) <= 3
    words = {slot: storage[slot] for slot in slots}
    found = proven_power(layout, words, ANN, timepoint=timepoint, clock=NOW, index=index)
    implicit = 77 if layout.balances is not None and not pairs else 0
    assert found.value == Checkpoints.of(pairs).lookup(timepoint) + implicit
    assert (found.length, found.index, found.timepoint) == (len(pairs), index, timepoint)
    require_no_other(words, slots)


@tokens
@given(pairs=histories, timepoint=st.integers(0, 70), claimed=st.none() | st.integers(0, 7))
def test_every_other_index_is_refused_whatever_is_proven(
    layout: TokenLayout, write, pairs: Pairs, timepoint: int, claimed: int | None
) -> None:
    storage = stored(write, pairs)
    if claimed == in_force(pairs, timepoint):
        return
    with pytest.raises(WrongCheckpoint):
        proven_power(layout, storage, ANN, timepoint=timepoint, clock=NOW, index=claimed)


@tokens
def test_without_any_one_of_the_slots_nothing_follows(layout: TokenLayout, write) -> None:
    pairs = [(10, 100), (20, 50), (30, 7)]
    storage = stored(write, pairs)
    for timepoint in (5, 10, 25, 30):
        index = in_force(pairs, timepoint)
        slots = layout.power_slots(ANN, 3, index)
        for left_out in slots:
            words = {slot: storage[slot] for slot in slots if slot != left_out}
            with pytest.raises(UnprovenSlot) as refused:
                proven_power(layout, words, ANN, timepoint=timepoint, clock=NOW, index=index)
            assert refused.value.facts["slot"] == left_out


@tokens
def test_words_of_somebody_else_say_nothing(layout: TokenLayout, write) -> None:
    storage = stored(write, [(10, 100)])
    with pytest.raises(UnprovenSlot):
        proven_power(layout, storage, BEN, timepoint=15, clock=NOW, index=0)


def test_a_shorter_history_does_not_hide_a_later_checkpoint() -> None:
    # The prover claims that the first checkpoint is the last; the length is proven, so it is not.
    storage = stored(TOKENS["oz5"][1], [(10, 100), (20, 5)])
    words = {slot: storage[slot] for slot in oz5_token().power_slots(ANN, 1, 0)}
    with pytest.raises(UnprovenSlot, match="Checkpoint 1"):
        proven_power(oz5_token(), words, ANN, timepoint=30, clock=NOW, index=0)


@pytest.mark.parametrize("clock", [30, 29, 0])
def test_the_present_timepoint_may_still_change(clock: int) -> None:
    # On Arbitrum many blocks share one number: a later block is not yet a later timepoint.
    storage = stored(TOKENS["oz5"][1], [(10, 100)])
    with pytest.raises(FutureLookup):
        proven_power(oz5_token(), storage, ANN, timepoint=30, clock=clock, index=0)
    assert proven_power(oz5_token(), storage, ANN, timepoint=30, clock=31, index=0).value == 100
    with pytest.raises(OutOfRange, match="timepoint"):
        proven_power(oz5_token(), storage, ANN, timepoint=-1, clock=31, index=0)


def test_words_that_the_token_cannot_have_written_are_refused() -> None:
    storage = stored(TOKENS["comp"][1], [(10, 100)])
    slots = comp_token().power_slots(ANN, 1, 0)
    for slot, value in ((slots[0], 2**32), (slots[1], 10 | 2**96 << 32)):
        broken = dict(storage)
        put(broken, slot, value)
        with pytest.raises(ImpossibleWord):
            proven_power(comp_token(), broken, ANN, timepoint=15, clock=NOW, index=0)


def test_a_word_must_be_a_word() -> None:
    storage = stored(TOKENS["oz5"][1], [(10, 100)])
    slot = oz5_token().power_slots(ANN, 1, 0)[1]
    with pytest.raises(Refusal, match="32 bytes"):
        proven_power(oz5_token(), storage | {slot: b"\x01"}, ANN, timepoint=15, clock=NOW, index=0)


def test_a_history_has_a_length_and_only_the_parts_of_its_token() -> None:
    with pytest.raises(OutOfRange, match="length"):
        oz5_token().supply_history().slots(-1, None)
    for history in (oz5_token().units_of, oz5_token().delegations_of):
        with pytest.raises(UnknownLayout, match="keeps no history"):
            history(ANN)


def test_a_balance_is_power_only_without_any_checkpoint() -> None:
    layout = dydx_token()
    storage = stored(TOKENS["dydx"][1], [])
    assert proven_power(layout, storage, ANN, timepoint=5, clock=NOW, index=None).value == 77
    storage = stored(TOKENS["dydx"][1], [(10, 3)])
    assert proven_power(layout, storage, ANN, timepoint=5, clock=NOW, index=None).value == 0
    assert layout.balance_slot(ANN) not in layout.power_slots(ANN, 1, None)
    put(storage, entry(8, ANN), 0)
    del storage[entry(0, ANN)]
    with pytest.raises(UnprovenSlot, match="balance"):
        proven_power(layout, storage, ANN, timepoint=5, clock=NOW, index=None)


def test_the_supply_has_a_history_of_its_own() -> None:
    pairs = [(10, 1_000), (20, 2_000)]
    for layout, write in (
        (oz5_token(), lambda storage: write_trace(storage, 10, pairs, 48)),
        (oz4_token(), lambda storage: write_trace(storage, 11, pairs, 32)),
        (dydx_token(), lambda storage: write_counted(storage, 13, 14, pairs, 128)),
    ):
        storage: Storage = {}
        write(storage)
        assert layout.supply_history().slots(2, 0) == tuple(storage)
        assert proven_supply(layout, storage, timepoint=15, clock=NOW, index=0).value == 1_000
    with pytest.raises(UnknownLayout):
        comp_token().supply_history()


def test_words_that_nothing_asks_for_are_refused() -> None:
    with pytest.raises(UnusedWord) as refused:
        require_no_other({3: bytes(32), 9: bytes(32), 5: bytes(32)}, [9])
    assert refused.value.facts == {"slot": 3, "count": 2}

"""Voting power at a timepoint, against the contracts' own searches."""

from __future__ import annotations

from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.refusals import FutureLookup, NotAnInteger, OutOfRange, UnorderedCheckpoints
from proofs.statements.power import (
    CheckpointKind,
    Checkpoints,
    prior_votes,
    total_supply_at,
    votes_at,
)

histories = st.dictionaries(st.integers(0, 300), st.integers(0, 2**96 - 1), max_size=40).map(
    lambda pairs: sorted(pairs.items())
)


def brute_force(pairs: list[tuple[int, int]], timepoint: int) -> int:
    return next((value for key, value in reversed(pairs) if key <= timepoint), 0)


def oz_search(pairs: list[tuple[int, int]], timepoint: int) -> int:
    """The recent-first search of OpenZeppelin's checkpoints, step for step."""
    low, high = 0, len(pairs)
    if high > 5:
        middle = high - isqrt(high)
        low, high = (low, middle) if timepoint < pairs[middle][0] else (middle + 1, high)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if pairs[middle][0] > timepoint else (middle + 1, high)
    return pairs[high - 1][1] if high else 0


def comp_search(pairs: list[tuple[int, int]], block: int) -> int:
    """The search of COMP's getPriorVotes, step for step."""
    if not pairs:
        return 0
    if pairs[-1][0] <= block:
        return pairs[-1][1]
    if pairs[0][0] > block:
        return 0
    lower, upper = 0, len(pairs) - 1
    while upper > lower:
        center = upper - (upper - lower) // 2
        if pairs[center][0] == block:
            return pairs[center][1]
        lower, upper = (center, upper) if pairs[center][0] < block else (lower, center - 1)
    return pairs[lower][1]


@given(histories, st.integers(0, 320))
def test_every_lookup_agrees_with_the_contracts_searches(pairs, timepoint) -> None:
    expected = brute_force(pairs, timepoint)
    assert oz_search(pairs, timepoint) == comp_search(pairs, timepoint) == expected
    history = Checkpoints.of(pairs)
    assert history.lookup(timepoint) == expected
    assert votes_at(history, timepoint, timepoint + 1) == expected
    assert total_supply_at(history, timepoint, timepoint + 9) == expected
    comp = Checkpoints.of(pairs, CheckpointKind.COMP)
    assert prior_votes(comp, timepoint, timepoint + 1) == expected


def test_power_starts_at_zero_and_holds_until_it_changes() -> None:
    history = Checkpoints.of([(10, 100), (20, 0), (30, 7)])
    assert [votes_at(history, at, 99) for at in (0, 9, 10, 19, 20, 29, 30, 98)] == [
        *(0, 0, 100, 100, 0, 0, 7, 7)
    ]
    assert votes_at(Checkpoints.of([]), 5, 6) == 0


@pytest.mark.parametrize("timepoint", [50, 51, 2**48])
def test_the_present_and_the_future_are_refused(timepoint: int) -> None:
    history = Checkpoints.of([(10, 100)])
    for lookup in (votes_at, prior_votes, total_supply_at):
        with pytest.raises(FutureLookup) as refused:
            lookup(history, timepoint, 50)
        assert refused.value.facts == {"timepoint": timepoint, "clock": 50}


@pytest.mark.parametrize("pairs", [[(5, 1), (5, 2)], [(5, 1), (4, 2)], [(1, 0), (9, 0), (3, 0)]])
def test_a_history_out_of_order_is_refused(pairs) -> None:
    with pytest.raises(UnorderedCheckpoints):
        Checkpoints.of(pairs)


@pytest.mark.parametrize(
    ("kind", "key_bits", "value_bits"),
    [
        (CheckpointKind.OZ5, 48, 208),
        (CheckpointKind.OZ4, 32, 224),
        (CheckpointKind.COMP, 32, 96),
    ],
)
def test_a_checkpoint_must_fit_its_words(kind, key_bits, value_bits) -> None:
    widest = (2**key_bits - 1, 2**value_bits - 1)
    assert Checkpoints.of([widest], kind).lookup(2**key_bits) == widest[1]
    with pytest.raises(OutOfRange):
        Checkpoints.of([(2**key_bits, 0)], kind)
    with pytest.raises(OutOfRange):
        Checkpoints.of([(0, 2**value_bits)], kind)
    with pytest.raises(OutOfRange):
        Checkpoints.of([(-1, 0)], kind)
    with pytest.raises(NotAnInteger):
        Checkpoints.of([(0, 1.0)], kind)


def test_a_lookup_refuses_what_is_not_a_timepoint() -> None:
    history = Checkpoints.of([(10, 100)])
    with pytest.raises(OutOfRange):
        history.lookup(-1)
    with pytest.raises(NotAnInteger):
        votes_at(history, 5, "9")  # type: ignore[arg-type]
    with pytest.raises(NotAnInteger, match="timepoint"):
        votes_at(history, "5", 9)  # type: ignore[arg-type]

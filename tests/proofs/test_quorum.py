"""Quorum: whose votes count, how many are needed, and what is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.refusals import InvalidFraction, NotAnInteger, OutOfRange, UnknownCountingMode
from proofs.statements.quorum import (
    BRAVO,
    CountingMode,
    FixedQuorum,
    FractionQuorum,
    check_quorum,
    counted_votes,
    parse_counting_mode,
    vote_succeeded,
)
from proofs.statements.tally import Bucket, Counting, Tally

FOR = frozenset({Bucket.FOR})
FOR_ABSTAIN = frozenset({Bucket.FOR, Bucket.ABSTAIN})
votes = st.integers(0, 2**200)
tallies = st.builds(Tally, against=votes, for_=votes, abstain=votes)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (
            "support=bravo&quorum=for,abstain",
            CountingMode(counting=Counting.SIMPLE, buckets=FOR_ABSTAIN),
        ),
        ("support=bravo&quorum=bravo", CountingMode(counting=Counting.SIMPLE, buckets=FOR)),
        ("support=bravo&quorum=for", CountingMode(counting=Counting.SIMPLE, buckets=FOR)),
        (
            "support=bravo&quorum=against,for,abstain",
            CountingMode(counting=Counting.SIMPLE, buckets=frozenset(Bucket)),
        ),
        (
            "support=bravo,fractional&quorum=for,abstain&params=fractional",
            CountingMode(counting=Counting.FRACTIONAL, buckets=FOR_ABSTAIN),
        ),
        (
            "support=bravo,override&quorum=for,abstain&overridable=true",
            CountingMode(counting=Counting.SIMPLE, buckets=FOR_ABSTAIN, overridable=True),
        ),
    ],
)
def test_the_counting_modes_in_use_are_read(text: str, mode: CountingMode) -> None:
    assert parse_counting_mode(text) == mode


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "support"),
        ("quorum=for", "support"),
        ("support=&quorum=for", "support"),
        ("support=fractional&quorum=for&params=fractional", "support"),
        ("support=bravo,ranked&quorum=for", "support"),
        ("support=bravo", "quorum"),
        ("support=bravo&quorum=", "quorum"),
        ("support=bravo&quorum=yes", "quorum"),
        ("support=bravo&quorum=bravo,abstain", "quorum"),
        ("support=bravo&quorum=for&quorum=abstain", "quorum=abstain"),
        ("support=bravo&quorum=for&params=modules", "params"),
        ("support=bravo&quorum=for&params=fractional", "params"),
        ("support=bravo,fractional&quorum=for", "params"),
        ("support=bravo,override&quorum=for", "overridable"),
        ("support=bravo&quorum=for&overridable=true", "overridable"),
        ("support=bravo&quorum=for&weight=square", "weight"),
    ],
)
def test_a_word_that_could_change_the_count_is_refused(text: str, part: str) -> None:
    with pytest.raises(UnknownCountingMode) as refused:
        parse_counting_mode(text)
    assert refused.value.facts == {"counting_mode": text, "part": part}


def test_bravo_counts_for_votes_alone() -> None:
    assert BRAVO.counting is Counting.BRAVO
    assert counted_votes(Tally(against=5, for_=7, abstain=11), BRAVO.buckets) == 7


def test_abstentions_bring_quorum_where_the_governor_says_so() -> None:
    tally = Tally(against=50, for_=30, abstain=20)
    basis = FixedQuorum(votes=40)
    missing = check_quorum(tally, FOR, basis)
    assert (missing.counted, missing.needed, missing.missing) == (30, 40, 10)
    assert not missing.reached
    there = check_quorum(tally, FOR_ABSTAIN, basis)
    assert (there.counted, there.missing, there.reached) == (50, 0, True)
    assert there.basis is basis


def test_quorum_is_reached_by_exactly_the_votes_needed() -> None:
    basis = FixedQuorum(votes=10)
    assert check_quorum(Tally(for_=10), FOR, basis).reached
    assert not check_quorum(Tally(for_=9), FOR, basis).reached
    assert check_quorum(Tally(), FOR, FixedQuorum(votes=0)).reached


@pytest.mark.parametrize(
    ("supply", "numerator", "denominator", "needed"),
    [
        (1_000, 4, 100, 40),
        (1_024, 4, 100, 40),
        (24, 4, 100, 0),
        (1_049, 100, 100, 1_049),
        (10**28 + 33, 300, 10_000, 3 * 10**26),
        (2**256 - 1, 99, 100, (2**256 - 1) * 99 // 100),
        (500, 0, 100, 0),
    ],
)
def test_a_fraction_is_rounded_down_and_never_overflows(
    supply: int, numerator: int, denominator: int, needed: int
) -> None:
    basis = FractionQuorum(supply=supply, numerator=numerator, denominator=denominator)
    assert basis.needed == needed


@pytest.mark.parametrize(("numerator", "denominator"), [(1, 0), (0, 0), (101, 100)])
def test_a_fraction_that_cannot_be_set_is_refused(numerator: int, denominator: int) -> None:
    with pytest.raises(InvalidFraction) as refused:
        FractionQuorum(supply=1, numerator=numerator, denominator=denominator)
    assert refused.value.facts == {"numerator": numerator, "denominator": denominator}


def test_amounts_must_be_whole_and_within_a_word() -> None:
    with pytest.raises(OutOfRange):
        FixedQuorum(votes=-1)
    with pytest.raises(OutOfRange):
        FractionQuorum(supply=2**256, numerator=1)
    with pytest.raises(NotAnInteger):
        FractionQuorum(supply=1, numerator=0.04)  # type: ignore[arg-type]
    with pytest.raises(NotAnInteger, match="denominator"):
        FractionQuorum(supply=1, numerator=4, denominator=100.0)  # type: ignore[arg-type]


def test_a_tie_fails_and_abstentions_do_not_break_it() -> None:
    assert vote_succeeded(Tally(for_=2, against=1))
    assert not vote_succeeded(Tally(for_=2, against=2, abstain=9))
    assert not vote_succeeded(Tally())


@given(tallies, tallies, st.sets(st.sampled_from(Bucket), min_size=1), votes)
def test_more_votes_never_undo_a_quorum(tally, more, buckets, needed) -> None:
    basis, buckets = FixedQuorum(votes=needed), frozenset(buckets)
    before = check_quorum(tally, buckets, basis)
    after = check_quorum(tally + more, buckets, basis)
    assert after.reached or not before.reached
    assert after.missing <= before.missing
    assert before.reached == (before.missing == 0)
    assert before.counted + before.missing >= before.needed
    assert before.counted <= tally.total

"""One event, its shares; many events, the tally."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.refusals import ImpossibleVote, NotAnInteger, NotBytes, OutOfRange, WeightMismatch
from proofs.statements.tally import (
    Bucket,
    Counting,
    Tally,
    pack_split,
    remaining_weight,
    sum_votes,
    vote_shares,
)

uint128 = st.integers(0, 2**128 - 1)
splits = st.builds(Tally, against=uint128, for_=uint128, abstain=uint128)


@pytest.mark.parametrize("counting", list(Counting))
@pytest.mark.parametrize("bucket", list(Bucket))
def test_a_nominal_vote_goes_whole_into_one_bucket(counting: Counting, bucket: Bucket) -> None:
    shares = vote_shares(counting, int(bucket), 70)
    assert [shares[each] for each in Bucket] == [70 if each == bucket else 0 for each in Bucket]
    assert shares.total == 70


def test_a_split_vote_is_read_from_its_three_parts() -> None:
    params = bytes.fromhex("00" * 15 + "0a" + "00" * 15 + "14" + "00" * 15 + "1e")
    shares = vote_shares(Counting.FRACTIONAL, 255, 60, params)
    assert shares == Tally(against=10, for_=20, abstain=30)


def test_a_voter_may_split_first_and_cast_the_rest_nominally() -> None:
    # 100 of power: 10 against and 20 for in one event, the remaining 70 abstain in a second one.
    first = vote_shares(Counting.FRACTIONAL, 255, 30, pack_split(Tally(against=10, for_=20)))
    rest = remaining_weight(100, first.total)
    second = vote_shares(Counting.FRACTIONAL, 2, rest)
    assert first + second == Tally(against=10, for_=20, abstain=70)
    assert remaining_weight(100, (first + second).total) == 0
    assert remaining_weight(100, 130) == 0


def test_simple_counting_ignores_params_but_fractional_counting_never_emits_them() -> None:
    assert vote_shares(Counting.SIMPLE, 1, 5, b"note") == Tally(for_=5)
    with pytest.raises(ImpossibleVote, match="nominal"):
        vote_shares(Counting.FRACTIONAL, 1, 5, b"note")


@pytest.mark.parametrize("counting", list(Counting))
@pytest.mark.parametrize("support", [3, 4, 254])
def test_support_without_a_meaning_is_refused(counting: Counting, support: int) -> None:
    with pytest.raises(ImpossibleVote, match=f"Support {support}"):
        vote_shares(counting, support, 1)


@pytest.mark.parametrize("counting", [Counting.SIMPLE, Counting.BRAVO])
def test_only_fractional_counting_knows_splits(counting: Counting) -> None:
    with pytest.raises(ImpossibleVote, match="Support 255"):
        vote_shares(counting, 255, 3, pack_split(Tally(for_=3)))


@pytest.mark.parametrize("length", [0, 47, 49, 96])
def test_a_split_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ImpossibleVote, match="48 bytes") as refused:
        vote_shares(Counting.FRACTIONAL, 255, 0, bytes(length))
    assert refused.value.facts == {"params_length": length}


@pytest.mark.parametrize("weight", [59, 61])
def test_a_split_that_does_not_add_up_to_its_event_is_refused(weight: int) -> None:
    params = pack_split(Tally(against=10, for_=20, abstain=30))
    with pytest.raises(WeightMismatch) as refused:
        vote_shares(Counting.FRACTIONAL, 255, weight, params)
    assert refused.value.facts == {"parts": 60, "weight": weight}


def test_amounts_that_no_event_can_carry_are_refused() -> None:
    with pytest.raises(OutOfRange):
        vote_shares(Counting.SIMPLE, 1, -1)
    with pytest.raises(OutOfRange):
        vote_shares(Counting.SIMPLE, 1, 2**256)
    with pytest.raises(OutOfRange):
        vote_shares(Counting.BRAVO, 1, 2**96)
    with pytest.raises(OutOfRange):
        vote_shares(Counting.SIMPLE, 256, 1)
    with pytest.raises(NotAnInteger):
        vote_shares(Counting.SIMPLE, True, 1)
    with pytest.raises(NotBytes):
        vote_shares(Counting.FRACTIONAL, 255, 0, "0x")  # type: ignore[arg-type]
    with pytest.raises(OutOfRange):
        pack_split(Tally(for_=2**128))
    with pytest.raises(OutOfRange):
        Tally(against=-1)


@pytest.mark.parametrize("bucket", ["against", "for_", "abstain"])
def test_a_tally_is_whole_and_within_a_word_bucket_by_bucket(bucket: str) -> None:
    for value, refusal in ((-1, OutOfRange), (2**256, OutOfRange), (1.0, NotAnInteger)):
        with pytest.raises(refusal, match=bucket.rstrip("_")):
            Tally(**{bucket: value})


def test_a_tally_beyond_256_bits_is_refused_however_it_is_added() -> None:
    brim = Tally(for_=2**256 - 1)
    assert sum_votes([brim, Tally(against=1)]).total == 2**256
    with pytest.raises(OutOfRange):
        _ = brim + Tally(for_=1)
    with pytest.raises(OutOfRange):
        sum_votes([brim, Tally(for_=1)])


@given(splits)
def test_packing_and_reading_a_split_are_inverse(split: Tally) -> None:
    params = pack_split(split)
    assert len(params) == 48
    assert vote_shares(Counting.FRACTIONAL, 255, split.total, params) == split


@given(st.lists(splits, max_size=30), st.integers(0, 30), st.randoms())
def test_the_tally_does_not_depend_on_order_or_grouping(votes, cut, random) -> None:
    whole = sum_votes(votes)
    assert whole == sum_votes(votes[:cut]) + sum_votes(votes[cut:])
    shuffled = random.sample(votes, len(votes))
    assert sum_votes(shuffled) == whole
    assert whole.total == sum(vote.total for vote in votes)

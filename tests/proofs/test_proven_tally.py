"""A tally is proven when linked votes add up to the governor's own totals, and only then."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.refusals import (
    DuplicateLog,
    ImpossibleVote,
    NotAnInteger,
    OutOfRange,
    WeightMismatch,
    WrongLength,
)
from proofs.statements.proven_tally import (
    AnchorFacts,
    Outcome,
    ProvenTally,
    Said,
    VoterFacts,
    prove_tally,
)
from proofs.statements.storage.counting import Receipt
from proofs.statements.tally import Counting, Tally, pack_split
from proofs.statements.tally_witness import Amounts, Excess, Missing
from proofs.statements.vote_logs import ProvenVote, VoteKind

LINKED, ORPHAN = b"\x01" * 32, b"\x0f" * 32
ANN, BEN, CLEO, DAN = (bytes([tag]) * 20 for tag in (0xA1, 0xB2, 0xC3, 0xD4))


def vote(position: int, voter: bytes, support: int, weight: int, **more: object) -> ProvenVote:
    fields = {"block_hash": LINKED, "transaction": 0, "params": b"", "kind": VoteKind.CAST} | more
    return ProvenVote(position=position, voter=voter, support=support, weight=weight, **fields)


VOTES = [vote(0, ANN, 1, 70), vote(1, BEN, 0, 60), vote(2, CLEO, 2, 50), vote(3, DAN, 1, 5)]
TOTALS = Tally(against=60, for_=75, abstain=50)
POWERS = {ANN: 70, BEN: 60, CLEO: 50, DAN: 5}


def decide(
    votes: list[ProvenVote],
    totals: Tally = TOTALS,
    *,
    counting: Counting = Counting.SIMPLE,
    overridable: bool = False,
    clock: int = 101,
    **voters: dict[bytes, object],
) -> ProvenTally:
    anchor = AnchorFacts(
        block_hash=b"\xaa" * 32,
        clock=clock,
        deadline=100,
        totals=totals,
        counting=counting,
        overridable=overridable,
    )
    return prove_tally(anchor, votes, ancestors={LINKED}, voters=VoterFacts(**voters))


def test_a_clock_and_a_deadline_are_timepoints() -> None:
    known = {"block_hash": LINKED, "totals": TOTALS, "counting": Counting.SIMPLE}
    with pytest.raises(OutOfRange, match="clock"):
        AnchorFacts(clock=-1, deadline=100, **known)
    with pytest.raises(NotAnInteger, match="deadline"):
        AnchorFacts(clock=101, deadline="100", **known)


def test_votes_that_add_up_exactly_are_proven_and_the_rest_is_said() -> None:
    tally = decide(VOTES, powers=POWERS)
    assert tally.outcome is Outcome.PROVEN
    assert tally.closed
    assert (tally.votes, tally.zero_weight, tally.difference) == (4, 0, Amounts())
    assert (tally.unlinked, tally.pending, tally.contradictions) == ((), (), ())
    assert tally.witness is None
    assert tally.said == {Said.ZERO_WEIGHT_VOTES, Said.NO_UPGRADE_BETWEEN, Said.MEANING_OF_CODE}


def test_while_voting_runs_a_tally_is_proven_for_its_anchor_only() -> None:
    tally = decide(VOTES, clock=100, powers=POWERS)
    assert (tally.outcome, tally.closed) == (Outcome.PROVEN, False)


def test_a_missing_vote_is_named_by_what_is_missing() -> None:
    tally = decide(VOTES[:3])
    assert tally.outcome is Outcome.MISMATCH
    assert tally.difference == Amounts(for_=5)
    assert tally.witness == Missing(bucket=1, weight=5)


def test_an_invented_vote_is_shown_by_the_fewest_logs_that_cannot_be() -> None:
    invented = vote(9, b"\x99" * 20, 1, 30)
    tally = decide([*VOTES, invented])
    assert tally.outcome is Outcome.MISMATCH
    assert tally.difference == Amounts(for_=-30)
    # 70 and 30 together are more than the 75 of the total; neither is alone, nor the 5 needed.
    assert tally.witness == Excess(
        bucket=1, total=75, weight=100, logs=(VOTES[0].log, invented.log)
    )


def test_a_vote_moved_to_another_bucket_is_noticed_at_equal_sums() -> None:
    moved = [dataclasses.replace(VOTES[0], support=0), *VOTES[1:]]
    tally = decide(moved)
    assert tally.outcome is Outcome.MISMATCH
    assert tally.difference == Amounts(against=-70, for_=70)
    assert tally.witness == Excess(bucket=0, total=60, weight=70, logs=(VOTES[0].log,))


def test_a_vote_under_a_header_that_is_not_linked_proves_nothing() -> None:
    orphan = dataclasses.replace(VOTES[3], block_hash=ORPHAN)
    tally = decide([*VOTES[:3], orphan])
    assert tally.outcome is Outcome.UNLINKED
    assert tally.unlinked == (orphan.log,)
    assert tally.difference == Amounts(for_=5)
    # Beside a list that is complete it is a stranger, and named.
    tally = decide([*VOTES, orphan], powers=POWERS)
    assert (tally.outcome, tally.unlinked) == (Outcome.PROVEN, (orphan.log,))


def test_an_orphan_cannot_stand_in_for_a_canonical_vote_of_equal_weight() -> None:
    swapped = [dataclasses.replace(VOTES[0], block_hash=ORPHAN, voter=DAN), *VOTES[1:]]
    assert decide(swapped, powers=POWERS).outcome is Outcome.UNLINKED


def test_what_is_missing_may_be_explained_by_unlinked_logs() -> None:
    first = vote(7, b"\x77" * 20, 1, 4, block_hash=ORPHAN)
    second = vote(8, b"\x88" * 20, 1, 1, block_hash=ORPHAN)
    noise = vote(9, b"\x99" * 20, 1, 3, block_hash=ORPHAN)
    single = vote(10, b"\x10" * 20, 1, 5, block_hash=ORPHAN)
    tally = decide([*VOTES[:3], first, second, noise])
    assert tally.outcome is Outcome.MISMATCH
    assert tally.witness == Missing(bucket=1, weight=5, explained_by=(first.log, second.log))
    tally = decide([*VOTES[:3], first, second, noise, single])
    assert tally.witness == Missing(bucket=1, weight=5, explained_by=(single.log,))
    assert decide([*VOTES[:3], noise]).witness == Missing(bucket=1, weight=5)


def test_a_log_counts_once_and_two_like_it_are_refused() -> None:
    with pytest.raises(DuplicateLog) as refused:
        decide([*VOTES, dataclasses.replace(VOTES[0], voter=DAN)])
    assert refused.value.facts["log"] == VOTES[0].log
    twin = dataclasses.replace(VOTES[3], transaction=1)
    assert decide([*VOTES, twin]).difference == Amounts(for_=-5)


def test_votes_of_no_weight_change_nothing_and_are_counted() -> None:
    tally = decide([*VOTES, vote(9, b"\x99" * 20, 1, 0)], powers=POWERS | {b"\x99" * 20: 0})
    assert (tally.outcome, tally.zero_weight) == (Outcome.PROVEN, 1)


def test_a_weight_that_is_not_the_voters_power_contradicts_a_sum_that_fits() -> None:
    tally = decide(VOTES, powers=POWERS | {DAN: 6})
    assert tally.outcome is Outcome.CONTRADICTED
    (found,) = tally.contradictions
    assert (found.voter, found.weight, found.allowed, found.source) == (DAN, 5, 6, "power")


def test_power_that_is_not_proven_yet_is_pending_not_wrong() -> None:
    tally = decide(VOTES, powers={ANN: 70, BEN: 60})
    assert tally.outcome is Outcome.PROVEN
    assert tally.pending == (CLEO, DAN)
    assert Said.POWER_PENDING in tally.said


def test_a_voter_may_cast_in_parts_but_not_beyond_their_power() -> None:
    split = pack_split(Tally(against=10, for_=20))
    parts = [vote(0, ANN, 255, 30, params=split), vote(1, ANN, 2, 70)]
    totals = Tally(against=10, for_=20, abstain=70)
    used = {ANN: Receipt(voted=True, weight=100)}
    fractional = Counting.FRACTIONAL
    tally = decide(parts, totals, counting=fractional, powers={ANN: 150}, receipts=used)
    assert tally.outcome is Outcome.PROVEN
    tally = decide(parts, totals, counting=fractional, powers={ANN: 99})
    assert tally.outcome is Outcome.CONTRADICTED
    tally = decide(
        parts, totals, counting=fractional, receipts={ANN: Receipt(voted=True, weight=99)}
    )
    assert [found.source for found in tally.contradictions] == ["receipt"]
    with pytest.raises(WeightMismatch):
        decide([vote(0, ANN, 255, 31, params=split)], totals, counting=fractional)


@pytest.mark.parametrize(
    ("receipt", "source"),
    [
        (Receipt(voted=False), "receipt"),
        (Receipt(voted=True, weight=6, support=1), "receipt"),
        (Receipt(voted=True, weight=5, support=0), "choice in the receipt"),
    ],
)
def test_the_governors_receipt_must_say_the_same(receipt: Receipt, source: str) -> None:
    tally = decide(VOTES, counting=Counting.BRAVO, powers=POWERS, receipts={DAN: receipt})
    assert tally.outcome is Outcome.CONTRADICTED
    assert [found.source for found in tally.contradictions] == [source]


def overridden() -> list[ProvenVote]:
    """Ann votes with the 70 delegated to her; Ben, who holds 20 of them, votes against instead."""
    return [
        vote(0, ANN, 1, 70),
        vote(1, ANN, 1, 20, kind=VoteKind.REDUCED),
        vote(2, BEN, 0, 20, kind=VoteKind.OVERRIDE),
    ]


def test_an_override_moves_weight_and_what_it_may_hide_is_said() -> None:
    tally = decide(
        overridden(),
        Tally(against=20, for_=50),
        overridable=True,
        powers={ANN: 70},
        balances={BEN: 20},
        receipts={ANN: Receipt(voted=True, support=1), BEN: Receipt(voted=False, overridden=True)},
    )
    assert tally.outcome is Outcome.PROVEN
    assert Said.OVERRIDES in tally.said
    assert tally.pending == ()


def test_a_reduction_left_out_is_missing_not_an_excess() -> None:
    tally = decide(overridden()[::2], Tally(against=20, for_=50), overridable=True)
    assert tally.outcome is Outcome.MISMATCH
    assert tally.witness == Missing(bucket=1, weight=-20)


def test_who_overrode_before_the_delegate_voted_took_that_weight_along() -> None:
    early = [vote(0, BEN, 0, 20, kind=VoteKind.OVERRIDE), vote(1, ANN, 1, 50)]
    totals = Tally(against=20, for_=50)
    known = {"powers": {ANN: 70}, "balances": {BEN: 20}}
    for taken, outcome in ((20, Outcome.PROVEN), (0, Outcome.CONTRADICTED)):
        receipt = Receipt(voted=True, support=1, overridden_weight=taken)
        tally = decide(early, totals, overridable=True, receipts={ANN: receipt}, **known)
        assert tally.outcome is outcome
    assert decide(early, totals, overridable=True, **known).outcome is Outcome.PROVEN


def test_an_override_weighs_what_its_holder_held() -> None:
    for facts in (
        {"balances": {BEN: 19}},
        {"balances": {BEN: 20}, "receipts": {BEN: Receipt(voted=False)}},
    ):
        tally = decide(overridden(), Tally(against=20, for_=50), overridable=True, **facts)
        assert tally.outcome is Outcome.CONTRADICTED
        assert tally.contradictions[0].voter == BEN
    assert decide(overridden(), Tally(against=20, for_=50), overridable=True).pending == (ANN, BEN)


def test_overrides_belong_to_overridable_governors() -> None:
    with pytest.raises(ImpossibleVote):
        decide(overridden())
    with pytest.raises(ImpossibleVote):
        decide([], counting=Counting.FRACTIONAL, overridable=True)


def test_facts_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(WrongLength):
        vote(0, b"\x01" * 19, 1, 5)
    with pytest.raises(WrongLength):
        AnchorFacts(block_hash=b"", clock=1, deadline=1, totals=TOTALS, counting=Counting.SIMPLE)


weights = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2**90)), min_size=1, max_size=12)


@given(weights, st.data())
def test_whatever_is_left_out_or_doubled_is_found_to_the_unit(drawn, data) -> None:
    votes = [
        vote(index, bytes([index + 1]) * 20, support, weight)
        for index, (support, weight) in enumerate(drawn)
    ]
    sums = [sum(weight for support, weight in drawn if support == bucket) for bucket in range(3)]
    totals = Tally(against=sums[0], for_=sums[1], abstain=sums[2])
    assert decide(votes, totals).outcome is Outcome.PROVEN
    index = data.draw(st.integers(0, len(votes) - 1))
    left = decide(votes[:index] + votes[index + 1 :], totals)
    again = dataclasses.replace(votes[index], transaction=5)
    doubled = decide([*votes, again], totals)
    support, weight = drawn[index]
    assert left.difference[support] == weight == -doubled.difference[support]
    expected = Outcome.MISMATCH if weight else Outcome.PROVEN
    assert left.outcome is doubled.outcome is expected
    if weight:
        assert isinstance(doubled.witness, Excess)
        assert doubled.witness.weight > sums[support]

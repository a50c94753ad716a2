"""The ladder: who said it, whether somebody denies it, and what it follows from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.statements.assurance import NothingToAssure, Step, climb, lowest, step

NAMES = st.lists(st.sampled_from(["A", "B", "C"]))


@given(NAMES, st.booleans())
def test_agreement_takes_two_operators_and_no_dispute(names: list[str], disputed: bool) -> None:
    reached = step(names, disputed=disputed)
    assert (reached is Step.AGREED) == (len(set(names)) >= 2 and not disputed)
    assert (reached is Step.UNKNOWN) == (not names)


def test_one_operator_with_two_nodes_agrees_with_nobody() -> None:
    assert step(["A", "A"]) is Step.REPORTED


def test_a_dispute_never_raises_a_step() -> None:
    assert step([], disputed=True) is Step.UNKNOWN


def test_a_whole_is_as_weak_as_its_weakest_part() -> None:
    assert lowest([Step.AGREED, Step.REPORTED]) is Step.REPORTED
    with pytest.raises(NothingToAssure):
        lowest([])


ANCHORS = st.sampled_from(Step).filter(lambda one: one <= Step.AGREED)


@given(ANCHORS, st.booleans(), st.booleans(), st.booleans())
def test_what_is_not_proven_is_never_more_than_agreed(
    anchor: Step, layer_one: bool, finalized: bool, signed: bool
) -> None:
    reached = climb(anchor, proven=False, layer_one=layer_one, finalized=finalized, signed=signed)
    assert reached is anchor


@given(ANCHORS, st.booleans(), st.booleans())
def test_a_statement_about_another_chain_ends_at_proven(
    anchor: Step, finalized: bool, signed: bool
) -> None:
    reached = climb(anchor, proven=True, layer_one=False, finalized=finalized, signed=signed)
    assert reached is (Step.PROVEN if anchor is Step.AGREED else anchor)


def test_on_l1_finality_and_signatures_raise_what_is_proven() -> None:
    def reached(anchor: Step, finalized: bool = False, signed: bool = False) -> Step:
        return climb(anchor, proven=True, layer_one=True, finalized=finalized, signed=signed)

    assert reached(Step.AGREED) is Step.PROVEN
    assert reached(Step.AGREED, finalized=True) is Step.SETTLED
    assert reached(Step.REPORTED, finalized=True) is Step.REPORTED
    assert reached(Step.REPORTED, signed=True) is Step.SIGNED, "signatures need nobody's word"

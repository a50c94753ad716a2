"""The first two steps: who said it, how many operators, and whether somebody denies it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.statements.assurance import NothingToAssure, Step, lowest, step

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

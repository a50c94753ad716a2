"""Voting power from checkpoints alone: exact at every timepoint, and with its reason."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charter.models import Contract
from governance.folding import delegates
from governance.power import Why, power_at
from proofs.statements.clock import ClockMode
from tests.governance.chain_of_logs import (
    BLOCK_SECONDS,
    GENESIS,
    account,
    address_of,
    contract,
    fold,
    log,
    unfold,
)

pytestmark = pytest.mark.django_db
HOLDER = account(1)
ADDRESS = "0x" + HOLDER.hex()


def checkpoint(token: Contract, block: int, index: int, previous: int, votes: int) -> None:
    values = {"delegate": HOLDER, "previousVotes": previous, "newVotes": votes}
    fold(token, [log(delegates.DELEGATE_VOTES_CHANGED, values, block, index, address_of(token))])


def delegation(token: Contract, block: int, to: bytes) -> None:
    values = {"delegator": HOLDER, "fromDelegate": bytes(20), "toDelegate": to}
    fold(token, [log(delegates.DELEGATE_CHANGED, values, block, 99, address_of(token))])


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    changes=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=8),
    mode=st.sampled_from(ClockMode),
    late=st.integers(0, 6),
)
def test_power_is_that_of_the_last_checkpoint(
    db: None, changes: list[tuple[int, int]], mode: ClockMode, late: int
) -> None:
    """At every timepoint that was read, several in one block, even if reading began late."""
    token = Contract.objects.filter(key="tok").first() or contract("erc20-votes", "tok")
    unfold(token, 0)
    start, block, votes = 9 + late, 10, 0
    truth, read = {9: 0}, False
    for index, (gap, new) in enumerate(changes):
        block += gap
        if block >= start:
            checkpoint(token, block, index, votes, new)
            read = True
        votes = truth[block] = new
    for number in range(start, block + 2) if read else ():
        expected = next(truth[b] for b in sorted(truth, reverse=True) if b <= number)
        seconds = mode is ClockMode.TIMESTAMP
        timepoint = GENESIS + number * BLOCK_SECONDS if seconds else number
        power = power_at(token, mode, ADDRESS, timepoint, timepoint + 1)
        assert power.votes == expected


def test_reasons(django_assert_max_num_queries: object) -> None:
    """Each way of having nothing, and never more than six queries."""
    token = contract("erc20-votes", "tok")

    def why(block: int) -> Why:
        with django_assert_max_num_queries(6):  # type: ignore[operator]
            return power_at(token, ClockMode.BLOCKNUMBER, ADDRESS, block, 1_000).why

    assert why(5) is Why.NEVER_DELEGATED
    delegation(token, 10, HOLDER)
    assert (why(5), why(10)) == (Why.DELEGATED_LATER, Why.NO_TOKENS)
    checkpoint(token, 20, 0, 0, 7)
    assert (why(15), why(20)) == (Why.GAINED_LATER, Why.HAS_POWER)
    checkpoint(token, 30, 0, 7, 0)
    assert why(30) is Why.LOST_BEFORE
    delegation(token, 40, account(2))
    assert why(40) is Why.DELEGATED_AWAY


def test_a_timepoint_that_is_not_past_is_preliminary() -> None:
    """Within the present timepoint a checkpoint may still be rewritten."""
    token = contract("erc20-votes", "tok")
    checkpoint(token, 20, 0, 0, 7)
    power = power_at(token, ClockMode.BLOCKNUMBER, ADDRESS, 20, 20)
    assert (power.votes, power.preliminary) == (7, True)
    assert "before the snapshot" in power.sentence

"""A head that cannot be is not followed, at a start or later, and stops nobody."""

import time
from collections.abc import Callable

import pytest

from chainsync import planning, review
from chainsync.following import turn
from chainsync.models import BackfillRange, ChainStatus, EndpointStatus
from charter.models import Chain, Endpoint
from ledger.models import Finding
from tests.chainsync.scene import FINALIZED_DEPTH, Node, Toy
from tests.chainsync.stage import LEADING, SECOND, Stage

pytestmark = [pytest.mark.node, pytest.mark.slow]

POSITIONS = pytest.mark.parametrize("liar", [LEADING, SECOND], ids=["leading", "second"])
# The chain of these tests lags our clock by not quite three hours.
TOO_MANY = {"blocks": 100_000, "seconds": 600}
TOO_LATE = {"blocks": 40, "seconds": 20_000}
INVENTIONS = pytest.mark.parametrize("far", [TOO_MANY, TOO_LATE], ids=["too-many", "too-late"])
RULE = "endpoint.implausible-head"


def follow(until: Callable[[ChainStatus], bool], seconds: float = 60) -> ChainStatus:
    for _ in range(int(seconds / 10)):
        report = turn("l2", seconds=10, until=until)
        if report and report.ended == "condition":
            return ChainStatus.objects.get()
    rows = list(ChainStatus.objects.values()), list(EndpointStatus.objects.values())
    pytest.fail(f"not within {seconds} s: {rows}")


def accused() -> set[str]:
    """Subjects of the open findings about impossible heads."""
    review.review()
    open_now = Finding.objects.filter(rule=RULE, closed_at=None)
    return set(open_now.values_list("subject", flat=True))


@POSITIONS
@INVENTIONS
def test_following_does_not_begin_at_an_invented_head(
    node: Node, chain: Chain, liar: str, far: dict[str, int]
) -> None:
    node.mine(30)
    node.gateway.switchboard.suffer(liar, "invent", **far)
    status = follow(
        lambda status: bool(accused()) and (status.head_number, status.finalized_number) == (30, 22)
    )
    assert status.head_hash == node.hash(30)
    assert accused() == {f"l2/{liar}"}
    told = EndpointStatus.objects.get(endpoint__name=liar).implausible
    assert "ahead of our clock" in told if far is TOO_LATE else "is at block 30" in told
    node.gateway.switchboard.heal()
    node.mine(1)
    follow(lambda status: status.finalized_number == 23 and not accused())


@POSITIONS
@INVENTIONS
def test_a_head_that_is_invented_later_is_not_followed(
    stage: Stage, liar: str, far: dict[str, int]
) -> None:
    stage.suffer(liar, "invent", **far)
    stage.say(2)
    stage.follow(lambda: accused() == {f"l2/{liar}"} and stage.is_current())
    # The other one is followed meanwhile, and what is final waits for nobody's head.
    stage.say(2)
    stage.follow(stage.is_current)
    assert ChainStatus.objects.get().head_number == stage.node.head
    stage.ends_as_an_honest_sync()
    assert accused() == set()


def test_a_head_that_nobody_could_deny_is_given_up_when_somebody_can(
    node: Node, chain: Chain, toy: Toy
) -> None:
    """The honest node is away while following begins: the invented branch is followed, and never
    final; it is left as soon as the honest one answers."""
    contract = toy.contract(start_block=1)
    for number in range(20):
        node.say(contract.address, number)
    node.gateway.switchboard.suffer(SECOND, "refuse")
    node.gateway.switchboard.suffer(LEADING, "invent", **TOO_MANY)
    status = follow(lambda status: status.head_number == 100_020)
    assert status.finalized_number is None, "not on the word of one operator"
    planning.plan(chain)
    assert BackfillRange.objects.filter(last__gt=20).exists()
    node.gateway.switchboard.heal(SECOND)
    status = follow(lambda status: status.head_hash == node.hash(20))
    assert not BackfillRange.objects.filter(last__gt=20).exists()
    status = follow(lambda status: status.finalized_hash == node.hash(20 - FINALIZED_DEPTH))
    assert accused() == {"l2/l2-a"}
    assert toy.rows(contract) == []
    node.gateway.switchboard.heal()
    node.mine(1)
    follow(lambda status: status.head_hash == node.hash(21) and not accused())


def test_one_operator_alone_is_bound_by_our_clock(node: Node, chain: Chain) -> None:
    Endpoint.objects.filter(name=SECOND).delete()
    node.mine(30)
    node.gateway.switchboard.suffer(LEADING, "invent", **TOO_LATE)
    turn("l2", seconds=3)
    assert ChainStatus.objects.get().head_number is None
    assert accused() == {"l2/l2-a"}
    node.gateway.switchboard.heal()
    follow(lambda status: status.head_number == 30)
    turn("l2", seconds=2)
    assert accused() == set()


def test_a_head_that_two_operators_have_is_followed_though_our_clock_denies_it(
    node: Node, chain: Chain
) -> None:
    node.mine(20)
    node.call("evm_setNextBlockTimestamp", int(time.time()) + 3_600)
    node.mine(1)
    follow(lambda status: status.head_hash == node.hash(21))
    assert accused() == set()

"""Nothing becomes final on the word of one operator where there are two, and the pages say why."""

import pytest
from django.test import Client

from chainsync import backfill, catching_up, planning, review
from chainsync.following import turn
from chainsync.models import ChainStatus
from charter.models import Chain, Endpoint
from ledger.models import Finding
from tests.chainsync.scene import FINALIZED_DEPTH, Node, Toy
from tests.chainsync.test_following import follow_to

pytestmark = pytest.mark.node


def follow_until_final(block: int) -> ChainStatus:
    """Follow until just this block is the finalized one."""
    report = turn("l2", seconds=30, until=lambda status: status.finalized_number == block)
    status = ChainStatus.objects.get()
    assert status.finalized_number == block, report
    return status


def warned() -> list[str]:
    """Open findings about finality that waits, after a review."""
    review.review()
    rows = Finding.objects.filter(rule="chain.finality-waits", closed_at=None)
    return list(rows.values_list("summary", flat=True))


@pytest.mark.slow
def test_while_one_operator_is_away_following_goes_on_and_finality_waits(
    node: Node, chain: Chain, client: Client
) -> None:
    node.mine(20)
    follow_to(node, chain)
    follow_until_final(12)
    assert warned() == []

    node.gateway.switchboard.suffer("l2-b", "refuse")
    node.mine(20)
    turn("l2", seconds=20, until=lambda status: bool(status.finality_waits))
    status = ChainStatus.objects.get()
    assert (status.head_number, status.finalized_number) == (40, 12)
    assert "Only Operator A calls newer blocks final" in status.finality_waits
    assert "l2-b (Operator B) does not answer" in status.finality_waits
    [words] = warned()
    assert status.finality_waits in words
    for page in ("/chains/l2/", "/chains/l2/blocks/30/"):
        body = client.get(page).content.decode()
        assert "l2-b (Operator B) does not answer" in body, page

    node.gateway.switchboard.heal()
    follow_until_final(40 - FINALIZED_DEPTH)
    turn("l2", seconds=1)
    assert ChainStatus.objects.get().finality_waits == ""
    assert warned() == []
    assert "does not answer" not in client.get("/chains/l2/").content.decode()


def test_what_begins_on_one_operators_word_is_read_and_not_final(
    node: Node, chain: Chain, toy: Toy
) -> None:
    contract = toy.contract(start_block=1)
    for number in range(20):
        node.say(contract.address, number)
    node.gateway.switchboard.suffer("l2-b", "refuse")
    status = follow_to(node, chain)
    assert status.finalized_number is None
    assert planning.highest(status) == 11, "what lies below the window is read all the same"
    planning.plan(chain)
    backfill.turn("l2")
    catching_up.turn("l2")
    assert toy.rows(contract) == list(range(20))
    node.gateway.switchboard.heal()
    follow_until_final(12)


def test_a_second_operator_counts_for_as_far_as_it_is(node: Node, chain: Chain) -> None:
    """The one that is behind calls less final, and no more than that is."""
    node.mine(30)
    follow_to(node, chain)
    follow_until_final(22)
    node.gateway.switchboard.suffer("l2-b", "stale", how="behind", blocks=13)
    node.mine(20)
    follow_until_final(37)
    turn("l2", seconds=1.5)
    status = ChainStatus.objects.get()
    assert (status.head_number, status.finalized_number) == (50, 37)
    assert status.finalized_hash == node.hash(37)


def test_a_single_operator_is_believed_as_before(node: Node, chain: Chain, client: Client) -> None:
    Endpoint.objects.filter(name="l2-b").update(operator="Operator A")
    node.mine(20)
    follow_to(node, chain)
    node.mine(5)
    follow_to(node, chain)
    follow_until_final(25 - FINALIZED_DEPTH)
    page = client.get("/chains/l2/blocks/14/").content.decode()
    assert "is final by the word of Operator A alone" in page

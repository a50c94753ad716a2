"""Ranges of the past on which operators differ: decided block by block, or left undecided."""

import time

import pytest

from chainsync import backfill, catching_up, disputes, planning, second_look
from chainsync.assurance import assurance_of
from chainsync.endpoint import pool
from chainsync.models import BackfillRange, Coverage, Dispute
from charter.models import Chain, Contract
from ledger.models import Finding
from proofs.statements.assurance import Step
from tests.chainsync.scene import Node, Toy
from tests.chainsync.test_evidence import finding, follow_until, suffer, third
from tests.chainsync.test_following import follow_to

pytestmark = [pytest.mark.node, pytest.mark.slow]
SAID = 20


@pytest.fixture
def contract(node: Node, chain: Chain, toy: Toy) -> Contract:
    contract = toy.contract(start_block=1)
    for number in range(SAID):
        node.say(contract.address, number)
    node.mine(10)
    follow_to(node, chain)
    return contract


def read(chain: Chain, seconds: float = 60) -> None:
    """Backfill and fold until nothing waits."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        planning.plan(chain)
        if not BackfillRange.objects.exists():
            break
        backfill.turn("l2", seconds=10)
        time.sleep(0.2)
    catching_up.turn("l2")


@pytest.mark.parametrize("liar", ["l2-a", "l2-b"])
@pytest.mark.parametrize("how", ["missing-log", "data", "added-log"])
def test_a_range_goes_on_with_the_logs_that_receipts_prove(
    node: Node, chain: Chain, toy: Toy, contract: Contract, liar: str, how: str
) -> None:
    suffer(node, liar, how, rate=0.5, seed=3)
    read(chain)
    assert toy.rows(contract) == list(range(SAID))
    told = Dispute.objects.filter(endpoint__name=liar)
    assert set(told.values_list("outcome", flat=True)) == {"endpoint-wrong"}
    assert 0 < told.count() < SAID
    assert not Dispute.objects.exclude(endpoint__name=liar).exists()
    found = finding("endpoint.lied")
    assert found is not None
    assert liar in found.summary


def test_more_lies_than_are_looked_into_at_once_are_settled_piece_by_piece(
    node: Node, chain: Chain, toy: Toy, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chainsync.settling.BLOCKS_AT_ONCE", 6)
    suffer(node, "l2-b", "missing-log")
    read(chain)
    assert toy.rows(contract) == list(range(SAID))
    assert Dispute.objects.filter(endpoint__name="l2-b").count() == SAID
    assert Coverage.objects.get(contract=contract).blocks == [(1, node.head)]


def test_without_receipts_a_third_operator_decides_on_a_range(
    node: Node, chain: Chain, toy: Toy, contract: Contract
) -> None:
    third(node, chain)
    for name in ("l2-a", "l2-b", "l2-c"):
        suffer(node, name, "no-receipts")
    suffer(node, "l2-a", "data")
    read(chain)
    assert toy.rows(contract) == list(range(SAID))
    lie = Dispute.objects.filter(endpoint__name="l2-a").first()
    assert lie is not None
    assert "Two of three operators" in lie.evidence
    assert assurance_of(contract, 1, SAID).step is Step.AGREED


def test_what_nothing_decides_is_not_read_from_one_operator_either(
    node: Node, chain: Chain, toy: Toy, contract: Contract
) -> None:
    for name in ("l2-a", "l2-b"):
        suffer(node, name, "no-receipts")
    suffer(node, "l2-b", "data")
    planning.plan(chain)
    backfill.turn("l2", seconds=5)
    row = disputes.open_disputes(chain).get()
    assert (row.about, row.endpoint.name, row.contract) == ("range", "l2-b", contract)
    assert "receipts" in row.evidence
    assert disputes.disputed_from(chain) is None, "the head is not concerned"
    reached = assurance_of(contract, row.first, row.last)
    assert reached.step is Step.UNKNOWN
    node.gateway.switchboard.suffer("l2-b", "refuse")
    time.sleep(1.1)
    backfill.turn("l2", seconds=5)
    assert toy.rows(contract) == []
    node.gateway.switchboard.heal()
    time.sleep(5)
    read(chain)
    assert toy.rows(contract) == list(range(SAID))
    row.refresh_from_db()
    assert row.outcome == Dispute.Outcome.AGREED_AGAIN
    assert not Finding.objects.filter(rule="endpoint.disagreement", closed_at=None).exists()


def alone(contract: Contract) -> bool:
    return assurance_of(contract, 1, SAID).step is Step.REPORTED


def test_what_one_operator_gave_becomes_agreed_once_another_answers(
    node: Node, chain: Chain, toy: Toy, contract: Contract
) -> None:
    node.gateway.switchboard.suffer("l2-b", "refuse")
    read(chain)
    assert toy.rows(contract) == list(range(SAID))
    assert alone(contract)
    assert second_look.look(chain) == 0
    node.gateway.switchboard.heal()
    pool.close_all()
    assert second_look.look(chain, seconds=30) > 0
    assert not alone(contract)
    assert second_look.look(chain) == 0


@pytest.mark.parametrize("how", ["data", "missing-log"])
def test_a_lie_about_the_past_that_nobody_else_saw_is_repaired(
    node: Node, chain: Chain, toy: Toy, contract: Contract, how: str
) -> None:
    node.gateway.switchboard.suffer("l2-b", "refuse")
    suffer(node, "l2-a", how, rate=0.5, seed=5)
    suffer(node, "l2-a", "no-receipts")
    read(chain)
    assert toy.rows(contract) != list(range(SAID))
    node.gateway.switchboard.heal("l2-b")
    third(node, chain)
    pool.close_all()
    second_look.look(chain, seconds=30)
    assert disputes.open_disputes(chain).exists()
    follow_until(lambda: toy.rows(contract) == list(range(SAID)))
    assert Dispute.objects.filter(outcome="journal-wrong").exists()
    assert Dispute.objects.filter(endpoint__name="l2-a", outcome="endpoint-wrong").exists()
    second_look.look(chain, seconds=30)
    assert not alone(contract)

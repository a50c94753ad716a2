"""Endpoints that lie: found out by what they contradict, named, and outlived by the truth."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from chainsync import disputes, review
from chainsync.assurance import assurance_of
from chainsync.following import turn
from chainsync.models import (
    Block,
    ChainStatus,
    Coverage,
    Dispute,
    EndpointStatus,
    Log,
    RetractedLog,
)
from charter.models import Chain, Contract, Endpoint
from ledger.models import AuditEntry, Finding, OutboxEntry
from proofs.chain import header, receipts
from proofs.statements.assurance import Step
from tests.chainsync.scene import Node, Toy, saying
from tests.chainsync.test_following import follow_to

pytestmark = pytest.mark.node


def slow(*values: str) -> list[Any]:
    """Parameters that `make quick` leaves out."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


WRONG = Dispute.Outcome.ENDPOINT_WRONG


def suffer(node: Node, name: str, how: str, **options: object) -> None:
    node.gateway.switchboard.suffer(name, "lie", how=how, **options)


def follow_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Follow turn by turn until something holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert turn("l2", seconds=10, until=lambda _status: condition())
        if condition():
            return
    pytest.fail(f"it did not come: {list(Dispute.objects.values('endpoint__name', 'outcome'))}")


def finding(rule: str) -> Finding | None:
    review.review()
    return Finding.objects.filter(rule=rule, closed_at=None).first()


def third(node: Node, chain: Chain) -> Endpoint:
    return Endpoint.objects.create(
        chain=chain, name="l2-c", operator="Operator C", url=f"{node.gateway.url}/l2-c"
    )


def agreed(contract: Contract, block: int) -> bool:
    return assurance_of(contract, block, block).step is Step.AGREED


@pytest.mark.parametrize("how", ["wrong-hash", *slow("wrong-header", "wrong-parent")])
def test_a_header_that_does_not_hash_is_never_taken_in(node: Node, chain: Chain, how: str) -> None:
    suffer(node, "l2-a", how)
    node.mine(3)
    head = node.hash(node.head)
    follow_until(lambda: ChainStatus.objects.filter(head_hash=head).exists())
    assert Block.objects.get(hash=head).operators == ["Operator B"]
    lie = Dispute.objects.filter(endpoint__name="l2-a").first()
    assert lie is not None
    assert (lie.outcome, lie.about) == (WRONG, "block")
    assert "does not hash" in lie.evidence
    assert finding("endpoint.lied") is not None
    node.gateway.switchboard.heal()
    node.mine()
    follow_until(lambda: not disputes.lies(chain).exists())
    assert finding("endpoint.lied") is None
    assert Dispute.objects.filter(outcome=WRONG).exists()


@pytest.mark.parametrize("how", ["missing-log", *slow("added-log", "data", "receipts")])
def test_logs_that_receipts_disprove_are_never_taken_in(
    node: Node, chain: Chain, toy: Toy, how: str
) -> None:
    contract = toy.contract(start_block=1)
    follow_to(node, chain)
    suffer(node, "l2-a", how)
    node.say(contract.address, 4, 5)
    follow_until(lambda: toy.rows(contract) == [4, 5])
    lie = Dispute.objects.get(endpoint__name="l2-a")
    assert (lie.outcome, lie.about, lie.first) == (WRONG, "logs", node.head)
    assert "receipts" in lie.evidence
    found = finding("endpoint.lied")
    assert found is not None
    assert "l2-a" in found.summary


@pytest.mark.slow
def test_a_node_that_hides_logs_is_caught_by_the_bloom(node: Node, chain: Chain, toy: Toy) -> None:
    contract = toy.contract(start_block=1)
    follow_to(node, chain)
    suffer(node, "l2-b", "missing-log")
    block = node.say(contract.address, 4)
    follow_until(lambda: Dispute.objects.filter(outcome=WRONG, endpoint__name="l2-b").exists())
    assert toy.rows(contract) == [4]
    assert Dispute.objects.get(outcome=WRONG).detail["by"] == "itself"
    assert "proven wrong" in EndpointStatus.objects.get(endpoint__name="l2-b").disagrees
    assert not agreed(contract, block)
    node.mine(20)
    # A lie that was found out stops nobody.
    follow_until(lambda: (ChainStatus.objects.get().finalized_number or 0) >= block)
    node.gateway.switchboard.heal()
    follow_until(lambda: agreed(contract, block))
    assert finding("endpoint.lied") is None


@pytest.mark.slow
@pytest.mark.parametrize("how", ["data", "missing-log", "added-log"])
def test_a_lie_in_the_journal_is_repaired(node: Node, chain: Chain, toy: Toy, how: str) -> None:
    """The liar offers no receipts and is followed; the honest node, back again, proves it wrong."""
    contract = toy.contract(start_block=1)
    node.say(contract.address, 1)
    follow_to(node, chain)
    suffer(node, "l2-a", how)
    suffer(node, "l2-a", "no-receipts")
    honest = Endpoint.objects.get(name="l2-b")
    Endpoint.objects.filter(pk=honest.pk).update(active=False)
    block = node.say(contract.address, 2, 3)
    node.say(contract.address, 4)
    follow_to(node, chain)
    false = toy.rows(contract)
    assert false != [1, 2, 3, 4]
    Endpoint.objects.filter(pk=honest.pk).update(active=True)
    follow_until(lambda: toy.rows(contract) == [1, 2, 3, 4])
    assert Coverage.objects.get(contract=contract).folded_to == node.head
    assert Log.objects.filter(canonical=True).count() == 4
    if how != "missing-log":
        kept = RetractedLog.objects.order_by("pk").last()
        assert kept is not None
        assert kept.dispute.endpoint.name == "l2-b"
    outcomes = {(row.endpoint.name, row.outcome) for row in Dispute.objects.filter(first=block)}
    assert outcomes == {("l2-a", WRONG), ("l2-b", Dispute.Outcome.JOURNAL_WRONG)}
    assert AuditEntry.objects.filter(act="chainsync:journal:repair").exists()
    assert OutboxEntry.objects.filter(event="repaired").exists()
    assert finding("endpoint.lied") is not None
    assert finding("endpoint.disagreement") is None
    node.gateway.switchboard.heal()
    follow_until(lambda: finding("endpoint.lied") is None)
    assert agreed(contract, block)


@pytest.mark.slow
def test_without_receipts_two_of_three_operators_decide(node: Node, chain: Chain, toy: Toy) -> None:
    third(node, chain)
    contract = toy.contract(start_block=1)
    follow_to(node, chain)
    for name in ("l2-a", "l2-b", "l2-c"):
        suffer(node, name, "no-receipts")
    suffer(node, "l2-a", "data")
    node.say(contract.address, 8)
    follow_until(lambda: toy.rows(contract) == [8])
    lie = Dispute.objects.get(endpoint__name="l2-a")
    assert lie.outcome == WRONG
    assert "Two of three operators" in lie.evidence
    assert lie.detail["by"] == "majority"


@pytest.mark.slow
def test_without_receipts_two_operators_decide_nothing(node: Node, chain: Chain, toy: Toy) -> None:
    contract = toy.contract(start_block=1)
    follow_to(node, chain)
    for name in ("l2-a", "l2-b"):
        suffer(node, name, "no-receipts")
    suffer(node, "l2-b", "data")
    block = node.say(contract.address, 8)
    follow_until(lambda: disputes.open_disputes(chain).exists())
    node.mine(20)
    follow_to(node, chain)
    assert ChainStatus.objects.get().finalized_number == block - 1
    assert disputes.disputed_from(chain) == block
    reached = assurance_of(contract, block, block)
    assert reached.step is Step.REPORTED
    assert reached.disputed
    found = finding("endpoint.disagreement")
    assert found is not None
    assert found.subject == "blocks:l2/l2-b"
    node.gateway.switchboard.heal()
    follow_until(lambda: not disputes.open_disputes(chain).exists())
    assert finding("endpoint.disagreement") is None
    assert Dispute.objects.get().outcome == Dispute.Outcome.AGREED_AGAIN
    follow_until(lambda: ChainStatus.objects.get().finalized_number == node.head - 8)


@pytest.mark.slow
def test_a_branch_of_ones_own_is_outvoted_and_left(node: Node, chain: Chain) -> None:
    """The endpoint that is followed forges a branch; two others have another."""
    third(node, chain)
    node.mine(12)
    follow_to(node, chain)
    suffer(node, "l2-a", "forged-block", from_block=node.head + 1)
    node.mine(3)
    follow_until(lambda: Block.objects.filter(operators__contains=["Operator A"]).count() > 3)
    node.mine(3)
    head = node.hash(node.head)
    follow_until(lambda: ChainStatus.objects.filter(head_hash=head).exists())
    lie = Dispute.objects.filter(endpoint__name="l2-a", outcome=WRONG).first()
    assert lie is not None
    assert "Two of three operators" in lie.evidence
    assert not disputes.open_disputes(chain).exists()


def test_headers_of_an_opaque_chain_are_taken_on_trust(node: Node, chain: Chain) -> None:
    Chain.objects.update(headers=Chain.Headers.OPAQUE)
    suffer(node, "l2-a", "wrong-header")
    node.mine(3)
    follow_to(node, Chain.objects.get())
    assert not Dispute.objects.exists()


def test_receipts_of_every_sort_of_transaction_prove_their_block(node: Node) -> None:
    emitter = "0x" + "45" * 20
    node.install(emitter)
    key = {"address": emitter, "storageKeys": ["0x" + "00" * 32]}
    for extra in (
        {"gasPrice": "0x77359400"},
        {"gasPrice": "0x77359400", "accessList": [key]},
        {"maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": "0x1"},
    ):
        node.call("eth_sendTransaction", {**saying(emitter, 5), **extra})
    node.mine()
    block = node.call("eth_getBlockByNumber", hex(node.head), False)
    rows = node.call("eth_getBlockReceipts", hex(node.head))
    assert {row["type"] for row in rows} == {"0x0", "0x1", "0x2"}
    assert len(receipts.check(rows, bytes.fromhex(block["receiptsRoot"][2:]))) == 3
    assert header.check(block).hex() == block["hash"][2:]

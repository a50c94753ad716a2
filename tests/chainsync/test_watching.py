"""What is wrong with a chain, an endpoint or a contract is found, shown, and healed by level."""

import os
import signal
import time

import pytest
from django.core.management import call_command

from chainsync import contracts, queries, review
from chainsync.following import turn
from chainsync.models import Block, ChainStatus, CodeRecord, EndpointStatus
from charter.models import Chain, Endpoint
from ledger.models import Finding
from tests.chainsync.scene import FINALIZED_DEPTH, Node, Toy
from tests.chainsync.test_following import follow_to

pytestmark = pytest.mark.node


def findings() -> dict[str, str]:
    """Subjects of open findings by rule, after a review."""
    review.review()
    return dict(Finding.objects.filter(closed_at=None).values_list("rule", "subject"))


def follow(seconds: float) -> None:
    assert turn("l2", seconds=seconds)


def test_blocks_carry_the_operators_who_gave_them(node: Node, chain: Chain, toy: Toy) -> None:
    contract = toy.contract(start_block=1)
    node.say(contract.address, 1)
    node.mine(4)
    follow(1.5)
    assert {tuple(block.operators) for block in Block.objects.all()} == {
        ("Operator A", "Operator B")
    }
    for status in EndpointStatus.objects.all():
        assert (status.head_number, status.failures, status.disagrees) == (5, 0, "")
        assert status.latency_ms is not None


@pytest.mark.slow
def test_nothing_is_finalized_beyond_a_dispute(node: Node, chain: Chain) -> None:
    node.mine(12)
    follow_to(node, chain)
    node.gateway.switchboard.suffer("l2-b", "lie", how="forged-block", from_block=10)
    node.mine(1)
    follow(5)
    status = EndpointStatus.objects.get(endpoint__name="l2-b")
    assert status.disagrees_from is not None
    node.mine(20)
    follow_to(node, chain)
    assert ChainStatus.objects.get().finalized_number < status.disagrees_from
    assert findings()["endpoint.disagreement"] == "blocks:l2/l2-b"
    view = queries.chain("l2")
    assert view.operators == 1
    node.gateway.switchboard.heal("l2-b")
    follow(3)
    assert "endpoint.disagreement" not in findings()
    assert ChainStatus.objects.get().finalized_number == node.head - FINALIZED_DEPTH


def test_an_endpoint_of_another_chain_is_not_used(node: Node, chain: Chain) -> None:
    Endpoint.objects.filter(name="l2-b").update(url=node.urls[0])
    Endpoint.objects.create(
        chain=chain, name="l2-c", operator="Operator C", url=node.urls[1] + "?unused"
    )
    Chain.objects.update(chain_id=902)
    follow(1.5)
    assert ChainStatus.objects.get().head_number is None
    review.review()
    wrong = Finding.objects.filter(rule="endpoint.wrong-chain")
    assert wrong.count() == 3
    assert "901" in wrong[0].summary
    Chain.objects.update(chain_id=901)
    follow_to(node, Chain.objects.get())
    review.review()
    assert not wrong.filter(closed_at=None).exists()


@pytest.mark.slow
def test_a_chain_whose_node_stopped_is_stale_and_heals(node: Node, chain: Chain) -> None:
    now = int(time.time())
    node.call("evm_setNextBlockTimestamp", now)
    node.mine()
    follow_to(node, chain)
    assert findings() == {}
    os.kill(node.anvil.process.pid, signal.SIGSTOP)
    try:
        ChainStatus.objects.update(head_timestamp=now - 40)
        turn("l2", seconds=12)
        assert {"chain.stale", "endpoint.down"} <= findings().keys()
        assert EndpointStatus.objects.get(endpoint__name="l2-a").last_error
    finally:
        os.kill(node.anvil.process.pid, signal.SIGCONT)
    node.call("evm_setNextBlockTimestamp", int(time.time()))
    node.mine()
    follow_to(node, chain, seconds=20)
    follow(1.5)
    assert findings() == {}


def test_the_follower_goes_on_with_another_endpoint(node: Node, chain: Chain) -> None:
    Endpoint.objects.filter(name="l2-a").update(url="http://127.0.0.1:9/")
    node.mine(3)
    follow_to(node, chain)
    follow(3)
    assert findings().get("endpoint.down") == "l2/l2-a"
    assert Block.objects.first().operators == ["Operator B"]


def test_contracts_are_known_by_their_code(node: Node, chain: Chain, toy: Toy) -> None:
    sound = toy.contract("sound", 1)
    toy.contract("nothing", 1, install=False)
    node.mine()
    follow_to(node, chain)
    assert len(contracts.check(chain)) == 2
    assert contracts.check(chain) == []
    found = findings()
    assert found["contract.no-code"] == "nothing"
    assert "contract.code-changed" not in found
    node.call("anvil_setCode", sound.address, "0x00")
    node.mine()
    follow_to(node, chain)
    contracts.check(chain)
    assert findings()["contract.code-changed"] == "sound"
    assert CodeRecord.objects.count() == 3


def test_a_contract_is_looked_at_once_the_head_has_reached_its_start(
    node: Node, chain: Chain, toy: Toy
) -> None:
    """Following begins below the block in which a contract was created: it has no code there."""
    node.mine(2)
    follow_to(node, chain)
    late = toy.contract("late", node.head + 2, install=False)
    assert contracts.check(chain) == []
    assert "contract.no-code" not in findings()
    node.install(late.address)
    node.mine(2)
    follow_to(node, chain)
    (record,) = contracts.check(chain)
    assert record.contract == late
    assert record.code_hash != contracts.NO_CODE


def test_a_change_of_implementation_is_a_change(node: Node, chain: Chain, toy: Toy) -> None:
    proxy = toy.contract("proxy", 1)
    node.mine()
    follow_to(node, chain)
    contracts.check(chain)
    implementation = "0x" + "42" * 20
    slot = contracts.IMPLEMENTATION_SLOT
    node.call("anvil_setStorageAt", proxy.address, slot, "0x" + "00" * 12 + "42" * 20)
    node.mine()
    follow_to(node, chain)
    (record,) = contracts.check(chain)
    assert record.implementation == implementation
    assert findings()["contract.code-changed"] == "proxy"


def test_the_overview_needs_the_same_queries_for_any_number(
    node: Node,
    chain: Chain,
    toy: Toy,
    django_assert_num_queries: object,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(4):
        toy.contract(f"toy{number}", 1)
    node.mine(3)
    follow_to(node, chain)
    node.reorg(1)
    follow_to(node, chain)
    for number in range(3):
        Chain.objects.create(key=f"x{number}", chain_id=number, name="X", role="l2", block_time=1)
    with django_assert_num_queries(4):  # type: ignore[operator]
        views = queries.chains()
    view = next(view for view in views if view.chain == chain)
    assert [read.percent for read in view.coverage] == [100] * 4
    assert [reorg.depth for reorg in view.reorgs] == [1]
    assert [block.number for block in queries.blocks(chain, limit=3)] == [3, 3, 2]
    call_command("chain_status")
    assert "reorg of 1 above block 2" in capsys.readouterr().out

"""Following a real node: step by step, through reorgs of any depth, pauses and refusals."""

import dataclasses
import itertools
import os
import signal
import time

import pytest
from django.db.models import Count

from chainsync import backfill, catching_up, kinds, planning
from chainsync.decoding import Event
from chainsync.following import lease_name, turn
from chainsync.kinds import LogRecord
from chainsync.models import Block, ChainStatus, Coverage, Log, Reorg, UndecodableLog
from charter.models import Chain, Contract
from ledger import leases
from ledger.models import OutboxEntry
from tests.chainsync.scene import FINALIZED_DEPTH, KIND, SAID, SENDER, Aside, Node, Toy

pytestmark = pytest.mark.node


def follow_to(node: Node, chain: Chain, seconds: float = 15) -> ChainStatus:
    """Follow until our head is the node's."""
    head = node.hash(node.head)
    report = turn(chain.key, seconds=seconds, until=lambda status: status.head_hash == head)
    status = ChainStatus.objects.get(chain=chain)
    assert status.head_hash == head, report
    return status


def canonical(chain: Chain) -> list[Block]:
    return list(Block.objects.filter(chain=chain, canonical=True).order_by("number"))


def assert_linked(chain: Chain) -> None:
    blocks = canonical(chain)
    for parent, child in itertools.pairwise(blocks):
        assert child.number == parent.number + 1
        assert child.parent_hash == parent.hash


def test_a_chain_is_followed_from_its_finalized_block(node: Node, chain: Chain, toy: Toy) -> None:
    contract = toy.contract()
    node.mine(20)
    status = follow_to(node, chain)
    assert (status.head_number, status.finalized_number) == (20, 12)
    assert status.dense_from == 12
    first = node.say(contract.address, 5, 6)
    node.mine(2)
    node.say(contract.address, 7)
    status = follow_to(node, chain)
    final = 24 - FINALIZED_DEPTH
    turn("l2", seconds=15, until=lambda status: status.finalized_number == final)
    assert ChainStatus.objects.get().finalized_number == final
    assert_linked(chain)
    assert [block.number for block in canonical(chain)] == list(range(12, 25))
    assert list(Log.objects.values_list("block_number", "log_index")) == [
        (first, 0),
        (first, 1),
        (24, 0),
    ]
    assert Coverage.objects.get(contract=contract).blocks == [(12, 24)]
    said = OutboxEntry.objects.filter(topic="chain:l2").values_list("event", flat=True)
    assert {"head", "finalized"} <= set(said)


def test_rows_follow_logs_as_they_come(node: Node, chain: Chain, toy: Toy) -> None:
    contract = toy.contract(start_block=1)
    follow_to(node, chain)
    node.say(contract.address, 1, 2, 3)
    node.say(contract.address, 4)
    follow_to(node, chain)
    assert toy.rows(contract) == [1, 2, 3, 4]
    assert Coverage.objects.get(contract=contract).folded_to == node.head
    assert Block.objects.get(number=node.head - 1).receipts.receipts[0]["status"] == "0x1"


@pytest.mark.parametrize("depth", [1, 2, 5, 7])
def test_a_reorg_is_folded_whatever_its_depth(
    node: Node, chain: Chain, toy: Toy, depth: int
) -> None:
    contract = toy.contract(start_block=1)
    node.mine(3)
    follow_to(node, chain)
    for number in range(10):
        node.say(contract.address, number)
    before = follow_to(node, chain)
    assert toy.rows(contract) == list(range(10))
    node.reorg(depth, says=[(contract.address, 100, 0)])
    after = follow_to(node, chain)
    assert toy.rows(contract) == [*range(10 - depth), 100]
    assert_linked(chain)
    reorg = Reorg.objects.get()
    assert (reorg.depth, reorg.logs_orphaned, reorg.refused) == (depth, depth, False)
    assert reorg.fork_number == before.head_number - depth
    assert (reorg.old_head, reorg.new_head) == (before.head_hash, after.head_hash)
    orphans = Block.objects.filter(canonical=False)
    assert orphans.count() == depth
    assert Log.objects.filter(block__in=orphans, canonical=False).count() == depth
    assert orphans.aggregate(kept=Count("receipts"))["kept"] == depth


def test_a_branch_that_comes_back_gets_its_blocks_back(node: Node, chain: Chain, toy: Toy) -> None:
    contract = toy.contract(start_block=1)
    follow_to(node, chain)
    node.say(contract.address, 1)
    before = follow_to(node, chain)
    snapshot_of_branch = node.call("anvil_dumpState")
    assert snapshot_of_branch
    node.reorg(1, says=[(contract.address, 2, 0)])
    follow_to(node, chain)
    assert toy.rows(contract) == [2]
    block = Block.objects.get(hash=before.head_hash)
    assert not block.canonical
    assert Block.objects.filter(number=block.number).count() == 2


def test_a_branch_that_is_shorter_is_followed_too(node: Node, chain: Chain, toy: Toy) -> None:
    contract = toy.contract(start_block=1)
    for number in range(6):
        node.say(contract.address, number)
    follow_to(node, chain)
    node.call("anvil_rollback", 3)
    assert turn("l2", seconds=0.6)
    assert ChainStatus.objects.get().head_number == 6, "a node that is merely behind is no reorg"
    node.say(contract.address, 50)
    follow_to(node, chain)
    assert toy.rows(contract) == [0, 1, 2, 50]
    assert Reorg.objects.get().depth == 3


def test_a_reorg_across_the_finalized_block_is_refused(node: Node, chain: Chain, toy: Toy) -> None:
    contract = toy.contract(start_block=1)
    for number in range(20):
        node.say(contract.address, number)
    before = follow_to(node, chain)
    kept = toy.rows(contract)
    node.reorg(FINALIZED_DEPTH + 4)
    node.mine(2)
    turn("l2", seconds=1.5)
    turn("l2", seconds=0.5)
    after = ChainStatus.objects.get(chain=chain)
    assert (after.head_hash, after.finalized_hash) == (before.head_hash, before.finalized_hash)
    assert "finalized" in after.halted
    assert toy.rows(contract) == kept
    assert not Block.objects.filter(canonical=False).exists()
    refused = Reorg.objects.get()
    assert refused.refused
    assert refused.fork_number == 20 - FINALIZED_DEPTH - 4 or refused.fork_number < 12


def test_two_followers_never_work_at_once(node: Node, chain: Chain, aside: Aside) -> None:
    node.mine(3)
    first = aside(lambda: turn("l2", seconds=2))
    time.sleep(0.5)
    assert turn("l2", seconds=1) is None
    assert first.result().blocks == 4


def test_a_lost_lease_ends_the_turn_before_anything_is_written(
    node: Node, chain: Chain, aside: Aside
) -> None:
    follow_to(node, chain)
    running = aside(lambda: turn("l2", seconds=6))
    time.sleep(0.5)
    from ledger.models import Lease

    Lease.objects.filter(name=lease_name("l2")).update(expires_at="2000-01-01T00:00Z")
    assert leases.take(lease_name("l2"), "a thief", 60)
    node.mine(3)
    assert running.result().ended == "lease lost"
    assert ChainStatus.objects.get().head_number == 0


@pytest.mark.slow
def test_a_node_that_pauses_is_waited_for(node: Node, chain: Chain, toy: Toy) -> None:
    contract = toy.contract(start_block=1)
    follow_to(node, chain)
    os.kill(node.anvil.process.pid, signal.SIGSTOP)
    try:
        report = turn("l2", seconds=6)
        assert report
        assert report.failures
        assert ChainStatus.objects.get().head_number == 0
    finally:
        os.kill(node.anvil.process.pid, signal.SIGCONT)
    node.say(contract.address, 9)
    time.sleep(1.5)
    follow_to(node, chain)
    assert toy.rows(contract) == [9]


def test_an_undecodable_log_is_left_out_and_named(node: Node, chain: Chain, toy: Toy) -> None:
    contract = toy.contract(start_block=1)
    follow_to(node, chain)
    broken = {
        "from": SENDER,
        "to": contract.address,
        "data": "0x" + SAID.topic0.hex(),
        "gas": "0x30d40",
    }
    node.call("eth_sendTransaction", broken)
    node.say(contract.address, 8)
    follow_to(node, chain)
    assert toy.rows(contract) == [8]
    assert UndecodableLog.objects.get().log_index == 0
    node.reorg(1, says=[(contract.address, 4, 0)])
    follow_to(node, chain)
    assert not UndecodableLog.objects.exists()


def test_a_kind_that_breaks_stops_its_own_contract_alone(
    node: Node, chain: Chain, toy: Toy
) -> None:
    broken, sound = toy.contract("broken", 1), toy.contract("sound", 1)
    follow_to(node, chain)
    node.say(broken.address, 1)
    follow_to(node, chain)
    node.say(broken.address, 666)
    node.say(sound.address, 2)
    follow_to(node, chain)
    assert (toy.rows(broken), toy.rows(sound)) == ([1], [2])
    row = Coverage.objects.get(contract=broken)
    assert "666" in row.fold_error
    assert row.folded_to == node.head - 2


def test_a_kind_that_learned_an_event_reads_its_contracts_again(
    node: Node, chain: Chain, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = toy.contract(start_block=1)
    other = Event.parse("Added(uint256 number)")
    node.say(contract.address, 1)
    node.say(contract.address, 2, topic=other.topic0)
    node.mine(FINALIZED_DEPTH)
    node.say(contract.address, 3, topic=other.topic0)
    follow_to(node, chain)
    planning.plan(chain)
    backfill.turn("l2")
    catching_up.turn("l2")
    assert toy.rows(contract) == [1]

    def fold(contract: Contract, logs: list[LogRecord]) -> None:
        renamed = [log._replace(topics=(SAID.topic0,)) for log in logs]
        KIND.fold(contract, renamed)

    kinds.unregister("toy")
    topics = KIND.topics | {other.topic0}
    kinds.register(dataclasses.replace(KIND, topics=topics, fold=fold))
    assert turn("l2", seconds=2)
    planning.plan(chain)
    backfill.turn("l2")
    catching_up.turn("l2")
    assert toy.rows(contract) == [1, 2, 3]

"""Backfill from a real node: by ranges, by several workers, resumed, compared, folded in order."""

import json
import time

import pytest
from django.db import transaction

from chainsync import backfill, catching_up, pieces, planning
from chainsync.endpoint import fetching
from chainsync.following import turn
from chainsync.models import BackfillRange, Block, ChainStatus, Coverage, Log
from charter.models import Chain, Contract, KillSwitch
from charter.switches import Switch
from lab.endpoint import Exchange, Handler, Reply
from tests.chainsync.scene import FINALIZED_DEPTH, Aside, Node, Toy
from tests.chainsync.test_following import follow_to

pytestmark = pytest.mark.node


def backfilled(chain: Chain) -> None:
    planning.plan(chain)
    backfill.turn(chain.key)
    catching_up.turn(chain.key)


def test_the_past_is_read_and_folded_up_to_the_head(node: Node, chain: Chain, toy: Toy) -> None:
    contract = toy.contract(start_block=1)
    for number in range(40):
        node.say(contract.address, number)
    follow_to(node, chain)
    assert toy.rows(contract) == []
    assert planning.plan(chain) == 1
    assert planning.plan(chain) == 0
    done = backfill.turn(chain.key)
    assert (done.blocks, done.failures) == (31, 0)
    assert not BackfillRange.objects.exists()
    assert toy.rows(contract) == list(range(31))
    assert catching_up.turn(chain.key) == 9
    assert toy.rows(contract) == list(range(40))
    coverage = Coverage.objects.get()
    assert (coverage.blocks, coverage.folded_to) == ([(1, 40)], 40)
    node.say(contract.address, 40)
    follow_to(node, chain)
    assert toy.rows(contract) == list(range(41))
    assert Block.objects.get(number=3).operators == ["Operator A", "Operator B"]


def test_many_logs_are_copied_and_reading_them_again_changes_nothing(
    node: Node, chain: Chain, toy: Toy
) -> None:
    contract = toy.contract(start_block=1)
    for block in range(4):
        node.say(contract.address, *range(block * 100, block * 100 + 100))
    node.mine(FINALIZED_DEPTH + 1)
    follow_to(node, chain)
    backfilled(chain)
    assert toy.rows(contract) == list(range(400))
    before = list(Log.objects.values_list("pk", flat=True))
    Coverage.objects.update(blocks=[])
    backfilled(chain)
    assert list(Log.objects.values_list("pk", flat=True)) == before
    assert toy.rows(contract) == list(range(400))


def test_ranges_are_shared_among_workers(
    node: Node, chain: Chain, toy: Toy, aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "SMALLEST_SHARE", 4)
    contract = toy.contract(start_block=1)
    for number in range(60):
        node.say(contract.address, number)
    follow_to(node, chain)
    assert planning.plan(chain) > 10
    workers = [aside(lambda: backfill.turn("l2")) for _ in range(3)]
    assert sum(worker.result().logs for worker in workers) == 60 - FINALIZED_DEPTH - 1
    assert all(worker.result().failures == 0 for worker in workers)
    catching_up.turn("l2")
    assert toy.rows(contract) == list(range(60))


def test_ranges_that_were_read_out_of_order_are_folded_in_order(
    node: Node, chain: Chain, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "SMALLEST_SHARE", 4)
    contract = toy.contract(start_block=1)
    for number in range(60):
        node.say(contract.address, number)
    follow_to(node, chain)
    planning.plan(chain)
    lowest = BackfillRange.objects.order_by("first")[0]
    BackfillRange.objects.filter(pk=lowest.pk).update(not_before="2100-01-01T00:00Z")
    assert backfill.turn(chain.key).logs == 60 - FINALIZED_DEPTH - 1 - lowest.last
    assert toy.rows(contract) == []
    assert catching_up.turn(chain.key) == 0
    BackfillRange.objects.update(not_before="2000-01-01T00:00Z")
    backfill.turn(chain.key)
    assert toy.rows(contract) == list(range(lowest.last))
    assert catching_up.turn(chain.key) == 60 - lowest.last
    assert toy.rows(contract) == list(range(60))


def test_nodes_that_say_the_same_in_other_letters_agree(node: Node, chain: Chain, toy: Toy) -> None:
    contract = toy.contract(start_block=1)
    for number in range(20):
        node.say(contract.address, number)
    follow_to(node, chain)
    node.interpose("l2-b", spaced)
    backfilled(chain)
    assert toy.rows(contract) == list(range(20))
    assert Block.objects.get(number=3).operators == ["Operator A", "Operator B"]


def test_a_reply_that_memory_should_not_hold_is_asked_for_in_parts(
    node: Node, chain: Chain, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = toy.contract(start_block=1)
    for block in range(12):
        node.say(contract.address, *range(block * 10, block * 10 + 10))
    node.mine(FINALIZED_DEPTH + 1)
    follow_to(node, chain)
    pieces.windows.clear()
    planning.plan(chain)
    monkeypatch.setattr(fetching, "MAX_RANGE_BYTES", 20_000)
    done = backfill.turn(chain.key)
    assert done.failures == 0
    assert done.windows > 1
    assert toy.rows(contract) == list(range(120))


async def spaced(exchange: Exchange, following: Handler) -> Reply:
    """The same JSON with blanks, and the names of each object in another order."""
    reply = await following(exchange)
    return Reply(reply.status, json.dumps(json.loads(reply.body), sort_keys=True).encode())


def test_a_range_of_a_killed_worker_is_resumed_where_it_stopped(
    node: Node, chain: Chain, toy: Toy
) -> None:
    contract = toy.contract(start_block=1)
    for number in range(30):
        node.say(contract.address, number)
    follow_to(node, chain)
    planning.plan(chain)
    claim = planning.claim(chain, "a worker that dies")
    assert claim
    pieces.windows.clear()
    assert planning.claim(chain, "another") is None
    BackfillRange.objects.update(claimed_until="2000-01-01T00:00Z")
    backfilled(chain)
    assert toy.rows(contract) == list(range(30))
    with pytest.raises(planning.ClaimLost), transaction.atomic():
        planning.hold(claim)


def test_a_contract_that_is_added_later_is_read_from_its_start(
    node: Node, chain: Chain, toy: Toy
) -> None:
    early = toy.contract("early", 1)
    late_address = "0x" + b"late".rjust(20, b"\x01").hex()
    node.install(late_address)
    for number in range(15):
        node.say(early.address, number)
        node.say(late_address, number)
    follow_to(node, chain)
    backfilled(chain)
    late = toy.contract("late", 3, install=False)
    turn("l2", seconds=3, until=lambda _: bool(Coverage.objects.filter(contract=late)))
    turn("l2", seconds=1.5)
    backfilled(chain)
    assert toy.rows(late) == list(range(1, 15))
    assert toy.rows(early) == list(range(15))
    node.reorg(4, says=[(late.address, 77, 0)])
    follow_to(node, chain)
    assert toy.rows(late) == [*range(1, 13), 77]


def test_a_contract_that_starts_earlier_than_was_said_is_read_from_there(
    node: Node, chain: Chain, toy: Toy
) -> None:
    contract = toy.contract(start_block=1)
    for number in range(12):
        node.say(contract.address, number)
    Contract.objects.filter(pk=contract.pk).update(start_block=node.head - 3)
    follow_to(node, chain)
    backfilled(chain)
    assert toy.rows(contract) == [8, 9, 10, 11]

    Contract.objects.filter(pk=contract.pk).update(start_block=1)
    turn("l2", seconds=1.5)
    backfilled(chain)
    assert toy.rows(contract) == list(range(12))


def test_a_reorg_during_backfill_leaves_no_trace(
    node: Node, chain: Chain, toy: Toy, aside: Aside
) -> None:
    contract = toy.contract(start_block=1)
    for number in range(60):
        node.say(contract.address, number)
    follow_to(node, chain)
    planning.plan(chain)
    node.reorg(6, says=[(contract.address, 500, 1)])
    working = aside(lambda: (backfill.turn("l2"), catching_up.turn("l2")))
    follow_to(node, chain)
    working.result()
    node.reorg(3, says=[(contract.address, 501, 0)])
    follow_to(node, chain)
    backfilled(chain)
    assert toy.rows(contract) == [*range(54), 500, 501]
    assert Coverage.objects.get().blocks == [(1, 60)]


async def forgetful(exchange: Exchange, following: Handler) -> Reply:
    reply = await following(exchange)
    if any(call["method"] == "eth_getLogs" for call in exchange.calls):
        rows = json.loads(reply.body)
        for row in rows if isinstance(rows, list) else [rows]:
            if isinstance(row.get("result"), list):
                row["result"] = row["result"][1:]
        return Reply(reply.status, json.dumps(rows).encode())
    return reply


def test_logs_on_which_operators_differ_are_not_taken_in(
    node: Node, chain: Chain, toy: Toy
) -> None:
    contract = toy.contract(start_block=1)
    for number in range(20):
        node.say(contract.address, number)
    follow_to(node, chain)
    node.interpose("l2-b", forgetful)
    for name in ("l2-a", "l2-b"):
        node.gateway.switchboard.suffer(name, "lie", how="no-receipts")
    backfilled(chain)
    assert not Log.objects.filter(block_number__lt=12).exists()
    assert "l2-b" in BackfillRange.objects.get().disputed
    node.heal("l2-b")
    time.sleep(1.1)
    backfilled(chain)
    assert toy.rows(contract) == list(range(20))
    assert not BackfillRange.objects.exists()


def limited(most: int) -> object:
    async def middleware(exchange: Exchange, following: Handler) -> Reply:
        reply = await following(exchange)
        row = json.loads(reply.body)
        if exchange.calls[0]["method"] == "eth_getLogs" and isinstance(row, dict):
            if len(row["result"]) > most:
                del row["result"]
                row["error"] = {"code": -32005, "message": f"more than {most} results"}
            return Reply(200, json.dumps(row).encode())
        return reply

    return middleware


def test_the_window_shrinks_to_what_the_node_can_answer(node: Node, chain: Chain, toy: Toy) -> None:
    contract = toy.contract(start_block=1)
    for number in range(40):
        node.say(contract.address, number, number)
    follow_to(node, chain)
    for name in node.gateway.endpoints:
        node.interpose(name, limited(5))
    planning.plan(chain)
    done = backfill.turn("l2")
    assert done.windows >= 31 * 2 / 5
    assert done.failures == 0
    assert Log.objects.count() == 80


def test_the_switch_stops_backfill(node: Node, chain: Chain, toy: Toy) -> None:
    contract = toy.contract(start_block=1)
    node.say(contract.address, 1)
    node.mine(FINALIZED_DEPTH + 3)
    follow_to(node, chain)
    planning.plan(chain)
    KillSwitch.objects.create(switch=Switch.NO_BACKFILL, thrown=True)
    assert backfill.turn("l2").windows == 0
    assert BackfillRange.objects.filter(claimed_until=None).exists()


def test_a_head_that_was_left_far_behind_is_jumped_to(
    node: Node, chain: Chain, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chainsync.follower.JUMP", 20)
    contract = toy.contract(start_block=1)
    node.say(contract.address, 1)
    follow_to(node, chain)
    for number in range(2, 42):
        node.say(contract.address, number)
    status = follow_to(node, chain)
    assert status.dense_from == 41 - FINALIZED_DEPTH
    backfilled(chain)
    assert toy.rows(contract) == list(range(1, 42))
    assert ChainStatus.objects.get().finalized_number == 41 - FINALIZED_DEPTH

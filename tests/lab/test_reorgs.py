"""A reorg really replaces blocks: hashes change, transactions stay or go, time goes on."""

from itertools import pairwise

import pytest

from lab.harness import Harness
from lab.reorg import ReorgRefused, reorg

pytestmark = pytest.mark.node


def timestamps(lab: Harness, first: int) -> list[int]:
    head = lab.chain.block_number()
    calls = [("eth_getBlockByNumber", [hex(n), False]) for n in range(first, head + 1)]
    return [int(block["timestamp"], 16) for block in lab.node.batch(calls)]


def test_hashes_change_even_of_empty_blocks(l2: Harness) -> None:
    l2.mine(6)
    head = l2.chain.block_number()
    change = l2.reorg(4)
    assert l2.chain.block_number() == head
    assert sorted(change.before) == list(range(head - 3, head + 1))
    assert not set(change.before.values()) & set(change.after.values())
    parent = l2.node.call("eth_getBlockByNumber", hex(change.ancestor + 1), False)["parentHash"]
    assert parent == l2.node.call("eth_getBlockByNumber", hex(change.ancestor), False)["hash"]
    for old in change.before.values():
        assert l2.node.call("eth_getBlockByHash", old, False) is None


def test_some_transactions_are_kept_and_some_dropped(l1: Harness) -> None:
    kept = l1.gov.delegate(l1.actor("Emre"), l1.actor("Ada").address)
    dropped = l1.gov.delegate(l1.actor("Hanna"), l1.actor("Ada").address)
    change = l1.reorg(2)
    assert change.kept == 1
    assert change.dropped == [dropped.hash]
    assert l1.node.call("eth_getTransactionReceipt", dropped.hash) is None
    again = l1.node.call("eth_getTransactionReceipt", kept.hash)
    assert again["status"] == "0x1"
    assert again["blockHash"] != kept.block_hash


def test_time_goes_on_through_and_after_a_reorg(l2: Harness) -> None:
    l2.mine(10)
    first = l2.chain.block_number() - 8
    l2.reorg(5)
    l2.propose("After")
    l2.mine(3)
    assert all(earlier < later for earlier, later in pairwise(timestamps(l2, first)))


def test_a_reorg_that_the_node_cannot_make_is_refused(l2: Harness) -> None:
    with pytest.raises(ReorgRefused, match="not possible"):
        reorg(l2.node, l2.chain.block_number())
    l2.node.call("anvil_mine", hex(200))
    with pytest.raises(ReorgRefused, match="no longer has the state"):
        reorg(l2.node, 150)

"""Stored chains survive half-written files, stay small, and go on where they stopped."""

import gzip
import json
import time
from pathlib import Path

import pytest

from lab import history
from lab.anvil import Anvil
from lab.harness import Harness
from lab.schedule import BLOCKS_KEPT, L2

pytestmark = pytest.mark.node


def test_the_last_good_dump_is_kept_beside_the_newest(l2: Harness, tmp_path: Path) -> None:
    history.save(tmp_path, "l2", l2.node)
    first = l2.chain.block_number()
    l2.mine(3)
    history.save(tmp_path, "l2", l2.node)
    newest = history.current_file(tmp_path, "l2")
    newest.write_bytes(newest.read_bytes()[:1000])
    state, problems = history.latest(tmp_path, "l2")
    assert state is not None
    assert state["best_block_number"] == first
    assert problems
    assert problems[0].startswith("l2.dump:")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not gzip",
        gzip.compress(b"{}"),
        gzip.compress(b"[1, 2]"),
        gzip.compress(b'{"best_block_number": 7, "blocks": [], "accounts": {}, "block": {}}'),
    ],
    ids=["empty", "not-gzip", "no-keys", "a-list", "no-blocks"],
)
def test_an_unreadable_dump_is_named(tmp_path: Path, content: bytes) -> None:
    history.current_file(tmp_path, "l1").write_bytes(content)
    state, problems = history.latest(tmp_path, "l1")
    assert state is None
    assert len(problems) == 1


def test_a_trimmed_chain_goes_on_with_its_logs_and_without_old_empty_blocks(
    l2: Harness, tmp_path: Path
) -> None:
    proposal = l2.propose("Remembered")
    l2.node.call("anvil_mine", hex(BLOCKS_KEPT + 50))
    head = l2.chain.block_number()
    hash_before = l2.node.call("eth_getBlockByNumber", hex(head), False)["hash"]
    history.save(tmp_path, "l2", l2.node)
    state, _problems = history.latest(tmp_path, "l2")
    assert state is not None
    trimmed = history.trim(state)
    assert len(trimmed["blocks"]) < len(state["blocks"])
    assert len(json.dumps(trimmed)) < len(json.dumps(state))
    load = tmp_path / "load"
    history.write_for_node(trimmed, load)
    node = Anvil.start(L2, tmp_path / "log", state=load)
    try:
        assert int(node.rpc.call("eth_blockNumber"), 16) == head
        found = node.rpc.call("eth_getBlockByNumber", hex(head), False)
        assert found["hash"] == hash_before
        empty = hex(proposal.created_block + 10)
        assert node.rpc.call("eth_getBlockByNumber", empty, False) is None
        asked = {"address": l2.addresses["governor"], "fromBlock": "0x0", "toBlock": "latest"}
        logs = node.rpc.call("eth_getLogs", asked)
        assert [log for log in logs if int(log["blockNumber"], 16) == proposal.created_block]
        node.rpc.call("evm_setTime", max(int(time.time()), int(found["timestamp"], 16)))
        node.rpc.call("evm_mine")
        after = node.rpc.call("eth_getBlockByNumber", "latest", False)
        assert after["parentHash"] == hash_before
        assert int(after["timestamp"], 16) >= int(found["timestamp"], 16)
    finally:
        node.stop()

"""A node that carries a long history is started again, and nobody loses anything by it."""

import time
from pathlib import Path

import pytest

from lab.accounts import actor
from lab.chain import Call
from lab.nodes import ChainNode

pytestmark = pytest.mark.node


@pytest.mark.slow
def test_a_node_is_started_again_with_a_shorter_history(tmp_path: Path) -> None:
    written: list[int] = []
    node = ChainNode("l1", tmp_path, lambda: written.append(node.anvil.port if node.anvil else 0))
    chain = node.start_new(int(time.time()) - 600)
    try:
        receipt = chain.send_all([Call(actor("Ada"), actor("Hanna").address, b"", 1)])[0]
        node.run()
        first, url = node.anvil, node.upstream.url
        head = chain.block_number()
        node.recycle()
        assert first is not None
        assert not first.is_alive()
        assert node.upstream.url != url
        assert not node.upstream.held
        assert len(written) == 2
        # Who held the chain before goes on with it, and finds the past where it was.
        assert chain.block_number() >= head
        found = chain.rpc.call("eth_getTransactionReceipt", receipt.hash)
        assert found["blockHash"] == receipt.block_hash
        assert node.consensus.finalized >= head
        assert chain.send_all([Call(actor("Ada"), actor("Hanna").address, b"", 1)])
    finally:
        node.stop()
    assert (tmp_path / "l1.dump").exists()


def test_a_node_that_cannot_be_dumped_keeps_its_last_dump(tmp_path: Path) -> None:
    node = ChainNode("l1", tmp_path, lambda: None)
    node.start_new(int(time.time()) - 600)
    try:
        assert node.dump()
        kept = (tmp_path / "l1.dump").read_bytes()
        assert node.anvil is not None
        node.anvil.kill()
        assert not node.dump()
        assert (tmp_path / "l1.dump").read_bytes() == kept
    finally:
        node.stop()

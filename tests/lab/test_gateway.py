"""The gateway offers what a public node offers, with finality of the lab's own consensus."""

import os
import signal
import urllib.error
import urllib.request

import pytest
from lab_process import rpc

from lab import endpoint, harness
from lab.consensus import Consensus
from lab.harness import Harness
from lab.schedule import L2

pytestmark = pytest.mark.node


def test_tags_follow_the_consensus(l2: Harness) -> None:
    l2.mine(20)
    head = l2.chain.block_number()
    tags = ("latest", "safe", "finalized")
    rows = rpc(l2.urls[1], *[("eth_getBlockByNumber", [tag, False]) for tag in tags])
    numbers = [int(row["result"]["number"], 16) for row in rows]
    assert numbers == [head, head - L2.safe_depth, head - L2.finalized_depth]
    single = rpc(l2.urls[0], ("eth_getBlockByNumber", ["finalized", False]))
    assert int(single["result"]["number"], 16) == head - L2.finalized_depth


def test_state_is_read_at_the_finalized_block(l2: Harness) -> None:
    ada = l2.actor("Ada").address
    before = rpc(l2.urls[0], ("eth_getTransactionCount", [ada, "latest"]))["result"]
    l2.mine(L2.finalized_depth)
    l2.propose("Changes the count")
    latest, finalized = rpc(
        l2.urls[0],
        ("eth_getTransactionCount", [ada, "latest"]),
        ("eth_getTransactionCount", [ada, "finalized"]),
    )
    assert finalized["result"] == before
    assert int(latest["result"], 16) == int(before, 16) + 1


def test_logs_are_asked_by_tag(l2: Harness) -> None:
    made = l2.propose("In a safe block")
    asked = {"fromBlock": hex(made.created_block), "address": l2.addresses["governor"]}
    safe = rpc(l2.urls[0], ("eth_getLogs", [{**asked, "toBlock": "safe"}]))
    assert "error" in safe or safe["result"] == []
    l2.mine(L2.safe_depth)
    safe = rpc(l2.urls[0], ("eth_getLogs", [{**asked, "toBlock": "safe"}]))
    assert len(safe["result"]) == 1


@pytest.mark.parametrize(
    "method",
    ["anvil_mine", "evm_mine", "hardhat_reset", "debug_traceCall", "personal_sign", "eth_accounts",
     "eth_sendTransaction", "eth_signTypedData_v4", "txpool_content"],
)  # fmt: skip
def test_control_of_the_node_is_not_offered(l2: Harness, method: str) -> None:
    head = l2.chain.block_number()
    answer = rpc(l2.urls[0], (method, []))
    assert answer["error"]["code"] == -32601
    assert l2.chain.block_number() == head


def test_a_refused_call_in_a_batch_spoils_no_other(l2: Harness) -> None:
    rows = rpc(l2.urls[0], ("eth_chainId", []), ("evm_mine", []), ("eth_blockNumber", []))
    assert [row["id"] for row in rows] == [1, 2, 3]
    assert rows[0]["result"] == hex(901)
    assert rows[1]["error"]["code"] == -32601
    assert int(rows[2]["result"], 16) == l2.chain.block_number()


def test_a_browser_of_any_origin_may_ask(l2: Harness) -> None:
    request = urllib.request.Request(l2.urls[0], method="OPTIONS")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("body", [b"{", b"[]", b"3", b'["x"]'])
def test_what_is_not_json_rpc_is_refused(l2: Harness, body: bytes) -> None:
    request = urllib.request.Request(l2.urls[0], body)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 400
    refused.value.close()


def test_an_unknown_path_names_those_there_are(l1: Harness) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        rpc(f"{l1.gateway.url}/l3-a", ("eth_chainId", []))
    assert refused.value.code == 404
    assert b"l1-a, l1-b" in refused.value.read()
    refused.value.close()


def test_a_silent_node_and_a_dead_one_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "UPSTREAM_TIMEOUT", 0.5)
    with harness.start("l1") as lab:
        process = lab.anvil.process
        for number, status in ((signal.SIGSTOP, 504), (signal.SIGKILL, 503)):
            os.kill(process.pid, number)
            if number == signal.SIGKILL:
                process.wait(5)
            with pytest.raises(urllib.error.HTTPError) as failed:
                rpc(lab.urls[0], ("eth_blockNumber", []))
            assert failed.value.code == status
            assert b"the node" in failed.value.read()
            failed.value.close()


def test_finality_never_goes_back() -> None:
    consensus = Consensus(L2)
    consensus.advance(100)
    consensus.advance(60)
    assert (consensus.finalized, consensus.safe) == (70, 88)
    consensus.finalize(95)
    consensus.advance(101)
    assert (consensus.finalized, consensus.safe) == (95, 95)

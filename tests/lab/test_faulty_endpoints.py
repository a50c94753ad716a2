"""Endpoints suffer on command: the same way for the same seed, and not at all once healed."""

import http.client
import itertools
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from lab_process import rpc

from lab import harness
from lab.faults.fault import InvalidFault
from lab.faults.forging import header_hash
from lab.faults.log_lies import MANY, VOTES
from lab.faults.switchboard import SORTS
from lab.gateway import CONTROL
from lab.governance import Proposal, Support
from lab.harness import Harness

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def lab() -> Iterator[Harness]:
    with harness.start("l2") as chain:
        proposal = chain.propose("Raise it")
        chain.open_voting(proposal)
        for voter, support in (("Ada", Support.FOR), ("Chidi", Support.AGAINST)):
            chain.vote(voter, proposal, support, "because")
        chain.mine(3)
        chain.voted_on = proposal  # type: ignore[attr-defined]
        yield chain


@pytest.fixture(autouse=True)
def healed(lab: Harness) -> Iterator[None]:
    yield
    lab.heal()


def suffer(lab: Harness, sort: str, **options: Any) -> None:
    lab.suffer("l2-b", sort, **options)


def asked(lab: Harness) -> dict[str, Any]:
    proposal: Proposal = lab.voted_on  # type: ignore[attr-defined]
    return {
        "address": lab.addresses["governor"],
        "fromBlock": hex(proposal.created_block),
        "topics": [list(VOTES)],
    }


def votes(lab: Harness, letter: str = "b") -> list[dict[str, Any]]:
    url = lab.urls["ab".index(letter)]
    found: list[dict[str, Any]] = rpc(url, ("eth_getLogs", [asked(lab)]))["result"]
    return found


def block(lab: Harness, number: int | str, letter: str = "b") -> Any:
    at = number if isinstance(number, str) else hex(number)
    url = lab.urls["ab".index(letter)]
    return rpc(url, ("eth_getBlockByNumber", [at, False]))["result"]


def weights(logs: list[dict[str, Any]]) -> list[int]:
    return [int(log["data"][2 + 128 : 2 + 192], 16) for log in logs]


def test_the_default_lie_changes_votes_in_logs_and_receipts_alike(lab: Harness) -> None:
    honest = votes(lab, "a")
    suffer(lab, "lie")
    told = votes(lab)
    assert weights(told) == [3 * weight for weight in weights(honest)]
    assert [log["blockHash"] for log in told] == [log["blockHash"] for log in honest]
    for log in told:
        receipts = rpc(lab.urls[1], ("eth_getBlockReceipts", [log["blockHash"]]))["result"]
        assert log["data"] in [one["data"] for row in receipts for one in row["logs"]]
        receipt = rpc(lab.urls[1], ("eth_getTransactionReceipt", [log["transactionHash"]]))
        assert log["data"] in [one["data"] for one in receipt["result"]["logs"]]
    assert votes(lab, "a") == honest
    lab.heal("l2-b")
    assert votes(lab) == honest


def test_the_seed_decides_what_is_lied_about(lab: Harness) -> None:
    honest = votes(lab, "a")
    kept: set[tuple[int, ...]] = set()
    for seed in range(40):
        suffer(lab, "lie", how="missing-log", rate=0.5, seed=seed)
        told = votes(lab)
        assert told == votes(lab)
        assert all(log in honest for log in told)
        kept.add(tuple(honest.index(log) for log in told))
    assert kept == {(), (0,), (1,), (0, 1)}


SHAPES = {
    "support": lambda logs, honest: [log["data"][129] for log in logs] == ["0", "1"],
    "data": lambda logs, honest: all(
        a["data"][:-1] == b["data"][:-1] and a["data"] != b["data"]
        for a, b in zip(logs, honest, strict=True)
    ),
    "added-log": lambda logs, honest: len(logs) == 2 * len(honest),
    "other-address": lambda logs, honest: logs[0]["address"] != honest[0]["address"],
    "duplicate-log": lambda logs, honest: logs[::2] == logs[1::2] == honest,
    "unordered-logs": lambda logs, honest: logs == honest[::-1],
    "wrong-block-hash": lambda logs, honest: logs[0]["blockHash"] != honest[0]["blockHash"],
    "wrong-index": lambda logs, honest: int(logs[0]["logIndex"], 16) == 2**40,
    "removed-log": lambda logs, honest: all(log["removed"] for log in logs),
    "wide-number": lambda logs, honest: int(logs[0]["logIndex"], 16) == 2**256,
    "odd-hex": lambda logs, honest: len(logs[0]["data"]) % 2 == 1,
    "many-logs": lambda logs, honest: len(logs) == len(honest) * (MANY + 1),
}


@pytest.mark.parametrize("how", SHAPES)
def test_logs_are_told_wrongly(lab: Harness, how: str) -> None:
    honest = votes(lab, "a")
    assert not SHAPES[how](honest, honest)
    suffer(lab, "lie", how=how)
    assert SHAPES[how](votes(lab), honest)


def test_receipts_alone_are_told_wrongly_or_denied(lab: Harness) -> None:
    honest = votes(lab, "a")
    question = ("eth_getBlockReceipts", [honest[0]["blockHash"]])
    suffer(lab, "lie", how="receipts")
    (receipt,) = rpc(lab.urls[1], question)["result"]
    assert receipt["status"] == "0x0"
    assert receipt["logs"][0]["data"] != honest[0]["data"]
    assert votes(lab) == honest
    suffer(lab, "lie", how="no-receipts")
    assert rpc(lab.urls[1], question)["result"] is None


def test_blocks_are_told_wrongly_or_denied(lab: Harness) -> None:
    head = lab.chain.block_number()
    honest = block(lab, head - 1, "a")
    changed = {"wrong-parent": "parentHash", "wrong-hash": "hash", "wrong-header": "timestamp"}
    for how, name in changed.items():
        suffer(lab, "lie", how=how)
        told = block(lab, head - 1)
        assert {key for key in honest if told[key] != honest[key]} == {name}
        lab.heal()
    suffer(lab, "lie", how="no-parent")
    assert "parentHash" not in block(lab, head - 1)
    lab.heal()
    suffer(lab, "lie", how="null-block")
    assert block(lab, head - 1) is None
    assert int(block(lab, "latest")["number"], 16) == head


def test_a_forged_branch_is_sound_in_itself(lab: Harness) -> None:
    head = lab.chain.block_number()
    first = head - 4
    suffer(lab, "lie", how="forged-block", from_block=first)
    assert block(lab, first - 1) == block(lab, first - 1, "a")
    branch = [block(lab, "latest"), *(block(lab, head - below) for below in range(1, 5))]
    for child, parent in itertools.pairwise(branch):
        assert child["parentHash"] == parent["hash"]
    assert branch[-1]["parentHash"] == block(lab, first - 1)["hash"]
    for forged in branch:
        real = block(lab, int(forged["number"], 16), "a")
        assert header_hash(real) == real["hash"]
        assert header_hash(forged) == forged["hash"] != real["hash"]
        again = rpc(lab.urls[1], ("eth_getBlockByHash", [forged["hash"], False]))["result"]
        assert again == forged
    last_vote = votes(lab)[-1]
    assert last_vote["blockHash"] == block(lab, int(last_vote["blockNumber"], 16))["hash"]
    one = {**asked(lab), "blockHash": last_vote["blockHash"]}
    del one["fromBlock"]
    assert rpc(lab.urls[1], ("eth_getLogs", [one]))["result"] == [last_vote]


def test_answers_of_contracts_and_to_other_requests(lab: Harness) -> None:
    call = ("eth_call", [{"to": lab.addresses["governor"], "data": "0x3932abb1"}, "latest"])
    delay = int(rpc(lab.urls[0], call)["result"], 16)
    suffer(lab, "lie", how="call")
    assert int(rpc(lab.urls[1], call)["result"], 16) == delay ^ 1
    lab.heal()
    suffer(lab, "lie", how="other-id")
    assert rpc(lab.urls[1], call)["id"] != 1
    rows = rpc(lab.urls[1], ("eth_chainId", []), ("eth_blockNumber", []))
    assert {row["id"]: row["result"] for row in rows}[1] != "0x385"


def test_a_stale_endpoint_sees_the_chain_as_it_was(lab: Harness) -> None:
    head = lab.chain.block_number()
    suffer(lab, "stale", blocks=3)
    seen = head - 3
    assert int(rpc(lab.urls[1], ("eth_blockNumber", []))["result"], 16) == seen
    assert int(block(lab, "latest")["number"], 16) == seen
    assert block(lab, head) is None
    assert block(lab, seen) == block(lab, seen, "a")
    newest = block(lab, head, "a")["hash"]
    by_hash = ("eth_getBlockByHash", [newest, False])
    rows = rpc(lab.urls[1], by_hash, ("eth_getBlockByNumber", [hex(head), False]))
    assert [row["result"] for row in rows] == [None, None]
    last = int(votes(lab, "a")[-1]["blockNumber"], 16)
    suffer(lab, "stale", blocks=head - last + 1)
    assert len(votes(lab)) == 1
    lab.heal()
    suffer(lab, "stale", how="frozen", blocks=0)
    assert int(block(lab, "latest")["number"], 16) == head
    lab.mine(2)
    assert int(block(lab, "latest")["number"], 16) == head
    lab.heal()
    assert int(block(lab, "latest")["number"], 16) == head + 2


def test_a_wrong_chain_has_nothing_of_ours(lab: Harness) -> None:
    suffer(lab, "wrong-chain")
    assert rpc(lab.urls[1], ("eth_chainId", []))["result"] == "0x1"
    assert block(lab, 1)["hash"] != block(lab, 1, "a")["hash"]
    assert block(lab, 2)["parentHash"] == block(lab, 1)["hash"]
    assert votes(lab) == []
    code = ("eth_getCode", [lab.addresses["governor"], "latest"])
    assert rpc(lab.urls[1], code)["result"] == "0x"


def test_answers_that_end_too_early(lab: Harness) -> None:
    call = ("eth_getBlockByNumber", ["latest", True])
    suffer(lab, "truncate")
    with pytest.raises(http.client.IncompleteRead):
        rpc(lab.urls[1], call)
    suffer(lab, "truncate", how="tidy")
    with pytest.raises(json.JSONDecodeError):
        rpc(lab.urls[1], call)
    lab.heal()
    suffer(lab, "truncate", how="huge")
    with pytest.raises(http.client.IncompleteRead) as half:
        rpc(lab.urls[1], call)
    assert len(half.value.partial) == 25 * 1024 * 1024


def test_answers_that_do_not_come(lab: Harness) -> None:
    suffer(lab, "refuse")
    with pytest.raises(http.client.RemoteDisconnected):
        rpc(lab.urls[1], ("eth_chainId", []))
    suffer(lab, "refuse", how="unavailable")
    with pytest.raises(urllib.error.HTTPError) as refused:
        rpc(lab.urls[1], ("eth_chainId", []))
    assert refused.value.code == 503
    refused.value.close()


def test_a_limit_of_requests(lab: Harness) -> None:
    suffer(lab, "rate-limit", per_second=0)
    with pytest.raises(urllib.error.HTTPError) as limited:
        rpc(lab.urls[1], ("eth_chainId", []))
    assert (limited.value.code, limited.value.headers["Retry-After"]) == (429, "1")
    limited.value.close()
    lab.heal()
    suffer(lab, "rate-limit", how="rpc", per_second=0, rate=0.5, seed=7)
    answers = ["error" in rpc(lab.urls[1], ("eth_chainId", [])) for _ in range(40)]
    assert 5 < sum(answers) < 35
    suffer(lab, "rate-limit", how="rpc", per_second=0, rate=0.5, seed=7)
    assert answers == ["error" in rpc(lab.urls[1], ("eth_chainId", [])) for _ in range(40)]


def test_late_answers_and_endpoints_that_come_and_go(lab: Harness) -> None:
    began = time.monotonic()
    suffer(lab, "slow", seconds=0.4)
    assert rpc(lab.urls[1], ("eth_chainId", []))["result"] == "0x385"
    suffer(lab, "slow", how="drip", seconds=0.4)
    assert rpc(lab.urls[1], ("eth_chainId", []))["result"] == "0x385"
    assert time.monotonic() - began >= 1.2  # both stand: late, then late and byte by byte
    lab.heal()
    suffer(lab, "flap", seconds=0.2)
    seen = set()
    deadline = time.monotonic() + 30
    while seen != {"there", "gone"}:
        assert time.monotonic() < deadline
        try:
            rpc(lab.urls[1], ("eth_chainId", []))
            seen.add("there")
        except http.client.RemoteDisconnected:
            seen.add("gone")
        time.sleep(0.02)


def test_what_makes_no_sense_is_refused_in_words(lab: Harness) -> None:
    for endpoint, sort, options, words in (
        ("l9-a", "lie", {}, "l2-a, l2-b, l2-c"),
        ("l2-b", "sulk", {}, "choose among lie"),
        ("l2-b", "lie", {"how": "badly"}, "choose among vote"),
        ("l2-b", "slow", {"rate": 0}, "no share"),
        ("l2-b", "slow", {"blocks": 3}, "takes no --blocks"),
        ("l2-b", "slow", {"seconds": -1}, "cannot be -1"),
        ("l2-b", "slow", {"colour": 1}, "no option colour"),
    ):
        with pytest.raises(InvalidFault, match=words):
            lab.suffer(endpoint, sort, **options)
    assert lab.gateway.switchboard.suffering() == {}


def control(lab: Harness, order: Any, token: str, **headers: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        lab.gateway.url + CONTROL,
        json.dumps(order).encode(),
        {"authorization": f"Bearer {token}", **headers},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def test_only_who_knows_the_token_and_is_no_page_controls(lab: Harness) -> None:
    order = {"do": "refuse", "endpoints": ["l2-a"]}
    token = lab.gateway._token
    for given, headers in (("", {}), ("x" * 43, {}), (token, {"origin": "http://127.0.0.1"})):
        status, _ = control(lab, order, given, **headers)
        assert status == 403
        assert lab.gateway.switchboard.suffering() == {}
    assert control(lab, {"do": "lie"}, token)[0] == 400
    assert control(lab, {"do": "lie", "endpoints": ["l2-a"], "rate": "x"}, token)[0] == 400
    assert control(lab, {**order, "sort": "lie"}, token)[0] == 400
    assert lab.gateway.switchboard.suffering() == {}
    status, said = control(lab, order, token)
    assert status == 200
    assert "l2-a refuses every request" in said["said"][0]
    assert set(lab.gateway.switchboard.suffering()) == {"l2-a"}
    assert control(lab, {"do": "heal", "endpoints": []}, token)[1]["said"] == [
        "l2-a is well again."
    ]


def test_every_sort_can_be_told_in_words_and_taken_back(lab: Harness) -> None:
    for sort, one in SORTS.items():
        for how in one.hows:
            suffer(lab, sort, how=how, seed=3)
            assert one.hows[how] in lab.gateway.switchboard.suffering()["l2-b"][-1]["words"]
    assert lab.heal() == ["l2-b"]
    assert lab.gateway.endpoints["l2-b"].troubles == []

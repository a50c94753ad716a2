"""The product's light client follows the lab's L1, and refuses what the lab forges."""

import urllib.error
import urllib.request
from hashlib import sha256

import pytest
from beacon_client import LIGHT_CLIENT, Client, get
from lab_process import rpc

from lab.beacon.faults import InvalidOrder
from lab.harness import Harness
from lab.reorg import reorg
from proofs.chain.ssz import ByteList, merkle_root
from proofs.refusals import BranchMismatch, InvalidSignature, Refusal
from proofs.statements.light_client_store import Certified

pytestmark = pytest.mark.node

PERIOD = 128
"""Blocks of four seconds in a period of 512."""


@pytest.fixture
def client(l1: Harness) -> Client:
    genesis = get(f"{l1.beacon_url}/eth/v1/beacon/headers/genesis")["data"]["root"]
    return Client(l1.beacon_url, genesis)


def is_the_nodes(lab: Harness, certified: Certified) -> bool:
    found = lab.node.call("eth_getBlockByNumber", hex(certified.block_number), False)
    return (found["hash"], found["stateRoot"], found["receiptsRoot"], found["timestamp"]) == (
        "0x" + certified.block_hash.hex(),
        "0x" + certified.state_root.hex(),
        "0x" + certified.receipts_root.hex(),
        hex(certified.timestamp),
    )


def tag(lab: Harness, name: str) -> dict[str, str]:
    return rpc(lab.urls[0], ("eth_getBlockByNumber", [name, False]))["result"]


def test_committees_hand_over_and_a_finalized_block_is_certified(
    l1: Harness, client: Client
) -> None:
    l1.mine(2 * PERIOD + 40)
    certified = client.follow()
    assert client.store.period == client.network.period(client.slot) >= 2
    assert len({update.next_sync_committee for update in client.updates(0)}) >= 3
    assert is_the_nodes(l1, certified)
    assert certified.signed.participants == client.network.committee_size
    assert certified.slot == certified.timestamp - client.network.genesis_time

    proposal = l1.propose("Of the newest block")
    l1.mine(14)
    later = client.follow()
    assert later.block_number >= proposal.created_block
    assert is_the_nodes(l1, later)


def test_the_tags_of_the_node_are_those_of_the_beacon_chain(l1: Harness, client: Client) -> None:
    l1.mine(40)
    for _ in range(9):
        l1.mine(3)
        marks = client.get("/eth/v1/beacon/states/head/finality_checkpoints")["data"]
        for name, mark in (("safe", "current_justified"), ("finalized", "finalized")):
            block = tag(l1, name)
            slot = int(block["timestamp"], 16) - client.network.genesis_time
            header = client.get(f"/eth/v1/beacon/headers/{slot}")
            assert header["data"]["root"] == marks[mark]["root"]
            assert header["finalized"] is (name == "finalized")
        head = l1.chain.block_number()
        assert head - 12 <= int(tag(l1, "finalized")["number"], 16) < head - 6
        certified = client.follow()
        assert certified.block_number <= int(tag(l1, "finalized")["number"], 16)
        assert certified.block_number >= int(tag(l1, "finalized")["number"], 16) - 4


def test_the_execution_header_commits_to_the_transactions(l1: Harness, client: Client) -> None:
    l1.gov.delegate(l1.actor("Emre"), l1.actor("Ada").address)
    l1.mine(14)
    assert client.slot
    head = l1.chain.block_number()
    transactions = 0
    for number in range(head - 15, head):
        block = l1.node.call("eth_getBlockByNumber", hex(number), False)
        carried = l1.gateway.beacon.follower.chain.at_slot(
            int(block["timestamp"], 16) - client.network.genesis_time
        )
        raw = [l1.node.call("eth_getRawTransactionByHash", tx) for tx in block["transactions"]]
        roots = [ByteList(2**30).root(bytes.fromhex(each[2:])) for each in raw]
        count = len(roots).to_bytes(32, "little")
        wanted = sha256(merkle_root(b"".join(roots), 2**20) + count).digest()
        assert bytes(carried.execution.transactions_root) == wanted
        assert carried.execution_number == number
        transactions += len(raw)
    assert transactions


def test_a_reorg_is_followed_and_finality_stays(l1: Harness, client: Client) -> None:
    l1.mine(30)
    final, before = client.follow(), client.get("/eth/v1/beacon/headers/head")["data"]
    l1.reorg(5)
    after = client.get("/eth/v1/beacon/headers/head")["data"]
    orphan = client.get(f"/eth/v1/beacon/headers/{before['root']}")["data"]
    assert before["canonical"]
    assert not orphan["canonical"]
    assert after["root"] != before["root"]
    assert is_the_nodes(l1, final)
    l1.mine(14)
    later = client.follow()
    assert later.block_number > final.block_number
    assert is_the_nodes(l1, later)


def test_finality_does_not_go_back_with_a_chain_that_does(l1: Harness, client: Client) -> None:
    l1.mine(40)
    final = int(tag(l1, "finalized")["number"], 16)
    reorg(l1.node, 25)
    assert int(tag(l1, "finalized")["number"], 16) == final
    root = client.get("/eth/v1/beacon/headers/finalized")["data"]["root"]
    l1.mine(20)
    assert int(tag(l1, "finalized")["number"], 16) > final
    assert client.get("/eth/v1/beacon/headers/finalized")["data"]["root"] != root
    assert is_the_nodes(l1, client.follow())


def test_blocks_of_the_same_second_have_slots_of_their_own(l1: Harness, client: Client) -> None:
    l1.mine(20)
    client.follow()
    l1.node.call("anvil_mine", hex(30))
    stamps = {
        int(block["timestamp"], 16)
        for block in l1.node.batch(
            [("eth_getBlockByNumber", [hex(l1.chain.block_number() - n), False]) for n in (0, 1)]
        )
    }
    assert len(stamps) == 1, "the node now gives each block a second of its own"
    l1.mine(30)
    assert is_the_nodes(l1, client.follow())


def test_time_that_leaps_leaves_no_period_without_an_update(l1: Harness, client: Client) -> None:
    l1.mine(10)
    l1.advance_time_to(l1.chain.timestamp() + 9 * 512 + 77)
    l1.mine(16)
    assert is_the_nodes(l1, client.follow())
    assert client.periods == sorted(client.periods)
    assert client.store.period >= 9
    assert tag(l1, "finalized")["hash"] != tag(l1, "latest")["hash"]


def test_too_few_signers_move_nothing(l1: Harness, client: Client) -> None:
    l1.mine(30)
    final = client.follow()
    assert "19 of 32 members sign" in l1.beacon.obey({"do": "participation", "percent": 60})[0]
    l1.mine(20)
    update = client.finality_update()
    assert update.finalized_header.slot > client.store.finalized.slot
    assert update.sync_aggregate.participants == 19
    assert client.follow() == final
    l1.beacon.obey({"do": "participation", "percent": 67})
    l1.mine(2)
    assert client.finality_update().sync_aggregate.participants == 21
    assert client.follow() == final, "21 of 32 are less than two thirds"
    assert l1.beacon.obey({"do": "heal"}) == ["The beacon chain is well again."]
    l1.mine(2)
    assert client.follow().block_number > final.block_number


def test_nobody_signs(l1: Harness, client: Client) -> None:
    l1.mine(30)
    before = client.finality_update()
    l1.beacon.obey({"do": "participation", "percent": 0})
    l1.mine(20)
    assert client.finality_update() == before


@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ("execution", BranchMismatch),
        ("finality", BranchMismatch),
        ("signature", InvalidSignature),
    ],
)
def test_forged_updates_are_refused(
    l1: Harness, client: Client, how: str, refusal: type[Refusal]
) -> None:
    l1.mine(30)
    final = client.follow()
    l1.mine(20)
    l1.beacon.obey({"do": "forge", "how": how})
    with pytest.raises(refusal):
        client.process(client.finality_update())
    stranger = Client(client.url, client.trusted)
    with pytest.raises(refusal):
        stranger.process(stranger.updates(0)[0])
    assert client.store.finalized.slot == final.slot
    l1.beacon.obey({"do": "heal"})
    assert client.follow().block_number > final.block_number


def test_updates_stand_still_and_go_on(l1: Harness, client: Client) -> None:
    l1.mine(30)
    before = client.finality_update()
    l1.beacon.obey({"do": "stall"})
    l1.mine(20)
    assert client.finality_update() == before
    assert client.slot > before.signature_slot
    with pytest.raises(InvalidOrder, match="already"):
        l1.beacon.obey({"do": "stall"})
    l1.beacon.obey({"do": "heal"})
    assert client.finality_update().finalized_header.slot > before.finalized_header.slot


def test_what_is_not_there_is_answered_as_by_a_beacon_node(l1: Harness) -> None:
    unknown = "0x" + "ab" * 32
    for path, code, message in (
        (f"{LIGHT_CLIENT}/bootstrap/{unknown}", 404, "LC bootstrap unavailable"),
        (f"{LIGHT_CLIENT}/bootstrap/0x12", 400, "Invalid block root"),
        (f"{LIGHT_CLIENT}/updates?start_period=0", 400, "Invalid count"),
        (f"{LIGHT_CLIENT}/updates?start_period=-1&count=1", 400, "Invalid start_period"),
        (f"/eth/v1/beacon/headers/{unknown}", 404, "Block not found"),
        ("/eth/v1/beacon/headers/newest", 400, "Invalid block ID"),
        ("/eth/v1/beacon/headers/999999999", 404, "Block not found"),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(l1.beacon_url + path)
        assert refused.value.code == code, path
        body = refused.value.read().decode()
        assert f'"code": {code}' in body
        assert message in body
        assert refused.value.headers["Access-Control-Allow-Origin"] == "*"
        refused.value.close()
    assert get(f"{l1.beacon_url}{LIGHT_CLIENT}/updates?start_period=900&count=5") == []
    with urllib.request.urlopen(f"{l1.beacon_url}{LIGHT_CLIENT}/optimistic_update") as answer:
        assert answer.headers["Eth-Consensus-Version"] == "electra"
        assert b"finalized_header" not in answer.read()
    assert get(f"{l1.beacon_url}/eth/v1/node/syncing")["data"]["is_syncing"] is False

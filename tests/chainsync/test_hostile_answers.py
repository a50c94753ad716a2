"""Everything a node can say wrong is a failure that names the node and what is wrong with it.

One question at a time; what the sync makes of a node like that is in `test_hostile_nodes.py`.
"""

import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chainsync.endpoint import fetching
from chainsync.endpoint.failures import (
    EndpointFailure,
    MalformedReply,
    RateLimited,
    ReplyTooLarge,
    RpcError,
    Timeout,
    Unreachable,
    WrongChain,
)
from chainsync.endpoint.fetching import Wanted
from chainsync.endpoint.pool import Source
from chainsync.endpoint.rpc import Client
from chainsync.rules.endpoints import EndpointFacts, malformed
from charter.models import Chain, Endpoint
from lab.anvil import Anvil
from lab.consensus import Consensus
from lab.endpoint import Exchange, Handler, Reply, Upstream
from lab.gateway import Gateway
from lab.schedule import ChainTimes
from tests.chainsync.scene import SAID, Node

pytestmark = pytest.mark.node

CONTRACT = "0x" + "c0" * 20
WANTED = Wanted({bytes.fromhex(CONTRACT[2:]): frozenset({SAID.topic0})})


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    times = ChainTimes(901, 1, 300_000_000, safe_depth=4, finalized_depth=8)
    with tempfile.TemporaryDirectory(prefix="tocsin-node-") as folder:
        anvil = Anvil.start(
            times, Path(folder) / "anvil.log", genesis_time=int(time.time()) - 10_000
        )
        gateway = Gateway({"l2": Upstream(anvil.rpc.url, Consensus(times))}, dict)
        gateway.start()
        node = Node(anvil, gateway)
        node.install(CONTRACT)
        node.mine(3)
        for number in (5, 6):
            node.say(CONTRACT, number, number + 10)
        node.mine(2)
        yield node
        gateway.stop()
        anvil.stop()


@pytest.fixture
def source(node: Node) -> Iterator[Source]:
    chain = Chain(key="l2", chain_id=901, name="Venue L2", role="l2", block_time=1)
    url = node.urls[1]
    source = Source(chain, Endpoint(chain=chain, name="l2-b", operator="B", url=url), url)
    yield source
    node.gateway.switchboard.heal()
    node.heal("l2-b")
    assert source.client
    source.client.close()


def head(source: Source) -> Any:
    return fetching.tags(source).latest.hash.hex()


def branch(source: Source) -> Any:
    found = fetching.linked(source, fetching.headers(source, range(1, 8)))
    return [header.hash.hex() for header in found]


def blocks(source: Source) -> Any:
    """What following reads: whole blocks of headers that are known."""
    headers = [header for header in fetching.headers(source, range(3, 7)) if header]
    return [(block.logs, block.receipts) for block in fetching.blocks(source, headers, WANTED)]


def ranged(source: Source) -> Any:
    return fetching.range_logs(source, 1, 7, WANTED)


Question = Callable[[Source], Any]

LIES: list[tuple[str, Question, str]] = [
    ("other-address", blocks, "0x5e5e"),
    ("other-address", ranged, "0x5e5e"),
    ("duplicate-log", blocks, "out of order"),
    ("duplicate-log", ranged, "out of order"),
    ("unordered-logs", blocks, "out of order"),
    ("unordered-logs", ranged, "out of order"),
    ("wrong-block-hash", blocks, "another block"),
    ("wrong-index", blocks, "0x10000000000|out of order"),
    ("wrong-index", ranged, "out of order"),
    ("removed-log", blocks, "removed"),
    ("removed-log", ranged, "removed"),
    ("wide-number", blocks, "not a quantity|bits"),
    ("wide-number", ranged, "not a quantity|bits"),
    ("odd-hex", blocks, "hex"),
    ("odd-hex", ranged, "hex"),
    ("no-parent", branch, "hex data"),
    ("no-parent", head, "hex data"),
    ("wide-header", head, "not a quantity|bits"),
    ("wrong-parent", branch, "parent|hash"),
    ("wrong-hash", branch, "parent|hash"),
    ("wrong-header", head, "hash"),
    ("other-id", branch, "asked|gave block"),
    ("missing-log", blocks, "receipts"),
    ("added-log", blocks, "receipts"),
    ("many-logs", blocks, "receipts"),
    ("data", blocks, "receipts"),
    ("receipts", blocks, "receipts"),
]


@pytest.mark.parametrize(
    ("how", "question", "words"),
    LIES,
    ids=[f"{how}-{question.__name__}" for how, question, _ in LIES],
)
def test_a_lie_that_shows_is_named(
    node: Node, source: Source, how: str, question: Question, words: str
) -> None:
    sound = question(source)
    node.gateway.switchboard.suffer("l2-b", "lie", how=how)
    with pytest.raises(MalformedReply, match=words) as failure:
        question(source)
    assert str(failure.value).startswith("l2-b ")
    assert source.failures
    assert source.last_error == str(failure.value)
    node.gateway.switchboard.heal()
    assert question(source) == sound


OUTAGES: list[tuple[str, dict[str, Any], type[EndpointFailure], str]] = [
    ("refuse", {}, Unreachable, "broke off|cannot be reached"),
    ("refuse", {"how": "unavailable"}, Unreachable, "503"),
    ("truncate", {}, Unreachable, "broke off|cannot be reached"),
    ("truncate", {"how": "tidy"}, MalformedReply, "JSON-RPC"),
    ("slow", {"seconds": 20}, Timeout, "in time"),
    ("slow", {"how": "drip", "seconds": 20}, Timeout, "in time"),
    ("rate-limit", {"per_second": 0}, RateLimited, "slow down"),
    ("rate-limit", {"per_second": 0, "how": "rpc"}, RateLimited, "slow down"),
    ("wrong-chain", {}, WrongChain, "chain id 1, but the charter says 901"),
]


@pytest.mark.parametrize(
    ("sort", "options", "kind", "words"),
    OUTAGES,
    ids=[f"{sort}-{options.get('how', 'default')}" for sort, options, _, _ in OUTAGES],
)
def test_an_outage_is_named(
    node: Node,
    source: Source,
    sort: str,
    options: dict[str, Any],
    kind: type[EndpointFailure],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetching, "TAGS_SECONDS", 0.7)
    node.gateway.switchboard.suffer("l2-b", sort, **options)
    with pytest.raises(kind, match=words) as failure:
        head(source)
    assert str(failure.value).startswith("l2-b ")
    assert source.last_error == str(failure.value)
    node.gateway.switchboard.heal()
    assert "0x" + head(source) == node.hash(node.head)


def test_fifty_megabytes_cut_in_the_middle_are_read_by_nobody(node: Node, source: Source) -> None:
    node.gateway.switchboard.suffer("l2-b", "truncate", how="huge")
    with pytest.raises(EndpointFailure, match="l2-b"):
        head(source)
    assert source.client
    source.client.close()
    source.client = Client("l2-b", node.urls[1], max_reply_bytes=1024 * 1024)
    with pytest.raises(ReplyTooLarge, match="more than 1048576 bytes"):
        head(source)


def saying(result: str) -> Callable[[Exchange, Handler], Any]:
    """Answers every call with the same text of JSON."""

    async def middleware(exchange: Exchange, following: Handler) -> Reply:
        rows = [f'{{"id": {json.dumps(call["id"])}, {result}}}' for call in exchange.calls]
        return Reply(200, (f"[{','.join(rows)}]" if exchange.batch else rows[0]).encode())

    return middleware


DEEP = "[" * 100_000
BODIES = {
    "nested": (f'"result": {DEEP}', branch, MalformedReply),
    "nested error": (f'"error": {{"data": {DEEP}', branch, MalformedReply),
    "nothing": ('"jsonrpc": "2.0"', branch, MalformedReply),
    "a number": ('"result": 7', branch, MalformedReply),
    "a float": ('"result": 1e999', branch, MalformedReply),
    "a list": ('"result": []', branch, MalformedReply),
    "no block": ('"result": null', head, MalformedReply),
    "an empty block": ('"result": {}', branch, MalformedReply),
    "strange logs": ('"result": [{"address": 5}]', ranged, MalformedReply),
    "no logs": ('"result": null', ranged, MalformedReply),
    "a word": ('"result": "\\ud800"', head, MalformedReply),
    "a refusal with control characters": (
        '"error": {"code": -32000, "message": "no\\u0000pe\\u001b[31m"}',
        ranged,
        RpcError,
    ),
    "an endless refusal": (
        f'"error": {{"code": -32000, "message": "{"x" * 1_000_000}"}}',
        ranged,
        RpcError,
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_strange_body_is_named(node: Node, source: Source, name: str) -> None:
    text, question, kind = BODIES[name]
    branch(source)
    node.interpose("l2-b", saying(text))
    with pytest.raises(kind, match=r"^l2-b") as failure:
        question(source)
    assert len(str(failure.value)) < 1000
    assert str(failure.value).isprintable()
    node.heal("l2-b")
    assert len(branch(source)) == 7


def changed(method: str, **fields: Any) -> Callable[[Exchange, Handler], Any]:
    """Gives every block, log or receipt that this method answers other fields."""

    async def middleware(exchange: Exchange, following: Handler) -> Reply:
        reply = await following(exchange)
        rows = json.loads(reply.body)
        for call, row in zip(exchange.calls, rows if exchange.batch else [rows], strict=True):
            found = row.get("result")
            if call["method"] == method and found:
                for one in found if isinstance(found, list) else [found]:
                    one.update(fields)
        return Reply(200, json.dumps(rows).encode())

    return middleware


BLOCK, RECEIPTS = "eth_getBlockByNumber", "eth_getBlockReceipts"
FIELDS: list[tuple[str, str, Any, Question]] = [
    (BLOCK, "remark", "a\0b", branch),
    (BLOCK, "remark", "x" * 100_000, branch),
    (BLOCK, "remark", [["x" * 100_000]], branch),
    (BLOCK, "timestamp", hex(253_402_300_800), branch),
    (BLOCK, "timestamp", "0x", branch),
    (BLOCK, "timestamp", 5, branch),
    (BLOCK, "timestamp", None, branch),
    (BLOCK, "number", hex(2**63), branch),
    (BLOCK, "number", "-0x1", branch),
    (BLOCK, "hash", "0x" + "zz" * 32, branch),
    (BLOCK, "hash", "0x" + "11" * 31, branch),
    (BLOCK, "hash", "0x" + " 1" * 32, branch),
    (RECEIPTS, "remark", "a\0b", blocks),
    (RECEIPTS, "blockHash", "0x" + "11" * 32, blocks),
    (RECEIPTS, "transactionIndex", hex(2**31), blocks),
    (RECEIPTS, "logs", None, blocks),
    (RECEIPTS, "logs", [{"address": 7}], blocks),
    (RECEIPTS, "type", "0x" + "f" * 64, blocks),
    (RECEIPTS, "status", "0x2", blocks),
]


@pytest.mark.parametrize(
    ("method", "field", "value", "question"),
    FIELDS,
    ids=[f"{field}-{number}" for number, (_, field, _, _) in enumerate(FIELDS)],
)
def test_a_field_that_cannot_be_is_named(
    node: Node, source: Source, method: str, field: str, value: Any, question: Question
) -> None:
    sound = question(source)
    node.interpose("l2-b", changed(method, **{field: value}))
    with pytest.raises(MalformedReply, match=r"^l2-b"):
        question(source)
    node.heal("l2-b")
    assert question(source) == sound


def test_a_chain_id_beyond_any_column_is_refused(node: Node, source: Source) -> None:
    for text in (hex(2**64), hex(2**255), "901", "0x"):
        node.interpose("l2-b", saying(f'"result": "{text}"'))
        with pytest.raises(MalformedReply, match=r"quantity|bits"):
            head(source)
        assert source.chain_id is None
        node.heal("l2-b")
    assert list(itertools.islice(branch(source), 1))


@pytest.mark.parametrize(("answers", "told"), [(0, []), (3, []), (4, ["l2/l2-b"])])
def test_who_keeps_on_giving_what_cannot_be_is_named(answers: int, told: list[str]) -> None:
    facts = EndpointFacts(
        chain="l2",
        name="l2-b",
        operator="Operator B",
        block_time=2,
        chain_id=901,
        chain_id_seen=901,
        failures=0,
        silent=0.1,
        last_error="",
        behind=0,
        malformed=answers,
    )
    standing = malformed([facts])
    assert list(standing) == told
    assert all("l2-b (Operator B)" in one.summary for one in standing.values())

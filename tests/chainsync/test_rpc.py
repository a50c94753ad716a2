"""Whatever comes back over the wire is an answer or a typed failure, within time and size."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainsync.endpoint import wire
from chainsync.endpoint.failures import (
    EndpointFailure,
    MalformedReply,
    RateLimited,
    ReplyTooLarge,
    RpcError,
    Timeout,
    Unreachable,
)
from chainsync.endpoint.rpc import Client

Answer = tuple[int, dict[str, str], bytes]
Script = Callable[[Any], Answer | None]


class Node:
    """An HTTP server that answers by a script; None closes the connection without a word."""

    def __init__(self) -> None:
        self.script: Script = lambda request: (200, {}, b"")
        self.requests: list[Any] = []
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                node.requests.append(body)
                answer = node.script(body)
                if answer is None:
                    self.close_connection = True
                    return
                status, headers, reply = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/secret-key"

    def says(self, text: str | bytes, status: int = 200, **headers: str) -> None:
        raw = text.encode() if isinstance(text, str) else text
        self.script = lambda request: (status, headers, raw)

    def results(self, make: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Answer each call of a batch by `make`."""

        def script(request: Any) -> Answer:
            calls = request if isinstance(request, list) else [request]
            rows = [{"jsonrpc": "2.0", "id": call["id"], **make(call)} for call in calls]
            return 200, {}, json.dumps(rows if isinstance(request, list) else rows[0]).encode()

        self.script = script


@pytest.fixture
def node() -> Iterator[Node]:
    node = Node()
    yield node
    node.server.shutdown()
    node.server.server_close()


@pytest.fixture
def client(node: Node) -> Iterator[Client]:
    client = Client("here", node.url, max_reply_bytes=100_000)
    yield client
    client.close()


def test_replies_are_matched_by_id_whatever_their_order(node: Node, client: Client) -> None:
    def backwards(request: Any) -> Answer:
        rows = [{"id": call["id"], "result": call["params"][0]} for call in reversed(request)]
        return 200, {}, json.dumps(rows).encode()

    node.script = backwards
    replies = client.batch([("m", [number]) for number in range(250)])
    assert [msgspec.json.decode(reply) for reply in replies] == list(range(250))
    assert [len(request) for request in node.requests] == [100, 100, 50]


def test_an_error_of_one_call_leaves_the_others_alone(node: Node, client: Client) -> None:
    node.results(
        lambda call: (
            {"result": None}
            if call["method"] == "a"
            else {"error": {"code": 3, "message": "execution reverted", "data": "0x08"}}
        )
    )
    good, bad = client.batch([("a", []), ("b", [])])
    assert bytes(good) == b"null"  # type: ignore[arg-type]
    assert isinstance(bad, RpcError)
    assert bad.reverted
    assert bad.data == "0x08"


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "<html>busy</html>",
        "null",
        "7",
        "[]",
        '{"id": 0}',
        '{"id": 99999999, "result": 1}',
        '[{"id": 1, "result": 1}, {"id": 1, "result": 2}]',
        '{"id": {"a": 1}, "result": 1}',
        '{"result": 1',
        b'{"id": 1, "result": "\xff\xfe"}',
        '{"jsonrpc": "2.0", "id": null, "result": "0x1"}',
    ],
)
def test_what_is_no_answer_to_the_question_is_malformed(
    node: Node, client: Client, reply: str | bytes
) -> None:
    node.says(reply)
    with pytest.raises(MalformedReply):
        client.call("eth_chainId")


def test_an_answer_without_result_and_error_is_malformed(node: Node, client: Client) -> None:
    node.results(lambda call: {})
    with pytest.raises(MalformedReply):
        client.call("eth_chainId")


def test_a_refusal_of_the_whole_batch_is_one_refusal(node: Node, client: Client) -> None:
    node.says('{"id": null, "error": {"code": -32600, "message": "batches are not allowed"}}')
    with pytest.raises(RpcError, match="batches are not allowed"):
        client.batch([("a", []), ("b", [])])


def test_being_asked_to_slow_down_is_understood_both_ways(node: Node, client: Client) -> None:
    node.says("", status=429, **{"retry-after": "17"})
    with pytest.raises(RateLimited) as limited:
        client.call("a")
    assert limited.value.retry_after == 17
    node.results(lambda call: {"error": {"code": -32005, "message": "Too many requests, wait"}})
    with pytest.raises(RateLimited):
        client.call("a")
    node.results(lambda call: {"error": {"code": -32005, "message": "more than 10000 results"}})
    with pytest.raises(RpcError):
        client.call("a")


@pytest.mark.parametrize("status", [500, 502, 503, 401, 404, 302, 307])
def test_an_http_failure_is_unreachable_and_no_redirect_is_followed(
    node: Node, client: Client, status: int
) -> None:
    node.says("{}", status=status, location="http://169.254.169.254/")
    with pytest.raises(Unreachable, match=str(status)):
        client.call("a")
    assert len(node.requests) == 1


def test_a_reply_beyond_the_limit_is_not_read(node: Node, client: Client) -> None:
    node.says(json.dumps({"id": 1, "result": "x" * 200_000}))
    with pytest.raises(ReplyTooLarge):
        client.call("a")


def test_a_reply_that_is_cut_in_the_middle_is_a_failure(node: Node, client: Client) -> None:
    node.script = lambda request: (200, {"content-length": "5000"}, b'{"id": 1, "result": "0x')
    with pytest.raises(EndpointFailure):
        client.call("a", seconds=1)


def test_silence_ends_in_time(node: Node, client: Client) -> None:
    node.script = lambda request: time.sleep(3)  # type: ignore[func-returns-value]
    began = time.monotonic()
    with pytest.raises(Timeout):
        client.call("a", seconds=0.4)
    assert time.monotonic() - began < 1.5


def test_a_connection_that_was_closed_meanwhile_is_opened_again(node: Node, client: Client) -> None:
    node.results(lambda call: {"result": "0x1"})
    client.call("a")
    good, node_requests = node.script, len(node.requests)
    answers = iter([None, "again"])
    node.script = lambda request: None if next(answers) is None else good(request)
    assert bytes(client.call("a")) == b'"0x1"'
    assert len(node.requests) == node_requests + 2


def test_no_failure_tells_the_address(node: Node, client: Client) -> None:
    node.server.shutdown()
    node.server.server_close()
    with pytest.raises(Unreachable) as failure:
        client.call("a")
    assert "secret" not in str(failure.value)
    assert "refused" in str(failure.value)


ADDRESS = b"\x11" * 20


def row(**changes: Any) -> dict[str, Any]:
    return {
        "address": "0x" + ADDRESS.hex(),
        "topics": ["0x" + "22" * 32],
        "data": "0x",
        "blockHash": "0x" + "33" * 32,
        "blockNumber": "0x10",
        "transactionHash": "0x" + "44" * 32,
        "transactionIndex": "0x0",
        "logIndex": "0x0",
        "removed": False,
        **changes,
    }


def logs(*rows: Any) -> list[wire.FetchedLog]:
    raw = msgspec.Raw(json.dumps(list(rows)).encode())
    return wire.logs(raw, addresses={ADDRESS}, first=16, last=17)


def test_sound_logs_are_read() -> None:
    first, second = logs(row(), row(logIndex="0x1", data="0xabcd", topics=[]))
    assert (first.block_number, first.log_index, first.topics) == (16, 0, (b"\x22" * 32,))
    assert (second.data, second.topics) == (b"\xab\xcd", ())


@pytest.mark.parametrize(
    "rows",
    [
        [row(removed=True)],
        [row(blockNumber="0xf")],
        [row(blockNumber="0x12")],
        [row(), row()],
        [row(logIndex="0x1"), row()],
        [row(), row(logIndex="0x1", blockHash="0x" + "55" * 32)],
        [row(transactionIndex="0x2"), row(logIndex="0x1", transactionIndex="0x1")],
        [row(address="0x" + "12" * 20)],
        [row(address="0x11")],
        [row(topics=["0x" + "22" * 32] * 5)],
        [row(topics=["0x22"])],
        [row(topics=["22" * 32])],
        [row(data="0xabc")],
        [row(data="abcd")],
        [row(data="0xab cd")],
        [row(data=None)],
        [row(logIndex="0x" + "f" * 64)],
        [row(logIndex="1")],
        [row(blockNumber="0x" + "1" * 70)],
        [row(blockNumber="0x1_0")],
        [row(blockNumber="0x١0")],
        [row(blockHash="0x33")],
        [{"address": "0x"}],
        ["log"],
        [None],
    ],
)
def test_impossible_logs_are_refused(rows: list[Any]) -> None:
    with pytest.raises((ValueError, msgspec.MsgspecError)):
        logs(*rows)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("0x10"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(list(row())), inner, max_size=9)
        ),
        max_leaves=20,
    )
)
def test_any_json_is_a_header_a_log_or_refused(value: Any) -> None:
    raw = msgspec.Raw(json.dumps(value).encode())
    for read in (
        wire.header,
        wire.text,
        lambda raw: wire.receipts(raw, b"\0" * 32),
        lambda raw: wire.logs(raw, addresses={ADDRESS}, first=0, last=99),
    ):
        try:
            read(raw)
        except (ValueError, msgspec.MsgspecError):
            continue


def test_the_digest_depends_on_every_field() -> None:
    (base,) = logs(row(data="0xabcd"))
    seen = {wire.digest([]), wire.digest([base]), wire.digest([base, base])}
    changes: dict[str, Any] = {
        "block_number": 17,
        "block_hash": b"\x34" * 32,
        "tx_hash": b"\x45" * 32,
        "tx_index": 1,
        "log_index": 1,
        "address": b"\x12" * 20,
        "topics": (),
        "data": b"\xab",
    }
    for name, value in changes.items():
        seen.add(wire.digest([base._replace(**{name: value})]))
    assert len(seen) == 3 + len(changes)

"""The gate before the house: what is too long, too large, too slow or too many is refused early."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from charter.throttle import network_of
from tocsin import bounds, edge
from tocsin.edge import Gate, Refused, client_of

ROOT = Path(__file__).resolve().parents[2]


class Inside:
    """An application that reads the whole body, and remembers what it was given."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.bodies: list[bytes] = []
        self.hold: asyncio.Event | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.bodies.append(body)
        if self.hold:
            await self.hold.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})


def scope(path: str = "/", query: bytes = b"", headers: Any = (), client: Any = ("9.9.9.9", 1)):
    return {
        "type": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": list(headers),
        "client": client,
        "method": "POST",
    }


def ask(gate: Gate, asked: Any, *chunks: bytes) -> tuple[int, dict[bytes, bytes], Any]:
    """Status, headers and JSON of an answer to a body that comes in `chunks`."""
    return asyncio.run(asking(gate, asked, *chunks))


async def asking(gate: Gate, asked: Any, *chunks: bytes) -> tuple[int, dict[bytes, bytes], Any]:
    waiting = list(chunks or (b"",))
    sent: list[Any] = []

    async def receive() -> Any:
        if not waiting:
            await asyncio.sleep(3600)
        part = waiting.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(message)

    await gate(asked, receive, send)
    start, body = sent
    text = body["body"]
    told = json.loads(text) if text.startswith(b"{") else text
    return start["status"], dict(start["headers"]), told


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.fixture
def gate(inside: Inside) -> Gate:
    return Gate(inside, proxies=0, streams=2)


@pytest.mark.parametrize(
    ("asked", "chunks", "status", "code"),
    [
        (scope("/" + "a" * 9000), [], 414, "address-too-long"),
        (scope(query=b"a=" + b"b" * 9000), [], 414, "address-too-long"),
        (scope(headers=[(b"x", b"y" * 40_000)]), [], 431, "headers-too-long"),
        (scope(headers=[(b"x", b"y")] * 101), [], 431, "headers-too-long"),
        (scope(headers=[(b"content-length", b"65537")]), [], 413, "body-too-large"),
        (scope(headers=[(b"content-length", b"9" * 11)]), [], 413, "body-too-large"),
        (scope(headers=[(b"content-length", b"9" * 40)]), [], 400, "bad-length"),
        (scope(headers=[(b"content-length", b"-1")]), [], 400, "bad-length"),
        (scope(), [b"x" * 40_000, b"x" * 40_000], 413, "body-too-large"),
        (
            scope(headers=[(b"transfer-encoding", b"chunked")]),
            [b"x" * 1000] * 1000,
            413,
            "body-too-large",
        ),
    ],
)
def test_what_is_beyond_a_bound_is_refused_in_words(
    gate: Gate, inside: Inside, asked: Any, chunks: list[bytes], status: int, code: str
) -> None:
    found, headers, told = ask(gate, asked, *chunks)
    assert (found, told["error"]["code"]) == (status, code)
    assert told["error"]["hint"] != "See /api/v1/docs/."
    assert headers[b"connection"] == b"close"
    assert inside.bodies == []


def test_what_is_within_the_bounds_goes_through_unchanged(gate: Gate, inside: Inside) -> None:
    body = [b"x" * 30_000, b"y" * 30_000, b""]
    assert ask(gate, scope(headers=[(b"content-length", b"60000")]), *body)[0] == 200
    assert inside.bodies == [b"".join(body)]


def test_a_body_that_does_not_come_is_not_waited_for(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "BODY_SECONDS", 0.1)

    async def silence() -> tuple[int, Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            await asyncio.sleep(3600)

        async def send(message: Any) -> None:
            sent.append(message)

        await gate(scope(), receive, send)
        return sent[0]["status"], json.loads(sent[1]["body"])["error"]["code"]

    assert asyncio.run(silence()) == (408, "body-too-slow")


def test_after_the_body_the_gate_waits_for_a_disconnect_as_long_as_it_takes(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "BODY_SECONDS", 0.05)

    async def story() -> str:
        messages = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Any:
            if messages:
                return messages.pop()
            await asyncio.sleep(0.3)
            return {"type": "http.disconnect"}

        bounded = edge._bounded(scope(), receive)
        await bounded()
        return str((await bounded())["type"])

    assert asyncio.run(story()) == "http.disconnect"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        (0, b"1.1.1.1", "9.9.9.9"),
        (1, b"1.1.1.1", "1.1.1.1"),
        (1, b"6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, b"6.6.6.6, 1.1.1.1, 10.0.0.1", "1.1.1.1"),
        (2, b"1.1.1.1", "1.1.1.1"),
        (1, b"", "9.9.9.9"),
        (1, b"<script>", "9.9.9.9"),
        (1, b"2001:db8::7", "2001:db8::7"),
    ],
)
def test_only_what_our_own_proxies_add_says_who_asks(
    proxies: int, forwarded: bytes, client: str
) -> None:
    found = client_of(scope(headers=[(b"x-forwarded-for", forwarded)]), proxies)
    assert found is not None
    assert found[0] == client


def test_a_header_given_twice_is_read_as_one_list() -> None:
    twice = [(b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"1.1.1.1")]
    found = client_of(scope(headers=twice), 1)
    assert found is not None
    assert found[0] == "1.1.1.1"


def test_who_owns_a_network_counts_as_one() -> None:
    assert network_of("2001:db8:1:2::7") == network_of("2001:db8:1:2:ffff::1")
    assert network_of("2001:db8:1:2::7") != network_of("2001:db8:1:3::7")
    assert network_of("::ffff:1.2.3.4") == network_of("1.2.3.4")
    assert network_of("") == ""


def test_streams_of_one_address_are_bounded_and_given_back(gate: Gate, inside: Inside) -> None:
    async def story() -> list[int]:
        inside.hold = asyncio.Event()
        held = [asyncio.create_task(asking(gate, scope("/live/"))) for _ in range(2)]
        await asyncio.sleep(0)
        while len(inside.bodies) < 2:
            await asyncio.sleep(0.01)
        status, headers, told = await asking(gate, scope("/live/"))
        assert told["error"]["code"] == "too-many-streams"
        assert int(headers[b"retry-after"]) > 0
        other = asyncio.create_task(asking(gate, scope("/live/", client=("8.8.8.8", 1))))
        while len(inside.bodies) < 3:
            await asyncio.sleep(0.01)
        inside.hold.set()
        answers = [(await one)[0] for one in (*held, other)]
        return [status, *answers, (await asking(gate, scope("/live/")))[0]]

    assert asyncio.run(story()) == [429, 200, 200, 200, 200]
    assert not gate._open


def test_a_refusal_after_the_answer_began_does_not_begin_another(inside: Inside) -> None:
    async def eager(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise Refused(413, "late", "late")

    async def story() -> list[Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        await Gate(eager, proxies=0, streams=1)(scope(), lambda: None, send)  # type: ignore[arg-type, return-value]
        return sent

    assert [one["type"] for one in asyncio.run(story())] == ["http.response.start"]


# --- On the wire, as the Procfile starts it -------------------------------------------------------

APPLICATION = """
async def application(scope, receive, send):
    assert scope["type"] == "http"
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % len(body)})

from tocsin.edge import Gate
application = Gate(application, proxies=0, streams=1)
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server with our protocol and the gate, before an application that counts bytes."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "counting.py").write_text(APPLICATION)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    arguments = ["counting:application", "--app-dir", str(folder), "--port", str(number)]
    options = ["--http", "tocsin.protocol:Bounded", "--ws", "none", "--log-level", "critical"]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", *arguments, *options, "--lifespan", "off"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", number), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "the server does not start"
                time.sleep(0.1)
        yield number
    finally:
        process.terminate()
        process.wait(30)


def exchange(port: int, *parts: bytes) -> bytes:
    """What the server says to `parts`, until it closes or falls silent."""
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.settimeout(30)
        told = b""
        # It may close while we still send; what it said before can be read all the same.
        with suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        with suppress(ConnectionError):
            while more := connection.recv(65536):
                told += more
        return told


HEAD = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"


def test_on_the_wire_a_chunked_body_is_counted(port: int) -> None:
    chunk = b"3e8\r\n" + b"x" * 1000 + b"\r\n"
    begin = HEAD + b"transfer-encoding: chunked\r\n\r\n"
    assert exchange(port, begin, chunk * 10, b"0\r\n\r\n").count(b"10000") == 1
    assert b" 413 " in exchange(port, begin, *[chunk * 10] * 7)


def test_on_the_wire_a_declared_body_is_refused_before_it_is_sent(port: int) -> None:
    told = exchange(port, HEAD + b"content-length: 50000000\r\n\r\n")
    assert b" 413 " in told
    assert b"body-too-large" in told


def test_on_the_wire_a_head_without_end_is_cut_off(port: int) -> None:
    line = b"x-filler: " + b"y" * 4000 + b"\r\n"
    assert b" 431 " in exchange(port, HEAD, *[line] * 20)
    assert b" 414 " in exchange(port, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nhost: x\r\n\r\n")
    endless = exchange(port, b"GET /", *[b"a" * 10_000] * 20)
    assert b" 431 " in endless or endless == b""


def test_on_the_wire_a_second_request_is_bounded_as_the_first(port: int) -> None:
    first = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.settimeout(30)
        connection.sendall(first)
        told = b""
        while not told.endswith(b"0\r\n\r\n"):
            told += connection.recv(65536)
        assert told.startswith(b"HTTP/1.1 200")
        answer = b""
        try:
            connection.sendall(b"GET / HTTP/1.1\r\nx-filler: ")
            for _ in range(20):
                connection.sendall(b"y" * 4000)
            while more := connection.recv(65536):
                answer += more
        except ConnectionError:
            pass  # it closed while we were still sending
    assert b"200" not in answer


def test_on_the_wire_a_refusal_never_takes_the_place_of_an_earlier_answer(port: int) -> None:
    first = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
    line = b"x-filler: " + b"y" * 4000 + b"\r\n"
    told = exchange(port, first, HEAD, *[line] * 20)
    assert told == b"" or told.startswith(b"HTTP/1.1 200")


def test_a_head_that_does_not_end_is_closed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, so that the time can be shortened."""
    import uvicorn

    from tocsin import protocol

    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)

    async def story() -> bytes:
        config = uvicorn.Config(Inside(), lifespan="off", log_level="critical")
        config.load()
        state = uvicorn.server.ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: protocol.Bounded(config, state, {}), "127.0.0.1", 0
        )
        there = server.sockets[0].getsockname()
        reader, writer = await asyncio.open_connection(*there)
        writer.write(b"GET / HTTP/1.1\r\nx-slow: ")
        told = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        server.close()
        return told

    assert asyncio.run(story()) == b""


def test_bounds_are_those_that_the_documents_name() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    for written in (
        f"{bounds.MAX_TARGET // 1024} KiB",
        f"{bounds.MAX_HEAD // 1024} KiB",
        f"{bounds.MAX_BODY // 1024} KiB",
        f"{bounds.MAX_HEADERS} headers",
    ):
        assert written in text, written

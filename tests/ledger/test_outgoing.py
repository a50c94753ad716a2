"""Requests leave the house bounded, and never to where a stranger would like to send them."""

import ast
import http.server
import ipaddress
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger import outgoing
from ledger.outgoing import (
    BrokeOff,
    CannotReach,
    Destination,
    ForbiddenDestination,
    OutgoingFailure,
    TookTooLong,
    TooLarge,
)

ROOT = Path(__file__).resolve().parents[2]
INSIDE = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.7", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
    *("169.254.169.254", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1"),
    *("fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1"),
    *("2002:7f00:0001::", "ff02::1", "100.100.100.200", "192.0.2.1", "198.18.0.1"),
]
OUTSIDE = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::808:808"]


class Peer:
    """A server on the loopback that says `raw` to whoever connects, and counts who did."""

    def __init__(self, talk: Callable[[socket.socket], None]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hidden-key"
        self.visits = 0
        self._talk = talk
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.visits += 1
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                self._talk(connection)
            except OSError:
                pass


@pytest.fixture
def peer() -> Iterator[Callable[[Callable[[socket.socket], None]], Peer]]:
    peers: list[Peer] = []

    def make(talk: Callable[[socket.socket], None]) -> Peer:
        peers.append(Peer(talk))
        return peers[-1]

    yield make
    for one in peers:
        one.listener.close()


def says(raw: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(raw)


HELLO = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"


@pytest.mark.parametrize("text", INSIDE)
def test_nothing_inside_may_be_reached_unless_the_operator_declared_it(text: str) -> None:
    address = ipaddress.ip_address(text)
    assert not outgoing.allowed(address, declared=False, literal=True)
    assert not outgoing.allowed(address, declared=False, literal=False)


@pytest.mark.parametrize("text", OUTSIDE)
def test_the_world_may_be_reached(text: str) -> None:
    assert outgoing.allowed(ipaddress.ip_address(text), declared=False, literal=False)


def test_a_declared_name_reaches_private_networks_but_no_metadata() -> None:
    for text in ("127.0.0.1", "10.0.0.7", "::1", "fc00::1"):
        assert outgoing.allowed(ipaddress.ip_address(text), declared=True, literal=False)
    for text in ("169.254.169.254", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254"):
        assert not outgoing.allowed(ipaddress.ip_address(text), declared=True, literal=False)
        assert outgoing.allowed(ipaddress.ip_address(text), declared=True, literal=True)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1", "127.1"]
)
def test_an_address_that_nobody_declared_is_refused_before_a_connection(
    peer: Callable[..., Peer], host: str
) -> None:
    there = peer(says(HELLO))
    with pytest.raises((ForbiddenDestination, CannotReach)) as refused:
        Destination(f"http://{host}:{there.port}/hidden-key").get(seconds=5)
    assert there.visits == 0
    assert "hidden-key" not in str(refused.value)
    assert host not in str(refused.value)
    assert Destination(there.url, declared=True).get(seconds=5).body == b"hello"


def test_a_name_that_changes_its_mind_is_judged_at_each_connection_and_reached_where_judged(
    peer: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the name is asked once a connection, and that answer is what is used."""
    there = peer(says(HELLO))
    answers = iter(["93.184.216.34", "127.0.0.1"])
    asked, reached = [], []

    def resolve(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def connect(family: int, address: tuple[str, int]) -> socket.socket:
        reached.append(address[0])
        connection = socket.socket()
        connection.connect(("127.0.0.1", there.port))
        return connection

    monkeypatch.setattr(outgoing.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(outgoing, "_connected", connect)
    rebinding = Destination("http://rebinding.example/")
    assert rebinding.get(seconds=5).body == b"hello"
    with pytest.raises(ForbiddenDestination):
        rebinding.get(seconds=5)
    assert reached == ["93.184.216.34"]
    assert asked == ["rebinding.example"] * 2


def test_one_inner_address_among_outer_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 80))
        for text in ("93.184.216.34", "10.1.2.3")
    ]
    monkeypatch.setattr(outgoing.socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(ForbiddenDestination):
        Destination("http://both.example/").get(seconds=5)


def test_a_name_that_nobody_knows_is_told_without_the_name() -> None:
    with pytest.raises(CannotReach, match="name is not known") as failure:
        Destination("http://user:pass@no-such-name.invalid/hidden").get(seconds=5)
    assert "no-such-name" not in str(failure.value)
    assert "pass" not in str(failure.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(peer: Callable[..., Peer], status: int) -> None:
    inner = peer(says(HELLO))
    outer = peer(
        says(
            f"HTTP/1.1 {status} Go\r\nlocation: {inner.url}\r\ncontent-length: 0\r\n"
            "connection: close\r\n\r\n".encode()
        )
    )
    assert Destination(outer.url, declared=True).get(seconds=5).status == status
    assert inner.visits == 0


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x/", "gopher://x/", "http://", "", "//x/", "unix:/run/x"]
)
def test_only_http_and_https_are_spoken(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Destination(url)


def drip(head: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(600):
            connection.sendall(b"x")
            time.sleep(0.1)

    return talk


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nx-slow: ", b"HTTP/1.1 200 OK\r\n\r\n", b""])
def test_an_answer_that_drips_ends_at_the_deadline_whatever_part_drips(
    peer: Callable[..., Peer], head: bytes
) -> None:
    with pytest.raises(TookTooLong):
        Destination(peer(drip(head)).url, declared=True).get(seconds=0.5)


def test_a_small_answer_that_unpacks_to_a_huge_one_is_not_unpacked(
    peer: Callable[..., Peer],
) -> None:
    import gzip

    packed = gzip.compress(b"\0" * 50_000_000)
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n"
    there = peer(says(head % len(packed) + packed))
    with pytest.raises(TooLarge):
        Destination(there.url, declared=True, max_reply_bytes=1_000_000).get(seconds=20)


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort"])
def test_an_answer_that_is_cut_off_is_a_failure(peer: Callable[..., Peer], raw: bytes) -> None:
    with pytest.raises(OutgoingFailure) as failure:
        Destination(peer(says(raw)).url, declared=True).get(seconds=5)
    assert isinstance(failure.value, BrokeOff | CannotReach)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(CannotReach):
            Destination(f"https://localhost:{server.server_port}/", declared=True).get(seconds=5)
    finally:
        server.shutdown()
        server.server_close()


CONNECTING = {
    *("aiohttp", "ftplib", "http", "httpx", "requests", "smtplib", "telnetlib", "urllib3"),
    *("web3", "websocket", "websockets", "xmlrpc"),
}
ROOMS = ("chainsync", "charter", "governance", "incidents", "ledger", "oracles", "proofs", "tocsin")


def connections(tree: ast.AST) -> Iterator[str]:
    """What in a module could open a connection to somewhere else."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name in ("http.HTTPStatus", "http.cookies"):
                continue
            if name.split(".")[0] in CONNECTING or name.startswith("urllib.request"):
                yield name
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and (node.value.id, node.attr) != ("socket", "gethostname")
            and (node.value.id == "socket" or node.attr in ("open_connection", "urlopen"))
        ):
            yield f"{node.value.id}.{node.attr}"


def test_no_other_module_opens_connections_to_others() -> None:
    found = {
        str(path.relative_to(ROOT)): opened
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if (opened := sorted(set(connections(ast.parse(path.read_text())))))
    }
    assert list(found) == ["ledger/outgoing.py"], found

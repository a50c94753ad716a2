"""A faulty TCP line does at once what it is told, and passes everything once healed."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from lab.faults.tcp import Line


@pytest.fixture
def echo() -> Iterator[int]:
    """Port of a server that says everything twice."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            while said := client.recv(65536):
                client.sendall(said * 2)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                threading.Thread(target=answer, args=[client], daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(10)


@pytest.fixture
def line(echo: int) -> Iterator[Line]:
    with Line("127.0.0.1", echo) as line:
        yield line


@contextlib.contextmanager
def connected(line: Line) -> Iterator[socket.socket]:
    with socket.create_connection((line.host, line.port), timeout=30) as client:
        yield client


def read(client: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size and (piece := client.recv(size - len(got))):
        got += piece
    return got


def answer(client: socket.socket, said: bytes) -> bytes:
    client.sendall(said)
    return read(client, 2 * len(said))


def test_a_sound_line_passes_everything(line: Line) -> None:
    large = b"x" * 1_000_000
    with connected(line) as one, connected(line) as two:
        assert answer(two, b"b") == b"bb"
        sender = threading.Thread(target=one.sendall, args=[large])
        sender.start()
        assert read(one, 2 * len(large)) == large * 2
        sender.join(30)
        assert (line.connections, line.open) == (2, 2)
        one.shutdown(socket.SHUT_WR)
        assert one.recv(1) == b""


def test_connections_are_cut_and_new_ones_pass(line: Line) -> None:
    with connected(line) as one:
        assert answer(one, b"a") == b"aa"
        line.cut()
        with pytest.raises(ConnectionResetError):
            one.recv(1)
    with connected(line) as two:
        assert answer(two, b"b") == b"bb"


def test_a_refusing_line_keeps_its_port_and_comes_back(line: Line) -> None:
    with connected(line) as one:
        answer(one, b"a")
        line.refuse()
        with pytest.raises(ConnectionResetError):
            one.recv(1)
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError), connected(line):
            pass
    line.heal()
    with connected(line) as two:
        assert answer(two, b"b") == b"bb"


def test_a_frozen_line_delivers_once_it_is_healed(line: Line) -> None:
    with connected(line) as one:
        answer(one, b"a")
        line.freeze()
        one.sendall(b"held")
        one.settimeout(0.3)
        with pytest.raises(TimeoutError):
            one.recv(1)
        one.settimeout(30)
        with connected(line) as two:
            two.sendall(b"too")
            line.heal()
            assert read(one, 8) == b"heldheld"
            assert read(two, 6) == b"tootoo"


def test_a_slow_line_is_late(line: Line) -> None:
    with connected(line) as one:
        line.slow(0.2)
        began = time.monotonic()
        assert answer(one, b"a") == b"aa"
        assert time.monotonic() - began >= 0.4
        line.heal()
        assert answer(one, b"b") == b"bb"


def test_a_line_is_cut_after_so_many_bytes_of_answers(line: Line) -> None:
    line.cut_after(5)
    for _ in range(2):
        with connected(line) as one:
            assert answer(one, b"ab") == b"abab"
            one.sendall(b"cd")
            # One byte more was allowed; the reset may overtake it.
            with contextlib.suppress(ConnectionResetError):
                assert len(read(one, 4)) <= 1
    line.heal()
    with connected(line) as one:
        assert answer(one, b"abcdef") == b"abcdefabcdef"


def test_nothing_listening_behind_the_line_is_an_end_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    ended = contextlib.suppress(ConnectionResetError)
    with Line("127.0.0.1", port) as line, connected(line) as one, ended:
        assert one.recv(1) == b""

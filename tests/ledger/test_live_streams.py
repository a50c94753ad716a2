"""Open pages hear of what is sealed, through a real server, and miss nothing."""

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.test import AsyncClient, Client, override_settings

from ledger import live
from ledger.actions import tell
from ledger.queries import Told
from tools.postgres import Server, free_port

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db(transaction=True)


def say(*events: str, topic: str = "proposals") -> None:
    with transaction.atomic():
        for event in events:
            tell(topic=topic, event=event)


class Web:
    """A web process of its own on the test's database."""

    def __init__(self, database: str, data: Path, **environment: str) -> None:
        self.port = free_port()
        self._asked: dict[http.client.HTTPResponse, http.client.HTTPConnection] = {}
        options = f"--port {self.port} --log-level warning --timeout-graceful-shutdown 20"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "tocsin.asgi:application", *options.split()],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database, "TOCSIN_DATA_DIR": str(data)}
            | environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """The response to a GET, its body not yet read; waits for the server to come up."""
        deadline = time.monotonic() + 30
        while True:
            asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            try:
                asked.request("GET", path, headers=headers)
            except ConnectionRefusedError:
                asked.close()
                assert self.process.poll() is None, self.process.communicate()[1]
                assert time.monotonic() < deadline
                time.sleep(0.1)
            else:
                response = asked.getresponse()
                self._asked[response] = asked
                return response

    def hang_up(self, response: http.client.HTTPResponse) -> None:
        """Close the connection of a response in the middle of it."""
        response.close()
        self._asked.pop(response).close()

    def end(self) -> None:
        """Leave nothing behind, however the test went."""
        for response in list(self._asked):
            self.hang_up(response)
        self.process.kill()
        print(self.process.communicate()[1])

    def stop(self, streaming: http.client.HTTPResponse) -> float:
        """Ask it to stop; seconds until it had let go of an open stream."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        assert streaming.read() == b""
        seconds = time.monotonic() - begun
        self.process.communicate(timeout=30)
        return seconds


@pytest.fixture
def serve(postgres_server: Server, tmp_path: Path) -> Iterator[Callable[..., Web]]:
    started: list[Web] = []

    def serve(**environment: str) -> Web:
        url = postgres_server.url(connection.settings_dict["NAME"])
        started.append(Web(url, tmp_path / "data", **environment))
        return started[-1]

    yield serve
    for web in started:
        web.end()


def frame(stream: http.client.HTTPResponse) -> dict[str, str]:
    """The next frame that carries data: its fields by name."""
    fields: dict[str, str] = {}
    while True:
        line = stream.readline().decode()
        assert line, "the stream ended"
        if line == "\n":
            if "data" in fields:
                return fields
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value


def heard(stream: http.client.HTTPResponse) -> tuple[int, str, str]:
    fields = frame(stream)
    data = json.loads(fields["data"])
    assert fields["id"] == str(data["position"])
    return data["position"], data["topic"], data["event"]


def test_a_page_hears_at_once_resumes_without_loss_and_lets_the_server_stop(
    serve: Callable[..., Web],
) -> None:
    say("before")
    web = serve()
    stream = web.get("/live/?topic=proposals&topic=chain:l2")
    assert stream.status == 200
    assert stream.getheader("Content-Type") == "text/event-stream"
    assert frame(stream) == {"id": "1", "event": "ready", "data": '{"position": 1}'}

    say("created")
    begun = time.monotonic()
    assert heard(stream) == (2, "proposals", "created")
    assert time.monotonic() - begun < 2
    say("ignored", topic="chain:l1")
    say("head", topic="chain:l2")
    assert heard(stream) == (4, "chain:l2", "head")

    resumed = web.get("/live/?topic=proposals", **{"Last-Event-ID": "1"})
    assert frame(resumed)["id"] == "1"
    assert heard(resumed) == (2, "proposals", "created")

    # Loses the listening connection while things are told: positions bring them back.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name = %s",
            [live.APPLICATION_NAME],
        )
        assert cursor.fetchone() == (1,), "one LISTEN connection a process"
        say("while away 1", "while away 2")
    assert [heard(resumed)[2] for _ in range(2)] == ["while away 1", "while away 2"]
    assert [heard(stream)[2] for _ in range(2)] == ["while away 1", "while away 2"]

    assert web.stop(stream) < 2


def test_beyond_the_limit_a_page_is_told_to_poll_and_a_closed_page_makes_room(
    serve: Callable[..., Web],
) -> None:
    web = serve(TOCSIN_LIVE_STREAMS="1")
    first = web.get("/live/?topic=proposals")
    frame(first)
    refused = web.get("/live/?topic=proposals")
    assert refused.status == 503
    assert "/live/positions/" in json.load(refused)["error"]

    web.hang_up(refused)
    web.hang_up(first)
    deadline = time.monotonic() + 10
    while web.get("/live/?topic=proposals").status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_page_that_polls_gets_positions(client: Client) -> None:
    say("created", "voted")
    say("head", topic="chain:l2")
    answer = client.get("/live/positions/?topic=proposals&topic=chain:l2&topic=proposal:7")
    assert answer.json() == {
        "position": 3,
        "topics": {"proposals": 2, "chain:l2": 3, "proposal:7": 0},
    }
    assert answer.headers["Cache-Control"] == "no-store"


NONSENSE = [
    "",
    "topic=",
    "topic=no%20topic",
    "topic=a%00",
    "topic=x&after=-1",
    "topic=x&after=x",
    "&".join(f"topic=t{chr(97 + n)}" for n in range(21)),
]


def test_a_question_that_makes_no_sense_is_answered_in_words() -> None:
    async def ask() -> None:
        for query in NONSENSE:
            answer = await AsyncClient().get(f"/live/?{query}")
            assert answer.status_code == 400, query
            assert json.loads(answer.content)["error"]

    asyncio.run(ask())


def _aside(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        connection.close()


@contextmanager
def _opened(topics: list[str]) -> Iterator[tuple[live.Hub, live.Stream]]:
    hub = live.hub()
    stream = hub.open(topics)
    try:
        yield hub, stream
    finally:
        hub.leave(stream)
        hub.close()


def test_a_reader_that_is_too_slow_is_ended_after_what_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "QUEUE_LENGTH", 3)

    async def story() -> None:
        with _opened(["proposals"]) as (hub, stream):
            quick = hub.open(["findings"])
            for position in range(1, 6):
                stream.put(Told(position, "proposals", "voted"))
            got = [await stream.next(1) for _ in range(4)]
            assert [told and told.position for told in got] == [1, 2, 3, None]
            assert stream.ended
            assert not quick.ended
            hub.leave(quick)

    asyncio.run(story())


def test_everything_told_reaches_a_stream_in_order_and_a_page_of_thousands_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "PAGE", 10)

    async def story() -> None:
        with _opened(["proposals"]) as (hub, stream):
            while hub.position is None:
                await asyncio.sleep(0.01)
            for first in (0, 40):
                events = [str(n) for n in range(first, first + 40)]
                told = sync_to_async(_aside, thread_sensitive=False)
                await told(lambda events=events: say(*events))
            got = [await stream.next(5) for _ in range(80)]
            assert [told and told.event for told in got] == [str(n) for n in range(80)]
            with pytest.raises(TimeoutError):
                await stream.next(0.05)

    asyncio.run(story())


def test_what_is_told_before_a_process_listens_reaches_its_first_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The stream is told that it is ready while the hub is still on its way to the database."""
    sealed, may_look = live._sealed, asyncio.Event()

    async def late(listening: psycopg.AsyncConnection) -> int:
        await may_look.wait()
        return await sealed(listening)

    monkeypatch.setattr(live, "_sealed", late)
    say("before")

    async def story() -> None:
        frames = aiter(await AsyncClient().get("/live/?topic=proposals"))
        await anext(frames)
        assert b"event: ready" in await anext(frames)
        await sync_to_async(_aside, thread_sensitive=False)(lambda: say("meanwhile"))
        may_look.set()
        async with asyncio.timeout(5):
            assert b'"meanwhile"' in await anext(frames)
        live.hub().close()

    asyncio.run(story())


def test_a_database_that_was_replaced_ends_the_streams_so_that_pages_begin_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "LOOK_ANYWAY_SECONDS", 0.05)

    async def story() -> None:
        with _opened(["proposals"]) as (hub, stream):
            while hub.position is None:
                await asyncio.sleep(0.01)
            hub.position = 1000
            assert await stream.next(5) is None
            assert hub.position == 0

    asyncio.run(story())


def test_a_stream_tells_that_it_lives_and_a_position_from_the_future_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ledger.views.HEARTBEAT_SECONDS", 0.05)
    say("created")

    async def story() -> None:
        answer = await AsyncClient().get("/live/?topic=proposals&after=99")
        frames = aiter(answer)
        got = [(await anext(frames)).decode() for _ in range(3)]
        assert got[0] == "retry: 1000\n\n"
        assert got[1].startswith("id: 1\nevent: ready\n")
        assert got[2] == ": still here\n\n"
        assert live.hub().streams == 1
        live.hub().close()
        with pytest.raises(StopAsyncIteration):
            await anext(frames)
        assert live.hub().streams == 0

    with override_settings(LIVE_STREAMS=1):
        asyncio.run(story())

"""The web process: few threads and few connections, however many readers come at once."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import SyncToAsync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from tocsin.serving import Lanes


def _look(request: HttpRequest) -> HttpResponse:
    """Which thread answers, on which connection of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid(), pg_sleep(0.02)")
        row = cursor.fetchone()
    assert row is not None
    return HttpResponse(f"{threading.get_ident()} {row[0]}")


async def _endless(request: HttpRequest) -> Any:
    from django.http import StreamingHttpResponse

    async def frames() -> Any:
        yield "first"
        await asyncio.sleep(60)

    return StreamingHttpResponse(frames())


urlpatterns = [path("look/", _look), path("endless/", _endless)]


def _asking(lanes: Lanes, address: str) -> ApplicationCommunicator:
    scope = {
        "type": "http",
        "method": "GET",
        "path": address,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "http_version": "1.1",
        "scheme": "http",
    }
    return ApplicationCommunicator(lanes, scope)


async def _answer(lanes: Lanes, address: str) -> str:
    asked = _asking(lanes, address)
    await asked.send_input({"type": "http.request", "body": b""})
    begun = await asked.receive_output(timeout=30)
    assert begun["status"] == 200, begun
    body = await asked.receive_output(timeout=30)
    await asked.wait(timeout=30)
    return str(body["body"].decode())


async def _close(lanes: Lanes) -> None:
    for lane in lanes.lanes:
        token = SyncToAsync.thread_sensitive_context.set(lane)
        await sync_to_async(connections.close_all)()
        SyncToAsync.thread_sensitive_context.reset(token)


@pytest.mark.django_db(transaction=True)
@override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[])
def test_many_requests_share_a_few_threads_and_connections() -> None:
    async def story() -> set[str]:
        lanes = Lanes(3)
        try:
            found: set[str] = set()
            for _ in range(3):
                found |= set(await asyncio.gather(*[_answer(lanes, "/look/") for _ in range(8)]))
            assert all(lane.waiting == 0 for lane in lanes.lanes)
            return found
        finally:
            await _close(lanes)

    found = asyncio.run(story())
    assert len(found) == 3, "as many threads, each on its one connection, as there are lanes"


@pytest.mark.django_db(transaction=True)
@override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[])
def test_an_open_stream_keeps_nobody_waiting() -> None:
    """More streams than lanes stay open, and requests are answered all the same."""

    async def story() -> None:
        lanes = Lanes(2)
        streams = [_asking(lanes, "/endless/") for _ in range(4)]
        try:
            for stream in streams:
                await stream.send_input({"type": "http.request", "body": b""})
                assert (await stream.receive_output(timeout=30))["status"] == 200
                assert (await stream.receive_output(timeout=30))["body"] == b"first"
            assert all(lane.waiting == 0 for lane in lanes.lanes)
            assert await _answer(lanes, "/look/")
        finally:
            for stream in streams:
                await stream.send_input({"type": "http.disconnect"})
                await stream.wait(timeout=30)
            await _close(lanes)

    asyncio.run(story())


@pytest.mark.django_db(transaction=True)
@override_settings(ROOT_URLCONF=__name__)
def test_a_request_changes_threads_as_often_however_much_middleware_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes = []
    submit = ThreadPoolExecutor.submit

    def counted(pool: ThreadPoolExecutor, *arguments: Any, **named: Any) -> Any:
        changes.append(1)
        return submit(pool, *arguments, **named)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", counted)

    async def story() -> int:
        lanes = Lanes(1)
        try:
            changes.clear()
            assert await _answer(lanes, "/look/")
            return len(changes)
        finally:
            await _close(lanes)

    with override_settings(MIDDLEWARE=[]):
        bare = asyncio.run(story())
    assert len(settings.MIDDLEWARE) > 10
    assert asyncio.run(story()) == bare


@pytest.mark.django_db
def test_files_come_with_the_headers_of_every_answer() -> None:
    async def story() -> tuple[dict[bytes, bytes], bytes]:
        asked = _asking(Lanes(1), "/static/css/base.css")
        await asked.send_input({"type": "http.request", "body": b""})
        begun = await asked.receive_output(timeout=30)
        assert begun["status"] == 200
        body = b""
        while True:
            part = await asked.receive_output(timeout=30)
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        await asked.wait(timeout=30)
        return {name.lower(): value for name, value in begun["headers"]}, body

    headers, body = asyncio.run(story())
    path = finders.find("css/base.css")
    assert isinstance(path, str)
    assert body == Path(path).read_bytes()
    assert headers[b"content-type"].startswith(b"text/css")
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert b"permissions-policy" in headers
    assert b"x-request-id" in headers

"""Threads of the web process: a few that stay, each with its database connection.

Django gives each request a thread of its own, which opens a connection to the database and leaves
it behind: that costs more than most answers. Here requests share a few lanes. A lane is one
thread; a request goes through all middleware and its view in it, from the first line to the last.
Django would change threads twice for each middleware that is not asynchronous, which costs more
than most answers, too, and lets every answer wait for all others at each change.
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from asgiref.sync import (
    SyncToAsync,
    ThreadSensitiveContext,
    iscoroutinefunction,
    sync_to_async,
)
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from servestatic.middleware import ServeStaticMiddleware  # type: ignore[import-untyped]

LANES = int(os.environ.get("TOCSIN_WEB_THREADS", "6"))
"""So many answers are put together at once, each on a database connection of its own."""


@sync_and_async_middleware
def static_files(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware: files, which are served asynchronously only; what is synchronous goes past it."""
    return (
        ServeStaticMiddleware(get_response) if iscoroutinefunction(get_response) else get_response
    )


class Lane(ThreadSensitiveContext):
    """One thread, and how many requests are on it whose answer has not begun."""

    waiting = 0


class Lanes(ASGIHandler):
    """Django's handler, with a fixed number of threads in place of one for each request."""

    def __init__(self, lanes: int = LANES) -> None:
        super().__init__()
        self.lanes = [Lane() for _ in range(lanes)]
        self._in_one_thread = BaseHandler()
        self._in_one_thread.load_middleware()

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The answer: files asynchronously, everything else in the thread of its lane."""
        if request.path_info.startswith(settings.STATIC_URL):
            return await super().get_response_async(request)
        return await sync_to_async(self._in_one_thread.get_response)(request)

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Mapping[str, Any]]],
        send: Callable[[Mapping[str, Any]], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http":
            raise ValueError(f"{scope['type']} is not served here, only HTTP is.")
        lane = min(self.lanes, key=lambda one: one.waiting)
        lane.waiting += 1
        waits = True

        def go_on() -> None:
            nonlocal waits
            if waits:
                waits = False
                lane.waiting -= 1

        async def passing(message: Mapping[str, Any]) -> None:
            # An open stream asks for nothing any more; it holds no place.
            if message["type"] == "http.response.start":
                go_on()
            await send(message)

        token = SyncToAsync.thread_sensitive_context.set(lane)
        try:
            await self.handle(scope, receive, passing)
        finally:
            go_on()
            SyncToAsync.thread_sensitive_context.reset(token)

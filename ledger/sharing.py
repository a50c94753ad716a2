"""Answers that many readers share: put together once, and given out while nothing has changed.

A kept answer belongs to one version of what is told (`ledger.versions.visible`) and to one second
of the wall clock. So it is what would be put together now: everything that a chain said, that a
person did or that a rule found is told in the transaction that made it so, and what is told by
nobody (an endpoint's latency, the age of a block) is at most a second old.

Kept is only what strangers see: a request with a session of its own is answered by itself. Each
process keeps its own.
"""

import functools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from ledger import versions

MOST_BYTES = 32_000_000
"""All that a process keeps; what was asked for least lately goes first."""
PATIENCE_SECONDS = 5.0
"""So long does a reader wait for another's answer before putting together one of its own."""

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is given out again: the body, its content type, and further headers, if it has any."""

    body: bytes
    content_type: str
    headers: Mapping[str, str] | None = None

    def response(self) -> HttpResponse:
        """A new response with this body."""
        return HttpResponse(self.body, content_type=self.content_type, headers=self.headers)


class Answers:
    """Answers by key, at most `most` bytes of them; for any number of threads."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self._coming: dict[Hashable, Future[Answer | None]] = {}
        self._lock = threading.Lock()

    def keep(self, key: Hashable, answer: Answer) -> None:
        """Keep an answer, and let go of others where there are too many."""
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = answer
            self._size += len(answer.body)
            while self._size > self._most:
                _, gone = self._kept.popitem(last=False)
                self._size -= len(gone.body)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._size = 0

    def of(
        self, key: Hashable, make: Callable[[], tuple[HttpResponseBase, Answer | None]]
    ) -> HttpResponseBase:
        """The response for `key`: kept, or made once however many ask for it at this moment.

        `make` gives a response and, where others may have it too, the answer to keep.
        """
        with self._lock:
            found, coming = self._kept.get(key), self._coming.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            elif coming is None:
                mine = self._coming[key] = Future()
        if found is not None:
            return found.response()
        if coming is not None:
            shared = _patiently(coming)
            return make()[0] if shared is None else shared.response()
        answer = None
        try:
            response, answer = make()
            if answer is not None:
                self.keep(key, answer)
            return response
        finally:
            with self._lock:
                del self._coming[key]
            mine.set_result(answer)


answers = Answers()
"""Those of this process."""


def key_of(request: HttpRequest) -> Hashable | None:
    """Under what an answer to this request may be shared now; None where it may not be. One query.

    Ask before anything of the answer is read: it may then be newer than its key, never older.
    Inside a transaction nothing is shared, because others do not see what that one has written.
    """
    if request.method not in ("GET", "HEAD") or settings.SESSION_COOKIE_NAME in request.COOKIES:
        return None
    if connection.in_atomic_block:
        return None
    second = int(time.time())
    return (
        connection.settings_dict["NAME"],
        versions.visible(),
        second,
        request.build_absolute_uri(),
        request.headers.get("HX-Request"),
    )


def shared(view: View) -> View:
    """Have readers who ask for the same at the same time share one answer of this view.

    The view reads nothing of the request but its address and whether htmx asks.
    """

    @functools.wraps(view)
    def respond(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = key_of(request)
        if key is None:
            return view(request, *args, **kwargs)

        def make() -> tuple[HttpResponseBase, Answer | None]:
            response = view(request, *args, **kwargs)
            return response, _for_others(request, response)

        response = answers.of((view.__qualname__, key), make)
        patch_vary_headers(response, ("Cookie",))
        return response

    return respond


def _for_others(request: HttpRequest, response: HttpResponseBase) -> Answer | None:
    """What strangers may be given of it: nothing that was made for one reader alone."""
    own = (
        response.cookies
        or request.META.get("CSRF_COOKIE_NEEDS_UPDATE")
        or (hasattr(request, "session") and request.session.modified)
        or bool(getattr(request, "csp_nonce", None))
    )
    if own or response.status_code != 200 or not isinstance(response, HttpResponse):
        return None
    return Answer(response.content, response.headers["Content-Type"])


def _patiently(coming: "Future[Answer | None]") -> Answer | None:
    try:
        return coming.result(timeout=PATIENCE_SECONDS)
    except TimeoutError:
        return None

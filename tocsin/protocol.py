"""The server's side of HTTP/1.1, with a bound on what comes before a request is whole.

Named in the `Procfile`. The gate (`tocsin/edge.py`) sees a request only once its head is complete;
the parser itself would keep a head that never ends, for as long as somebody likes.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tocsin.bounds import HEAD_SECONDS, MAX_HEAD, MAX_TARGET

_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class Bounded(HttpToolsProtocol):
    """Closes a connection whose request has no end of its head in sight, by bytes or by time."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head = 0
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its parent
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A further request on the same connection has its own time."""
        self._head = 0
        if self._waiting is None:
            self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """From here on the gate holds the bounds."""
        self._wait_no_more()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Refuse a head that goes on beyond its bound."""
        super().data_received(data)
        if self._waiting is None:
            return
        self._head += len(data)
        if self._head > MAX_HEAD + MAX_TARGET and not self.transport.is_closing():
            # Not in the place of an answer to the request before it that is still to come.
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(_REFUSAL)
            self.transport.close()

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _too_slow(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self.transport.close()

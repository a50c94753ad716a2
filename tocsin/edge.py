"""The gate before everything: bounds of a request, and who sends it, before Django reads a byte.

It wraps the whole application, so no view can forget it. What is beyond a bound is refused in
words, before the rest of it is read.
"""

import asyncio
import ipaddress
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

from charter.throttle import network_of
from tocsin.bounds import BODY_SECONDS, MAX_BODY, MAX_HEAD, MAX_HEADERS, MAX_TARGET
from tocsin.errors import body as refusal

Scope = MutableMapping[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]

STREAMS = "/live/"


class Refused(Exception):
    """A request beyond a bound."""

    def __init__(self, status: int, code: str, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after = retry_after


class Gate:
    """An ASGI application that lets bounded requests through to another one.

    `proxies`: how many proxies of ours add to X-Forwarded-For; with 0 the header means nothing.
    `streams`: event streams that one address may hold open at once in this process.
    """

    def __init__(self, application: Application, *, proxies: int, streams: int) -> None:
        self._application = application
        self._proxies = proxies
        self._streams = streams
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            check_head(scope)
            scope = {**scope, "client": client_of(scope, self._proxies)}
            if scope["path"] == STREAMS:
                await self._stream(scope, receive, sending)
            else:
                await self._application(scope, _bounded(scope, receive), sending)
        except Refused as refused:
            if not begun:
                await _refuse(send, refused)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = network_of(scope["client"][0] if scope["client"] else "")
        if self._open[who] >= self._streams:
            raise Refused(
                429,
                "too-many-streams",
                f"This address holds {self._streams} live streams open already; ask "
                "/live/positions/ every few seconds instead.",
                retry_after=30,
            )
        self._open[who] += 1
        try:
            await self._application(scope, _bounded(scope, receive), send)
        finally:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]


def check_head(scope: Scope) -> None:
    """Refuse an address or headers that are too long, and a body that says it will be."""
    target = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
    if target > MAX_TARGET:
        raise Refused(414, "address-too-long", f"The address has more than {MAX_TARGET} bytes.")
    headers = scope["headers"]
    if len(headers) > MAX_HEADERS or sum(len(n) + len(v) for n, v in headers) > MAX_HEAD:
        raise Refused(
            431,
            "headers-too-long",
            f"There are more than {MAX_HEADERS} headers or {MAX_HEAD} bytes of them.",
        )
    for name, value in headers:
        if name == b"content-length" and not (len(value) < 12 and value.isdigit()):
            raise Refused(400, "bad-length", "Content-Length is not a whole number.")
        if name == b"content-length" and int(value) > MAX_BODY:
            raise _too_large()


def client_of(scope: Scope, proxies: int) -> tuple[str, int] | None:
    """Address and port of who sent the request.

    Each proxy adds to the end of X-Forwarded-For whom it heard from, so of what stands there only
    the last `proxies` entries are not the sender's own invention.
    """
    peer: tuple[str, int] | None = scope.get("client")
    if not proxies:
        return peer
    listed = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    named = [part.strip() for part in listed.decode("latin-1").split(",") if part.strip()]
    if not named:
        return peer
    written = named[-min(proxies, len(named))]
    try:
        return str(ipaddress.ip_address(written)), 0
    except ValueError:
        return peer


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """`receive` that refuses a body that is too long or too slow, whatever its head said."""
    size = 0
    arriving = True
    deadline = asyncio.get_running_loop().time() + BODY_SECONDS

    async def bounded() -> Message:
        nonlocal size, arriving
        if not arriving:
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            words = f"The body did not arrive within {BODY_SECONDS:.0f} seconds."
            raise Refused(408, "body-too-slow", words) from None
        if message["type"] == "http.request":
            size += len(message.get("body", b""))
            arriving = message.get("more_body", False)
        else:
            arriving = False
        if size > MAX_BODY:
            raise _too_large()
        return message

    return bounded


def _too_large() -> Refused:
    return Refused(413, "body-too-large", f"The body has more than {MAX_BODY} bytes.")


async def _refuse(send: Send, refused: Refused) -> None:
    text = json.dumps(refusal(refused.code, refused.message, refused.status)).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(text)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        # What was not read must not be taken for the next request.
        (b"connection", b"close"),
    ]
    if refused.retry_after:
        headers.append((b"retry-after", str(refused.retry_after).encode()))
    start = {
        "type": "http.response.start",
        "status": HTTPStatus(refused.status),
        "headers": headers,
    }
    await send(start)
    await send({"type": "http.response.body", "body": text})

"""The lab's one public port: JSON-RPC endpoints by path and a status page, on loopback only."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import secrets
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
from aiohttp import web

from lab.beacon.faults import InvalidOrder
from lab.beacon.follower import Follower
from lab.beacon.rest import BeaconApi
from lab.endpoint import Endpoint, Reply, Upstream, refuse_node_control, serve_tags
from lab.faults.fault import InvalidFault
from lab.faults.switchboard import Switchboard

MAX_REQUEST_BYTES = 64 * 1024 * 1024
OPERATORS = {"a": "Lab operator A", "b": "Lab operator B", "c": "Lab operator C"}
CONTROL = "/control/endpoints"
BEACON_CONTROL = "/control/beacon"
_TRICKLES = 20
_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Allow-Private-Network": "true",
    "Access-Control-Max-Age": "600",
}


class PortTaken(OSError):
    """The wanted port is in use by somebody else."""


def endpoints_of(chain: str, upstream: Upstream) -> list[Endpoint]:
    """The endpoints of a chain: one per declared operator, e.g. ``l2-a`` and ``l2-b``."""
    middlewares = (refuse_node_control, serve_tags(upstream))
    return [
        Endpoint(f"{chain}-{letter}", operator, upstream, middlewares)
        for letter, operator in OPERATORS.items()
    ]


class Gateway:
    """Serves the endpoints of the given chains from a thread of its own.

    Who posts to `CONTROL` with the ``token`` as bearer decides what the endpoints suffer; within
    the process that is ``switchboard``. With a ``beacon`` chain its endpoints are served too, and
    `BEACON_CONTROL` decides about them.
    """

    def __init__(
        self,
        upstreams: Mapping[str, Upstream],
        status: Callable[[], dict[str, Any]],
        token: str = "",
        beacon: Follower | None = None,
    ) -> None:
        self.upstreams = upstreams
        self.endpoints = {
            endpoint.name: endpoint
            for chain, upstream in upstreams.items()
            for endpoint in endpoints_of(chain, upstream)
        }
        self.switchboard = Switchboard(self.endpoints)
        self.beacon = BeaconApi(beacon, _HEADERS) if beacon else None
        self.port = 0
        # Without a token of its own nobody can know it, so control from outside is off.
        self._token = token or secrets.token_urlsafe(32)
        self._status = status
        self._started = threading.Event()
        self._failure: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Base URL of the gateway, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, port: int = 0) -> None:
        """Listen on a port (0: a free one); raises `PortTaken`."""
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run(port)), name="gateway", daemon=True
        )
        self._thread.start()
        self._started.wait(20)
        if self._failure is not None:
            raise PortTaken(f"port {port} is in use: {self._failure}") from self._failure

    def stop(self) -> None:
        """Stop listening; open requests are dropped."""
        if self._loop is not None and self._stopping is not None and self._thread is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(3)

    async def _run(self, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        application = web.Application(client_max_size=MAX_REQUEST_BYTES)
        application.router.add_get("/", self._answer_status)
        application.router.add_post(CONTROL, self._controlled_by(self.switchboard.obey))
        if self.beacon is not None:
            obey = self.beacon.faults.obey
            application.router.add_post(BEACON_CONTROL, self._controlled_by(obey))
            application.router.add_routes(self.beacon.routes())
        application.router.add_post("/{endpoint}", self._answer_call)
        application.router.add_options("/{endpoint}", self._answer_preflight)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.3)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        except OSError as error:
            self._failure = error
            self._started.set()
            await runner.cleanup()
            return
        self.port = int(runner.addresses[0][1])
        for upstream in self.upstreams.values():
            await upstream.open()
        watchers = [asyncio.create_task(_watch(u)) for u in self.upstreams.values()]
        self._started.set()
        await self._stopping.wait()
        for watcher in watchers:
            watcher.cancel()
        await runner.cleanup()
        for upstream in self.upstreams.values():
            await upstream.close()

    def suffering(self) -> dict[str, list[dict[str, Any]]]:
        """What is wrong with the endpoints, and with the beacon chain, by name and in words."""
        suffering = self.switchboard.suffering()
        if self.beacon is not None and (words := self.beacon.faults.words()):
            suffering["l1-beacon"] = [{"words": said} for said in words]
        return suffering

    async def _answer_status(self, _request: web.Request) -> web.Response:
        return web.json_response(self._status(), headers=_HEADERS)

    async def _answer_preflight(self, _request: web.Request) -> web.Response:
        return web.Response(status=204, headers=_HEADERS)

    def _controlled_by(
        self, obey: Callable[[Any], list[str]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            # The lab's token is nothing that a page can know. Pages of any origin may ask the
            # endpoints, so whatever comes from a page is turned away even with it.
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self._token.encode()):
                problem = {"problem": "That is not the token of this lab."}
                return web.json_response(problem, status=403)
            if "Origin" in request.headers or "Sec-Fetch-Site" in request.headers:
                return web.json_response({"problem": "Pages cannot control the lab."}, status=403)
            try:
                said = obey(json.loads(await request.read()))
            except (InvalidFault, InvalidOrder, ValueError) as problem:
                return web.json_response({"problem": str(problem)}, status=400)
            return web.json_response({"said": said})

        return answer

    async def _answer_call(self, request: web.Request) -> web.StreamResponse:
        endpoint = self.endpoints.get(request.match_info["endpoint"])
        if endpoint is None:
            names = ", ".join(self.endpoints)
            text = f"No such endpoint. There are: {names}.\n"
            return web.Response(status=404, text=text, headers=_HEADERS)
        reply = await endpoint.answer(await request.read())
        headers = {**_HEADERS, **reply.headers}
        if reply.cut is not None or reply.over:
            return await _answer_badly(request, reply, headers)
        return web.Response(
            status=reply.status, body=reply.body, content_type="application/json", headers=headers
        )


async def _answer_badly(
    request: web.Request, reply: Reply, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Send a reply that trickles or ends too early, as a bad line would."""
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_type = "application/json"
    response.content_length = len(reply.body)
    sent = memoryview(reply.body)[: reply.cut]
    with contextlib.suppress(ConnectionError):
        if reply.cut != 0:
            await response.prepare(request)
            step = max(len(sent) // _TRICKLES, 1) if reply.over else max(len(sent), 1)
            for start in range(0, len(sent), step):
                await response.write(sent[start : start + step])
                await asyncio.sleep(reply.over / _TRICKLES)
        if reply.cut is None:
            await response.write_eof()
    if reply.cut is not None and request.transport is not None:
        request.transport.close()
    return response


async def _watch(upstream: Upstream) -> None:
    while True:
        with contextlib.suppress(TimeoutError, aiohttp.ClientError, KeyError, ValueError):
            await upstream.refresh()
        await asyncio.sleep(0.5)

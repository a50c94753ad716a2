"""One JSON-RPC endpoint of the gateway: a pipeline of middlewares in front of a node.

A middleware takes an `Exchange` and the rest of the pipeline and gives a `Reply`; it may change
the calls, answer by itself, or change the reply.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from lab.consensus import Finality

UPSTREAM_TIMEOUT = 10.0
HOLD_TIMEOUT = 15.0

METHOD_NOT_FOUND = -32601
INVALID_REQUEST = -32600
PARSE_ERROR = -32700
UPSTREAM_ERROR = -32603

_OFFERED_PREFIXES = ("eth_", "net_", "web3_")
_NOT_OFFERED = (
    "eth_accounts",
    "eth_coinbase",
    "eth_requestAccounts",
    "eth_sendTransaction",
    "eth_sendUnsignedTransaction",
    "eth_sign",
    "eth_subscribe",
    "eth_unsubscribe",
)
# Where the block stands among a method's parameters.
BLOCK_POSITION = {
    "eth_getBlockByNumber": 0,
    "eth_getBlockReceipts": 0,
    "eth_getBlockTransactionCountByNumber": 0,
    "eth_getTransactionByBlockNumberAndIndex": 0,
    "eth_getUncleCountByBlockNumber": 0,
    "eth_call": 1,
    "eth_createAccessList": 1,
    "eth_estimateGas": 1,
    "eth_feeHistory": 1,
    "eth_getBalance": 1,
    "eth_getCode": 1,
    "eth_getTransactionCount": 1,
    "eth_simulateV1": 1,
    "eth_getProof": 2,
    "eth_getStorageAt": 2,
}
_FILTER_METHODS = ("eth_getLogs", "eth_newFilter")


@dataclass
class Exchange:
    """A request on its way to the node: its JSON-RPC calls, and whether they came as a batch.

    ``raw`` is the request as received, forwarded as it is; whoever changes ``calls`` clears it.
    """

    calls: list[dict[str, Any]]
    batch: bool
    raw: bytes | None = None

    def body(self) -> bytes:
        """What to send to the node."""
        if self.raw is not None:
            return self.raw
        return json.dumps(self.calls if self.batch else self.calls[0]).encode()


@dataclass(frozen=True)
class Reply:
    """What goes back: HTTP status and a JSON body.

    With ``cut`` the connection ends after so many bytes of the body (0: before anything is said);
    with ``over`` the body trickles for so many seconds.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    over: float = 0.0


Handler = Callable[[Exchange], Awaitable[Reply]]
Middleware = Callable[[Exchange, Handler], Awaitable[Reply]]


def error_row(call: dict[str, Any], code: int, message: str) -> dict[str, Any]:
    """A JSON-RPC error answering one call."""
    return {"jsonrpc": "2.0", "id": call.get("id"), "error": {"code": code, "message": message}}


def failure(exchange: Exchange, status: int, code: int, message: str) -> Reply:
    """The same error for every call of an exchange."""
    rows = [error_row(call, code, message) for call in exchange.calls]
    return Reply(status, json.dumps(rows if exchange.batch else rows[0]).encode())


@dataclass
class Upstream:
    """The node behind a chain's endpoints; its ``url`` changes when the node is started again."""

    url: str
    consensus: Finality
    held: bool = False
    head: int = 0
    head_seen_at: float = 0.0
    _session: aiohttp.ClientSession | None = field(default=None, repr=False)

    async def open(self) -> None:
        """Prepare the connections; call inside the event loop that will use them."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=2, sock_read=UPSTREAM_TIMEOUT)
        self._session = aiohttp.ClientSession(timeout=timeout)

    async def close(self) -> None:
        """Drop the connections."""
        if self._session is not None:
            await self._session.close()

    async def post(self, body: bytes) -> Reply:
        """Forward a body; waits while the node is being started again."""
        if self._session is None:
            raise RuntimeError("the upstream was not opened")
        deadline = time.monotonic() + HOLD_TIMEOUT
        while self.held and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        headers = {"content-type": "application/json"}
        async with self._session.post(self.url, data=body, headers=headers) as answer:
            return Reply(answer.status, await answer.read())

    async def refresh(self) -> int:
        """Ask the node for its head and let the consensus advance."""
        call = b'{"jsonrpc":"2.0","id":0,"method":"eth_blockNumber","params":[]}'
        reply = await self.post(call)
        self.head = int(json.loads(reply.body)["result"], 16)
        self.head_seen_at = time.monotonic()
        # The beacon chain asks its node when it advances.
        await asyncio.to_thread(self.consensus.advance, self.head)
        return self.head

    def is_answering(self) -> bool:
        """Whether the node gave its head within the last seconds."""
        return time.monotonic() - self.head_seen_at < 5


async def refuse_node_control(exchange: Exchange, following: Handler) -> Reply:
    """Offer what a public node offers: no cheats, no keys, no subscriptions."""
    refused = {i for i, call in enumerate(exchange.calls) if not _is_offered(call.get("method"))}
    if not refused:
        return await following(exchange)
    rows: list[Any] = [
        error_row(call, METHOD_NOT_FOUND, f"the method {call.get('method')} is not available")
        for call in exchange.calls
    ]
    offered = [call for i, call in enumerate(exchange.calls) if i not in refused]
    if offered:
        reply = await following(Exchange(offered, batch=True))
        answers = json.loads(reply.body)
        if reply.status != 200 or not isinstance(answers, list):
            return reply
        remaining = iter(answers)
        rows = [row if i in refused else next(remaining) for i, row in enumerate(rows)]
    return Reply(200, json.dumps(rows if exchange.batch else rows[0]).encode())


def _is_offered(method: Any) -> bool:
    if not isinstance(method, str) or not method.startswith(_OFFERED_PREFIXES):
        return False
    return method not in _NOT_OFFERED and not method.startswith(("eth_signT",))


def serve_tags(upstream: Upstream) -> Middleware:
    """Answer ``safe`` and ``finalized`` by the lab's consensus instead of the node's depths."""

    async def middleware(exchange: Exchange, following: Handler) -> Reply:
        if any(_has_tag(call) for call in exchange.calls):
            await upstream.refresh()
            consensus = upstream.consensus
            numbers = {"safe": hex(consensus.safe), "finalized": hex(consensus.finalized)}
            calls = [_without_tags(call, numbers) for call in exchange.calls]
            exchange = Exchange(calls, exchange.batch)
        return await following(exchange)

    return middleware


def _tagged_values(call: dict[str, Any]) -> list[Any]:
    method, params = call.get("method"), call.get("params")
    if not isinstance(params, list) or not isinstance(method, str):
        return []
    if method in _FILTER_METHODS and params and isinstance(params[0], dict):
        return [params[0].get("fromBlock"), params[0].get("toBlock")]
    position = BLOCK_POSITION.get(method)
    return params[position : position + 1] if position is not None else []


def _has_tag(call: dict[str, Any]) -> bool:
    return any(value in ("safe", "finalized") for value in _tagged_values(call))


def _without_tags(call: dict[str, Any], numbers: dict[str, str]) -> dict[str, Any]:
    if not _has_tag(call):
        return call
    params = list(call["params"])
    if call["method"] in _FILTER_METHODS:
        asked = params[0]
        replaced = {
            key: numbers.get(asked[key], asked[key])
            for key in ("fromBlock", "toBlock")
            if isinstance(asked.get(key), str)
        }
        params[0] = {**asked, **replaced}
    else:
        position = BLOCK_POSITION[call["method"]]
        params[position] = numbers[params[position]]
    return {**call, "params": params}


def forward(upstream: Upstream) -> Handler:
    """The end of the pipeline: the node itself, or a plain word on why it gave no answer."""

    async def handler(exchange: Exchange) -> Reply:
        try:
            return await upstream.post(exchange.body())
        except TimeoutError:
            message = f"the node gave no answer within {UPSTREAM_TIMEOUT:.0f} s"
            return failure(exchange, 504, UPSTREAM_ERROR, message)
        except aiohttp.ClientError as error:
            message = f"the node cannot be reached: {type(error).__name__}"
            return failure(exchange, 503, UPSTREAM_ERROR, message)

    return handler


@dataclass(frozen=True)
class Endpoint:
    """A named way to a chain, run by one declared operator.

    ``troubles`` stand in front of all other middlewares and change while it serves.
    """

    name: str
    operator: str
    upstream: Upstream
    middlewares: Sequence[Middleware]
    troubles: list[Middleware] = field(default_factory=list)

    async def answer(self, body: bytes) -> Reply:
        """The reply to one HTTP request body."""
        exchange = _parsed(body)
        if isinstance(exchange, Reply):
            return exchange
        handler = forward(self.upstream)
        for middleware in reversed((*self.troubles, *self.middlewares)):
            handler = _wrapped(middleware, handler)
        try:
            return await handler(exchange)
        except TimeoutError:
            return failure(exchange, 504, UPSTREAM_ERROR, "the node gave no answer in time")
        except aiohttp.ClientError as error:
            message = f"the node cannot be reached: {type(error).__name__}"
            return failure(exchange, 503, UPSTREAM_ERROR, message)


def _wrapped(middleware: Middleware, following: Handler) -> Handler:
    async def handler(exchange: Exchange) -> Reply:
        return await middleware(exchange, following)

    return handler


def _parsed(body: bytes) -> Exchange | Reply:
    try:
        parsed = json.loads(body)
    except ValueError:
        row = error_row({}, PARSE_ERROR, "the request is not JSON")
        return Reply(400, json.dumps(row).encode())
    calls = parsed if isinstance(parsed, list) else [parsed]
    if not calls or not all(isinstance(call, dict) for call in calls):
        row = error_row({}, INVALID_REQUEST, "the request is not a JSON-RPC call or batch")
        return Reply(400, json.dumps(row).encode())
    return Exchange(calls, isinstance(parsed, list), body)

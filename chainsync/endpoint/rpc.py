"""JSON-RPC with chain nodes: batched, over the kept-alive connections of `ledger/outgoing.py`.

Everything is bounded: time of a request, bytes of a reply, and no redirect is followed.
"""

import itertools
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from chainsync.endpoint.exchange import exchange, limited
from chainsync.endpoint.failures import EndpointFailure, MalformedReply, RpcError, Unreachable
from ledger import outgoing
from proofs.chain.nesting import shallow

REQUEST_SECONDS = 5.0
MAX_REPLY_BYTES = outgoing.MAX_REPLY_BYTES
MAX_BATCH = 100
_HEADERS = {"content-type": "application/json"}
_RATE_CODES = frozenset({429, -32029, -32005})
_RATE_WORDS = ("rate limit", "too many requests", "capacity", "throttl")


class Turns(Protocol):
    """Who says when requests may go: see `chainsync/endpoint/budget.py`."""

    @property
    def batch(self) -> int | None: ...
    def spend(self, requests: int) -> None: ...


Request = tuple[str, Sequence[Any]]
"""Method and parameters."""


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""
    data: Any = None


class _Envelope(msgspec.Struct):
    id: int | str | None = None
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: _Error | None = None


_decode_one = msgspec.json.Decoder(_Envelope)
_decode_many = msgspec.json.Decoder(list[_Envelope])
_numbers = itertools.count(1)


class Client:
    """JSON-RPC with one endpoint. Safe to share between threads, not between processes."""

    def __init__(self, name: str, url: str, *, max_reply_bytes: int = MAX_REPLY_BYTES) -> None:
        self.name = name
        self.budget: Turns | None = None
        """Whom to ask before each parcel, where the endpoint has a budget."""
        try:
            # The charter's endpoints are declared by the operator: a node may be on this machine.
            self._node = outgoing.Destination(url, declared=True, max_reply_bytes=max_reply_bytes)
        except ValueError as error:
            raise ValueError(f"endpoint {name}: {error}") from None

    def call(
        self,
        method: str,
        *parameters: Any,
        seconds: float = REQUEST_SECONDS,
        max_bytes: int | None = None,
    ) -> msgspec.Raw:
        """One call. Raises RpcError when the node refuses it, else as `batch` does."""
        (reply,) = self.batch([(method, parameters)], seconds=seconds, max_bytes=max_bytes)
        if isinstance(reply, RpcError):
            raise reply
        return reply

    def batch(
        self,
        requests: Sequence[Request],
        *,
        seconds: float = REQUEST_SECONDS,
        max_bytes: int | None = None,
    ) -> list[msgspec.Raw | RpcError]:
        """Replies in the order of the requests; a refused one is an RpcError in its place.

        At most 100 requests travel together, `seconds` and `max_bytes` are the limits for each
        such parcel. Raises Unreachable, Timeout, RateLimited, OverBudget, MalformedReply,
        ReplyTooLarge; RpcError when the whole batch is refused.
        """
        replies: list[msgspec.Raw | RpcError] = []
        most = min(MAX_BATCH, (self.budget and self.budget.batch) or MAX_BATCH)
        for start in range(0, len(requests), most):
            if self.budget:
                self.budget.spend(len(requests[start : start + most]))
            replies += self._parcel(requests[start : start + most], seconds, max_bytes)
        return replies

    def close(self) -> None:
        """Drop the kept connections."""
        self._node.close()

    def _parcel(
        self, requests: Sequence[Request], seconds: float, max_bytes: int | None
    ) -> list[msgspec.Raw | RpcError]:
        calls = [
            {"jsonrpc": "2.0", "id": next(_numbers), "method": method, "params": parameters}
            for method, parameters in requests
        ]
        body = msgspec.json.encode(calls if len(calls) > 1 else calls[0])

        def post(left: float) -> outgoing.Reply:
            return self._node.post(body, seconds=left, headers=_HEADERS, max_bytes=max_bytes)

        reply = exchange(self.name, post, seconds=seconds)
        status = reply.status
        if status >= 500 or status in (401, 403, 404, 407) or 300 <= status < 400:
            raise Unreachable(self.name, f"answered HTTP {status}.")
        return self._matched([call["id"] for call in calls], reply.body)

    def _matched(self, ids: list[Any], reply: bytes) -> list[msgspec.Raw | RpcError]:
        try:
            if shallow(reply)[:64].lstrip().startswith(b"["):
                envelopes = _decode_many.decode(reply)
            else:
                envelopes = [_decode_one.decode(reply)]
        except (ValueError, RecursionError) as error:
            raise MalformedReply(self.name, f"did not answer in JSON-RPC: {error}.") from error
        if len(envelopes) == 1 and envelopes[0].error and envelopes[0].id not in ids:
            raise self._refusal(envelopes[0].error)
        by_id = {envelope.id: envelope for envelope in envelopes}
        if len(envelopes) != len(ids) or by_id.keys() != set(ids):
            raise MalformedReply(self.name, "answered requests that were not the ones asked.")
        return [self._outcome(by_id[number]) for number in ids]

    def _outcome(self, envelope: _Envelope) -> msgspec.Raw | RpcError:
        if envelope.error is not None:
            failure = self._refusal(envelope.error)
            if isinstance(failure, RpcError):
                return failure
            raise failure
        if isinstance(envelope.result, msgspec.UnsetType):
            raise MalformedReply(self.name, "answered with neither a result nor an error.")
        return envelope.result

    def _refusal(self, error: _Error) -> EndpointFailure:
        text = error.message.lower()
        if error.code == 429 or (
            error.code in _RATE_CODES and any(word in text for word in _RATE_WORDS)
        ):
            return limited(self.name, f"asks us to slow down: {error.message[:200]}.")
        return RpcError(self.name, error.code, error.message, error.data)

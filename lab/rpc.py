"""A small JSON-RPC client over one kept-alive connection per thread."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.parse
from collections.abc import Sequence
from typing import Any


class RpcError(RuntimeError):
    """The node answered a call with an error; ``data`` is its raw revert data, if any."""

    def __init__(self, method: str, code: int, message: str, data: bytes = b"") -> None:
        super().__init__(f"{method}: {message} ({code})")
        self.method, self.code, self.message, self.data = method, code, message, data


class NodeUnreachable(ConnectionError):
    """No answer came: connection refused or lost, a timeout, or something that is not JSON-RPC."""


def _revert_data(error: dict[str, Any]) -> bytes:
    data = error.get("data")
    if isinstance(data, dict):
        data = data.get("data")
    try:
        return bytes.fromhex(data.removeprefix("0x")) if isinstance(data, str) else b""
    except ValueError:
        return b""


class Rpc:
    """JSON-RPC to one URL; safe to share between threads. ``timeout`` is in seconds."""

    def __init__(self, url: str, timeout: float = 15) -> None:
        self.url = url
        self.timeout = timeout
        parts = urllib.parse.urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._path = parts.path or "/"
        self._local = threading.local()
        self._opened: set[http.client.HTTPConnection] = set()

    def __enter__(self) -> Rpc:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the connections of all threads; a later call opens a new one."""
        for connection in tuple(self._opened):
            connection.close()
        self._opened.clear()

    def call(self, method: str, *params: Any) -> Any:
        """One call; raises `RpcError` or `NodeUnreachable`."""
        return self.batch([(method, list(params))])[0]

    def batch(self, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """Several calls in one request, results in order; the first error is raised."""
        answers = self.try_batch(calls)
        for answer in answers:
            if isinstance(answer, RpcError):
                raise answer
        return answers

    def try_batch(self, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """As `batch`, but an error stands as an `RpcError` in its call's place."""
        if not calls:
            return []
        body = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": params}
            for i, (method, params) in enumerate(calls)
        ]
        parsed = self._post(json.dumps(body if len(body) > 1 else body[0]).encode())
        rows = parsed if isinstance(parsed, list) else [parsed]
        if len(rows) != len(calls):
            raise NodeUnreachable(f"{self.url}: {len(rows)} answers to {len(calls)} calls")
        results: list[Any] = [None] * len(calls)
        for position, row in enumerate(rows):
            index = row["id"] if isinstance(row.get("id"), int) else position
            if "error" in row:
                error = row["error"]
                results[index] = RpcError(
                    calls[index][0],
                    error.get("code", 0),
                    error.get("message", "unknown error"),
                    _revert_data(error),
                )
            else:
                results[index] = row.get("result")
        return results

    def _post(self, body: bytes) -> Any:
        kept = getattr(self._local, "connection", None)
        # A kept connection may have been closed by the node meanwhile: that alone is tried again.
        for connection in (kept, None):
            fresh = connection is None
            if connection is None:
                connection = http.client.HTTPConnection(
                    self._host, self._port, timeout=self.timeout
                )
                self._local.connection = connection
                self._opened.add(connection)
            try:
                connection.request("POST", self._path, body, {"content-type": "application/json"})
                return json.loads(connection.getresponse().read())
            except (OSError, http.client.HTTPException, ValueError) as error:
                connection.close()
                self._local.connection = None
                # Closed by another thread, it is not among them any more.
                self._opened.discard(connection)
                if fresh or isinstance(error, TimeoutError):
                    raise NodeUnreachable(f"{self.url}: {error or type(error).__name__}") from error
        raise NodeUnreachable(self.url)

"""What is wrong with an endpoint, and the dice by which it strikes the same way each time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from lab.endpoint import Endpoint, Exchange, Middleware, Reply

HUGE_BYTES = 50 * 1024 * 1024

Row = dict[str, Any]
"""One JSON-RPC answer: id and result or error."""


class InvalidFault(ValueError):
    """No such fault, or an option that makes no sense; the message is for a person."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong with an endpoint.

    ``rate`` is the share of what is affected, 0 to 1: of the requests, or, for lies, of the
    blocks, logs or values. ``seed`` decides which. ``seconds``, ``blocks``, ``per_second`` and
    ``from_block`` mean what the sort of fault says; None is its default.
    """

    sort: str
    how: str = ""
    seed: int = 0
    rate: float = 1.0
    seconds: float | None = None
    blocks: int | None = None
    per_second: float | None = None
    from_block: int | None = None

    def strikes(self, *identity: object) -> bool:
        """Whether this thing is among the affected; always the same answer for the same thing."""
        return self.rate >= 1 or self.share(*identity) < self.rate

    def share(self, *identity: object) -> float:
        """A number from 0 to 1 that only the seed and the thing decide."""
        text = repr((self.seed, self.sort, self.how, *identity)).encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest(), "big") / 2**56

    def other_hash(self, text: str) -> str:
        """Another hash in the place of this one (32 bytes as hex)."""
        mixed = hashlib.blake2b(f"{self.seed} {text.lower()}".encode(), digest_size=32)
        return "0x" + mixed.hexdigest()


Maker = Callable[[Fault, Endpoint], Middleware]


@dataclass(frozen=True)
class Sort:
    """A sort of fault: what a person calls it, how it is made, and which options it takes.

    ``hows`` are its sorts in turn, the first one the default, each with its words; ``defaults``
    the values of those options that it takes besides seed and rate, ``only_with`` the how that
    some of them belong to.
    """

    words: str
    make: Maker
    hows: dict[str, str]
    defaults: dict[str, float]
    only_with: dict[str, str] = field(default_factory=dict)

    def default(self, option: str, how: str) -> float | None:
        """Value of an option that is not given, or None when it is not taken."""
        return self.defaults.get(option) if self.only_with.get(option, how) == how else None


def rows_of(reply: Reply) -> list[Row] | None:
    """The answers in a reply, or None when it is not one of JSON-RPC."""
    if reply.status != 200:
        return None
    parsed = json.loads(reply.body)
    rows = parsed if isinstance(parsed, list) else [parsed]
    return rows if all(isinstance(row, dict) for row in rows) else None


def reply_of(exchange: Exchange, rows: list[Row]) -> Reply:
    """The reply made of answers."""
    return Reply(200, json.dumps(rows if exchange.batch else rows[0]).encode())


Change = Callable[[dict[str, Any], Any], Awaitable[Any]]


def rewriting(change: Change) -> Middleware:
    """A middleware that gives ``change(call, result)`` in the place of each result."""

    async def middleware(exchange: Exchange, following: Callable[..., Any]) -> Reply:
        reply: Reply = await following(exchange)
        rows = rows_of(reply)
        if rows is None:
            return reply
        for call, row in zip(exchange.calls, rows, strict=False):
            if "result" in row:
                row["result"] = await change(call, row["result"])
        return reply_of(exchange, rows)

    return middleware


def first_param(call: dict[str, Any]) -> Any:
    """The first parameter of a call, or None."""
    params = call.get("params")
    return params[0] if isinstance(params, list) and params else None

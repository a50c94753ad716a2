"""Endpoints that answer late, half, seldom or not at all."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from dataclasses import replace

from lab.endpoint import Endpoint, Exchange, Handler, Middleware, Reply, failure
from lab.faults.fault import HUGE_BYTES, Fault, Sort

_TOO_MANY = 429
_LIMIT_CODE = -32005


def slow(fault: Fault, _endpoint: Endpoint) -> Middleware:
    """Answer some seconds late, or byte by byte over those seconds."""
    seconds = fault.seconds or 0.0
    numbers = itertools.count()

    async def middleware(exchange: Exchange, following: Handler) -> Reply:
        if not fault.strikes(next(numbers)):
            return await following(exchange)
        if fault.how == "drip":
            return replace(await following(exchange), over=seconds)
        await asyncio.sleep(seconds)
        return await following(exchange)

    return middleware


def truncate(fault: Fault, _endpoint: Endpoint) -> Middleware:
    """End answers in the middle."""
    numbers = itertools.count()

    async def middleware(exchange: Exchange, following: Handler) -> Reply:
        reply = await following(exchange)
        if not fault.strikes(next(numbers)):
            return reply
        if fault.how == "tidy":
            return replace(reply, body=reply.body[: len(reply.body) // 2])
        if fault.how == "huge":
            row = {"jsonrpc": "2.0", "id": exchange.calls[0].get("id"), "result": "0x"}
            body = json.dumps(row).encode()[:-2] + b"0" * HUGE_BYTES + b'"}'
            return Reply(200, body, cut=HUGE_BYTES // 2)
        return replace(reply, cut=max(len(reply.body) // 2, 1))

    return middleware


def rate_limit(fault: Fault, _endpoint: Endpoint) -> Middleware:
    """Refuse what goes beyond so many requests in each second."""
    numbers = itertools.count()
    allowed = fault.per_second or 0.0
    counted = {"second": 0, "requests": 0}

    async def middleware(exchange: Exchange, following: Handler) -> Reply:
        if not fault.strikes(next(numbers)):
            return await following(exchange)
        second = int(time.monotonic())
        if counted["second"] != second:
            counted.update(second=second, requests=0)
        counted["requests"] += 1
        if counted["requests"] <= allowed:
            return await following(exchange)
        if fault.how == "rpc":
            return failure(exchange, 200, _LIMIT_CODE, "rate limit exceeded: slow down")
        reply = failure(exchange, _TOO_MANY, _LIMIT_CODE, "too many requests")
        return replace(reply, headers={"Retry-After": "1"})

    return middleware


def refuse(fault: Fault, _endpoint: Endpoint) -> Middleware:
    """Close the connection without a word, or say that the service is down."""
    numbers = itertools.count()

    async def middleware(exchange: Exchange, following: Handler) -> Reply:
        if not fault.strikes(next(numbers)):
            return await following(exchange)
        if fault.how == "unavailable":
            return Reply(503, b"<html>503 Service Unavailable</html>")
        return Reply(200, b"", cut=0)

    return middleware


def flap(fault: Fault, _endpoint: Endpoint) -> Middleware:
    """Be gone and there by turns, each of half to one and a half times ``seconds``."""
    seconds = max(fault.seconds or 0.0, 0.001)
    began = time.monotonic()
    # When the turn number so-and-so ends, in seconds since the beginning.
    ends = [seconds * (0.5 + fault.share("turn", 0))]

    async def middleware(exchange: Exchange, following: Handler) -> Reply:
        now = time.monotonic() - began
        while ends[-1] <= now:
            ends.append(ends[-1] + seconds * (0.5 + fault.share("turn", len(ends))))
        turn = next(i for i, end in enumerate(ends) if now < end)
        if turn % 2 == 0:
            return Reply(200, b"", cut=0)
        return await following(exchange)

    return middleware


SORTS = {
    "slow": Sort(
        "answers late",
        slow,
        {"late": "each answer comes late", "drip": "each answer comes byte by byte"},
        {"seconds": 2.0},
    ),
    "truncate": Sort(
        "ends its answers in the middle",
        truncate,
        {
            "cut": "the connection ends in the middle of the answer",
            "tidy": "half an answer, given as if it were whole",
            "huge": "50 MB are announced and the connection ends after half of them",
        },
        {},
    ),
    "rate-limit": Sort(
        "takes only so many requests a second",
        rate_limit,
        {"http": "HTTP 429 with Retry-After", "rpc": "a JSON-RPC error with code -32005"},
        {"per_second": 2.0},
    ),
    "refuse": Sort(
        "refuses every request",
        refuse,
        {"hang-up": "the connection ends without a word", "unavailable": "HTTP 503"},
        {},
    ),
    "flap": Sort(
        "is gone and back by turns", flap, {"hang-up": "while gone it hangs up"}, {"seconds": 4.0}
    ),
}

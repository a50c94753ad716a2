"""The endpoints of one chain: which to ask, which to leave alone for a while, and who runs them."""

import os
import random
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from chainsync.endpoint import budget, wire
from chainsync.endpoint.account import Account
from chainsync.endpoint.budget import Budget, OverBudget
from chainsync.endpoint.failures import (
    Disagreement,
    EndpointFailure,
    MalformedReply,
    NoEndpoint,
    RateLimited,
    RpcError,
    Unreachable,
    WrongChain,
)
from chainsync.endpoint.rpc import Client
from charter.errors import CharterError
from charter.models import Chain, Endpoint
from charter.queries import endpoint_url

T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 15.0
WRONG_CHAIN_PAUSE_SECONDS = 10.0
SLACK_BLOCKS = 3
SLACK_SECONDS = 10.0
"""So far nodes are behind each other without anything being wrong with them."""


class Source:
    """One endpoint with its health as this process has seen it.

    `url` is None where the charter's address cannot be used; `problem` then says why. `budget` is
    our part in what all workers may ask of it.
    """

    def __init__(
        self,
        chain: Chain,
        endpoint: Endpoint,
        url: str | None,
        problem: str = "",
        budget: Budget | None = None,
    ) -> None:
        self.chain = chain
        self.endpoint = endpoint
        self.client = Client(endpoint.name, url) if url else None
        self.budget = budget
        if self.client is not None:
            self.client.budget = budget
        self._problem = problem
        self.account = Account()
        self.failures = 0
        self.last_error = ""
        self.latency: float | None = None
        self.head: wire.Header | None = None
        self.finalized: wire.Header | None = None
        """What it called final when it was last asked for its tags."""
        self.implausible = ""
        """Why its head cannot be, in words (`chainsync/plausible.py`)."""
        self.answered_at: float | None = None
        self.chain_id: int | None = None
        self.disagrees = ""
        """What it says differently from the rest, in words."""
        self.disagrees_from: int | None = None
        self.lies: deque[Any] = deque(maxlen=100)
        """What checks caught it at (`checking.Told`), until `disputes` writes it down."""
        self.lacks: set[str] = set()
        """Methods that the node said it does not have."""
        self._checked = False
        self._resume_at = 0.0

    @property
    def name(self) -> str:
        return self.endpoint.name

    @property
    def operator(self) -> str:
        return self.endpoint.operator

    @property
    def resting(self) -> bool:
        """Whether it failed a moment ago and is left alone until its pause is over."""
        return time.monotonic() < self._resume_at

    @property
    def doubted(self) -> bool:
        """Whether it is asked last: others contradict it, or its head cannot be."""
        return bool(self.disagrees or self.implausible)

    def ask(self, question: Callable[[Client], T]) -> T:
        """Put a question, after making sure of the chain id; keeps the account of its health.

        Raises EndpointFailure. An RpcError is the node's considered answer and no sign of ill
        health.
        """
        started = time.monotonic()
        try:
            if self.client is None:
                raise Unreachable(self.name, self._problem)
            if not self._checked:
                self._check_chain(self.client)
                started = time.monotonic()
            answer = question(self.client)
        except RpcError:
            self._well(started)
            raise
        except OverBudget as failure:
            self._resume_at = time.monotonic() + failure.retry_after
            raise
        except EndpointFailure as failure:
            self._ill(failure)
            raise
        except (ValueError, msgspec.MsgspecError, RecursionError) as error:
            malformed = MalformedReply(self.name, f"gave an answer that cannot be: {error}.")
            self._ill(malformed)
            raise malformed from error
        self._well(started)
        return answer

    def distrust(self, failure: EndpointFailure) -> None:
        """Count a fault that was found only by looking at several answers together."""
        self._ill(failure)

    def _check_chain(self, client: Client) -> None:
        try:
            found = wire.quantity(wire.text(client.call("eth_chainId")))
        except RpcError as refusal:
            text = refusal.message[:300]
            raise Unreachable(self.name, f"does not give its chain id: {text}") from refusal
        self.chain_id = found
        if found != self.chain.chain_id:
            raise WrongChain(self.name, self.chain.chain_id, found)
        self._checked = True

    def _well(self, started: float) -> None:
        taken = time.monotonic() - started
        self.account.answered(taken)
        self.latency = taken if self.latency is None else 0.8 * self.latency + 0.2 * taken
        self.failures = 0
        self.last_error = ""
        self.answered_at = time.time()
        self._resume_at = 0.0

    def _ill(self, failure: EndpointFailure) -> None:
        self.account.failed(failure)
        self.failures += 1
        self.last_error = str(failure)
        # Behind the same address another node may answer next time.
        self._checked = False
        if isinstance(failure, RateLimited):
            pause = failure.retry_after
            if self.budget is not None:
                self.budget.rest(pause)
        elif isinstance(failure, WrongChain):
            pause = WRONG_CHAIN_PAUSE_SECONDS
        else:
            pause = FIRST_PAUSE_SECONDS * 2 ** min(self.failures - 1, 10)
        pause = min(pause, LONGEST_PAUSE_SECONDS) if self.failures else pause
        self._resume_at = time.monotonic() + pause * random.uniform(0.75, 1.25)  # noqa: S311


class Pool:
    """All active endpoints of a chain."""

    def __init__(self, chain: Chain, sources: list[Source]) -> None:
        self.chain = chain
        self.sources = sources

    @property
    def operators(self) -> set[str]:
        """Whoever runs one of them, well or not."""
        return {source.operator for source in self.sources}

    def ranked(self) -> list[Source]:
        """Sources that are not resting: undoubted ones first, then by failures and charter."""
        ready = [source for source in self.sources if not source.resting]
        return sorted(
            ready,
            key=lambda source: (bool(source.disagrees or source.implausible), source.failures),
        )

    def left_behind(self, source: Source) -> bool:
        """Whether an undisputed endpoint has come further than this one could be for a moment."""
        slack = max(SLACK_BLOCKS, SLACK_SECONDS / self.chain.block_time)
        return source.head is not None and any(
            other.head.number > source.head.number + slack
            for other in self.sources
            if other.head is not None and not (other.doubted or other.resting)
        )

    def ask(self, question: Callable[[Source], T], *, prefer: Source | None = None) -> T:
        """The first answer that any source gives, in order of health, `prefer` before all.

        An RpcError counts as no answer here: another node may have what this one lacks. Raises
        NoEndpoint; a Disagreement that the question found is nobody's silence and is passed on.
        """
        order = self.ranked()
        if prefer in order:
            order.sort(key=lambda source: source is not prefer)
        failures: list[EndpointFailure] = []
        for source in order:
            try:
                return question(source)
            except Disagreement:
                raise
            except EndpointFailure as failure:
                failures.append(failure)
        raise self.silence(failures)

    def silence(self, failures: list[EndpointFailure]) -> NoEndpoint:
        """What to raise when none answered."""
        if not self.sources:
            why = "has no active endpoint: name at least one in venue.toml."
        elif failures:
            why = "has no endpoint that answers: " + " ".join(str(f) for f in failures)
        else:
            why = "has only endpoints that failed a moment ago: " + " ".join(
                source.last_error for source in self.sources
            )
        return NoEndpoint(f"Chain {self.chain.key}", why)

    def close(self) -> None:
        """Drop the kept connections."""
        for source in self.sources:
            if source.client is not None:
                source.client.close()

    def others(self, source: Source) -> list[Source]:
        """Sources of other operators than this one's, one of each operator, healthy first."""
        found: dict[str, Source] = {}
        for other in self.ranked():
            if other.operator != source.operator:
                found.setdefault(other.operator, other)
        return list(found.values())


_pools: dict[tuple[int, int], tuple[tuple[object, ...], Pool]] = {}


def pool_of(chain: Chain) -> Pool:
    """The pool of a chain, kept for as long as the charter's lines about it stay the same.

    Connections and what is known of health last from turn to turn, within one process.
    """
    endpoints = [
        (endpoint, *_address(endpoint))
        for endpoint in Endpoint.objects.filter(chain=chain, active=True).order_by("id")
    ]
    mark = (
        chain.chain_id,
        *(
            (e.pk, e.name, e.operator, e.requests_per_second, url, problem)
            for e, url, problem in endpoints
        ),
    )
    key = (os.getpid(), chain.pk)
    kept = _pools.get(key)
    if kept is not None and kept[0] == mark:
        return kept[1]
    if kept is not None:
        kept[1].close()
    pool = Pool(chain, [Source(chain, e, url, problem, Budget(e)) for e, url, problem in endpoints])
    _pools[key] = (mark, pool)
    return pool


def opened() -> list[Pool]:
    """The pools that this process has asked anything of."""
    return [pool for (process, _chain), (_mark, pool) in _pools.items() if process == os.getpid()]


def close_all() -> None:
    """Drop every pool of this process with its kept connections."""
    for _mark, pool in _pools.values():
        pool.close()
    _pools.clear()
    budget.close()


def _address(endpoint: Endpoint) -> tuple[str | None, str]:
    try:
        url = endpoint_url(endpoint)
        Client(endpoint.name, url)
    except CharterError as error:
        return None, f"cannot be used: {error}"
    except ValueError as error:
        return None, f"cannot be used: {error}."
    return url, ""

"""Reading one piece of a range: fetched, checked, compared, and read as far as that goes without
the database, so that it may happen in a thread beside the one that writes.
"""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec

from chainsync import folding, kinds
from chainsync.endpoint import checking, fetching, wire
from chainsync.endpoint.failures import (
    Disagreement,
    EndpointFailure,
    MalformedReply,
    ReplyTooLarge,
    RpcError,
    Timeout,
)
from chainsync.endpoint.fetching import Wanted
from chainsync.endpoint.pool import Pool, Source
from chainsync.endpoint.wire import FetchedLog, Header
from chainsync.kinds import LogRecord
from chainsync.window import Window
from charter.models import Contract

logger = logging.getLogger(__name__)

windows: dict[tuple[str, int], Window] = {}
"""How much to ask for at once, by name of the endpoint and contract."""


class RangeDispute(Disagreement):
    """Two operators gave different logs of a range that ends at block `last`."""

    def __init__(self, last: int, names: str, message: str) -> None:
        super().__init__(names, message)
        self.last = last


@dataclass(frozen=True, slots=True)
class Piece:
    """What was read of blocks `first` to `last`, and who said so; `records` are the logs as kinds
    take them, `decoded` is what theirs made of them where that was done ahead."""

    first: int
    last: int
    headers: Sequence[Header]
    logs: Sequence[FetchedLog]
    operators: Sequence[str]
    records: Sequence[LogRecord]
    decoded: Any | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for: logs of a contract from block `first` on, up to `last` at most.

    `ahead` says that they will be folded as soon as they are written, so that decoding them in this
    thread spares the writing one.
    """

    contract: Contract
    first: int
    last: int
    wanted: Wanted
    ahead: bool


def read(pool: Pool, question: Question, aside: ThreadPoolExecutor) -> Piece:
    """The piece of one window, by two operators where there are two; `aside` asks the second.

    Raises EndpointFailure, RangeDispute among them.
    """
    return pool.ask(lambda source: _read(source, pool, question, aside))


def _read(source: Source, pool: Pool, question: Question, aside: ThreadPoolExecutor) -> Piece:
    """One window, smaller and smaller until the node can answer."""
    first, wanted = question.first, question.wanted
    key = source.name, question.contract.pk
    while True:
        window = windows.get(key, Window())
        last = min(first + window.blocks - 1, question.last)
        second = next(iter(pool.others(source)), None)
        other = aside.submit(fetching.range_reply, second, first, last, wanted) if second else None
        began = time.monotonic()
        try:
            reply = fetching.range_reply(source, first, last, wanted)
            logs = fetching.range_read(source, reply, first, last, wanted)
            headers = _headers_of(source, logs)
        except (RpcError, ReplyTooLarge, Timeout):
            if first == last:
                raise
            windows[key] = window.after_failure(last - first + 1)
            continue
        taken = time.monotonic() - began
        operators = [source.operator]
        if second and other and _agrees(source, second, other, reply, logs, first, last, wanted):
            operators.append(second.operator)
        else:
            _check_alone(source, headers, logs)
        windows[key] = window.after_success(last - first + 1, len(logs), taken)
        records = folding.records(logs, headers)
        kind = question.contract.kind
        ahead = question.ahead and kinds.known(kind)
        decoded = folding.decoded(kinds.get(kind), records) if ahead else None
        return Piece(first, last, headers, logs, operators, records, decoded)


def _headers_of(source: Source, logs: list[FetchedLog]) -> list[Header]:
    """Headers of the blocks that hold logs; each must have the hash that its logs name."""
    hashes = {log.block_number: log.block_hash for log in logs}
    found = []
    for number, header in zip(hashes, fetching.headers(source, list(hashes)), strict=True):
        if header is None or header.hash != hashes[number]:
            raise MalformedReply(
                source.name, f"gave logs of a block {number} that is not on its own branch."
            )
        found.append(header)
    return found


def _check_alone(source: Source, headers: list[Header], logs: list[FetchedLog]) -> None:
    """Where nobody else answered, logs must at least be in the blooms of their blocks. Raises
    Lie."""
    by_block: dict[int, list[FetchedLog]] = {}
    for log in logs:
        by_block.setdefault(log.block_number, []).append(log)
    for header in headers:
        checking.logs(source, header, by_block[header.number])


def _agrees(
    source: Source,
    second: Source,
    other: "Future[msgspec.Raw]",
    reply: msgspec.Raw,
    logs: list[FetchedLog],
    first: int,
    last: int,
    wanted: Wanted,
) -> bool:
    """Whether another operator gave the very same logs; False when it gave no answer.

    Replies that are equal letter by letter are not read twice. Raises Disagreement.
    """
    try:
        theirs = other.result()
        if theirs == reply:
            return True
        found = fetching.range_read(second, theirs, first, last, wanted)
    except EndpointFailure as failure:
        logger.info("no second opinion: %s", failure)
        return False
    if wire.digest(found) != wire.digest(logs):
        raise RangeDispute(
            last,
            f"{second.name} and {source.name}",
            f"disagree on the logs of blocks {first} to {last}: {len(found)} and {len(logs)} logs"
            f"{'' if len(found) != len(logs) else ' of different content'}. None of them is used.",
        )
    return True

"""Reading finalized blocks by ranges, by as many workers as want to, in any order.

A range is fetched in windows that adapt to what comes back. Two operators are asked where there
are two, and their answers must be equal to the last byte; a range on which they differ is not
taken in. Each window is one transaction: headers, logs, coverage and what is left of the range,
and, where the contract is folded up to the window, what follows from its logs. While one window is
written the next one is read and, if it will be folded at once, decoded.
"""

import gc
import logging
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from chainsync import (
    assurance,
    catching_up,
    coverage,
    disputing,
    folding,
    journal,
    pieces,
    planning,
    settling,
)
from chainsync.advancing import topic
from chainsync.endpoint.failures import Disagreement, EndpointFailure
from chainsync.endpoint.fetching import Wanted
from chainsync.endpoint.pool import pool_of
from chainsync.pieces import Piece, Question, RangeDispute
from chainsync.planning import Claim, ClaimLost
from charter.models import Chain
from charter.queries import thrown
from charter.switches import Switch
from ledger import leases
from ledger.actions import tell
from ledger.faultpoints import reached

logger = logging.getLogger(__name__)

TURN_SECONDS = 15.0


@dataclass(slots=True)
class Turn:
    """What a turn of backfill did."""

    windows: int = 0
    blocks: int = 0
    logs: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class _Reading:
    """A window of a claimed range from block `first` on, that is being read."""

    claim: Claim
    first: int
    wanted: Wanted
    piece: "Future[Piece]"


def turn(chain_key: str, *, seconds: float = TURN_SECONDS) -> Turn:
    """Work on waiting ranges of a chain until none is left or the time is over."""
    with (
        ThreadPoolExecutor(1, thread_name_prefix="read") as reader,
        ThreadPoolExecutor(1, thread_name_prefix="compare") as aside,
        _without_cycles(),
    ):
        worker = _Worker(Chain.objects.get(key=chain_key), seconds, reader, aside)
        worker.work()
        return worker.done


class _Worker:
    """One turn: claims ranges, reads a window ahead, writes window after window."""

    def __init__(
        self, chain: Chain, seconds: float, reader: ThreadPoolExecutor, aside: ThreadPoolExecutor
    ) -> None:
        self.done = Turn()
        self._chain = chain
        self._pool = pool_of(chain)
        self._owner = leases.new_owner()
        self._deadline = time.monotonic() + seconds
        self._reader, self._aside = reader, aside
        self._in_order = True
        """Whether the last window could be folded at once, as far as is known."""

    def work(self) -> None:
        reading = self._begin()
        while reading is not None:
            reading = self._step(reading)
            # What was allocated since is looked through once a window, not once in a thousand.
            gc.collect(0)

    def _step(self, reading: _Reading) -> _Reading | None:
        """Take one window in, while the one that is returned is being read."""
        claim = reading.claim
        try:
            piece = self._read_piece(reading)
        except EndpointFailure as failure:
            self._failed(reading, failure)
            return self._begin()
        reached("backfill.range-read")
        ended = piece.last >= claim.row.last
        following = self._begin() if ended else self._read_on(reading, piece.last + 1)
        try:
            self._in_order = _write(self._chain, claim, piece)
        except (ClaimLost, journal.JournalConflict) as failure:
            self._failed(reading, failure)
            if following is not None and following.claim is claim:
                following.piece.cancel()
                return self._begin()
            return following
        self.done.windows += 1
        self.done.blocks += piece.last - piece.first + 1
        self.done.logs += len(piece.logs)
        if following is None and not ended:
            planning.put_back(claim)
        return following

    def _read_piece(self, reading: _Reading) -> Piece:
        """What was read; where two operators differed, what evidence says. While that is open, one
        operator's word is not taken either. Raises EndpointFailure."""
        contract = reading.claim.row.contract
        try:
            piece = reading.piece.result()
            last = piece.last
            if not disputing.ranges_disputed(contract, piece.first, last).exists():
                return piece
        except RangeDispute as dispute:
            last = dispute.last
        settled = settling.settle_range(self._pool, contract, reading.first, last, reading.wanted)
        return Piece(
            *(reading.first, settled.last, settled.headers, settled.logs, settled.operators),
            folding.records(settled.logs, settled.headers),
        )

    def _begin(self) -> _Reading | None:
        """Claim a range and have its first window read; None when there is none or no time."""
        if self._over():
            return None
        claim = planning.claim(self._chain, self._owner)
        if claim is None:
            return None
        return self._submit(claim, claim.row.first, coverage.wanted([claim.row.contract]))

    def _read_on(self, reading: _Reading, first: int) -> _Reading | None:
        return None if self._over() else self._submit(reading.claim, first, reading.wanted)

    def _submit(self, claim: Claim, first: int, wanted: Wanted) -> _Reading:
        row = claim.row
        question = Question(row.contract, first, row.last, wanted, self._in_order)
        piece = self._reader.submit(pieces.read, self._pool, question, self._aside)
        return _Reading(claim, first, wanted, piece)

    def _over(self) -> bool:
        return time.monotonic() >= self._deadline or thrown(Switch.NO_BACKFILL)

    def _failed(self, reading: _Reading, failure: Exception) -> None:
        if isinstance(failure, ClaimLost):
            logger.info("%s", failure)
            return
        self.done.failures += 1
        chain = self._chain.key
        if isinstance(failure, Disagreement):
            logger.warning("%s: %s", chain, failure)
            planning.postpone(reading.claim, str(failure), disputed=str(failure))
            return
        logger.warning("%s: backfill from block %d: %s", chain, reading.first, failure)
        planning.postpone(reading.claim, str(failure))


def _write(chain: Chain, claim: Claim, piece: Piece) -> bool:
    """Take a piece in; whether it was also folded. Raises ClaimLost, JournalConflict."""
    with transaction.atomic(durable=True):
        _need_not_be_on_disk()
        row = planning.hold(claim)
        blocks = journal.add_headers(chain, piece.headers, piece.operators)
        journal.add_logs(chain, {block.number: block.pk for block in blocks}, piece.logs)
        reached("backfill.journalled")
        journal.cover([row.contract_id], piece.first, piece.last)
        if len(piece.operators) > 1:
            assurance.note_agreed([row.contract_id], [(piece.first, piece.last)])
        folded = catching_up.fold_at_once(
            chain, row.contract_id, piece.records, piece.decoded, piece.first, piece.last
        )
        planning.shrink(row, piece.last)
        if piece.last >= claim.row.last:
            tell(
                topic=topic(chain),
                event="backfilled",
                detail={"contract": claim.row.contract.key, "to": piece.last},
            )
    return folded


def _need_not_be_on_disk() -> None:
    """Have the commit not wait for the disk.

    Should the database's machine lose its power, it comes back as it was a moment before: with
    this window not yet read, the range not yet shrunk, nothing told, and it is read again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


@contextmanager
def _without_cycles() -> Iterator[None]:
    """Have Python not look for cycles, of which logs have none, among the tuples of each window."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()

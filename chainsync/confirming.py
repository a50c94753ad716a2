"""Asking the other endpoints whether they saw the same blocks and the same logs.

The follower reads from one endpoint and never waits for the rest: each of them is asked in a
thread of its own, which only talks to the node. What comes back is compared here, in the
follower's thread: agreement is added to the blocks, and a difference that outlasts the time in
which nodes are merely behind each other becomes a dispute. `chainsync/trials.py` decides it by
evidence; it also ends when the answers agree again.
"""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from chainsync import assurance, coverage, disputing, journal, ranges, repairing, standing
from chainsync.endpoint import fetching, wire
from chainsync.endpoint.checking import counted
from chainsync.endpoint.failures import EndpointFailure, MalformedReply, RpcError
from chainsync.endpoint.fetching import Wanted
from chainsync.endpoint.pool import Pool, Source
from chainsync.endpoint.wire import FetchedLog, Header
from chainsync.models import Block, ChainStatus, Coverage, Dispute, Log
from chainsync.trials import Trials
from charter.models import Chain
from ledger.leases import Held

AT_ONCE = 25
BELOW_FINALIZED = 200
BURIED_BLOCKS = 3
PATIENCE_SECONDS = 3.0
# Below the length of a turn, in which the clock starts anew.
LONG_PATIENCE_SECONDS = 10.0
DISPUTES_AT_ONCE = 20
APPLY_SECONDS = 1.0


class Seen(NamedTuple):
    """What an endpoint gave for the blocks it was asked about, by number."""

    headers: dict[int, Header | None]
    logs: dict[int, list[FetchedLog] | RpcError]


class _Difference(NamedTuple):
    """Where an endpoint differs from our block `our_hash`: in the block itself, or, when it has
    the same block, in its logs. `words` say what it says."""

    number: int
    our_hash: str
    same_block: bool
    words: str


class Confirmer:
    """Compares the endpoints of one chain with the journal, for the length of one turn."""

    def __init__(self, chain: Chain, pool: Pool) -> None:
        self._chain = chain
        self._pool = pool
        self._head = 0
        # One more than there are endpoints to be asked: a trial hears all of them.
        self._executor = ThreadPoolExecutor(
            len(pool.sources) + 1, thread_name_prefix=f"confirm-{chain.key}"
        )
        self._trials = Trials(chain, pool, self._executor)
        self._applied = 0.0
        self._asked: dict[str, tuple[dict[int, str], Future[Seen]]] = {}
        self._differs_since: dict[tuple[str, int, str], float] = {}

    def close(self) -> None:
        """Let running questions end by themselves."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def cycle(self, held: Held, current: Source, status: ChainStatus, wanted: Wanted) -> None:
        """Take in what has come back and ask those that are free; never waits for a node.

        Raises FenceLost.
        """
        self._head = status.head_number or 0
        changed = False
        for source in self._pool.sources:
            asked = self._asked.get(source.name)
            if asked is not None:
                ours, future = asked
                if not future.done():
                    continue
                del self._asked[source.name]
                changed = self._take_in(source, ours, future, wanted) or changed
            if source.resting:
                continue
            ours = self._unconfirmed(source, current, status.finalized_number)
            # The endpoint that is followed may have been silent or wrong about earlier blocks.
            if ours or source is not current:
                future = self._executor.submit(_look, source, ours, wanted)
                self._asked[source.name] = ours, future
        changed = bool(disputing.write_down(self._pool.sources)) or changed
        changed = self._trials.cycle(held, status, wanted) or changed
        if changed or time.monotonic() - self._applied >= APPLY_SECONDS:
            self._applied = time.monotonic()
            disputing.apply(self._pool.sources)
        if changed:
            standing.stand_disputes()

    def _unconfirmed(
        self, source: Source, current: Source, finalized: int | None
    ) -> dict[int, str]:
        """Hashes of blocks on which this operator's word is missing: the oldest, the newest, and
        any in dispute."""
        if source is not current and source.operator == current.operator:
            return {}
        rows = Block.objects.filter(chain=self._chain, canonical=True).exclude(
            operators__contains=[source.operator]
        )
        lowest = max((finalized or 0) - BELOW_FINALIZED, 0)
        lowest = min([lowest, *disputing.doubted(source.endpoint)])
        rows = rows.filter(number__gte=lowest)
        chosen = dict(rows.order_by("number").values_list("number", "hash")[:AT_ONCE])
        if len(chosen) == AT_ONCE:
            chosen |= dict(rows.order_by("-number").values_list("number", "hash")[:AT_ONCE])
        return chosen

    def _take_in(
        self, source: Source, ours: dict[int, str], future: "Future[Seen]", wanted: Wanted
    ) -> bool:
        """True when a dispute was opened."""
        try:
            seen = future.result()
        except EndpointFailure:
            return False  # The source keeps the account of its failures and lies itself.
        still = dict(
            Block.objects.filter(
                chain=self._chain, canonical=True, hash__in=list(ours.values())
            ).values_list("number", "hash")
        )
        journalled = self._journalled(list(still), wanted)
        covered = self._covered()
        agreed: list[str] = []
        differing: list[_Difference] = []
        for number, block_hash in still.items():
            header, logs = seen.headers.get(number), seen.logs.get(number)
            if header is None:
                continue
            if "0x" + header.hash.hex() != block_hash:
                words = f"block {number} is 0x{header.hash.hex()[:8]}…"
                differing.append(_Difference(number, block_hash, False, words))
            elif isinstance(logs, list):
                # A contract that was added a moment ago is not read there yet.
                mine, logs = (
                    [log for log in some if _in(covered.get(log.address, ()), number)]
                    for some in (journalled.get(number, []), logs)
                )
                if len(mine) == len(logs) and wire.digest(mine) == wire.digest(logs):
                    agreed.append(block_hash)
                else:
                    words = f"block {number} holds {counted(len(logs))} of ours"
                    words += f", not the {len(mine)} that we keep"
                    differing.append(_Difference(number, block_hash, True, words))
        journal.confirm(self._chain, agreed, source.operator)
        same = {number: text for number, text in still.items() if text in agreed}
        assurance.note_agreed_of_chain(self._chain, [(number, number) for number in same])
        disputing.agrees(source.endpoint, same)
        return self._dispute(source, differing)

    def _dispute(self, source: Source, differing: list[_Difference]) -> bool:
        """Open a dispute about each difference that lasts; True when there is one."""
        now = time.monotonic()
        keys = {(source.name, one.number, one.our_hash): one for one in differing}
        for key in [k for k in self._differs_since if k[0] == source.name and k not in keys]:
            del self._differs_since[key]
        lasting = [
            one
            for key, one in keys.items()
            if self._lasts(one, now - self._differs_since.setdefault(key, now))
        ]
        # Of a branch that parts from ours its lowest block stands for all of them.
        branches = sorted(one for one in lasting if not one.same_block)[:1]
        logs = sorted(one for one in lasting if one.same_block)[:DISPUTES_AT_ONCE]
        told = {
            (row.first, row.about)
            for row in disputing.standing_lies(source.endpoint).filter(
                first__in=[one.number for one in (*branches, *logs)]
            )
        }
        opened = False
        for one in (*branches, *logs):
            about = Dispute.About.LOGS if one.same_block else Dispute.About.BLOCK
            if (one.number, about) not in told:
                disputing.open_dispute(
                    source.endpoint, about, one.number, says=one.words, block_hash=one.our_hash
                )
                opened = True
        return opened

    def _lasts(self, one: _Difference, seconds: float) -> bool:
        """Whether nodes that merely learn of blocks at different times would agree by now."""
        settled = one.same_block or self._head - one.number >= BURIED_BLOCKS
        return seconds >= (PATIENCE_SECONDS if settled else LONG_PATIENCE_SECONDS)

    def _covered(self) -> dict[bytes, ranges.Ranges]:
        rows = Coverage.objects.filter(contract__chain=self._chain).select_related("contract")
        return {coverage.address_of(row.contract): row.blocks for row in rows}

    def _journalled(self, numbers: Sequence[int], wanted: Wanted) -> dict[int, list[FetchedLog]]:
        found: dict[int, list[FetchedLog]] = {}
        rows = (
            Log.objects.filter(
                block__chain=self._chain,
                block__number__in=numbers,
                block__canonical=True,
                canonical=True,
            )
            .select_related("block")
            .order_by("block_number", "log_index")
        )
        logs = [repairing.fetched(row, row.block) for row in rows]
        known = [log for log in logs if log.address in wanted.topics]
        for log in wanted.keep(known):
            found.setdefault(log.block_number, []).append(log)
        return found


def _in(blocks: Iterable[tuple[int, int]], number: int) -> bool:
    return any(first <= number <= last for first, last in blocks)


def _look(source: Source, ours: dict[int, str], wanted: Wanted) -> Seen:
    """Runs in a thread: no database here."""
    head = fetching.tags(source).latest.number
    numbers = sorted(ours)
    headers = dict(zip(numbers, fetching.headers(source, numbers), strict=True))
    for number in numbers:
        if headers[number] is None and number <= head:
            denial = MalformedReply(source.name, f"has no block {number} below its own head.")
            source.distrust(denial)
            raise denial
    same = [h for n, h in headers.items() if h is not None and "0x" + h.hash.hex() == ours[n]]
    logs = fetching.checked_logs(source, same, wanted)
    return Seen(headers, dict(zip([h.number for h in same], logs, strict=True)))

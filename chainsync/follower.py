"""What a follower does at each look at the head: nothing, a step, a change of branch, a refusal."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from chainsync import (
    advancing,
    beginning,
    branch,
    coverage,
    disputing,
    filling,
    finality,
    plausible,
    standing,
    standstill,
)
from chainsync.advancing import Finality, Overtaken, Step
from chainsync.confirming import Confirmer
from chainsync.endpoint import fetching, health
from chainsync.endpoint.failures import EndpointFailure, MalformedReply, RpcError
from chainsync.endpoint.fetching import Tags
from chainsync.endpoint.pool import Source, pool_of
from chainsync.endpoint.wire import Header
from chainsync.models import ChainStatus
from charter.models import Chain
from charter.queries import thrown
from charter.switches import Switch
from ledger import leases
from ledger.errors import FenceLost
from ledger.marks import about

logger = logging.getLogger(__name__)

LEASE_SECONDS = 7.0
SLOWEST_POLL_SECONDS = 0.5
BATCH = 50
BRANCH_BATCH = 500
JUMP = 2_000
CONTRACTS_SECONDS = 2.0


@dataclass(slots=True)
class Turn:
    """What a turn did."""

    blocks: int = 0
    reorgs: int = 0
    failures: int = 0
    ended: str = "time"


class Follower:
    def __init__(self, chain: Chain, held: leases.Held) -> None:
        self.chain = chain
        self.held = held
        self.pool = pool_of(chain)
        disputing.apply(self.pool.sources)
        plausible.remember(self.pool)
        self.confirmer = Confirmer(chain, self.pool)
        self.status, _ = ChainStatus.objects.get_or_create(chain=chain)
        self.source: Source | None = None
        self.finality = finality.Judge(self.pool)
        self.turn = Turn()
        self._renewed = time.monotonic()
        self._said = ""
        self._saved = 0.0
        self._contracts_read = -CONTRACTS_SECONDS
        self._read_contracts()

    def run(self, seconds: float, until: Callable[[ChainStatus], bool] | None) -> Turn:
        deadline = time.monotonic() + seconds
        cadence = min(self.chain.block_time / 4, SLOWEST_POLL_SECONDS)
        try:
            while not (until and until(self.status)):
                if time.monotonic() >= deadline:
                    break
                if thrown(Switch.NO_FOLLOWING):
                    self.turn.ended = "switched off"
                    break
                began = time.monotonic()
                if not self._cycle():
                    time.sleep(max(cadence - (time.monotonic() - began), 0.005))
            else:
                self.turn.ended = "condition"
        except FenceLost as lost:
            logger.warning("%s: another worker follows now: %s", self.chain.key, lost)
            self.turn.ended = "lease lost"
        return self.turn

    def close(self) -> None:
        self.confirmer.close()
        leases.release(self.held)
        health.save(self.pool.sources)

    def _cycle(self) -> bool:
        """One look at the head; True when there may be more to fetch at once."""
        self._keep_lease()
        self._read_contracts()
        try:
            plausible.look(self.pool, self.status)
            source = self._source()
            more = self._resume(source) if self.status.halted else self._follow(source)
            self.confirmer.cycle(self.held, source, self.status, self.wanted)
            self._said = ""
        except Overtaken as overtaken:
            logger.info("%s", overtaken)
            self.status.refresh_from_db()
            more = False
        except EndpointFailure as failure:
            self._failed(failure)
            more = False
        if time.monotonic() - self._saved >= 1.0:
            self._saved = time.monotonic()
            health.save(self.pool.sources)
        return more

    def _failed(self, failure: EndpointFailure) -> None:
        self.turn.failures += 1
        source, self.source = self.source, None
        seemed_well = isinstance(failure, MalformedReply | RpcError)
        if seemed_well and source is not None and not source.resting:
            # Each of its answers by itself was sound, or a refusal: it would be asked first again
            # at once, and again.
            source.distrust(failure)
        if disputing.write_down(self.pool.sources):
            disputing.apply(self.pool.sources)
            standing.stand_disputes()
        if str(failure) != self._said:
            self._said = str(failure)
            logger.warning("%s: %s", self.chain.key, failure)

    def _source(self) -> Source:
        """The endpoint that is followed: the same until it fails, disagrees or stays behind."""
        source = self.source
        if source and not (source.resting or source.doubted or self.pool.left_behind(source)):
            return source
        ranked = self.pool.ranked()
        if not ranked:
            raise self.pool.silence([])
        self.source = next((one for one in ranked if not self.pool.left_behind(one)), ranked[0])
        return self.source

    def _keep_lease(self) -> None:
        if time.monotonic() - self._renewed > LEASE_SECONDS / 4:
            self.held = leases.renew(self.held, LEASE_SECONDS)
            self._renewed = time.monotonic()

    def _read_contracts(self) -> None:
        if time.monotonic() - self._contracts_read < CONTRACTS_SECONDS:
            return
        self._contracts_read = time.monotonic()
        self.contracts = coverage.read_contracts(self.chain)
        self.wanted = coverage.wanted(self.contracts)
        coverage.prepare(self.held, self.contracts)

    def _follow(self, source: Source) -> bool:
        tags = fetching.tags(source)
        status = self.status
        plausible.check(self.pool, source, tags, status)
        if status.head_number is None:
            return self._begin(source, tags)
        head, latest = status.head_number, tags.latest
        if "0x" + latest.hash.hex() == status.head_hash:
            return self._at_head(source, tags)
        if latest.number <= head:
            ours = branch.our_hash(self.chain, latest.number)
            if ours == "0x" + latest.hash.hex():
                return self._at_head(source, tags)  # The node is merely behind us.
            return self._switch_branch(source, tags)
        if tags.finalized is not None and tags.finalized.number - head > JUMP:
            return self._jump(source, tags)
        new = self._headers(source, head + 1, min(latest.number, head + BATCH), latest)
        if "0x" + new[0].parent_hash.hex() != status.head_hash:
            return self._switch_branch(source, tags)
        return self._append(source, tags, new)

    def _headers(self, source: Source, first: int, last: int, latest: Header) -> list[Header]:
        if first == last == latest.number:
            return [latest]
        new = fetching.linked(source, fetching.headers(source, range(first, last + 1)))
        if not new:
            raise MalformedReply(source.name, f"has no block {first} below its own head.")
        return new

    def _append(self, source: Source, tags: Tags, new: list[Header]) -> bool:
        blocks = fetching.blocks(source, new, self.wanted)
        self._advance(
            Step(
                blocks=blocks,
                operator=source.operator,
                finality=self.finality.judge(self.status, source, tags, new),
            )
        )
        return new[-1].number < tags.latest.number

    def _begin(self, source: Source, tags: Tags, *, anew: bool = False) -> bool:
        """Start densely at the finalized block; what lies below is backfill. `anew` takes back
        what was followed above it, of which nothing is final."""
        first = tags.finalized or tags.latest
        beginning.vouched(self.pool, source, first)
        step = Step(
            blocks=fetching.blocks(source, [first], self.wanted),
            operator=source.operator,
            finality=self.finality.judge(self.status, source, tags, [first]),
            fork=first.number - 1 if anew else None,
            dense=True,
        )
        self._advance(step)
        return first.number < tags.latest.number

    def _jump(self, source: Source, tags: Tags) -> bool:
        """So much is final that we have not seen that it is better read as backfill."""
        assert self.status.head_number is not None
        assert self.status.head_hash is not None
        if not branch.has(source, self.status.head_number, self.status.head_hash):
            return self._switch_branch(source, tags)
        return self._begin(source, tags)

    def _switch_branch(self, source: Source, tags: Tags) -> bool:
        status = self.status
        assert status.head_number is not None
        top = min(status.head_number, tags.latest.number)
        ancestor = branch.common_ancestor(
            source, self.chain, top=top, floor=status.finalized_number
        )
        if ancestor is None:
            if status.finalized_number is not None:
                return self._refuse(source, tags)
            ancestor = (status.dense_from or 0) - 1
            if tags.latest.number <= ancestor:
                return self._begin(source, tags, anew=True)
        if ancestor >= tags.latest.number:
            return False
        last = min(tags.latest.number, ancestor + BRANCH_BATCH)
        new = self._headers(source, ancestor + 1, last, tags.latest)
        parent = branch.our_hash(self.chain, ancestor)
        if parent is not None and "0x" + new[0].parent_hash.hex() != parent:
            return True  # The node changed its mind between two answers: look again.
        if ancestor == status.head_number:
            return self._append(source, tags, new)
        self._advance(
            Step(
                blocks=fetching.blocks(source, new, self.wanted),
                operator=source.operator,
                finality=self.finality.judge(self.status, source, tags, new),
                fork=ancestor,
            )
        )
        self.turn.reorgs += 1
        return new[-1].number < tags.latest.number

    def _refuse(self, source: Source, tags: Tags) -> bool:
        """The node denies our finalized block."""
        self.status, back = standstill.refuse(self.held, self.pool, self.status, source, tags)
        self.source = back or self.source
        return back is not None

    def _resume(self, source: Source) -> bool:
        """While halted: is any endpoint back on our branch?"""
        fetching.tags(source)
        self.status, back = standstill.resume(self.held, self.pool, self.status)
        self.source = back or self.source
        return back is not None

    def _at_head(self, source: Source, tags: Tags) -> bool:
        news = self.finality.judge(self.status, source, tags, [])
        if news != Finality():
            self.status = advancing.finalize(self.held, self.chain, news)
        return filling.fill(self.held, self.chain, source, self.status, self.wanted)

    def _advance(self, step: Step) -> None:
        self._keep_lease()
        with about(block=step.blocks[-1].header.number):
            self.status = advancing.advance(
                self.held, self.chain, self.status.head_hash, self.contracts, step
            )
        self.turn.blocks += len(step.blocks)

"""Deciding disputes about blocks and their logs, while following goes on.

The follower never waits: all endpoints are heard in a thread (`chainsync/testimony.py`), and what
they said is judged and acted on here, in the follower's own thread and under its fence. Whoever
was wrong is named; if it was the journal, it is repaired in the transaction that says so.
"""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import transaction

from chainsync import disputing, repairing, testimony
from chainsync.endpoint import wire
from chainsync.endpoint.fetching import Wanted
from chainsync.endpoint.pool import Pool
from chainsync.models import Block, ChainStatus, Dispute
from chainsync.testimony import Subject, Testimony, Verdict
from charter.models import Chain
from ledger.leases import Held

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 15.0
AT_ONCE = 4
_SETTLED = (Dispute.About.BLOCK, Dispute.About.LOGS)

Key = tuple[int, str]
"""Number and hash of the block of ours that is in dispute."""


class Trials:
    """The open disputes about blocks and logs of one chain, for the length of one turn."""

    def __init__(self, chain: Chain, pool: Pool, executor: ThreadPoolExecutor) -> None:
        self._chain = chain
        self._pool = pool
        self._executor = executor
        self._heard: dict[Key, Future[list[Testimony]]] = {}
        self._due: dict[Key, tuple[float, float]] = {}

    def cycle(self, held: Held, status: ChainStatus, wanted: Wanted) -> bool:
        """Act on what was heard, and have the next disputes heard; True when something was decided.

        Raises FenceLost.
        """
        rows = Dispute.objects.filter(chain=self._chain, closed_at=None, about__in=_SETTLED)
        open_now = list(rows.select_related("endpoint", "chain").order_by("first", "pk"))
        decided = self._orphaned(open_now)
        cases: dict[Key, list[Dispute]] = {}
        for row in open_now:
            if row.closed_at is None and row.block_hash is not None:
                cases.setdefault((row.first, row.block_hash), []).append(row)
        for key in [key for key, future in self._heard.items() if future.done()]:
            said = self._heard.pop(key).result()
            if key in cases:
                decided = self._judge(held, status, key, cases[key], said) or decided
        for key in [key for key in self._due if key not in cases]:
            del self._due[key]
        for key in list(cases)[:AT_ONCE]:
            if key not in self._heard and time.monotonic() >= self._due.get(key, (0.0, 0.0))[0]:
                subject = _subject(key)
                self._heard[key] = self._executor.submit(
                    testimony.hear_all, self._pool.sources, subject, wanted
                )
        return decided

    def _orphaned(self, rows: Sequence[Dispute]) -> bool:
        """Close what is about blocks that are no longer ours."""
        hashes = {row.block_hash for row in rows}
        canonical = set(
            Block.objects.filter(chain=self._chain, canonical=True, hash__in=hashes).values_list(
                "hash", flat=True
            )
        )
        gone = [row for row in rows if row.block_hash not in canonical]
        words = "The block was replaced by another, and its logs with it."
        return bool(disputing.close(gone, Dispute.Outcome.ORPHANED, words))

    def _judge(
        self,
        held: Held,
        status: ChainStatus,
        key: Key,
        rows: list[Dispute],
        said: list[Testimony],
    ) -> bool:
        _at, pause = self._due.get(key, (0.0, FIRST_PAUSE_SECONDS / 2))
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        self._due[key] = time.monotonic() + pause, pause
        about_block = [row for row in rows if row.about == Dispute.About.BLOCK]
        about_logs = [row for row in rows if row.about == Dispute.About.LOGS]
        decided = False
        if about_block:
            decided = self._judge_block(status, key, about_block, said)
        if about_logs:
            decided = self._judge_logs(held, key, about_logs, said) or decided
        return decided

    def _judge_logs(self, held: Held, key: Key, rows: list[Dispute], said: list[Testimony]) -> bool:
        verdict = testimony.judge_logs(said)
        if not verdict.decided:
            self._keep_words(rows, verdict)
            return False
        assert verdict.truth is not None
        with transaction.atomic(durable=True):
            block = Block.objects.filter(chain=self._chain, hash=key[1], canonical=True).first()
            if block is None:
                return False
            ours_right = repairing.journalled(block) == verdict.truth
            if not ours_right:
                repairing.repair(
                    held,
                    self._chain,
                    block,
                    verdict.truth,
                    verdict.receipts,
                    verdict.operators,
                    rows[0],
                    verdict.words,
                )
            outcome = Dispute.Outcome.AGREED_AGAIN if ours_right else Dispute.Outcome.JOURNAL_WRONG
            self._name(key, Dispute.About.LOGS, rows, verdict, outcome)
        return True

    def _judge_block(
        self, status: ChainStatus, key: Key, rows: list[Dispute], said: list[Testimony]
    ) -> bool:
        number, our_hash = key
        verdict = testimony.judge_block(said, _subject(key))
        ours = bytes.fromhex(our_hash[2:])
        ours_right = any(one.header and one.header.hash == ours for one in verdict.right)
        final = status.finalized_number is not None and number <= status.finalized_number
        if not verdict.decided or (final and not ours_right):
            # What was finalized is given up by a person alone: `manage.py branch`.
            self._keep_words(rows, verdict)
            return False
        with transaction.atomic():
            if ours_right:
                outcome = Dispute.Outcome.AGREED_AGAIN
                self._name(key, Dispute.About.BLOCK, rows, verdict, outcome)
            else:
                # Who followed a wrong branch is left; then our block is replaced, which ends this.
                self._name(key, Dispute.About.BLOCK, [], verdict, Dispute.Outcome.ORPHANED)
                right = {one.source.endpoint.pk for one in verdict.right}
                disputing.uphold([row for row in rows if row.endpoint_id in right], verdict.words)
        return True

    def _name(
        self,
        key: Key,
        about: Dispute.About,
        rows: list[Dispute],
        verdict: Verdict,
        outcome: Dispute.Outcome,
    ) -> None:
        """Close the disputes about one block and name who was wrong; `outcome` is for those whose
        endpoint was right."""
        number, our_hash = key
        right = {one.source.endpoint.pk for one in verdict.right}
        detail = _detail(verdict)
        by_endpoint = {row.endpoint_id: row for row in rows}
        for one in verdict.wrong:
            evidence = f"{one.lied} {verdict.words}".strip()
            row = by_endpoint.get(one.source.endpoint.pk)
            if row is None:
                disputing.lied(
                    one.source.endpoint,
                    about,
                    number,
                    says=_says(one, about, number),
                    evidence=evidence,
                    block_hash=our_hash,
                    detail=detail,
                )
            else:
                disputing.close([row], Dispute.Outcome.ENDPOINT_WRONG, evidence, detail=detail)
        upheld = [row for row in rows if row.endpoint_id in right]
        disputing.close(upheld, outcome, verdict.words, detail=detail)

    def _keep_words(self, rows: list[Dispute], verdict: Verdict) -> None:
        for row in rows:
            if row.evidence != verdict.words:
                disputing.explain(row, verdict.words)


def _subject(key: Key) -> Subject:
    number, block_hash = key
    return Subject(number, bytes.fromhex(block_hash[2:]))


def _says(one: Testimony, about: Dispute.About, number: int) -> str:
    if one.logs is not None and about == Dispute.About.LOGS:
        return f"block {number} holds {len(one.logs)} logs of ours"
    if one.header is not None:
        return f"block {number} is 0x{one.header.hash.hex()[:8]}…"
    return f"something else of block {number}"


def _detail(verdict: Verdict) -> dict[str, object]:
    """The decision for machines: how, by whom, and the digest of the truth."""
    truth = verdict.truth
    return {
        "by": verdict.by,
        "right": [one.source.name for one in verdict.right],
        "wrong": [one.source.name for one in verdict.wrong],
        "operators": verdict.operators,
        "logs": None if truth is None else len(truth),
        "digest": None if truth is None else wire.digest(truth).hex(),
    }

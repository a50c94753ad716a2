"""The one place where the canonical chain is changed: a step forward, with or without a reorg.

A step is a single durable transaction under the fence of the follower's lease: flags, journal,
coverage, projections, status and what is told, all or nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import OperationalError, transaction
from django.utils import timezone

from chainsync import assurance, folding, heads, journal, kinds, planning
from chainsync import coverage as coverages
from chainsync.endpoint.fetching import FetchedBlock
from chainsync.kinds import LogRecord
from chainsync.models import ChainStatus, Coverage, Reorg
from charter.models import Chain, Contract
from ledger import leases
from ledger.actions import tell
from ledger.faultpoints import reached
from ledger.leases import Held

logger = logging.getLogger(__name__)


class Overtaken(RuntimeError):
    """The chain's status is not what the step was prepared for; look again and prepare anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finality:
    """What is to be recorded of the node's tags; None leaves a value as it is. `waits` says why
    what the node calls final is not final here, nothing when it is."""

    safe: int | None = None
    finalized: int | None = None
    finalized_hash: str | None = None
    waits: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """New blocks, each the parent of the next, that follow our head, or the block `fork`.

    `dense` says that the first one does not follow anything of ours: a first start or a jump.
    """

    blocks: Sequence[FetchedBlock]
    operator: str
    finality: Finality
    fork: int | None = None
    dense: bool = False


def topic(chain: Chain) -> str:
    """Topic of the outbox for everything about a chain."""
    return f"chain:{chain.key}"


def advance(
    held: Held, chain: Chain, seen_head: str | None, contracts: Sequence[Contract], step: Step
) -> ChainStatus:
    """Take a step from the head whose hash is `seen_head`; the status afterwards.

    Raises FenceLost, Overtaken; what kinds raise while undoing, and head callbacks, undoes the
    step.
    """
    with transaction.atomic(durable=True):
        leases.check(held)
        status = ChainStatus.objects.select_for_update().get(chain=chain)
        if status.head_hash != seen_head:
            raise Overtaken(f"the head of {chain.key} is {status.head_hash}, not {seen_head}")
        rows = list(
            Coverage.objects.select_for_update(of=("self",))
            .select_related("contract__chain")
            .filter(contract__chain=chain)
            .order_by("pk")
        )
        if step.fork is not None:
            _undo(chain, status, rows, step)
        if step.blocks:
            _append(chain, status, rows, contracts, step)
        _finalize(chain, status, step.finality)
        status.save()
    return status


def finalize(held: Held, chain: Chain, finality: Finality) -> ChainStatus:
    """Record safe and finalized block where the head has not moved. Raises FenceLost."""
    with transaction.atomic(durable=True):
        leases.check(held)
        status = ChainStatus.objects.select_for_update().get(chain=chain)
        _finalize(chain, status, finality)
        status.save()
    return status


def refuse(held: Held, chain: Chain, words: str, *, fork: int, new_head: bytes) -> ChainStatus:
    """Record that a branch was refused, once for as long as it stands. Raises FenceLost."""
    with transaction.atomic(durable=True):
        leases.check(held)
        status = ChainStatus.objects.select_for_update().get(chain=chain)
        if not status.halted:
            Reorg.objects.create(
                chain=chain,
                fork_number=fork,
                depth=(status.head_number or 0) - fork,
                old_head=_head(status),
                new_head=new_head,
                logs_orphaned=0,
                refused=True,
            )
            tell(topic=topic(chain), event="halted", detail={"reason": words})
        status.halted = words
        status.save(update_fields=["halted"])
    return status


def resume(held: Held, chain: Chain) -> ChainStatus:
    """Record that the nodes are back on our branch. Raises FenceLost."""
    with transaction.atomic(durable=True):
        leases.check(held)
        status = ChainStatus.objects.select_for_update().get(chain=chain)
        status.halted = ""
        status.save(update_fields=["halted"])
        tell(topic=topic(chain), event="resumed", detail={"head": status.head_number})
    return status


def _undo(chain: Chain, status: ChainStatus, rows: list[Coverage], step: Step) -> None:
    fork = step.fork
    assert fork is not None
    if status.finalized_number is not None and fork < status.finalized_number:
        raise AssertionError("a reorg across the finalized block must be refused, not folded")
    for row in rows:
        folding.unfold(row, fork + 1)
    reached("advancing.unfolded")
    planning.forget_above(chain, fork)
    blocks, logs = journal.orphan_above(chain, fork)
    journal.uncover_above(chain, fork)
    assurance.forget_agreed(chain, [(fork + 1, _head_number(status))])
    if status.dense_from is not None:
        # What lies below the window is sparse, and its new blocks are not.
        status.dense_from = min(status.dense_from, fork + 1)
    new_head = step.blocks[-1].header.hash
    Reorg.objects.create(
        chain=chain,
        fork_number=fork,
        depth=blocks,
        old_head=_head(status),
        new_head=new_head,
        logs_orphaned=logs,
    )
    tell(
        topic=topic(chain),
        event="reorg",
        detail={"fork": fork, "depth": blocks, "logs_orphaned": logs},
    )
    logger.info("%s: reorg of %d blocks above %d", chain.key, blocks, fork)


def _append(
    chain: Chain,
    status: ChainStatus,
    rows: list[Coverage],
    contracts: Sequence[Contract],
    step: Step,
) -> None:
    first, last = step.blocks[0].header, step.blocks[-1].header
    head = journal.add_blocks(chain, step.blocks, [step.operator])[-1]
    reached("advancing.journalled")
    journal.cover([contract.pk for contract in contracts], first.number, last.number)
    _fold(rows, {contract.pk for contract in contracts}, step.blocks)
    status.head_number = last.number
    status.head_hash = head.hash
    status.head_timestamp = last.timestamp
    status.followed_at = timezone.now()
    if step.dense:
        status.dense_from = first.number
    heads.announce(chain, head)
    reached("advancing.folded")
    tell(
        topic=topic(chain),
        event="head",
        detail={"number": last.number, "hash": head.hash, "timestamp": last.timestamp},
    )


def _fold(rows: list[Coverage], read: set[int], blocks: Sequence[FetchedBlock]) -> None:
    """Fold the new logs of contracts that are folded up to the block before; the rest is left to
    the fold task, which works towards us from below."""
    first, last = blocks[0].header.number, blocks[-1].header.number
    by_address: dict[bytes, list[LogRecord]] = {}
    for block in blocks:
        for log in block.logs:
            by_address.setdefault(log.address, []).append(
                LogRecord(
                    log.block_number,
                    log.block_hash,
                    block.header.timestamp,
                    log.tx_hash,
                    log.tx_index,
                    log.log_index,
                    log.address,
                    log.topics,
                    log.data,
                )
            )
    quiet = []
    for row in rows:
        if row.contract_id not in read or not first - 1 <= row.folded_to < last:
            continue
        logs = by_address.get(coverages.address_of(row.contract))
        if logs:
            fold_isolated(row, [log for log in logs if log.block_number > row.folded_to], last)
        else:
            quiet.append(row.pk)
    Coverage.objects.filter(pk__in=quiet).update(folded_to=last, fold_error="")


def fold_isolated(
    row: Coverage, logs: Sequence[LogRecord], last: int, decoded: Any | None = None
) -> bool:
    """Fold logs of one contract up to block `last`; False when its kind failed.

    The failure of one kind is that contract's alone: it stays where it was, the words stand in
    its coverage until folding succeeds, and the rest of the chain goes on. What the database cannot
    do (its disk is full, the connection broke) is no failure of a kind and is raised.
    """
    try:
        with transaction.atomic():
            if logs:
                folding.fold(row.contract, kinds.get(row.contract.kind), logs, decoded)
    except (OperationalError, psycopg.OperationalError):
        raise
    except Exception as error:
        logger.exception("folding %s to block %d failed", row.contract.key, last)
        row.fold_error = f"{type(error).__name__}: {error}"[:2000]
        row.save(update_fields=["fold_error"])
        return False
    row.folded_to = last
    row.fold_error = ""
    row.save(update_fields=["folded_to", "fold_error"])
    return True


def _finalize(chain: Chain, status: ChainStatus, finality: Finality) -> None:
    if finality.safe is not None:
        status.safe_number = finality.safe
    if finality.waits is not None:
        status.finality_waits = finality.waits
    known = status.finalized_number
    if finality.finalized is None or (known is not None and finality.finalized <= known):
        return
    status.finalized_number = finality.finalized
    status.finalized_hash = finality.finalized_hash
    tell(topic=topic(chain), event="finalized", detail={"number": finality.finalized})


def _head_number(status: ChainStatus) -> int:
    assert status.head_number is not None
    return status.head_number


def _head(status: ChainStatus) -> str:
    assert status.head_hash is not None
    return status.head_hash

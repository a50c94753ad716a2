"""Taking a lie out of the journal: the true logs in, the false ones kept beside, rows made anew.

The block stays what it is; only what was said of its logs was false. Everything runs inside the
caller's transaction under the follower's fence.
"""

from collections.abc import Sequence
from typing import Any

from chainsync import assurance, coverage, folding, heads, journal, kinds
from chainsync.advancing import fold_isolated, topic
from chainsync.endpoint.wire import FetchedLog
from chainsync.models import (
    Block,
    BlockReceipts,
    ChainStatus,
    Coverage,
    Dispute,
    Log,
    RetractedLog,
)
from charter.models import Chain
from ledger import faultpoints, leases
from ledger.actions import audit, tell
from ledger.acts import Act
from ledger.leases import Held

REFOLDED_AT_ONCE = 20_000


def journalled(block: Block) -> list[FetchedLog]:
    """The canonical logs of a block as endpoints give them."""
    return [fetched(row, block) for row in _rows(block)]


def fetched(row: Log, block: Block) -> FetchedLog:
    """A journalled log as endpoints give it."""
    topics = (row.topic0, row.topic1, row.topic2, row.topic3)
    return FetchedLog(
        block.number,
        bytes.fromhex(block.hash[2:]),
        bytes.fromhex(row.tx_hash[2:]),
        row.tx_index,
        row.log_index,
        bytes.fromhex(row.address[2:]),
        tuple(bytes.fromhex(text[2:]) for text in topics if text is not None),
        bytes(row.data),
    )


def repair(
    held: Held,
    chain: Chain,
    block: Block,
    truth: Sequence[FetchedLog],
    receipts: list[dict[str, Any]] | None,
    operators: Sequence[str],
    dispute: Dispute,
    words: str,
) -> int:
    """Put the true logs of a canonical block in the place of the journalled ones, and fold anew
    what rests on them; how many logs were false or missing.

    `operators` are those who gave the truth; nobody else counts as having agreed on the block any
    more. What does not fit into one batch of folding is left to the fold task. Raises FenceLost.
    """
    leases.check(held)
    # Locked in the order in which every step of the follower locks.
    status = ChainStatus.objects.select_for_update().get(chain=chain)
    before = {row.pk: row for row in _rows(block)}
    known = {pk: fetched(row, block) for pk, row in before.items()}
    false = {pk: log for pk, log in known.items() if log not in truth}
    missing = [log for log in truth if log not in known.values()]
    addresses = {log.address for log in (*false.values(), *missing)}
    rows = [
        row
        for row in Coverage.objects.select_for_update(of=("self",))
        .select_related("contract__chain")
        .filter(contract__chain=chain)
        .order_by("pk")
        if coverage.address_of(row.contract) in addresses
    ]
    reached = {row.pk: row.folded_to for row in rows}
    for row in rows:
        folding.unfold(row, block.number)
    _retract(chain, block, false, dispute)
    faultpoints.reached("repairing.retracted")
    journal.add_logs(chain, {block.number: block.pk}, missing)
    if receipts is not None and truth:
        BlockReceipts.objects.update_or_create(block=block, defaults={"receipts": receipts})
    block.operators = sorted(set(operators))
    block.save(update_fields=["operators"])
    assurance.forget_agreed(chain, [(block.number, block.number)])
    if len(block.operators) > 1:
        assurance.note_agreed_of_chain(chain, [(block.number, block.number)])
    for row in rows:
        _refold(row, reached[row.pk])
    head = Block.objects.filter(chain=chain, canonical=True, hash=status.head_hash).first()
    if head is not None:
        heads.announce(chain, head)
    _say(chain, block, len(false), len(missing), words)
    return len(false) + len(missing)


def _rows(block: Block) -> list[Log]:
    return list(Log.objects.filter(block=block, canonical=True).order_by("log_index"))


def _retract(chain: Chain, block: Block, false: dict[int, FetchedLog], dispute: Dispute) -> None:
    RetractedLog.objects.bulk_create(
        [
            RetractedLog(
                chain=chain,
                dispute=dispute,
                block_number=block.number,
                block_hash=block.hash,
                log_index=log.log_index,
                tx_hash=log.tx_hash,
                tx_index=log.tx_index,
                address=log.address,
                topics=["0x" + topic.hex() for topic in log.topics],
                data=log.data,
            )
            for log in false.values()
        ]
    )
    Log.objects.filter(pk__in=list(false)).delete()


def _refold(row: Coverage, reached: int) -> None:
    if not kinds.known(row.contract.kind) or reached <= row.folded_to:
        return
    logs, last = folding.pending(
        row.contract,
        kinds.get(row.contract.kind),
        row.folded_to + 1,
        reached,
        REFOLDED_AT_ONCE,
    )
    fold_isolated(row, logs, last)


def _say(chain: Chain, block: Block, false: int, missing: int, words: str) -> None:
    detail = {"block": block.number, "hash": block.hash, "taken_out": false, "put_in": missing}
    tell(topic=topic(chain), event="repaired", detail=detail)
    audit(
        actor="system:chainsync",
        act=Act.JOURNAL_REPAIRED,
        subject=f"{chain.key}/{block.number}",
        detail={**detail, "evidence": words},
    )

"""Asking endpoints again about what they were proven wrong about, until they say something else.

Following asks only for new blocks and observing asks those first who are not held for anything, so
without this a finding would stand for as long as nobody happens to ask.
"""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef

from chainsync import contracts, disputing, standing
from chainsync.calls import Call, again
from chainsync.coverage import read_contracts, wanted
from chainsync.endpoint import fetching
from chainsync.endpoint.checking import Lie
from chainsync.endpoint.failures import EndpointFailure, RpcError
from chainsync.endpoint.fetching import Wanted
from chainsync.endpoint.pool import Source, pool_of
from chainsync.models import Block, ChainStatus, Dispute, Observation
from chainsync.repairing import journalled
from charter.models import Chain

AT_ONCE = 10


def recheck(chain: Chain) -> int:
    """Look again at some standing lies of each endpoint, the newest and the oldest; how many were
    recanted. Must not be called inside a transaction: it waits for the network."""
    recanted = 0
    logs = wanted(read_contracts(chain))
    pool = pool_of(chain)
    for source in pool.sources:
        lies = disputing.standing_lies(source.endpoint).order_by("-pk")
        rows = {row.pk: row for row in (*lies[:AT_ONCE], *lies.reverse()[:AT_ONCE])}
        gone = []
        for row in rows.values():
            try:
                if _gone(source, row, logs):
                    gone.append(row)
            except Lie:
                continue  # Written down below, as told again.
            except EndpointFailure:
                break  # It does not answer now: nothing is learned, and nothing forgiven.
        recanted += disputing.recant(gone)
    told = disputing.write_down(pool.sources)
    disputing.apply(pool.sources)
    if recanted or told:
        standing.stand_disputes()
    return recanted


def _gone(source: Source, row: Dispute, logs: Wanted) -> bool:
    """Whether the endpoint no longer says it. Raises EndpointFailure."""
    if row.about == Dispute.About.STATE:
        return _answers_alike(source, row)
    (header,) = fetching.headers(source, [row.first])
    ours = Block.objects.filter(chain=row.chain, number=row.first, canonical=True).first()
    if header is None or ours is None:
        return header is not None
    if "0x" + header.hash.hex() != ours.hash:
        return False
    if row.about == Dispute.About.BLOCK:
        return True
    (found,) = fetching.checked_logs(source, [header], logs)
    return isinstance(found, RpcError) or found == journalled(ours)


def _answers_alike(source: Source, row: Dispute) -> bool:
    """Whether it answers what two operators answered: the contract's observations at that block,
    or the newest one where that block or its state is gone, and the recorded code of all contracts
    at our head. Raises EndpointFailure."""
    status = ChainStatus.objects.filter(chain=row.chain).first()
    if status is None or status.head_hash is None:
        return False
    blocks = Block.objects.filter(chain=row.chain, hash=OuterRef("block_hash"), canonical=True)
    kept = Observation.objects.filter(Exists(blocks), chain=row.chain, operators__1__isnull=False)
    there = list(kept.filter(block_hash=row.block_hash).order_by("pk")[:AT_ONCE])
    newest = list(kept.order_by("-block_number", "pk")[:1])
    try:
        alike = _repeats(source, there or newest)
    except RpcError:  # A node keeps the state of few blocks.
        alike = _repeats(source, newest)
    return alike and contracts.as_recorded(source, row.chain, status.head_hash)


def _repeats(source: Source, kept: Iterable[Observation]) -> bool:
    """Whether it answers what was kept. Raises EndpointFailure."""
    for one in kept:
        (found,) = again(source, [Call(one.address, bytes(one.calldata))], one.block_hash)
        if found != (None if one.result is None else bytes(one.result)):
            return False
    return True

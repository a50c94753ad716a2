"""Logs of the unfinalized window for contracts that were added after it was journalled.

Finalized blocks are backfill, read by ranges and by any worker. Above them a range could be
answered from another branch than ours, so the follower, who alone changes branches, asks block by
block, by hash.
"""

from django.db import transaction

from chainsync import coverage, journal, ranges
from chainsync.endpoint import fetching
from chainsync.endpoint.failures import RpcError
from chainsync.endpoint.fetching import Wanted
from chainsync.endpoint.pool import Source
from chainsync.endpoint.wire import Header
from chainsync.models import Block, ChainStatus, Coverage
from charter.models import Chain
from ledger import leases
from ledger.faultpoints import reached
from ledger.leases import Held

AT_ONCE = 50


def fill(held: Held, chain: Chain, source: Source, status: ChainStatus, wanted: Wanted) -> bool:
    """Fill one gap of one contract; True when something was done. Raises EndpointFailure,
    FenceLost."""
    assert status.head_number is not None
    lowest = status.dense_from or 0
    if status.finalized_number is not None:
        lowest = max(lowest, status.finalized_number + 1)
    rows = Coverage.objects.select_related("contract").filter(
        contract__chain=chain, contract__active=True
    )
    for row in rows:
        address = coverage.address_of(row.contract)
        start = max(lowest, row.contract.start_block)
        gaps = ranges.gaps(row.blocks, start, status.head_number)
        if gaps and address in wanted.topics:
            first, last = gaps[0]
            last = min(last, first + AT_ONCE - 1)
            return _fill(held, chain, source, row, first, last, wanted.only([address]))
    return False


def _fill(
    held: Held,
    chain: Chain,
    source: Source,
    row: Coverage,
    first: int,
    last: int,
    wanted: Wanted,
) -> bool:
    blocks = list(
        Block.objects.filter(
            chain=chain, canonical=True, number__gte=first, number__lte=last
        ).order_by("number")
    )
    headers = [
        Header(b.number, bytes.fromhex(b.hash[2:]), b"", b.timestamp, b.header) for b in blocks
    ]
    if [header.number for header in headers] != list(range(first, last + 1)):
        raise AssertionError(f"the journal of {chain.key} is not dense from {first} to {last}")
    found = fetching.checked_logs(source, headers, wanted)
    for refusal in found:
        if isinstance(refusal, RpcError):
            raise refusal
    logs = [log for entry in found if not isinstance(entry, RpcError) for log in entry]
    with transaction.atomic(durable=True):
        leases.check(held)
        journal.add_logs(chain, {block.number: block.pk for block in blocks}, logs)
        reached("filling.journalled")
        journal.cover([row.contract_id], first, last)
    return True

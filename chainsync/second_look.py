"""Having a second operator look at what was read from one alone, once there is one.

Backfill does not wait for a second operator that is down, and what an endpoint lied about counts as
one operator's word. This goes through what is final and not agreed yet, settles it again, and
compares it with the journal: what is equal is agreed from then on; where the journal holds
something else, a dispute is opened, and its trial repairs the journal.
"""

import time

from django.db import transaction

from chainsync import assurance, coverage, disputing, journal, ranges, settling, standing
from chainsync.endpoint.checking import counted
from chainsync.endpoint.failures import EndpointFailure
from chainsync.endpoint.pool import Pool, pool_of
from chainsync.endpoint.wire import FetchedLog
from chainsync.models import Block, ChainStatus, Coverage, Dispute, Log
from chainsync.repairing import fetched
from chainsync.settling import Settled
from charter.models import Chain, Contract

SECONDS = 5.0
WINDOW = 5_000
SMALLEST_WINDOW = 50


def look(chain: Chain, *, seconds: float = SECONDS) -> int:
    """Look at blocks that are read, final and not agreed, for some seconds; how many became agreed.

    Waits for the network: not inside a transaction.
    """
    status = ChainStatus.objects.filter(chain=chain).first()
    if status is None or status.finalized_number is None:
        return 0
    deadline = time.monotonic() + seconds
    agreed = 0
    for contract in coverage.read_contracts(chain):
        window = WINDOW
        while time.monotonic() < deadline:
            piece = _next(contract, status.finalized_number, window)
            if piece is None:
                break
            try:
                gained = _look(pool_of(chain), contract, *piece)
            except EndpointFailure:
                if window <= SMALLEST_WINDOW:
                    break
                window //= 4
                continue
            if gained == 0:
                break
            agreed += gained
    return agreed


def _next(contract: Contract, finalized: int, window: int) -> tuple[int, int] | None:
    """The lowest run of blocks that is read and not agreed."""
    row = Coverage.objects.filter(contract=contract).first()
    if row is None:
        return None
    for first, last in ranges.gaps(row.agreed, contract.start_block, finalized):
        for lower, upper in ranges.within(row.blocks, first, last):
            return lower, min(upper, lower + window - 1)
    return None


def _look(pool: Pool, contract: Contract, first: int, last: int) -> int:
    """Settle these blocks and compare them; how many are agreed now. Raises EndpointFailure."""
    wanted = coverage.wanted([contract])
    settled = settling.settle_range(pool, contract, first, last, wanted)
    if len(settled.operators) < 2:
        return 0
    truth: dict[int, list[FetchedLog]] = {}
    for log in settled.logs:
        truth.setdefault(log.block_number, []).append(log)
    ours = _journalled(contract, first, settled.last)
    differing = sorted(
        number for number in truth.keys() | ours.keys() if truth.get(number) != ours.get(number)
    )
    upto = differing[0] - 1 if differing else settled.last
    with transaction.atomic():
        for operator in settled.operators:
            hashes = [
                "0x" + header.hash.hex() for header in settled.headers if header.number <= upto
            ]
            journal.confirm(contract.chain, hashes, operator)
        if upto >= first:
            assurance.note_agreed([contract.pk], [(first, upto)])
    for number in differing[: settling.BLOCKS_AT_ONCE]:
        _dispute(contract, settled, number, len(truth.get(number, [])), len(ours.get(number, [])))
    if differing:
        standing.stand_disputes()
    return upto - first + 1


def _journalled(contract: Contract, first: int, last: int) -> dict[int, list[FetchedLog]]:
    topics = coverage.wanted([contract])
    rows = Log.objects.filter(
        chain=contract.chain_id,
        address=contract.address,
        block_number__gte=first,
        block_number__lte=last,
        canonical=True,
    )
    logs = [fetched(row, row.block) for row in rows.select_related("block")]
    found: dict[int, list[FetchedLog]] = {}
    for log in topics.keep(sorted(logs, key=lambda log: (log.block_number, log.log_index))):
        found.setdefault(log.block_number, []).append(log)
    return found


def _dispute(contract: Contract, settled: Settled, number: int, true: int, ours: int) -> None:
    """Open a dispute about a block of the journal; one that it does not hold yet is put in."""
    chain = contract.chain
    header = next((one for one in settled.headers if one.number == number), None)
    if header is not None:
        with transaction.atomic():
            journal.add_headers(chain, [header], settled.operators[:1])
    block = Block.objects.filter(chain=chain, number=number, canonical=True).first()
    if block is None:
        return
    disputing.open_dispute(
        settled.endpoints[0],
        Dispute.About.LOGS,
        number,
        says=f"block {number} holds {counted(true)} of {contract.label}, not the {ours} that "
        "we keep",
        block_hash=block.hash,
    )

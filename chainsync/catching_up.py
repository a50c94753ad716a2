"""Folding what backfill has read, contract by contract, up to where following takes over."""

import time
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from chainsync import coverage, folding, kinds, ranges
from chainsync.advancing import fold_isolated, topic
from chainsync.kinds import LogRecord
from chainsync.models import Coverage
from charter.models import Chain
from ledger import leases
from ledger.actions import tell
from ledger.errors import FenceLost
from ledger.faultpoints import reached
from ledger.leases import Held
from ledger.models import Lease

TURN_SECONDS = 15.0
LEASE_SECONDS = 20.0
RETRY_SECONDS = 30.0
# The follower waits for a batch to end, so a batch must not take long.
BATCH_SECONDS = 0.3
FIRST_BATCH = 2_000
SMALLEST_BATCH = 100
LARGEST_BATCH = 20_000


def lease_name(chain_key: str) -> str:
    """Name of the lease under which a chain's backfilled logs are folded."""
    return f"fold:{chain_key}"


def behind(chain: Chain) -> list[Coverage]:
    """Contracts with blocks that are read but not folded, those that failed left out until their
    pause is over."""
    rows = [row for row in _rows(chain) if _reach(row) > row.folded_to]
    if _pausing(chain):
        rows = [row for row in rows if not row.fold_error]
    return rows


def turn(chain_key: str, *, seconds: float = TURN_SECONDS) -> int | None:
    """Fold until everything is folded or the time is over; how many logs, None if another one
    folds this chain."""
    chain = Chain.objects.get(key=chain_key)
    held = leases.take(lease_name(chain_key), leases.new_owner(), LEASE_SECONDS)
    if held is None:
        return None
    deadline = time.monotonic() + seconds
    folded = 0
    try:
        rows = behind(chain)
        if any(row.fold_error for row in rows):
            # Only who tries begins the pause: looking whether there is work must not use it up.
            leases.take(_retry_name(chain), leases.new_owner(), RETRY_SECONDS)
        for row in rows:
            limit = FIRST_BATCH
            while time.monotonic() < deadline:
                held = leases.renew(held, LEASE_SECONDS)
                began = time.monotonic()
                count = _batch(held, chain, row.pk, limit)
                if count is None:
                    break
                folded += count
                taken = max(time.monotonic() - began, 0.001)
                if count:
                    limit = round(max(count, SMALLEST_BATCH) * min(BATCH_SECONDS / taken, 4))
                    limit = min(max(limit, SMALLEST_BATCH), LARGEST_BATCH)
    except FenceLost:
        return folded
    finally:
        leases.release(held)
    return folded


def _batch(held: Held, chain: Chain, pk: int, limit: int) -> int | None:
    """Fold one batch of one contract; None when there is nothing to fold or its kind failed."""
    with transaction.atomic(durable=True):
        leases.check(held)
        row = (
            Coverage.objects.select_for_update(of=("self",))
            .select_related("contract__chain")
            .get(pk=pk)
        )
        reach = _reach(row)
        if reach <= row.folded_to:
            return None
        logs, last = folding.pending(
            row.contract, kinds.get(row.contract.kind), row.folded_to + 1, reach, limit
        )
        if not fold_isolated(row, logs, last):
            return None
        reached("catching_up.folded")
        _tell_folded(chain, row, last, len(logs))
    return len(logs)


def fold_at_once(
    chain: Chain,
    contract: int,
    logs: Sequence[LogRecord],
    decoded: Any | None,
    first: int,
    last: int,
) -> bool:
    """Fold logs that were journalled just now, inside the same transaction, where the contract is
    folded up to the block before `first`; anything else is left to a turn. Whether they were.

    `logs` are all of the contract (primary key) in blocks `first` to `last`, in order; `decoded` as
    for `folding.fold`. The row of the coverage is what keeps a turn, or another worker, from
    folding the same.
    """
    row = (
        Coverage.objects.select_for_update(of=("self",))
        .select_related("contract__chain")
        .get(pk=contract)
    )
    if row.folded_to != first - 1 or row.fold_error or not kinds.known(row.contract.kind):
        return False
    if not fold_isolated(row, logs, last, decoded):
        return False
    reached("catching_up.folded")
    _tell_folded(chain, row, last, len(logs))
    return True


def _tell_folded(chain: Chain, row: Coverage, last: int, logs: int) -> None:
    if logs:
        tell(
            topic=topic(chain),
            event="folded",
            detail={"contract": row.contract.key, "to": last, "logs": logs},
        )


def _rows(chain: Chain) -> list[Coverage]:
    contracts = coverage.read_contracts(chain)
    rows = Coverage.objects.filter(contract__in=contracts).select_related("contract")
    return list(rows.order_by("pk"))


def _reach(row: Coverage) -> int:
    return ranges.reach(row.blocks, row.folded_to + 1)


def _pausing(chain: Chain) -> bool:
    return Lease.objects.filter(name=_retry_name(chain), expires_at__gt=Now()).exists()


def _retry_name(chain: Chain) -> str:
    return f"fold-retry:{chain.key}"

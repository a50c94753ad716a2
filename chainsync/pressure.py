"""When backfill must wait: what it has read is not folded, or not told, fast enough.

Backfill reads faster than its logs can be folded. Left alone it would fill the disk with logs that
no page shows yet, and keep the database from those who follow. Beyond a bound it yields until the
others have caught up; following is never held up.
"""

from itertools import islice

from chainsync import coverage, ranges
from chainsync.models import Coverage, Log
from charter.models import Chain
from ledger import dispatch
from ledger.models import Consumer, OutboxEntry
from ledger.queries import last_position

MOST_UNFOLDED = 200_000
"""Logs of one chain that are read and could be folded, but are not yet."""
MOST_UNSEALED = 10_000
"""Outbox entries that no sealer has given a position yet."""
MOST_UNTOLD = 50_000
"""Outbox entries that the slowest consumer that is not failing has not taken in."""


def why_wait(chain: Chain) -> str:
    """Why backfill of this chain must wait, in words; empty when it may go on."""
    if (unfolded := _unfolded(chain, MOST_UNFOLDED)) >= MOST_UNFOLDED:
        return f"{unfolded} logs are read but not folded"
    unsealed = OutboxEntry.objects.filter(position=None)[:MOST_UNSEALED].count()
    if unsealed >= MOST_UNSEALED:
        return f"{unsealed} outbox entries are not sealed"
    if (untold := _untold()) >= MOST_UNTOLD:
        return f"{untold} outbox entries are not taken in"
    return ""


def _unfolded(chain: Chain, most: int) -> int:
    """Logs that folding could take now, counted up to `most`.

    What lies behind a gap, and contracts whose kind failed, do not count: waiting for them would
    keep the very ranges from being read that they wait for.
    """
    found = 0
    rows = Coverage.objects.filter(contract__in=coverage.read_contracts(chain), fold_error="")
    for row in rows.select_related("contract"):
        reach = ranges.reach(row.blocks, row.folded_to + 1)
        if reach > row.folded_to:
            logs = Log.objects.filter(
                chain=chain,
                address=row.contract.address,
                canonical=True,
                block_number__range=(row.folded_to + 1, reach),
            )
            found += logs.order_by()[: most - found].count()
        if found >= most:
            break
    return found


def _untold() -> int:
    consumers = Consumer.objects.filter(name__in=dispatch.names(), failures=0)
    behind = consumers.order_by("position").values_list("position", flat=True)
    return max((last_position() - position for position in islice(behind, 1)), default=0)

"""Which ranges of blocks are to be read, as rows that any worker may claim."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from chainsync import coverage, ranges
from chainsync.models import BackfillRange, ChainStatus, Coverage
from charter.models import Chain
from ledger.faultpoints import reached

SHARES = 16
SMALLEST_SHARE = 64
LARGEST_SHARE = 20_000
CLAIM_SECONDS = 60.0
FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0


class ClaimLost(RuntimeError):
    """The range was given to another worker, because ours was too slow."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A range that is ours for a while, and by which name."""

    row: BackfillRange
    owner: str


def plan(chain: Chain) -> int:
    """Make rows for what is missing below the unfinalized window; how many were made.

    What is missing is cut into shares, so that several workers can take part at once.
    """
    upper = highest(ChainStatus.objects.filter(chain=chain).first())
    if upper is None:
        return 0
    made = 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"backfill:{chain.key}"]
            )
        contracts = coverage.read_contracts(chain)
        waiting: dict[int, ranges.Ranges] = {}
        for row in BackfillRange.objects.filter(chain=chain):
            waiting.setdefault(row.contract_id, []).append((row.first, row.last))
        for read in Coverage.objects.filter(contract__in=contracts).select_related("contract"):
            known = [*read.blocks, *waiting.get(read.contract_id, [])]
            rows = [
                BackfillRange(chain=chain, contract=read.contract, first=first, last=last)
                for gap in ranges.gaps(known, read.contract.start_block, upper)
                for first, last in ranges.pieces(*gap, _share(gap))
            ]
            made += len(BackfillRange.objects.bulk_create(rows, ignore_conflicts=True))
            firsts = [row.first for row in rows]
            new = BackfillRange.objects.filter(contract=read.contract, first__in=firsts)
            new.update(not_before=Now())
    return made


def highest(status: ChainStatus | None) -> int | None:
    """Last block that backfill may read: what is finalized, and what lies below the first block
    that was followed, which is final by one operator's word where no second has said so."""
    if status is None or status.head_number is None:
        return None
    below = (status.dense_from or 0) - 1
    return below if status.finalized_number is None else max(status.finalized_number, below)


def forget_above(chain: Chain, fork: int) -> None:
    """Inside a transaction: nothing above this block is to be read any more as it was planned."""
    waiting = BackfillRange.objects.filter(chain=chain)
    waiting.filter(first__gt=fork).delete()
    waiting.filter(last__gt=fork).update(last=fork, claimed_by="", claimed_until=None)


def claim(chain: Chain, owner: str) -> Claim | None:
    """Take a range that nobody works on, the lowest first; None when there is none."""
    with transaction.atomic():
        row = (
            _free(chain)
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("contract")
            .order_by("first", "pk")
            .first()
        )
        if row is None:
            return None
        row.claimed_by = owner
        row.claimed_until = _from_now(CLAIM_SECONDS)
        row.save(update_fields=["claimed_by", "claimed_until"])
    reached("planning.claimed")
    return Claim(row, owner)


def hold(claim: Claim) -> BackfillRange:
    """Inside a writing transaction: the row, ours until the transaction ends. Raises ClaimLost."""
    row = (
        BackfillRange.objects.select_for_update()
        .filter(pk=claim.row.pk, claimed_by=claim.owner)
        .first()
    )
    if row is None:
        raise ClaimLost(f"the range from block {claim.row.first} went to another worker")
    return row


def shrink(row: BackfillRange, done: int) -> None:
    """Note that the range is read up to block `done`; it goes when nothing is left."""
    if done >= row.last:
        row.delete()
        return
    row.first = done + 1
    row.claimed_until = _from_now(CLAIM_SECONDS)
    row.attempts = 0
    row.last_error = row.disputed = ""
    row.save()


def put_back(claim: Claim) -> None:
    """Let go of a range that is not finished, for the next worker at once."""
    _mine(claim).update(claimed_by="", claimed_until=None)


def postpone(claim: Claim, error: str, *, disputed: str = "") -> None:
    """Let go of a range that failed; it is tried again after a pause that grows."""
    row = _mine(claim).first()
    if row is None:
        return
    pause = min(FIRST_RETRY_SECONDS * 2**row.attempts, LONGEST_RETRY_SECONDS)
    _mine(claim).update(
        claimed_by="",
        claimed_until=None,
        attempts=row.attempts + 1,
        not_before=_from_now(pause),
        last_error=error[:2000],
        disputed=disputed[:2000],
    )


def waiting(chain: Chain) -> int:
    """How many ranges could be claimed now."""
    return _free(chain).count()


def _free(chain: Chain) -> models.QuerySet[BackfillRange]:
    """Ranges that nobody works on and that need not wait, by the database's clock: a worker's own
    may be wrong by hours, and what it noted by it would bind all others."""
    nobodys = Q(claimed_until=None) | Q(claimed_until__lt=Now())
    rows = BackfillRange.objects.filter(nobodys, not_before__lte=Now())
    return rows.filter(chain=chain, contract__active=True)


def _from_now(seconds: float) -> Any:
    return Now() + timedelta(seconds=seconds)


def _mine(claim: Claim) -> models.QuerySet[BackfillRange]:
    return BackfillRange.objects.filter(pk=claim.row.pk, claimed_by=claim.owner)


def _share(gap: tuple[int, int]) -> int:
    blocks = gap[1] - gap[0] + 1
    return min(max(-(-blocks // SHARES), SMALLEST_SHARE), LARGEST_SHARE)

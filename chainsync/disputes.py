"""What is disputed between endpoints, and which lies were proven: reading and writing the rows.

Pages ask `disputed_from`, `open_in` and `open_disputes`; nothing from the block of an open dispute
on may be shown as agreed or final. Writing is for `chainsync/trials.py` and what it is called by.
"""

from collections.abc import Collection, Iterable

from django.db.models import Min, QuerySet

from chainsync.models import Dispute
from charter.models import Chain, Contract


def open_disputes(chain: Chain) -> QuerySet[Dispute]:
    """Undecided disputes of a chain, the lowest block first, with their endpoints."""
    rows = Dispute.objects.filter(chain=chain, closed_at=None)
    return rows.select_related("endpoint").order_by("first", "pk")


def disputed_from(chain: Chain) -> int | None:
    """Lowest block of the chain whose identity or logs are in an undecided dispute; from there on
    nothing is finalized. A disputed answer of a contract, or a range of the past, concerns that
    contract alone (`final_to`)."""
    about = (Dispute.About.BLOCK, Dispute.About.LOGS)
    rows = Dispute.objects.filter(chain=chain, closed_at=None, about__in=about)
    lowest: int | None = rows.aggregate(lowest=Min("first"))["lowest"]
    return lowest


def open_in(
    chain: Chain, first: int, last: int | None = None, *, contract: Contract | None = None
) -> Dispute | None:
    """The lowest undecided dispute that touches blocks `first` to `last` (None: to the head).

    A dispute about a block's identity touches everything above it; one about logs or values its
    own blocks, and one about a single contract only that contract.
    """
    return touching(open_disputes(chain), first, last, contract=contract)


def touching(
    rows: Iterable[Dispute], first: int, last: int | None, *, contract: Contract | None = None
) -> Dispute | None:
    """Of open disputes of one chain, lowest block first, the one that `open_in` would find."""
    for row in rows:
        if last is not None and row.first > last:
            break
        if row.about != Dispute.About.BLOCK and row.last < first:
            continue
        if contract is None or _everyones(row) or _of(row, contract.pk):
            return row
    return None


def final_to(
    finalized: int | None, rows: Iterable[Dispute], contract: int | None = None
) -> int | None:
    """The last block that counts as final for what rests on a contract (its id; None: on a chain
    and no contract of it), `finalized` being the chain's.

    `rows` are the chain's open disputes: from the lowest that concerns the contract on nothing of
    it is final, whether it is about a block, its logs, a range of the past or what it answers.
    """
    if finalized is None:
        return None
    held = [row.first for row in rows if _everyones(row) or _of(row, contract)]
    lowest = min([finalized, *(first - 1 for first in held)])
    return lowest if lowest >= 0 else None


def about_block(chain: Chain, number: int) -> QuerySet[Dispute]:
    """Every dispute, open or decided, that named this block."""
    return Dispute.objects.filter(chain=chain, first__lte=number, last__gte=number)


def lies(chain: Chain) -> QuerySet[Dispute]:
    """Proven lies that their endpoints still tell, the newest first."""
    rows = Dispute.objects.filter(
        chain=chain, outcome=Dispute.Outcome.ENDPOINT_WRONG, recanted_at=None
    )
    return rows.select_related("endpoint").order_by("-pk")


def concerning(rows: Collection[Dispute], number: int) -> Dispute | None:
    """Of open disputes that are at hand, the one that touches a block."""
    for row in rows:
        if row.first <= number and (row.about == Dispute.About.BLOCK or number <= row.last):
            return row
    return None


def _everyones(row: Dispute) -> bool:
    return row.contract_id is None and row.about != Dispute.About.STATE


def _of(row: Dispute, contract: int | None) -> bool:
    return contract is not None and row.contract_id == contract

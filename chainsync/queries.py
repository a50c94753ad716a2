"""What commands, pages and checks read about chains, in a fixed number of queries."""

import time
from dataclasses import dataclass, field

from django.db.models import Exists, F, OuterRef, QuerySet, Window
from django.db.models.functions import RowNumber

from chainsync import ranges
from chainsync.models import Block, ChainStatus, Coverage, Dispute, EndpointStatus, Log, Reorg
from charter.models import Chain, Contract, Endpoint
from proofs.statements.assurance import Step, step

REORGS_SHOWN = 5
AGREED_LOOK = 100
"""Blocks below the head among which the last agreed one is looked for."""


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint and how it has been answering; `behind` counts blocks to our head, `contested`
    says that a dispute about its word is open."""

    endpoint: Endpoint
    status: EndpointStatus | None
    behind: int | None
    contested: bool


@dataclass(frozen=True, slots=True)
class CoverageView:
    """How much of a contract's history, from its start block to our head, is read and folded.

    `percent` is rounded down, so that 100 means everything.
    """

    contract: Contract
    percent: int
    missing: ranges.Ranges
    folded_to: int
    behind: int


@dataclass(frozen=True, slots=True)
class ChainView:
    """One chain at a glance. `age` is seconds since the head block, by our clock."""

    chain: Chain
    status: ChainStatus | None
    age: float | None
    endpoints: list[EndpointView] = field(default_factory=list)
    coverage: list[CoverageView] = field(default_factory=list)
    reorgs: list[Reorg] = field(default_factory=list)

    @property
    def head(self) -> int | None:
        """Number of our head block."""
        return self.status.head_number if self.status else None

    @property
    def operators(self) -> int:
        """How many operators answer for the chain without contradiction."""
        return len(
            {
                view.endpoint.operator
                for view in self.endpoints
                if view.status and not view.status.failures and not view.status.disagrees
            }
        )


def endpoints() -> QuerySet[Endpoint]:
    """Endpoints with their status, and whether a dispute about their word is open (`contested`)."""
    standing = Dispute.objects.filter(endpoint=OuterRef("pk"), closed_at=None)
    return Endpoint.objects.select_related("status").annotate(contested=Exists(standing))


def chains() -> list[ChainView]:
    """All active chains, four queries."""
    views = [_view(chain) for chain in Chain.objects.filter(active=True).select_related("status")]
    by_chain = {view.chain.pk: view for view in views}
    asked = endpoints().filter(chain__in=by_chain, active=True)
    for endpoint in asked.order_by("operator", "name"):
        view = by_chain[endpoint.chain_id]
        status = getattr(endpoint, "status", None)
        behind = _behind(view.head, status.head_number if status else None)
        contested = endpoint.contested  # type: ignore[attr-defined] # annotated
        view.endpoints.append(EndpointView(endpoint, status, behind, contested))
    read = Coverage.objects.filter(contract__chain__in=by_chain, contract__active=True)
    for row in read.select_related("contract").order_by("contract__key"):
        view = by_chain[row.contract.chain_id]
        view.coverage.append(_covered(row, view.head))
    newest = Reorg.objects.filter(chain__in=by_chain).annotate(
        rank=Window(RowNumber(), partition_by="chain", order_by=F("id").desc())
    )
    for reorg in newest.filter(rank__lte=REORGS_SHOWN):
        by_chain[reorg.chain_id].reorgs.append(reorg)
    return views


def chain(key: str) -> ChainView:
    """One chain. Raises LookupError naming those that there are."""
    views = chains()
    for view in views:
        if view.chain.key == key:
            return view
    raise LookupError(
        f"There is no chain {key!r}; there are {', '.join(view.chain.key for view in views)}."
    )


@dataclass(frozen=True, slots=True)
class BlockView:
    """Everything known of one number of a chain: the canonical block, those it replaced, and how
    many logs of ours the canonical one holds."""

    canonical: Block | None
    orphans: list[Block]
    logs: int


def block(chain: Chain, number: int) -> BlockView:
    """What is known of a block. Two queries."""
    rows = list(Block.objects.filter(chain=chain, number=number).defer("header").order_by("-pk"))
    canonical = next((row for row in rows if row.canonical), None)
    logs = Log.objects.filter(block=canonical, canonical=True).count() if canonical else 0
    return BlockView(canonical, [row for row in rows if not row.canonical], logs)


def agreed_head(chain: Chain) -> int | None:
    """Highest of the newest blocks that two operators gave alike; None when none of them is."""
    newest = Block.objects.filter(chain=chain, canonical=True).order_by("-number")
    for number, operators in newest.values_list("number", "operators")[:AGREED_LOOK]:
        if step(operators) >= Step.AGREED:
            return number
    return None


def blocks(chain: Chain, *, before: int | None = None, limit: int = 50) -> list[Block]:
    """Journalled blocks, newest first, orphaned ones next to those that replaced them."""
    rows = Block.objects.filter(chain=chain).defer("header")
    if before is not None:
        rows = rows.filter(number__lt=before)
    return list(rows.order_by("-number", "-canonical", "-id")[:limit])


def reorgs(chain: Chain, *, before: int | None = None, limit: int = 50) -> list[Reorg]:
    """Reorgs by descending id, those below the id `before`."""
    rows = Reorg.objects.filter(chain=chain)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-id")[:limit])


def _view(chain: Chain) -> ChainView:
    status = getattr(chain, "status", None)
    timestamp = status.head_timestamp if status else None
    return ChainView(chain, status, None if timestamp is None else time.time() - timestamp)


def _covered(row: Coverage, head: int | None) -> CoverageView:
    start = row.contract.start_block
    last = start - 1 if head is None else max(head, start - 1)
    missing = ranges.gaps(row.blocks, start, last)
    whole = last - start + 1
    percent = 100 if whole == 0 else 100 * (whole - ranges.count(missing)) // whole
    return CoverageView(row.contract, percent, missing, row.folded_to, last - row.folded_to)


def _behind(head: int | None, number: int | None) -> int | None:
    return None if head is None or number is None else max(head - number, 0)

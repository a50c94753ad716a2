"""What every page shows: its places, and how fresh each chain is."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.decorators import sync_and_async_middleware

from chainsync import evidence, lateness
from chainsync.assured import Assured
from chainsync.models import Dispute
from charter.models import Chain
from charter.queries import venue_name
from ledger.models import Finding
from ledger.queries import last_position

PLACES = (
    ("Proposals", "proposals", "/proposals/"),
    ("Delegates", "delegates", "/delegates/"),
    ("Operations", "operations", "/operations/"),
    ("Chains", "chains", "/chains/"),
    ("Findings", "findings", "/findings/"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainMark:
    """Freshness of one chain as the frame shows it; `age_text` as of the rendering."""

    pk: int
    key: str
    name: str
    long_name: str
    head: int | None
    head_timestamp: int | None
    halted: str
    late_after: int
    down_after: int
    level: str
    age_text: str
    disputed: bool


class House:
    """Facts of the page frame, read when a template first asks: three queries a page.

    One more where something is marked with its assurance, and one while anything is disputed.

    `position` is that of the outbox before the page was put together: what happens after it is
    told again to the open page, never missed.
    """

    def __init__(self, path: str, position: int) -> None:
        self.path = path
        self.position = position
        self.now = int(time.time())

    @cached_property
    def name(self) -> str:
        """Name of the venue."""
        return venue_name()

    @cached_property
    def chains(self) -> list[ChainMark]:
        """Every active chain, the layer people act on first."""
        return chain_marks(self.now)

    @cached_property
    def assured(self) -> Assured:
        """How far everything is proven that rests on logs."""
        return Assured.read(disputed=any(chain.disputed for chain in self.chains))

    @cached_property
    def disputes(self) -> list[dict[str, Any]]:
        """Open disputes between endpoints, in words for somebody who holds tokens."""
        return [
            {"chain": chain, "row": row, "notice": evidence.dispute_notice(row)}
            for chain in self.chains
            if chain.disputed
            for row in self.assured.disputes(chain.pk)
        ]

    @cached_property
    def places(self) -> list[dict[str, Any]]:
        """The navigation, with the number of open findings that need somebody."""
        levels = Finding.objects.filter(closed_at=None).exclude(level=Finding.Level.NOTICE)
        found = list(levels.values_list("level", flat=True)[:100])
        level = "" if Finding.Level.ALARM in found else "warn"
        return [
            {
                "name": name,
                "url": reverse(route),
                "here": self._here(prefix),
                "count": len(found) if route == "findings" else 0,
                "level": level,
            }
            for name, route, prefix in PLACES
        ]

    def _here(self, prefix: str) -> str:
        if self.path == prefix:
            return "page"
        return "true" if self.path.startswith(prefix) else ""


def chain_marks(now: int) -> list[ChainMark]:
    """Every active chain at `now` (seconds). One query."""
    open_disputes = Dispute.objects.filter(chain=OuterRef("pk"), closed_at=None)
    rows = list(
        Chain.objects.filter(active=True)
        .select_related("status")
        .annotate(disputed=Exists(open_disputes))
    )
    roles = [row.role for row in rows]
    return [_mark(row, now, short=roles.count(row.role) == 1) for row in rows]


def house(request: HttpRequest) -> dict[str, object]:
    """Context of the page frame."""
    return {"house": House(request.path, getattr(request, "outbox_position", 0))}


@sync_and_async_middleware
def outbox_position(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware: note on a request for a page how far the outbox is told, in one query."""
    if iscoroutinefunction(get_response):

        async def respond_async(request: HttpRequest) -> HttpResponseBase:
            if _for_a_page(request):
                position = await sync_to_async(last_position)()
                request.outbox_position = position  # type: ignore[attr-defined]
            answer: HttpResponseBase = await get_response(request)
            return answer

        return respond_async

    def respond(request: HttpRequest) -> HttpResponseBase:
        if _for_a_page(request):
            request.outbox_position = last_position()  # type: ignore[attr-defined]
        answer: HttpResponseBase = get_response(request)
        return answer

    return respond


def _for_a_page(request: HttpRequest) -> bool:
    wanted = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
    # The page about what is broken asks by itself, so that it can say that the database is away.
    return wanted and request.path != "/health/"


def _mark(chain: Chain, now: int, *, short: bool) -> ChainMark:
    status = getattr(chain, "status", None)
    timestamp = status.head_timestamp if status else None
    halted = status.halted if status else ""
    age = None if timestamp is None else now - timestamp
    level = lateness.level(age, chain.block_time, halted=bool(halted))
    return ChainMark(
        pk=chain.pk,
        key=chain.key,
        name=chain.role.upper() if short else chain.name,
        long_name=chain.name,
        head=status.head_number if status else None,
        head_timestamp=timestamp,
        halted=halted,
        late_after=lateness.late_after(chain.block_time),
        down_after=lateness.down_after(chain.block_time),
        level=level,
        age_text=lateness.age_text(age, level),
        disputed=chain.disputed,  # type: ignore[attr-defined] # annotated
    )

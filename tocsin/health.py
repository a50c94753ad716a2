"""Whether this installation answers, and whether what it shows is current.

`/healthz` says that the process answers and asks nothing else. `/readyz` says whether a reader may
be sent here: 200 when every chain is fresh, 503 otherwise, and in words what is wrong.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chainsync.models import ChainStatus
from charter.models import Chain

LEAST_STALE_SECONDS = 30
STALE_BLOCKS = 10


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold before a reader may be sent here; `says` is one sentence."""

    name: str
    holds: bool
    says: str


def stale_after(block_time: float) -> float:
    """Seconds without a new head after which a chain's data is stale."""
    return max(LEAST_STALE_SECONDS, STALE_BLOCKS * block_time)


def chain_condition(chain: Chain, status: ChainStatus | None, now: float) -> Condition:
    """Whether what is known of a chain is current at `now` (seconds since 1970)."""
    name = f"chain:{chain.key}"
    if status is None or status.head_number is None or status.head_timestamp is None:
        return Condition(name, False, f"{chain.name} was never followed: no block is known of it.")
    if status.halted:
        return Condition(name, False, f"{chain.name} is not followed any more: {status.halted}")
    followed = now if status.followed_at is None else status.followed_at.timestamp()
    # A chain whose clock runs ahead must not look fresh after following has stopped.
    age = max(now - status.head_timestamp, now - followed)
    limit = stale_after(chain.block_time)
    head = f"block {status.head_number:,} of {chain.name}"
    if age > limit:
        return Condition(
            name, False, f"{head} is {age:,.0f} s old; data older than {limit:,.0f} s is stale."
        )
    return Condition(name, True, f"{head} is {max(age, 0):,.0f} s old.")


def conditions(now: float) -> list[Condition]:
    """Everything that must hold, each with what is so at `now`. Three queries, none when away."""
    try:
        missing = missing_migrations()
        if missing:
            return [
                Condition("database", True, "The database answers."),
                Condition(
                    "migrations",
                    False,
                    f"Migrations are missing ({', '.join(missing)}): run manage.py migrate.",
                ),
            ]
        chains = list(Chain.objects.filter(active=True).select_related("status"))
    except DatabaseError:
        return [Condition("database", False, "The database does not answer.")]
    found = [
        Condition("database", True, "The database answers."),
        Condition("migrations", True, "All migrations are applied."),
        *(chain_condition(chain, getattr(chain, "status", None), now) for chain in chains),
    ]
    if not chains:
        found.append(Condition("charter", False, "No chain is known: run manage.py charter_load."))
    return found


def missing_migrations() -> list[str]:
    """Latest migration of each app that the database does not have. One or two queries."""
    applied = MigrationRecorder(connection).applied_migrations()
    return [f"{app}.{name}" for app, name in _latest_migrations() if (app, name) not in applied]


@cache
def _latest_migrations() -> Sequence[tuple[str, str]]:
    return sorted(MigrationLoader(None, ignore_no_migrations=True).graph.leaf_nodes())


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """That the process answers; nothing else is asked."""
    return JsonResponse({"alive": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether what is shown here is current, and what is not."""
    found = conditions(time.time())
    ready = all(condition.holds for condition in found)
    body = {
        "ready": ready,
        "wrong": [condition.says for condition in found if not condition.holds],
        "conditions": [
            {"name": condition.name, "holds": condition.holds, "says": condition.says}
            for condition in found
        ],
    }
    return JsonResponse(body, status=200 if ready else 503)

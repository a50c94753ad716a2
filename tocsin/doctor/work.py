"""Whether the work goes on: the broker, the workers, and what waits for them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from chainsync.models import BackfillRange, ChainStatus, Coverage, EndpointStatus
from charter.models import Chain
from ledger.models import Finding, Lease, OutboxEntry
from tocsin import health
from tocsin.celery import app
from tocsin.doctor.checks import Check, fail, first_line, ok, warn

BROKER_SECONDS = 2.0
PING_SECONDS = 1.0
RECENT = timedelta(seconds=60)
UNSEALED_WARN_SECONDS = 30
UNSEALED_FAIL_SECONDS = 300
BACKFILL_STUCK_ATTEMPTS = 5
LISTED = 3


def broker() -> Iterator[Check]:
    """Whether messages can be sent."""
    kind = settings.CELERY_BROKER_URL.partition(":")[0]
    try:
        with app.connection_for_write(connect_timeout=BROKER_SECONDS) as link:
            link.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except (OSError, OperationalError) as error:
        yield fail(
            "broker",
            f"The {kind} broker cannot be reached: {first_line(error)}",
            "Start it, or correct CELERY_BROKER_URL. Work waits in the database meanwhile.",
        )
        return
    yield ok("broker", f"The {kind} broker takes messages.")


def workers() -> Iterator[Check]:
    """Whether somebody works: by answering, or by the leases that are held."""
    answered = app.control.inspect(timeout=PING_SECONDS).ping() or {}
    active = list(
        Lease.objects.filter(expires_at__gt=timezone.now()).values_list("name", flat=True)
    )
    followed = ChainStatus.objects.filter(followed_at__gt=timezone.now() - RECENT).count()
    yield alive(sorted(answered), sorted(active), followed)


def alive(answered: list[str], leases: list[str], followed: int) -> Check:
    """Whether there are workers: names that `answered`, leases held, chains followed lately."""
    if answered:
        return ok("workers", f"{len(answered)} answer: {', '.join(answered)}.")
    if leases or followed:
        return ok(
            "workers",
            f"None answered in {PING_SECONDS:.0f} s, but work goes on: {len(leases)} lease(s) are "
            f"held and {followed} chain(s) were followed within a minute.",
        )
    return fail(
        "workers",
        "None answers, and no lease is held.",
        "Start the workers of both queues (the lines `urgent`, `bulk` and `beat` of Procfile).",
    )


def lag() -> Iterator[Check]:
    """Whether each chain is current."""
    now = timezone.now().timestamp()
    for chain in Chain.objects.filter(active=True).select_related("status"):
        found = health.chain_condition(chain, getattr(chain, "status", None), now)
        if found.holds:
            yield ok(f"lag of {chain.key}", found.says)
        else:
            yield fail(
                f"lag of {chain.key}",
                found.says,
                "See its endpoints and the workers in this list; /chains/ shows both.",
            )


def coverage() -> Iterator[Check]:
    """Whether each contract's past is read and folded."""
    heads = dict(ChainStatus.objects.values_list("chain_id", "head_number"))
    rows = Coverage.objects.filter(contract__active=True).select_related("contract__chain")
    for row in rows.order_by("contract__key"):
        head = heads.get(row.contract.chain_id)
        if head is not None:
            yield covered(row, head)


def covered(row: Coverage, head: int) -> Check:
    """Whether a contract is read and folded up to `head`."""
    name = f"coverage of {row.contract.key}"
    if row.fold_error:
        return fail(
            name,
            f"Folding stands still after block {row.folded_to:,}: {row.fold_error}",
            "Nothing later of this contract is shown. Report this line.",
        )
    span = max(head - row.contract.start_block + 1, 0)
    read = sum(
        max(min(last, head) - max(first, row.contract.start_block) + 1, 0)
        for first, last in row.blocks
    )
    behind = max(head - row.folded_to, 0)
    limit = max(health.LEAST_STALE_SECONDS, health.STALE_BLOCKS) / row.contract.chain.block_time
    if behind > limit:
        return warn(
            name,
            f"{span - read:,} of {span:,} blocks are still to be read; "
            f"it is folded to block {row.folded_to:,}.",
            "Wait while backfill works; if the number stays, see the worker of queue bulk.",
        )
    return ok(name, f"It is read and folded to block {row.folded_to:,}.")


def queues() -> Iterator[Check]:
    """What waits as rows: ranges to fetch, and entries to seal."""
    waiting = BackfillRange.objects.count()
    stuck = list(BackfillRange.objects.filter(attempts__gte=BACKFILL_STUCK_ATTEMPTS)[:LISTED])
    if stuck:
        told = "; ".join(f"{row}: {row.last_error or 'no reason kept'}" for row in stuck)
        yield warn(
            "backfill queue",
            f"{waiting:,} ranges wait, and some fail again and again: {told}",
            "See the endpoints in this list: one may refuse large or old ranges.",
        )
    else:
        yield ok("backfill queue", f"{waiting:,} ranges wait.")
    oldest = (
        OutboxEntry.objects.filter(position=None).order_by("id").values_list("at", flat=True)
    ).first()
    yield unsealed(oldest, timezone.now())


def unsealed(oldest: datetime | None, now: datetime) -> Check:
    """Whether what must be told gets its position in time."""
    if oldest is None:
        return ok("outbox", "Everything that must be told has its position.")
    age = max((now - oldest).total_seconds(), 0.0)
    said = f"The oldest entry without a position is {age:,.0f} s old."
    do = "Start beat and the worker of queue urgent: open pages do not hear of changes."
    if age > UNSEALED_FAIL_SECONDS:
        return fail("outbox", said, do)
    if age > UNSEALED_WARN_SECONDS:
        return warn("outbox", said, do)
    return ok("outbox", said)


def findings() -> Iterator[Check]:
    """What the rules found, in short."""
    standing = Finding.objects.filter(closed_at=None)
    alarms = list(standing.filter(level=Finding.Level.ALARM)[:LISTED])
    number = standing.count()
    if alarms:
        told = "; ".join(finding.summary for finding in alarms)
        yield warn("findings", f"{number} stand, with alarms: {told}", "Read them at /findings/.")
    else:
        yield ok("findings", f"{number} stand, none of them an alarm.")
    disputes = EndpointStatus.objects.exclude(disagrees="").select_related("endpoint")
    for row in disputes:
        yield warn(
            f"endpoint {row.endpoint.name} says",
            row.disagrees,
            "Find out which of the endpoints is wrong; nothing in dispute is called final.",
        )

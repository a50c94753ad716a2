"""What workers do for the journal: turns that end by themselves, and the sweep that revives."""

import logging

from celery import shared_task
from celery.signals import task_postrun
from django.conf import settings
from django.db.models.functions import Now

from chainsync import backfill as backfilling
from chainsync import (
    catching_up,
    contracts,
    following,
    nudges,
    planning,
    pressure,
    rechecking,
    review,
    second_look,
)
from chainsync.endpoint import history
from chainsync.endpoint.budget import leaving_a_reserve
from chainsync.endpoint.failures import EndpointFailure
from chainsync.light_client import following as light_client
from chainsync.light_client.trust import cadence
from chainsync.models import CodeRecord
from chainsync.nudges import Ticket
from charter.errors import CharterError
from charter.models import Beacon, Chain
from charter.queries import thrown
from charter.switches import Switch
from ledger import leases
from ledger.models import Lease

logger = logging.getLogger(__name__)

BULK_SECONDS = 5.0
CHECK_SECONDS = 60.0


@shared_task
def follow(chain_key: str, slot: int = 0, ticket: Ticket | None = None) -> None:
    """Follow the head for one turn, then have the next one follow.

    While the broker is away nobody could be nudged, so this worker goes on itself.
    """
    nudges.arrived(ticket)
    going = True
    while going:
        report = following.turn(chain_key)
        ended_well = report is not None and report.ended == "time"
        going = ended_well and not nudges.nudge(follow, chain_key) and nudges.silent()


@shared_task
def backfill(chain_key: str, slot: int = 0, ticket: Ticket | None = None) -> None:
    """Read waiting ranges for one turn, unless those who work on what was read are behind."""
    nudges.arrived(ticket)
    chain = Chain.objects.get(key=chain_key)
    if why := pressure.why_wait(chain):
        logger.info("backfill of %s waits: %s", chain_key, why)
        nudges.nudge(fold, chain_key)
        return
    with leaving_a_reserve():
        done = backfilling.turn(chain_key, seconds=BULK_SECONDS)
    if done.logs:
        nudges.nudge(fold, chain_key)
    if planning.waiting(chain):
        nudges.nudge(backfill, chain_key, slot)


@shared_task
def fold(chain_key: str, slot: int = 0, ticket: Ticket | None = None) -> None:
    """Fold what was backfilled for one turn."""
    nudges.arrived(ticket)
    if catching_up.turn(chain_key, seconds=BULK_SECONDS):
        nudges.nudge(fold, chain_key)


@shared_task
def check_contracts(chain_key: str, slot: int = 0, ticket: Ticket | None = None) -> None:
    """Look whether the contracts still have the code that they had."""
    nudges.arrived(ticket)
    try:
        chain = Chain.objects.get(key=chain_key)
        rechecking.recheck(chain)
        second_look.look(chain)
        contracts.check(chain)
    except EndpointFailure as failure:
        logger.warning("the code of contracts was not read: %s", failure)


@shared_task
def follow_beacon(chain_key: str, slot: int = 0, ticket: Ticket | None = None) -> None:
    """Have the light client of a chain go on for one turn."""
    nudges.arrived(ticket)
    try:
        light_client.turn(chain_key)
    except CharterError as error:
        logger.warning("the beacon of %s is not followed: %s", chain_key, error)


@shared_task
def sweep() -> None:
    """Revive what has lapsed: following without a lease, ranges and logs that nobody works on."""
    for chain in Chain.objects.filter(active=True):
        if not thrown(Switch.NO_FOLLOWING) and _free(following.lease_name(chain.key)):
            nudges.nudge(follow, chain.key)
        if not thrown(Switch.NO_BACKFILL):
            planning.plan(chain)
            for slot in range(min(planning.waiting(chain), settings.BACKFILL_SLOTS)):
                nudges.nudge(backfill, chain.key, slot)
        if _free(catching_up.lease_name(chain.key)) and catching_up.behind(chain):
            nudges.nudge(fold, chain.key)
        _check_in_time(chain)
    for beacon in Beacon.objects.filter(active=True, chain__active=True).select_related("chain"):
        _follow_beacon_in_time(beacon)


@shared_task
def watch() -> None:
    """Keep the findings about chains, endpoints and contracts at their level."""
    review.review()
    history.prune_in_time()


@task_postrun.connect
def keep_account(**_: object) -> None:
    """Whatever the task asked of endpoints goes into their history."""
    history.flush_all()


def _free(name: str) -> bool:
    return not Lease.objects.filter(name=name, expires_at__gt=Now()).exists()


def _check_in_time(chain: Chain) -> None:
    """Check contracts every minute, and at once where one was never looked at."""
    new = contracts.there(chain).exclude(pk__in=CodeRecord.objects.values("contract"))
    due = leases.take(f"check-contracts:{chain.key}", leases.new_owner(), CHECK_SECONDS)
    if due is not None or new.exists():
        nudges.nudge(check_contracts, chain.key)


def _follow_beacon_in_time(beacon: Beacon) -> None:
    """Have the light client go on at the cadence of its chain."""
    key = beacon.chain.key
    if thrown(Switch.NO_FOLLOWING):
        return
    if leases.take(f"beacon-in-time:{key}", leases.new_owner(), cadence(beacon)) is not None:
        nudges.nudge(follow_beacon, key)

"""What workers do for governance. Messages are nudges: what is due is seen in the rows."""

import logging
from collections.abc import Callable

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from chainsync import nudges, pressure
from chainsync.endpoint.budget import leaving_a_reserve
from chainsync.endpoint.failures import EndpointFailure
from chainsync.models import Block
from chainsync.nudges import Ticket
from charter.models import Chain
from governance import asking, observing, reconciling, states
from governance.proving.due import urgent
from governance.proving.turn import turn
from ledger import leases

LEASE_SECONDS = 60.0
PROVE_SECONDS = 5.0

logger = logging.getLogger(__name__)


@shared_task
def observe(chain_key: str, slot: int = 0, ticket: Ticket | None = None) -> None:
    """Read profiles and quorums that are due at the head of a chain."""
    nudges.arrived(ticket)
    _alone("observe", chain_key, observing.read_all)


@shared_task
def reconcile(chain_key: str, slot: int = 0, ticket: Ticket | None = None) -> None:
    """Compare states and tallies with the contracts' own at the head of a chain."""
    nudges.arrived(ticket)
    _alone("reconcile", chain_key, reconciling.reconcile)


@shared_task
def prove(chain_key: str, slot: int = 0, ticket: Ticket | None = None) -> None:
    """Prove tallies of a chain for one turn, unless those who read it are behind."""
    nudges.arrived(ticket)
    _alone("prove", chain_key, _prove)


@shared_task
def sweep() -> None:
    """Nudge for every chain, in case a nudge was lost."""
    for key in Chain.objects.filter(active=True).values_list("key", flat=True):
        nudges.nudge(observe, key)
        nudges.nudge(reconcile, key)
        nudges.nudge(prove, key)


def head_came(chain: Chain, head: Block) -> None:
    """Bring states up to the new head, and ask for what is due once it is committed."""
    states.refresh(chain, head)
    if observing.due(chain, head):
        transaction.on_commit(lambda: nudges.nudge(observe, chain.key), robust=True)
    if reconciling.due(chain, head):
        transaction.on_commit(lambda: nudges.nudge(reconcile, chain.key), robust=True)
    if urgent(chain, timezone.now()):
        transaction.on_commit(lambda: nudges.nudge(prove, chain.key), robust=True)


def _prove(chain: Chain) -> None:
    if why := pressure.why_wait(chain):
        logger.info("proving on %s waits: %s", chain.key, why)
        return
    with leaving_a_reserve():
        done = turn(chain, PROVE_SECONDS)
    if done.more:
        nudges.nudge(prove, chain.key)


def _alone(what: str, chain_key: str, work: Callable[[Chain], object]) -> None:
    """Do the work unless another process is at it; a silent node is left for the next nudge."""
    held = leases.take(f"{what}:{chain_key}", leases.new_owner(), LEASE_SECONDS)
    if held is None:
        return
    try:
        work(Chain.objects.get(key=chain_key))
    except (EndpointFailure, asking.Orphaned) as failure:
        logger.info("%s of %s put off: %s", what, chain_key, failure)
    finally:
        leases.release(held)

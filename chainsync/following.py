"""Following the head of a chain: one turn, under a lease, at the chain's own cadence."""

from collections.abc import Callable

from chainsync.follower import LEASE_SECONDS, Follower, Turn
from chainsync.models import ChainStatus
from charter.models import Chain
from ledger import leases

TURN_SECONDS = 15.0


def lease_name(chain_key: str) -> str:
    """Name of the lease under which a chain's journal is written."""
    return f"follow:{chain_key}"


def turn(
    chain_key: str,
    *,
    seconds: float | None = None,
    until: Callable[[ChainStatus], bool] | None = None,
) -> Turn | None:
    """Follow a chain for some seconds, or until a condition holds; None if another one does.

    Failures of endpoints are kept in their status and tried again; what is wrong in our own house
    (database, code) is raised.
    """
    chain = Chain.objects.get(key=chain_key)
    held = leases.take(lease_name(chain_key), leases.new_owner(), LEASE_SECONDS)
    if held is None:
        return None
    follower = Follower(chain, held)
    try:
        return follower.run(TURN_SECONDS if seconds is None else seconds, until)
    finally:
        follower.close()

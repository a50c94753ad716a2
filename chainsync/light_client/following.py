"""One turn of a light client, under a lease: ask, check, keep."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from chainsync.endpoint.failures import Unreachable
from chainsync.light_client import keeping, standing
from chainsync.light_client.rest import Client
from chainsync.light_client.trust import Trust, trust_of
from chainsync.light_client.walking import Walk
from chainsync.models import LightClient
from charter.errors import CharterError
from charter.models import Beacon, BeaconEndpoint, Chain
from charter.queries import endpoint_url
from ledger import leases
from ledger.marks import about

LEASE_SECONDS = 20.0
TURN_SECONDS = 5.0
"""No new question is put after so long; the last one may take REQUEST_SECONDS more."""


def lease_name(chain_key: str) -> str:
    """Name of the lease under which the light client of a chain goes on."""
    return f"light-client:{chain_key}"


def turn(chain_key: str, clock: Callable[[], float] = time.time) -> LightClient | None:
    """Go on as far as endpoints lead; the row afterwards, None without a beacon or the lease.

    What endpoints fail at stands in the row. Raises CharterError where the charter cannot be used,
    and what is wrong in our own house (the record included).
    """
    chain = Chain.objects.select_related("beacon").get(key=chain_key)
    beacon = standing.beacon_of(chain)
    if beacon is None:
        return None
    trust = trust_of(beacon)
    held = leases.take(lease_name(chain_key), leases.new_owner(), LEASE_SECONDS)
    if held is None:
        return None
    try:
        with about(chain=chain_key):
            row = keeping.row_of(held, chain, trust)
            before = keeping.store_of(row, trust)
            ends = time.monotonic() + TURN_SECONDS
            walk = Walk(trust, before, clock, lambda: time.monotonic() < ends)
            with _clients(beacon, trust, walk) as clients:
                walk.ask(clients)
            return keeping.keep(held, row, walk, before)
    finally:
        leases.release(held)


@contextmanager
def _clients(beacon: Beacon, trust: Trust, walk: Walk) -> Iterator[list[Client]]:
    """Those that can be asked, in the order of the charter; what is wrong with the rest is said."""
    with ExitStack() as stack:
        usable = []
        for endpoint in beacon.endpoints.filter(active=True):
            try:
                client = client_of(endpoint, trust)
            except Unreachable as failure:
                walk.silent.append(str(failure))
                continue
            stack.callback(client.close)
            usable.append(client)
        yield usable


def client_of(endpoint: BeaconEndpoint, trust: Trust) -> Client:
    """The client of an endpoint. Raises Unreachable where its address cannot be used."""
    try:
        url = endpoint_url(endpoint)
    except CharterError as error:
        raise Unreachable(endpoint.name, f"cannot be asked: {error.problems[0]}") from None
    return Client(endpoint.name, url, trust.network.committee_size)

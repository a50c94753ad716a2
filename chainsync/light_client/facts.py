"""What is so about every light client, for the rules."""

from datetime import datetime
from functools import partial

from chainsync import branch
from chainsync.light_client import contradiction
from chainsync.light_client.standing import follows, light_client_of
from chainsync.light_client.trust import Trust, cadence, trust_of
from chainsync.models import LightClient
from chainsync.rules.beacon import BeaconFacts
from charter.errors import CharterError
from charter.models import Beacon, Chain


def of_beacons(now: float) -> list[BeaconFacts]:
    """Facts of every beacon that the charter names, at `now` in seconds since 1970 UTC."""
    rows = Beacon.objects.filter(active=True, chain__active=True)
    related = rows.select_related("chain__light_client").defer("chain__light_client__record")
    return [_of_beacon(row, now) for row in related]


def _of_beacon(row: Beacon, now: float) -> BeaconFacts:
    chain, seconds = row.chain, cadence(row)
    try:
        trust = trust_of(row)
    except CharterError as error:
        return BeaconFacts(
            chain=chain.key,
            name=chain.name,
            cadence=seconds,
            epoch=8 * seconds,
            problem=str(error.problems[0]),
        )
    client = light_client_of(chain)
    if client is None or not follows(client, trust):
        return BeaconFacts(chain=chain.key, name=chain.name, cadence=seconds, epoch=trust.epoch)
    return _of_client(chain, client, trust, now, seconds)


def _of_client(
    chain: Chain, client: LightClient, trust: Trust, now: float, seconds: float
) -> BeaconFacts:
    denied = contradiction.found(client, partial(branch.our_hash, chain))
    slot = client.finalized_slot
    return BeaconFacts(
        chain=chain.key,
        name=chain.name,
        cadence=seconds,
        epoch=trust.epoch,
        silent=_since(client.silent_since, now),
        silence=client.silence,
        refused=client.refused,
        few=_since(client.few_since, now),
        participants=client.last_participants,
        age=None if slot is None else trust.epochs_since(slot, now),
        still=_since(client.signed_at or client.begun_at, now),
        lapsed=client.lapsed,
        contradicts=contradiction.words(chain, *denied) if denied else "",
        forced=client.forced,
    )


def _since(moment: datetime | None, now: float) -> float | None:
    return None if moment is None else max(0.0, now - moment.timestamp())

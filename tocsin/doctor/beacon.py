"""Whether an L1 is final by signatures, and every beacon node serves what it must."""

import time
from collections.abc import Iterator

from chainsync.endpoint.failures import EndpointFailure
from chainsync.light_client import standing
from chainsync.light_client.following import client_of
from chainsync.light_client.showing import SignedFinality, signed_finality
from chainsync.light_client.trust import Trust, trust_of
from charter.errors import CharterError
from charter.models import BeaconEndpoint, Chain
from proofs.refusals import Refusal
from tocsin.doctor.checks import Check, fail, ok, warn


def beacons() -> Iterator[Check]:
    """The beacon of every L1 that has one, then what its light client certifies."""
    for chain in Chain.objects.filter(active=True, role=Chain.Role.L1):
        related = standing.with_light_client(chain)
        beacon = standing.beacon_of(related)
        name = f"beacon of {chain.key}"
        if beacon is None:
            yield ok(name, "None is configured: finality rests on what nodes say.")
            continue
        try:
            trust = trust_of(beacon)
        except CharterError as error:
            yield fail(name, str(error.problems[0]), "Correct it, then load the charter again.")
            continue
        for row in beacon.endpoints.filter(active=True):
            yield endpoint(row, trust, time.time())
        yield signed(name, signed_finality(related, time.time()))


def endpoint(row: BeaconEndpoint, trust: Trust, now: float) -> Check:
    """Whether a beacon node answers, and how old the newest finality is that it serves."""
    name = f"beacon endpoint {row.name}"
    try:
        client = client_of(row, trust)
        try:
            update = client.finality_update()
        finally:
            client.close()
    except EndpointFailure as failure:
        return fail(name, str(failure), "Start the node or correct its address in venue.toml.")
    except Refusal as refusal:
        return fail(
            name,
            f"What it serves has not the form that it must have: {refusal}",
            "See whether it serves the network that venue.toml describes.",
        )
    epochs = trust.epochs_since(update.finalized_header.slot, now)
    if epochs > 6:
        return warn(
            name,
            f"The newest finality that it serves is {epochs:,} epochs old.",
            "See whether it is syncing, and compare it with another node.",
        )
    return ok(name, f"It serves finality of slot {update.finalized_header.slot:,}.")


def signed(name: str, found: SignedFinality) -> Check:
    """What is certified, or why nothing is."""
    if found.certified is None:
        if found.level == "alarm":
            return fail(name, found.why_not, "Read what the chain's page says about it.")
        return warn(name, found.why_not, "Wait for workers to ask; it is said here when they fail.")
    one = found.certified
    return ok(
        name,
        f"Block {one.number:,} is signed as final by {one.participants} of {one.committee_size}; "
        f"the checkpoint is {one.checkpoint_age:,} s old.",
    )

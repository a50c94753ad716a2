"""What `venue.toml` has us trust: a block of a beacon chain, and which chain that is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charter import beacon
from charter.models import Beacon
from proofs.chain.beacon import Fork
from proofs.chain.beacon_network import MAINNET, ForkStart, Network
from proofs.statements import weak_subjectivity

ETHEREUM = {"name": "ethereum"}
_LEAST_STAKE = 8_388_608 * 10**9
"""Gwei. With this stake or more Ethereum's weak subjectivity period is the same."""


@dataclass(frozen=True)
class Trust:
    """A checkpoint (32 bytes), its network, the same as JSON, and how many epochs old a point may
    be from which signatures are followed."""

    checkpoint: bytes
    network: Network
    described: Mapping[str, Any]
    epochs_allowed: int

    @property
    def epoch(self) -> int:
        """Seconds of an epoch."""
        return self.network.seconds_per_slot * self.network.slots_per_epoch

    def epochs_since(self, slot: int, now: float) -> int:
        """How many epochs ago a slot was, at `now` in seconds since 1970 UTC."""
        length = self.network.slots_per_epoch
        return self.network.slot_at(int(now)) // length - slot // length

    def time_of(self, slot: int) -> int:
        """When a slot began, in seconds since 1970 UTC."""
        return self.network.genesis_time + slot * self.network.seconds_per_slot


def trust_of(row: Beacon, environ: Mapping[str, str] = os.environ) -> Trust:
    """What a row of the charter says, its references filled in. Raises CharterError."""
    place = f"chains.{row.chain.key}.beacon"
    checkpoint = beacon.root(row.checkpoint, environ, key=f"{place}.checkpoint")
    if row.network is None:
        return Trust(checkpoint, MAINNET, ETHEREUM, weak_subjectivity.period(_LEAST_STAKE))
    described = {
        **row.network,
        "genesis_time": beacon.seconds(
            row.network["genesis_time"], environ, key=f"{place}.network.genesis_time"
        ),
        "genesis_validators_root": "0x"
        + beacon.root(
            row.network["genesis_validators_root"],
            environ,
            key=f"{place}.network.genesis_validators_root",
        ).hex(),
    }
    network = Network(
        genesis_time=described["genesis_time"],
        genesis_validators_root=bytes.fromhex(described["genesis_validators_root"][2:]),
        forks=tuple(
            ForkStart(Fork.named(fork["name"]), fork["epoch"], bytes.fromhex(fork["version"][2:]))
            for fork in described["forks"]
        ),
        seconds_per_slot=described["seconds_per_slot"],
        slots_per_epoch=described["slots_per_epoch"],
        epochs_per_period=described["epochs_per_period"],
        committee_size=described["committee_size"],
    )
    return Trust(checkpoint, network, described, described["weak_subjectivity_epochs"])


def cadence(row: Beacon) -> float:
    """Seconds between two looks: eight of them in an epoch, which finalizes one checkpoint."""
    lengths = row.network or {
        "seconds_per_slot": MAINNET.seconds_per_slot,
        "slots_per_epoch": MAINNET.slots_per_epoch,
    }
    return max(2.0, float(lengths["seconds_per_slot"] * lengths["slots_per_epoch"] / 8))

"""Slots, epochs and periods of the lab's beacon chain, its fork versions, and what is signed."""

from __future__ import annotations

from functools import cache

from lab.beacon import validators
from lab.beacon.containers import ForkData, SigningData, root
from lab.schedule import BEACON, L1

FORK = "electra"
# All forks up to Electra are in force from genesis on; the last bytes are the chain id.
FORKS = ("phase0", "altair", "bellatrix", "capella", "deneb", FORK)
VERSIONS = {
    name: bytes([number]) + L1.chain_id.to_bytes(3, "big") for number, name in enumerate(FORKS)
}
SLOTS_PER_PERIOD = BEACON.slots_per_epoch * BEACON.epochs_per_period
DOMAIN_BEACON_PROPOSER = bytes(4)
DOMAIN_SYNC_COMMITTEE = bytes.fromhex("07000000")


def epoch_of(slot: int) -> int:
    """The epoch of a slot."""
    return slot // BEACON.slots_per_epoch


def start_of(epoch: int) -> int:
    """The first slot of an epoch."""
    return epoch * BEACON.slots_per_epoch


def period_of(slot: int) -> int:
    """The sync committee period of a slot."""
    return slot // SLOTS_PER_PERIOD


@cache
def domain(kind: bytes) -> bytes:
    """The domain of signatures of a kind."""
    data = ForkData(
        current_version=VERSIONS[FORK],
        genesis_validators_root=validators.genesis_validators_root(),
    )
    return kind + root(data)[:28]


def signing_root(block_root: bytes, kind: bytes) -> bytes:
    """What is signed to sign a block's root."""
    return root(SigningData(object_root=block_root, domain=domain(kind)))


def configuration() -> dict[str, str]:
    """The configuration as `/eth/v1/config/spec` names it."""
    lengths = {
        "PRESET_BASE": "lab",
        "CONFIG_NAME": "tocsin-lab",
        "SECONDS_PER_SLOT": str(BEACON.seconds_per_slot),
        "SLOTS_PER_EPOCH": str(BEACON.slots_per_epoch),
        "EPOCHS_PER_SYNC_COMMITTEE_PERIOD": str(BEACON.epochs_per_period),
        "SYNC_COMMITTEE_SIZE": str(BEACON.committee_size),
        "DEPOSIT_CHAIN_ID": str(L1.chain_id),
        "DEPOSIT_NETWORK_ID": str(L1.chain_id),
        "GENESIS_FORK_VERSION": "0x" + VERSIONS["phase0"].hex(),
        "DOMAIN_SYNC_COMMITTEE": "0x" + DOMAIN_SYNC_COMMITTEE.hex(),
    }
    for name in FORKS[1:]:
        lengths[f"{name.upper()}_FORK_VERSION"] = "0x" + VERSIONS[name].hex()
        lengths[f"{name.upper()}_FORK_EPOCH"] = "0"
    return lengths

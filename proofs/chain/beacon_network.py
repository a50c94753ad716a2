"""Which beacon chain: its genesis, its lengths of time, and when each fork began."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from ..inputs import fixed, unsigned
from ..refusals import OutOfRange, UnknownFork
from .beacon import Fork, sync_committee_domain


@dataclass(frozen=True)
class ForkStart:
    """`fork` begins with the first slot of `epoch` and signs under `version` (4 bytes)."""

    fork: Fork
    epoch: int
    version: bytes


@dataclass(frozen=True)
class Network:
    """A beacon chain. `genesis_time` in seconds since 1970 UTC; `forks` in order, Altair first.

    Defaults are those of the mainnet preset: 12-second slots, 512 members for 256 epochs of 32.
    Raises OutOfRange for forks out of order or lengths of nothing.
    """

    genesis_time: int
    genesis_validators_root: bytes
    forks: tuple[ForkStart, ...]
    seconds_per_slot: int = 12
    slots_per_epoch: int = 32
    epochs_per_period: int = 256
    committee_size: int = 512

    def __post_init__(self) -> None:
        fixed("The genesis validators root", self.genesis_validators_root, 32)
        unsigned("The genesis time", self.genesis_time, 64)
        for start in self.forks:
            fixed("A fork version", start.version, 4)
        pairs = pairwise(self.forks)
        if any(first.fork >= then.fork or first.epoch > then.epoch for first, then in pairs):
            raise OutOfRange("The forks are not in order.")
        spans = (self.seconds_per_slot, self.slots_per_epoch, self.epochs_per_period)
        if min(*spans, self.committee_size) < 1:
            raise OutOfRange("A slot, an epoch, a period or a committee of nothing.")

    @property
    def slots_per_period(self) -> int:
        """How many slots one sync committee serves; also when a forced update may come."""
        return self.slots_per_epoch * self.epochs_per_period

    def period(self, slot: int) -> int:
        """The sync committee period of a slot."""
        return slot // self.slots_per_period

    def fork(self, slot: int) -> Fork:
        """The fork of a slot. Raises UnknownFork before the first one."""
        return self._start(slot).fork

    def domain(self, signature_slot: int) -> bytes:
        """What a sync committee signs under in this slot: the fork of the slot before counts."""
        version = self._start(max(signature_slot, 1) - 1).version
        return sync_committee_domain(version, self.genesis_validators_root)

    def slot_at(self, time: int) -> int:
        """The slot at a time in seconds since 1970 UTC; 0 before genesis."""
        return max(0, time - self.genesis_time) // self.seconds_per_slot

    def _start(self, slot: int) -> ForkStart:
        epoch = slot // self.slots_per_epoch
        for start in reversed(self.forks):
            if start.epoch <= epoch:
                return start
        raise UnknownFork(f"Slot {slot} is before the first sync committee.", slot=slot)


MAINNET = Network(
    genesis_time=1_606_824_023,
    genesis_validators_root=bytes.fromhex(
        "4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95"
    ),
    forks=(
        ForkStart(Fork.ALTAIR, 74_240, bytes.fromhex("01000000")),
        ForkStart(Fork.BELLATRIX, 144_896, bytes.fromhex("02000000")),
        ForkStart(Fork.CAPELLA, 194_048, bytes.fromhex("03000000")),
        ForkStart(Fork.DENEB, 269_568, bytes.fromhex("04000000")),
        ForkStart(Fork.ELECTRA, 364_032, bytes.fromhex("05000000")),
        ForkStart(Fork.FULU, 411_392, bytes.fromhex("06000000")),
    ),
)
"""Ethereum. Source: consensus-specs, `configs/mainnet.yaml`. A later fork is not in it."""

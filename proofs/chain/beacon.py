"""Containers of the beacon chain that a light client meets, by fork, and what is signed.

Source: consensus-specs, `specs/<fork>/beacon-chain.md` and `light-client/sync-protocol.md`, Altair
to Fulu, which keeps Electra's forms. Field names are those of the specification and of the beacon
API. Roots, hashes and nodes of branches have 32 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from ..refusals import BranchMismatch, UnknownFork
from .ssz import ZERO, Bitvector, ByteList, Bytes, Container, Schema, Uint, Vector, check_branch


class Fork(IntEnum):
    """Forks of the beacon chain with sync committees, in order."""

    ALTAIR = 1
    BELLATRIX = 2
    CAPELLA = 3
    DENEB = 4
    ELECTRA = 5
    FULU = 6

    @classmethod
    def named(cls, name: object) -> Fork:
        """The fork of a `version` in the beacon API, as `electra`. Raises UnknownFork."""
        found = {fork.name.lower(): fork for fork in cls}.get(name if isinstance(name, str) else "")
        if found is None:
            raise UnknownFork(f"The fork {name!r:.40} is not known here.")
        return found


@dataclass(frozen=True)
class BeaconHeader:
    """BeaconBlockHeader."""

    slot: int = 0
    proposer_index: int = 0
    parent_root: bytes = ZERO
    state_root: bytes = ZERO
    body_root: bytes = ZERO

    def root(self) -> bytes:
        """Hash tree root: the beacon block's root."""
        return BEACON_HEADER.root(self)


@dataclass(frozen=True)
class SyncCommittee:
    """The keys of one period, in order, 48 bytes each; one key may stand in it several times.

    `aggregate_pubkey` is proven with the others; nothing here is computed from it.
    """

    pubkeys: tuple[bytes, ...]
    aggregate_pubkey: bytes


@dataclass(frozen=True)
class SyncAggregate:
    """Who signed, one bit a member, and the sum of the signatures, 96 bytes."""

    sync_committee_bits: tuple[bool, ...]
    sync_committee_signature: bytes

    @property
    def participants(self) -> int:
        return sum(self.sync_committee_bits)

    @property
    def two_thirds(self) -> bool:
        """Whether at least two thirds of the committee signed."""
        return 3 * self.participants >= 2 * len(self.sync_committee_bits)


@dataclass(frozen=True)
class ExecutionHeader:
    """ExecutionPayloadHeader; before Deneb the last two fields are not part of it and zero."""

    parent_hash: bytes = ZERO
    fee_recipient: bytes = bytes(20)
    state_root: bytes = ZERO
    receipts_root: bytes = ZERO
    logs_bloom: bytes = bytes(256)
    prev_randao: bytes = ZERO
    block_number: int = 0
    gas_limit: int = 0
    gas_used: int = 0
    timestamp: int = 0
    extra_data: bytes = b""
    base_fee_per_gas: int = 0
    block_hash: bytes = ZERO
    transactions_root: bytes = ZERO
    withdrawals_root: bytes = ZERO
    blob_gas_used: int = 0
    excess_blob_gas: int = 0


NO_BEACON, NO_EXECUTION = BeaconHeader(), ExecutionHeader()


@dataclass(frozen=True)
class LightHeader:
    """LightClientHeader: a beacon header and, from Capella on, the execution header in its body."""

    beacon: BeaconHeader = NO_BEACON
    execution: ExecutionHeader = NO_EXECUTION
    execution_branch: tuple[bytes, ...] = ()

    @property
    def slot(self) -> int:
        return self.beacon.slot

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it, as where an update has no such header."""
        beacon, execution = self.beacon == NO_BEACON, self.execution == NO_EXECUTION
        return beacon and execution and not any(map(any, self.execution_branch))

    def check(self, fork: Fork) -> None:
        """Check the execution header of a block of `fork`; before Capella there must be none.

        Raises BranchMismatch.
        """
        if fork < Fork.CAPELLA:
            if self.execution != NO_EXECUTION or any(map(any, self.execution_branch)):
                raise BranchMismatch("A block before Capella has an execution header.")
            return
        if fork < Fork.DENEB and (self.execution.blob_gas_used or self.execution.excess_blob_gas):
            raise BranchMismatch("A block before Deneb has gas of blobs.")
        leaf, body = self.execution_root(fork), self.beacon.body_root
        check_branch(leaf, self.execution_branch, EXECUTION_INDEX, body)

    def execution_root(self, fork: Fork) -> bytes:
        """Hash tree root of the execution header in a block of `fork`, Capella or later."""
        return execution_header(fork).root(self.execution)


EMPTY = LightHeader()
"""The header that stands where an update has none."""

EXECUTION_INDEX = 25
"""Generalized index of the execution payload in a block's body."""


def finalized_index(fork: Fork) -> int:
    """Generalized index of the finalized checkpoint's root in a state of `fork`."""
    return 169 if fork >= Fork.ELECTRA else 105


def current_committee_index(fork: Fork) -> int:
    """Generalized index of the current sync committee in a state of `fork`."""
    return 86 if fork >= Fork.ELECTRA else 54


def next_committee_index(fork: Fork) -> int:
    """Generalized index of the next sync committee in a state of `fork`."""
    return 87 if fork >= Fork.ELECTRA else 55


_UINT64, _ROOT = Uint(8), Bytes(32)

BEACON_HEADER = Container(
    BeaconHeader,
    {
        "slot": _UINT64,
        "proposer_index": _UINT64,
        "parent_root": _ROOT,
        "state_root": _ROOT,
        "body_root": _ROOT,
    },
)


@cache
def sync_committee(size: int) -> Container:
    """Schema of a committee of `size` members."""
    return Container(
        SyncCommittee, {"pubkeys": Vector(Bytes(48), size), "aggregate_pubkey": Bytes(48)}
    )


@cache
def sync_aggregate(size: int) -> Container:
    """Schema of what a committee of `size` members signed."""
    return Container(
        SyncAggregate,
        {"sync_committee_bits": Bitvector(size), "sync_committee_signature": Bytes(96)},
    )


@cache
def execution_header(fork: Fork) -> Container:
    """Schema of the execution header of `fork`, Capella or later."""
    fields: dict[str, Schema] = {
        "parent_hash": _ROOT,
        "fee_recipient": Bytes(20),
        "state_root": _ROOT,
        "receipts_root": _ROOT,
        "logs_bloom": Bytes(256),
        "prev_randao": _ROOT,
        "block_number": _UINT64,
        "gas_limit": _UINT64,
        "gas_used": _UINT64,
        "timestamp": _UINT64,
        "extra_data": ByteList(32),
        "base_fee_per_gas": Uint(32),
        "block_hash": _ROOT,
        "transactions_root": _ROOT,
        "withdrawals_root": _ROOT,
    }
    if fork >= Fork.DENEB:
        fields |= {"blob_gas_used": _UINT64, "excess_blob_gas": _UINT64}
    return Container(ExecutionHeader, fields)


@cache
def light_header(fork: Fork) -> Container:
    """Schema of a light client's header in data of `fork`."""
    if fork < Fork.CAPELLA:
        return Container(LightHeader, {"beacon": BEACON_HEADER})
    return Container(
        LightHeader,
        {
            "beacon": BEACON_HEADER,
            "execution": execution_header(fork),
            "execution_branch": branch_to(EXECUTION_INDEX),
        },
    )


def branch_to(index: int) -> Vector:
    """Schema of the branch to a generalized index."""
    return Vector(_ROOT, index.bit_length() - 1)


@dataclass(frozen=True)
class _ForkData:
    current_version: bytes
    genesis_validators_root: bytes


@dataclass(frozen=True)
class _SigningData:
    object_root: bytes
    domain: bytes


_FORK_DATA = Container(_ForkData, {"current_version": Bytes(4), "genesis_validators_root": _ROOT})
_SIGNING_DATA = Container(_SigningData, {"object_root": _ROOT, "domain": _ROOT})
_SYNC_COMMITTEE_DOMAIN = bytes.fromhex("07000000")


@cache
def sync_committee_domain(version: bytes, genesis_validators_root: bytes) -> bytes:
    """The domain under which sync committees sign at a fork version of 4 bytes."""
    fork_data_root = _FORK_DATA.root(_ForkData(version, genesis_validators_root))
    return _SYNC_COMMITTEE_DOMAIN + fork_data_root[:28]


def signing_root(root: bytes, domain: bytes) -> bytes:
    """The 32 bytes that are signed to sign an object with this hash tree root."""
    return _SIGNING_DATA.root(_SigningData(root, domain))

"""Containers of the beacon chain as of Electra, with their SSZ forms and roots.

Source: consensus-specs, `specs/<fork>/beacon-chain.md` up to Electra, in the sizes of the minimal
preset but for the committee. A list that stays empty in the lab has a stand-in for its items: of an
empty list only the limit counts for the root.
"""

from typing import Any

from remerkleable.basic import boolean, uint8, uint64, uint256
from remerkleable.bitfields import Bitvector
from remerkleable.byte_arrays import ByteList, Bytes4, Bytes32, Bytes48, Bytes96, ByteVector
from remerkleable.complex import Container, List, Vector

from lab.schedule import BEACON

Bytes20 = ByteVector[20]
StandIn = Bytes32
ZERO = bytes(32)

HISTORICAL_ROOTS = 64
RANDAO_MIXES = 64
SLASHINGS = 64
REGISTRY_LIMIT = 2**40

EXECUTION_INDEX = 25
"""Generalized index of the execution header in a block's body."""
CURRENT_COMMITTEE_INDEX = 86
"""Generalized index of the current sync committee in a state."""
NEXT_COMMITTEE_INDEX = 87
"""Generalized index of the next sync committee in a state."""
FINALIZED_INDEX = 169
"""Generalized index of the finalized checkpoint's root in a state."""


class Fork(Container):
    previous_version: Bytes4
    current_version: Bytes4
    epoch: uint64


class ForkData(Container):
    current_version: Bytes4
    genesis_validators_root: Bytes32


class SigningData(Container):
    object_root: Bytes32
    domain: Bytes32


class Checkpoint(Container):
    epoch: uint64
    root: Bytes32


class Eth1Data(Container):
    deposit_root: Bytes32
    deposit_count: uint64
    block_hash: Bytes32


class Validator(Container):
    pubkey: Bytes48
    withdrawal_credentials: Bytes32
    effective_balance: uint64
    slashed: boolean
    activation_eligibility_epoch: uint64
    activation_epoch: uint64
    exit_epoch: uint64
    withdrawable_epoch: uint64


Validators = List[Validator, REGISTRY_LIMIT]


class SyncCommittee(Container):
    pubkeys: Vector[Bytes48, BEACON.committee_size]
    aggregate_pubkey: Bytes48


class SyncAggregate(Container):
    sync_committee_bits: Bitvector[BEACON.committee_size]
    sync_committee_signature: Bytes96


class BeaconBlockHeader(Container):
    slot: uint64
    proposer_index: uint64
    parent_root: Bytes32
    state_root: Bytes32
    body_root: Bytes32


Transactions = List[ByteList[2**30], 2**20]


class Withdrawal(Container):
    index: uint64
    validator_index: uint64
    address: Bytes20
    amount: uint64


Withdrawals = List[Withdrawal, 16]


class ExecutionPayloadHeader(Container):
    parent_hash: Bytes32
    fee_recipient: Bytes20
    state_root: Bytes32
    receipts_root: Bytes32
    logs_bloom: ByteVector[256]
    prev_randao: Bytes32
    block_number: uint64
    gas_limit: uint64
    gas_used: uint64
    timestamp: uint64
    extra_data: ByteList[32]
    base_fee_per_gas: uint256
    block_hash: Bytes32
    transactions_root: Bytes32
    withdrawals_root: Bytes32
    blob_gas_used: uint64
    excess_blob_gas: uint64


class ExecutionRequests(Container):
    deposits: List[StandIn, 8192]
    withdrawals: List[StandIn, 16]
    consolidations: List[StandIn, 2]


class BlindedBeaconBlockBody(Container):
    """A body with the header of its execution payload, which has the payload's root."""

    randao_reveal: Bytes96
    eth1_data: Eth1Data
    graffiti: Bytes32
    proposer_slashings: List[StandIn, 16]
    attester_slashings: List[StandIn, 1]
    attestations: List[StandIn, 8]
    deposits: List[StandIn, 16]
    voluntary_exits: List[StandIn, 16]
    sync_aggregate: SyncAggregate
    execution_payload_header: ExecutionPayloadHeader
    bls_to_execution_changes: List[StandIn, 16]
    blob_kzg_commitments: List[StandIn, 4096]
    execution_requests: ExecutionRequests


class BeaconState(Container):
    genesis_time: uint64
    genesis_validators_root: Bytes32
    slot: uint64
    fork: Fork
    latest_block_header: BeaconBlockHeader
    block_roots: Vector[Bytes32, HISTORICAL_ROOTS]
    state_roots: Vector[Bytes32, HISTORICAL_ROOTS]
    historical_roots: List[Bytes32, 2**24]
    eth1_data: Eth1Data
    eth1_data_votes: List[StandIn, 32]
    eth1_deposit_index: uint64
    validators: Validators
    balances: List[uint64, REGISTRY_LIMIT]
    randao_mixes: Vector[Bytes32, RANDAO_MIXES]
    slashings: Vector[uint64, SLASHINGS]
    previous_epoch_participation: List[uint8, REGISTRY_LIMIT]
    current_epoch_participation: List[uint8, REGISTRY_LIMIT]
    justification_bits: Bitvector[4]
    previous_justified_checkpoint: Checkpoint
    current_justified_checkpoint: Checkpoint
    finalized_checkpoint: Checkpoint
    inactivity_scores: List[uint64, REGISTRY_LIMIT]
    current_sync_committee: SyncCommittee
    next_sync_committee: SyncCommittee
    latest_execution_payload_header: ExecutionPayloadHeader
    next_withdrawal_index: uint64
    next_withdrawal_validator_index: uint64
    historical_summaries: List[StandIn, 2**24]
    deposit_requests_start_index: uint64
    deposit_balance_to_consume: uint64
    exit_balance_to_consume: uint64
    earliest_exit_epoch: uint64
    consolidation_balance_to_consume: uint64
    earliest_consolidation_epoch: uint64
    pending_deposits: List[StandIn, 2**27]
    pending_partial_withdrawals: List[StandIn, 64]
    pending_consolidations: List[StandIn, 64]


class LightClientHeader(Container):
    beacon: BeaconBlockHeader
    execution: ExecutionPayloadHeader
    execution_branch: Vector[Bytes32, 4]


class LightClientBootstrap(Container):
    header: LightClientHeader
    current_sync_committee: SyncCommittee
    current_sync_committee_branch: Vector[Bytes32, 6]


class LightClientUpdate(Container):
    attested_header: LightClientHeader
    next_sync_committee: SyncCommittee
    next_sync_committee_branch: Vector[Bytes32, 6]
    finalized_header: LightClientHeader
    finality_branch: Vector[Bytes32, 7]
    sync_aggregate: SyncAggregate
    signature_slot: uint64


def root(view: Any) -> bytes:
    """Hash tree root of a value."""
    return bytes(view.hash_tree_root())


def branch(view: Any, index: int) -> list[bytes]:
    """The siblings on the way from a generalized index up to the value's root."""
    backing, siblings = view.get_backing(), []
    while index > 1:
        siblings.append(bytes(backing.getter(index ^ 1).merkle_root()))
        index //= 2
    return siblings


def as_json(view: Any) -> Any:
    """A value in the form of the beacon API: numbers as decimal strings, bytes as hex."""
    if isinstance(view, Container):
        return {name: as_json(getattr(view, name)) for name in view.fields()}
    if isinstance(view, boolean):
        return bool(view)
    if isinstance(view, int):
        return str(int(view))
    if isinstance(view, ByteVector | ByteList | Bitvector):
        return "0x" + view.encode_bytes().hex()
    return [as_json(item) for item in view]

"""Beacon blocks, and the state after each: what it says follows from the block and its parents.

An epoch is justified when it is over and had a block, in which its validators could be heard; of
two justified epochs in a row the older is finalized.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lab.beacon import network, validators
from lab.beacon.containers import (
    CURRENT_COMMITTEE_INDEX,
    EXECUTION_INDEX,
    FINALIZED_INDEX,
    NEXT_COMMITTEE_INDEX,
    ZERO,
    BeaconBlockHeader,
    BeaconState,
    BlindedBeaconBlockBody,
    Checkpoint,
    ExecutionPayloadHeader,
    Fork,
    LightClientHeader,
    SyncAggregate,
    branch,
    root,
)
from lab.schedule import BEACON

UNSET = 2**64 - 1


@dataclass(frozen=True)
class Mark:
    """A checkpoint: an epoch, and the root of the newest block at its first slot."""

    epoch: int = 0
    root: bytes = ZERO

    def view(self) -> Any:
        """As it stands in states."""
        return Checkpoint(epoch=self.epoch, root=self.root)


@dataclass(frozen=True)
class Finality:
    """The checkpoints of a state, and that of its own epoch, which is None for a block at the very
    beginning of one: it is the block itself."""

    previous: Mark = Mark()
    justified: Mark = Mark()
    finalized: Mark = Mark()
    target: bytes | None = None


@dataclass(frozen=True, eq=False)
class Block:
    """A beacon block, equal to itself alone. ``genesis`` is the state that the chain began with."""

    slot: int
    parent_root: bytes
    body: Any
    finality: Finality
    genesis: Any

    @cached_property
    def header(self) -> Any:
        """Its BeaconBlockHeader."""
        bare = self._bare_header
        bare.state_root = root(self.state)
        return bare

    @cached_property
    def root(self) -> bytes:
        """Its root."""
        return root(self.header)

    @property
    def _bare_header(self) -> Any:
        return BeaconBlockHeader(
            slot=self.slot,
            proposer_index=self.slot % BEACON.validators,
            parent_root=self.parent_root,
            body_root=root(self.body),
        )

    @property
    def epoch(self) -> int:
        """The epoch of its slot."""
        return network.epoch_of(self.slot)

    @property
    def period(self) -> int:
        """The sync committee period of its slot."""
        return network.period_of(self.slot)

    @property
    def target(self) -> Mark:
        """The checkpoint of its epoch."""
        return Mark(self.epoch, self.finality.target or self.root)

    @property
    def execution(self) -> Any:
        """The header of the execution block that it carries, or that was carried last."""
        return self.body.execution_payload_header

    @property
    def execution_hash(self) -> bytes:
        """The hash of that execution block."""
        return bytes(self.execution.block_hash)

    @property
    def execution_number(self) -> int:
        """The number of that execution block."""
        return int(self.execution.block_number)

    @property
    def state(self) -> Any:
        """The BeaconState after it, made anew."""
        finality, state = self.finality, self.genesis.copy()
        state.slot = self.slot
        state.latest_block_header = self._bare_header
        state.justification_bits[0] = self.epoch > 0 and finality.justified.epoch == self.epoch - 1
        state.justification_bits[1] = self.epoch > 1 and finality.previous.epoch == self.epoch - 2
        state.previous_justified_checkpoint = finality.previous.view()
        state.current_justified_checkpoint = finality.justified.view()
        state.finalized_checkpoint = finality.finalized.view()
        state.current_sync_committee = validators.committee(self.period)
        state.next_sync_committee = validators.committee(self.period + 1)
        state.latest_execution_payload_header = self.execution
        return state

    @cached_property
    def light_header(self) -> Any:
        """Its LightClientHeader."""
        return LightClientHeader(
            beacon=self.header,
            execution=self.execution,
            execution_branch=branch(self.body, EXECUTION_INDEX),
        )

    @cached_property
    def proofs(self) -> dict[int, list[bytes]]:
        """Branches of its state, by generalized index."""
        state = self.state
        wanted = (CURRENT_COMMITTEE_INDEX, NEXT_COMMITTEE_INDEX, FINALIZED_INDEX)
        return {index: branch(state, index) for index in wanted}

    def signature(self) -> bytes:
        """The proposer's signature of it, 96 bytes."""
        message = network.signing_root(self.root, network.DOMAIN_BEACON_PROPOSER)
        return validators.proposer_signature(self.slot % BEACON.validators, message)


def genesis_block(genesis_time: int) -> Block:
    """The block at slot 0, known before anything runs; no execution block is in it yet."""
    version = network.VERSIONS[network.FORK]
    body = BlindedBeaconBlockBody()
    state = BeaconState(
        genesis_time=genesis_time,
        genesis_validators_root=validators.genesis_validators_root(),
        fork=Fork(previous_version=version, current_version=version),
        validators=validators.registry(),
        balances=[validators.BALANCE] * BEACON.validators,
        previous_epoch_participation=[0] * BEACON.validators,
        current_epoch_participation=[0] * BEACON.validators,
        inactivity_scores=[0] * BEACON.validators,
        deposit_requests_start_index=UNSET,
    )
    return Block(0, ZERO, body, Finality(), state)


def child(parent: Block, slot: int, execution: Any, signers: int) -> Block:
    """The block at a slot on top of another, in which so many members sign the parent."""
    message = network.signing_root(parent.root, network.DOMAIN_SYNC_COMMITTEE)
    bits = [seat < signers for seat in range(BEACON.committee_size)]
    aggregate = SyncAggregate(
        sync_committee_bits=bits,
        sync_committee_signature=validators.signature(network.period_of(slot), signers, message),
    )
    body = BlindedBeaconBlockBody(
        graffiti=b"tocsin lab".ljust(32, b"\0"),
        sync_aggregate=aggregate,
        execution_payload_header=execution or ExecutionPayloadHeader(),
    )
    return Block(slot, parent.root, body, _finality(parent, slot), parent.genesis)


def _finality(parent: Block, slot: int) -> Finality:
    epoch, known = network.epoch_of(slot), parent.finality
    if epoch == parent.epoch:
        return Finality(known.previous, known.justified, known.finalized, parent.target.root)
    target = None if slot == network.start_of(epoch) else parent.root
    if parent.epoch == 0:
        # The genesis epoch is justified and final from the beginning, under a root of zeros.
        return Finality(known.previous, known.justified, known.finalized, target)
    in_a_row = known.justified.epoch == parent.epoch - 1
    finalized = known.justified if in_a_row else known.finalized
    previous = known.justified if epoch == parent.epoch + 1 else parent.target
    return Finality(previous, parent.target, finalized, target)

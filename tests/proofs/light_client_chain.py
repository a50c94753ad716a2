"""A beacon chain in miniature for tests: its own keys, real signatures, sparse but real trees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from hashlib import sha256

from proofs.chain.beacon import (
    EXECUTION_INDEX,
    BeaconHeader,
    ExecutionHeader,
    Fork,
    LightHeader,
    SyncAggregate,
    SyncCommittee,
    current_committee_index,
    finalized_index,
    next_committee_index,
    signing_root,
    sync_committee,
)
from proofs.chain.beacon_network import ForkStart, Network
from proofs.chain.ssz import ZERO
from proofs.curves.bls_backend import CIPHERSUITE, GENERATOR, default
from proofs.statements.light_client import begin
from proofs.statements.light_client_data import Bootstrap, Update
from proofs.statements.light_client_store import Store

MEMBERS = 32
PERIOD = 64
NETWORK = Network(
    genesis_time=1_700_000_000,
    genesis_validators_root=sha256(b"genesis").digest(),
    forks=(ForkStart(Fork.ELECTRA, 0, b"\x05\0\0\x01"),),
    slots_per_epoch=8,
    epochs_per_period=8,
    committee_size=MEMBERS,
)


class Tree:
    """A Merkle tree with these nodes by generalized index, and made-up ones elsewhere."""

    def __init__(self, nodes: dict[int, bytes]) -> None:
        self.nodes = nodes
        self.inner = {index >> up for index in nodes for up in range(1, index.bit_length())}
        self.root = self.node(1)

    def node(self, index: int) -> bytes:
        if index in self.nodes:
            return self.nodes[index]
        if index in self.inner:
            return sha256(self.node(2 * index) + self.node(2 * index + 1)).digest()
        return sha256(b"node %d" % index).digest()

    def branch(self, index: int) -> tuple[bytes, ...]:
        return tuple(self.node(index >> up ^ 1) for up in range(index.bit_length() - 1))


def secrets(period: int) -> list[int]:
    """Secret keys of the committee of a period; two members are the same validator."""
    made = [1000 * (period + 1) + member for member in range(MEMBERS)]
    return [*made[:-1], made[0]]


@cache
def committee(period: int) -> SyncCommittee:
    curve = default()
    base = curve.g1(GENERATOR)
    keys = [curve.g1_bytes(curve.g1_times(base, secret)) for secret in secrets(period)]
    return SyncCommittee(tuple(keys), keys[0])


def header(slot: int, state: Tree, network: Network = NETWORK) -> LightHeader:
    """The header of the block in this slot with this state."""
    fork = network.fork(slot)
    execution = ExecutionHeader(
        block_number=slot + 1_000,
        block_hash=sha256(b"block %d" % slot).digest(),
        state_root=sha256(b"state %d" % slot).digest(),
        timestamp=network.genesis_time + 12 * slot,
    )
    empty = LightHeader(execution=execution)
    body = Tree({EXECUTION_INDEX: empty.execution_root(fork)})
    beacon = BeaconHeader(slot, slot % 7, sha256(b"parent").digest(), state.root, body.root)
    return replace(empty, beacon=beacon, execution_branch=body.branch(EXECUTION_INDEX))


def plain(slot: int) -> LightHeader:
    """A header whose state proves nothing that anybody asks for."""
    return header(slot, Tree({}))


def bootstrap(slot: int) -> Bootstrap:
    """A bootstrap at a slot, with the committee of its period."""
    period = NETWORK.period(slot)
    index = current_committee_index(NETWORK.fork(slot))
    state = Tree({index: sync_committee(MEMBERS).root(committee(period))})
    return Bootstrap(header(slot, state), committee(period), state.branch(index))


def begun(slot: int) -> Store:
    """A store at this slot."""
    given = bootstrap(slot)
    return begin(NETWORK, given.header.beacon.root(), given)


def update(
    attested: int,
    finalized: int | None = None,
    *,
    signers: int | Iterable[int] = MEMBERS,
    handover: bool = False,
    signature_slot: int | None = None,
    by_period: int | None = None,
) -> Update:
    """An update signed by the committee of its period, or of another, with the next committee in
    it where `handover` says so."""
    fork, state = NETWORK.fork(attested), dict[int, bytes]()
    final = LightHeader() if finalized is None else plain(finalized) if finalized else LightHeader()
    following = committee(NETWORK.period(attested) + 1)
    if finalized is not None:
        state[finalized_index(fork)] = final.beacon.root() if finalized else ZERO
    if handover:
        state[next_committee_index(fork)] = sync_committee(MEMBERS).root(following)
    tree = Tree(state)
    unsigned = Update(
        attested_header=header(attested, tree),
        sync_aggregate=SyncAggregate((False,) * MEMBERS, bytes(96)),
        signature_slot=attested + 1 if signature_slot is None else signature_slot,
        next_sync_committee=following if handover else None,
        next_sync_committee_branch=tree.branch(next_committee_index(fork)) if handover else (),
        finalized_header=final,
        finality_branch=tree.branch(finalized_index(fork)) if finalized is not None else (),
    )
    return signed(unsigned, signers, by_period=by_period)


def signed(
    given: Update,
    signers: int | Iterable[int] = MEMBERS,
    *,
    network: Network = NETWORK,
    by_period: int | None = None,
) -> Update:
    """The update with a signature by the first members, or by those with these positions."""
    period = network.period(given.signature_slot) if by_period is None else by_period
    taking_part = set(range(signers) if isinstance(signers, int) else signers)
    bits = tuple(member in taking_part for member in range(MEMBERS))
    secret = sum(key for key, bit in zip(secrets(period), bits, strict=True) if bit)
    domain = network.domain(given.signature_slot)
    message = signing_root(given.attested_header.beacon.root(), domain)
    curve = default()
    point = curve.g2_times(curve.hash_to_g2(message, CIPHERSUITE), secret)
    return replace(given, sync_aggregate=SyncAggregate(bits, curve.g2_bytes(point)))

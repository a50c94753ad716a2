"""A light client's update of Ethereum's size, made with keys of our own and real signatures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

from proofs.chain.beacon import (
    EXECUTION_INDEX,
    BeaconHeader,
    ExecutionHeader,
    Fork,
    LightHeader,
    SyncAggregate,
    SyncCommittee,
    finalized_index,
    next_committee_index,
    signing_root,
    sync_committee,
)
from proofs.chain.beacon_network import MAINNET
from proofs.curves.bls_backend import CIPHERSUITE, GENERATOR, default
from proofs.statements.light_client_data import Update, form
from proofs.statements.light_client_store import Store

FORK = Fork.FULU
FIRST = 411_392 * 32
"""The first slot of that fork."""


@dataclass(frozen=True)
class Scene:
    """A store, and two updates for it as SSZ: of finality alone, and with the next committee.

    `keys` of who signed, `message` (32 bytes) and `signature` are those of the first one.
    """

    store: Store
    finality: bytes
    full: bytes
    keys: list[bytes]
    message: bytes
    signature: bytes


def scene(absent: int) -> Scene:
    """A committee of 512, of which so many did not sign."""
    secrets = range(10_000, 10_000 + MAINNET.committee_size)
    curve = default()
    base = curve.g1(GENERATOR)
    keys = tuple(curve.g1_bytes(curve.g1_times(base, secret)) for secret in secrets)
    committee = SyncCommittee(keys, keys[0])
    bits = tuple(member >= absent for member in range(len(keys)))
    secret = sum(each for each, bit in zip(secrets, bits, strict=True) if bit)

    final, attested = _header(FIRST + 64, {}), FIRST + 130
    indices = finalized_index(FORK), next_committee_index(FORK)
    following = SyncCommittee(keys[::-1], keys[0])
    committee_root = sync_committee(len(keys)).root(following)
    state = dict(zip(indices, (final.beacon.root(), committee_root), strict=True))
    header = _header(attested, state)
    message = signing_root(header.beacon.root(), MAINNET.domain(attested + 1))
    point = curve.g2_times(curve.hash_to_g2(message, CIPHERSUITE), secret)
    signature = curve.g2_bytes(point)
    update = Update(
        attested_header=header,
        sync_aggregate=SyncAggregate(bits, signature),
        signature_slot=attested + 1,
        next_sync_committee=following,
        next_sync_committee_branch=_branch(state, indices[1]),
        finalized_header=final,
        finality_branch=_branch(state, indices[0]),
    )
    begun = _header(FIRST + 32, {})
    schemas = form(FORK, len(keys))
    return Scene(
        store=Store(MAINNET, begun, begun, committee),
        finality=schemas.finality_update.write(update),
        full=schemas.update.write(update),
        keys=[key for key, bit in zip(keys, bits, strict=True) if bit],
        message=message,
        signature=signature,
    )


def _header(slot: int, state: dict[int, bytes]) -> LightHeader:
    """The header of a block whose state has these nodes by generalized index."""
    bare = LightHeader(execution=ExecutionHeader(block_number=slot))
    body = {EXECUTION_INDEX: bare.execution_root(FORK)}
    beacon = BeaconHeader(slot=slot, state_root=_node(state, 1), body_root=_node(body, 1))
    return replace(bare, beacon=beacon, execution_branch=_branch(body, EXECUTION_INDEX))


def _node(nodes: dict[int, bytes], index: int) -> bytes:
    if index in nodes:
        return nodes[index]
    if any(below >> up == index for below in nodes for up in range(1, below.bit_length())):
        return sha256(_node(nodes, 2 * index) + _node(nodes, 2 * index + 1)).digest()
    return sha256(b"%d" % index).digest()


def _branch(nodes: dict[int, bytes], index: int) -> tuple[bytes, ...]:
    return tuple(_node(nodes, index >> up ^ 1) for up in range(index.bit_length() - 1))

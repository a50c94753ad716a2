"""A light client's store as bytes, to be kept between two runs.

The form is SSZ of our own, in the newest fork's containers: what is older has branches with zeros
in front, which mean the same. It is a note to oneself: reading checks its form and repeats no
proof, so it must come from a place that only its writer can change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from ..chain.beacon import (
    EMPTY,
    EXECUTION_INDEX,
    Fork,
    LightHeader,
    SyncAggregate,
    SyncCommittee,
    branch_to,
    finalized_index,
    light_header,
    next_committee_index,
    sync_committee,
)
from ..chain.beacon_network import Network
from ..chain.ssz import ZERO, Container, Uint, Vector
from ..refusals import NotSsz
from .light_client_data import Update, form
from .light_client_store import Signed, Store

VERSION = 1
_NEWEST = max(Fork)


@dataclass(frozen=True)
class _Record:
    version: int
    forced: int
    signed: int
    best: int
    next: int
    participants: int
    committee_size: int
    attested_slot: int
    previous_max_participants: int
    current_max_participants: int
    current_committee: SyncCommittee
    next_committee: SyncCommittee
    finalized: LightHeader
    optimistic: LightHeader
    best_update: Update


@cache
def _schema(size: int) -> Container:
    header, number, flag = light_header(_NEWEST), Uint(8), Uint(1)
    return Container(
        _Record,
        {
            "version": flag,
            "forced": flag,
            "signed": flag,
            "best": flag,
            "next": flag,
            "participants": number,
            "committee_size": number,
            "attested_slot": number,
            "previous_max_participants": number,
            "current_max_participants": number,
            "current_committee": sync_committee(size),
            "next_committee": sync_committee(size),
            "finalized": header,
            "optimistic": header,
            "best_update": form(_NEWEST, size).update,
        },
    )


def dump(store: Store) -> bytes:
    """The store without its network."""
    size = store.network.committee_size
    nobody = SyncCommittee((bytes(48),) * size, bytes(48))
    nothing = Update(EMPTY, SyncAggregate((False,) * size, bytes(96)), 0)
    best, signed = store.best or nothing, store.signed or Signed(0, 0, 0)
    return _schema(size).write(
        _Record(
            version=VERSION,
            forced=int(store.forced),
            signed=int(store.signed is not None),
            best=int(store.best is not None),
            next=int(store.next_committee is not None),
            participants=signed.participants,
            committee_size=signed.committee_size,
            attested_slot=signed.attested_slot,
            previous_max_participants=store.previous_max_participants,
            current_max_participants=store.current_max_participants,
            current_committee=store.current_committee,
            next_committee=store.next_committee or nobody,
            finalized=_header(store.finalized),
            optimistic=_header(store.optimistic),
            best_update=replace(
                best,
                attested_header=_header(best.attested_header),
                finalized_header=_header(best.finalized_header),
                next_sync_committee=best.next_sync_committee or nobody,
                next_sync_committee_branch=_padded(
                    best.next_sync_committee_branch, branch_to(next_committee_index(_NEWEST))
                ),
                finality_branch=_padded(best.finality_branch, branch_to(finalized_index(_NEWEST))),
            ),
        )
    )


def load(network: Network, data: bytes) -> Store:
    """The store that was dumped on this network. Raises NotSsz, UnprovenPart."""
    record = _schema(network.committee_size).read(data)
    flags = (record.forced, record.signed, record.best, record.next)
    if record.version != VERSION or max(flags) > 1:
        raise NotSsz(f"This is no record of version {VERSION}.", version=record.version)
    signed = Signed(record.participants, record.committee_size, record.attested_slot)
    return Store(
        network=network,
        finalized=record.finalized,
        optimistic=record.optimistic,
        current_committee=record.current_committee,
        next_committee=record.next_committee if record.next else None,
        best=record.best_update if record.best else None,
        previous_max_participants=record.previous_max_participants,
        current_max_participants=record.current_max_participants,
        signed=signed if record.signed else None,
        forced=bool(record.forced),
    )


def _header(header: LightHeader) -> LightHeader:
    branch = _padded(header.execution_branch, branch_to(EXECUTION_INDEX))
    return replace(header, execution_branch=branch)


def _padded(branch: Sequence[bytes], schema: Vector) -> tuple[bytes, ...]:
    return (ZERO,) * (schema.length - len(branch)) + tuple(branch)

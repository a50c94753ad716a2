"""What a light client holds, the keys it keeps beside, and what it certifies.

Source: `LightClientStore` of consensus-specs, `specs/altair/light-client/sync-protocol.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..chain.beacon import Fork, LightHeader, SyncCommittee
from ..chain.beacon_network import Network
from ..curves import bls
from ..curves.bls_backend import Backend
from ..refusals import AdvancedByForce, NoExecutionHeader, NotFinalized
from .light_client_data import Update


@dataclass(frozen=True)
class Signed:
    """By how many of how many the finalized header was signed for, in a block of which slot.

    The slot of the signature itself is not signed, so it is not kept.
    """

    participants: int
    committee_size: int
    attested_slot: int


@dataclass(frozen=True)
class Store:
    """What a light client holds. `forced` never becomes false again.

    `signed` says what stands behind `finalized`; None for the checkpoint itself and after force.
    `best` is the best update that did not finalize anything, for `force_update`.
    """

    network: Network
    finalized: LightHeader
    optimistic: LightHeader
    current_committee: SyncCommittee
    next_committee: SyncCommittee | None = None
    best: Update | None = None
    previous_max_participants: int = 0
    current_max_participants: int = 0
    signed: Signed | None = None
    forced: bool = False

    @property
    def period(self) -> int:
        """The sync committee period of the finalized header."""
        return self.network.period(self.finalized.slot)


class Committees:
    """Keys of the last committees, decompressed once; to be kept beside a store.

    A pure memo: without it every update costs some 20 ms more for 512 members.
    """

    KEPT = 3

    def __init__(self, curve: Backend | None = None) -> None:
        self._curve = curve
        self._kept: dict[tuple[bytes, ...], bls.Committee] = {}

    def keys(self, committee: SyncCommittee) -> bls.Committee:
        """Its keys. Raises as `curves.bls` when one is none."""
        found = self._kept.pop(committee.pubkeys, None)
        if found is None:
            found = bls.Committee(committee.pubkeys, self._curve)
        self._kept[committee.pubkeys] = found
        while len(self._kept) > self.KEPT:
            del self._kept[next(iter(self._kept))]
        return found


@dataclass(frozen=True)
class Certified:
    """An execution block that two thirds of the sync committee signed as finalized.

    Hashes of 32 bytes; `timestamp` in seconds since 1970 UTC.
    """

    block_hash: bytes
    block_number: int
    state_root: bytes
    receipts_root: bytes
    timestamp: int
    slot: int
    beacon_root: bytes
    signed: Signed


def certifies(store: Store) -> Certified:
    """The finalized execution block of a store in unbroken line from its checkpoint.

    Raises AdvancedByForce for a store that ever was; NotFinalized for the checkpoint alone, which
    nobody has signed for here; NoExecutionHeader before Capella.
    """
    if store.forced:
        raise AdvancedByForce("The store was once advanced without two thirds.")
    if store.signed is None:
        raise NotFinalized("No update has finalized anything after the checkpoint.")
    header = store.finalized
    if store.network.fork(header.slot) < Fork.CAPELLA:
        raise NoExecutionHeader("The finalized block is older than Capella.", slot=header.slot)
    execution = header.execution
    return Certified(
        block_hash=execution.block_hash,
        block_number=execution.block_number,
        state_root=execution.state_root,
        receipts_root=execution.receipts_root,
        timestamp=execution.timestamp,
        slot=header.slot,
        beacon_root=header.beacon.root(),
        signed=store.signed,
    )

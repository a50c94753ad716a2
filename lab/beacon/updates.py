"""What light clients are given: bootstraps, and updates of which the best of each period is kept.

Source: consensus-specs, `specs/altair/light-client/full-node.md` and `is_better_update` of
`sync-protocol.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.beacon import network, validators
from lab.beacon.blocks import Block
from lab.beacon.chain import BeaconChain
from lab.beacon.containers import (
    CURRENT_COMMITTEE_INDEX,
    FINALIZED_INDEX,
    NEXT_COMMITTEE_INDEX,
    ZERO,
    LightClientBootstrap,
    LightClientHeader,
    LightClientUpdate,
)
from lab.schedule import BEACON

PERIODS_KEPT = 2_048
"""For how many periods updates are kept: some twelve days."""


def bootstrap(block: Block) -> Any:
    """The LightClientBootstrap with which a light client begins at a block."""
    return LightClientBootstrap(
        header=block.light_header,
        current_sync_committee=validators.committee(block.period),
        current_sync_committee_branch=block.proofs[CURRENT_COMMITTEE_INDEX],
    )


def update_of(chain: BeaconChain, block: Block) -> Any | None:
    """The LightClientUpdate about a block's parent, which the block brings the signatures for.

    None for a block whose parent or finalized block is not kept any more, or that nobody signed.
    """
    attested = chain.blocks.get(block.parent_root)
    if attested is None or not any(block.body.sync_aggregate.sync_committee_bits):
        return None
    final = attested.finality.finalized.root
    if final != ZERO and final not in chain.blocks:
        return None
    return LightClientUpdate(
        attested_header=attested.light_header,
        next_sync_committee=validators.committee(attested.period + 1),
        next_sync_committee_branch=attested.proofs[NEXT_COMMITTEE_INDEX],
        finalized_header=LightClientHeader() if final == ZERO else chain.blocks[final].light_header,
        finality_branch=attested.proofs[FINALIZED_INDEX],
        sync_aggregate=block.body.sync_aggregate,
        signature_slot=block.slot,
    )


@dataclass(frozen=True)
class Kept:
    """An update as SSZ bytes, its rank, and the slot of its signature."""

    data: bytes
    rank: tuple[int, ...]
    signature_slot: int

    @classmethod
    def of(cls, update: Any) -> Kept:
        """An update to be kept."""
        return cls(update.encode_bytes(), _rank(update), int(update.signature_slot))

    def read(self) -> Any:
        """The LightClientUpdate itself."""
        return LightClientUpdate.decode_bytes(self.data)


class BestUpdates:
    """The best update of each of the newest periods."""

    def __init__(self) -> None:
        self.by_period: dict[int, Kept] = {}

    def keep(self, update: Any) -> None:
        """Keep an update when it is better than what is there."""
        kept, period = Kept.of(update), network.period_of(int(update.attested_header.beacon.slot))
        known = self.by_period.get(period)
        if known is None or kept.rank > known.rank:
            self.by_period[period] = kept
            while len(self.by_period) > PERIODS_KEPT:
                del self.by_period[min(self.by_period)]

    def consider(self, block: Block, chain: BeaconChain) -> None:
        """Keep what a new block brings when it is better than what is there."""
        attested, known = chain.blocks.get(block.parent_root), self.by_period.get(block.period)
        # Signed by the next committee it would be of no use to who does not know that one yet.
        if attested is None or attested.period != block.period:
            return
        # Most blocks come when nothing can be better any more: newer data is worse than older.
        if known is not None and known.rank[: len(_PERFECT)] == _PERFECT:
            return
        update = update_of(chain, block)
        if update is not None:
            self.keep(update)


_PERFECT = (True, 0, True, True, BEACON.committee_size)


def _rank(update: Any) -> tuple[int, ...]:
    """The greater, the better: two thirds, else the most participants; finality, and of the same
    period; more participants; older data."""
    participants = sum(update.sync_aggregate.sync_committee_bits)
    two_thirds = 3 * participants >= 2 * BEACON.committee_size
    attested = int(update.attested_header.beacon.slot)
    final = int(update.finalized_header.beacon.slot)
    return (
        two_thirds,
        0 if two_thirds else participants,
        any(any(node) for node in update.finality_branch),
        final > 0 and network.period_of(final) == network.period_of(attested),
        participants,
        -attested,
        -int(update.signature_slot),
    )

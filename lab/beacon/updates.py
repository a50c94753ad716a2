"""What light clients are given: bootstraps, and updates of which the best of each period is kept.

Source: consensus-specs, `specs/altair/light-client/full-node.md` and `is_better_update` of
`sync-protocol.md`.
"""

from __future__ import annotations

from collections.abc import Iterable
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


def newest_update(chain: BeaconChain) -> Any | None:
    """The update that the head brings; None when it brings none."""
    return update_of(chain, chain.head)


class BestUpdates:
    """The best update of each of the newest periods."""

    def __init__(self) -> None:
        self.by_period: dict[int, Any] = {}

    def restore(self, updates: Iterable[Any]) -> None:
        """Take over stored updates."""
        for update in updates:
            slot = int(update.attested_header.beacon.slot)
            self.by_period[network.period_of(slot)] = update

    def consider(self, block: Block, chain: BeaconChain) -> None:
        """Keep what a new block brings when it is better than what is there."""
        period, known = block.period, self.by_period.get(block.period)
        attested = chain.blocks.get(block.parent_root)
        # Signed by the next committee it would be of no use to who does not know that one yet.
        if attested is None or attested.period != period:
            return
        # Most blocks come when nothing can be better any more: newer data is worse than older.
        if known is not None and _rank(known)[: len(_PERFECT)] == _PERFECT:
            return
        update = update_of(chain, block)
        if update is not None and (known is None or _rank(update) > _rank(known)):
            self.by_period[period] = update
            while len(self.by_period) > PERIODS_KEPT:
                del self.by_period[min(self.by_period)]


_PERFECT = (True, 0, True, True, BEACON.committee_size)


def _rank(update: Any) -> tuple[Any, ...]:
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

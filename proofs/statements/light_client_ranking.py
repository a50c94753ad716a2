"""Which of two valid updates a light client keeps, when none of them finalizes anything.

Source: `is_better_update` of consensus-specs, `specs/altair/light-client/sync-protocol.md`.
"""

from __future__ import annotations

from ..chain.beacon_network import Network
from .light_client_data import Update


def is_better(network: Network, new: Update, old: Update) -> bool:
    """Whether `new` is to be kept rather than `old`; of equals the old one stays."""
    return _rank(network, new) > _rank(network, old)


def _rank(network: Network, update: Update) -> tuple[int, ...]:
    """The greater, the better: two thirds, else the most participants; then the next committee of
    the signers' own period; finality, and of the same period; more participants; older data."""
    aggregate, attested = update.sync_aggregate, update.attested_header.slot
    period = network.period(attested)
    relevant = update.has_committee and period == network.period(update.signature_slot)
    final = update.has_finality
    return (
        aggregate.two_thirds,
        0 if aggregate.two_thirds else aggregate.participants,
        relevant,
        final,
        final and network.period(update.finalized_header.slot) == period,
        aggregate.participants,
        -attested,
        -update.signature_slot,
    )

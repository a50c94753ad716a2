"""How old a trusted checkpoint may be.

Source: consensus-specs, `specs/electra/weak-subjectivity.md`, with a safety decay of 10 percent.
Validators that have left cannot be slashed, so their old keys could sign another history for who
begins there: a checkpoint is worth something only while too few have left. The same holds for a
store that was not followed for so long.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..chain.beacon_network import Network
from ..inputs import unsigned
from ..refusals import FutureSlot

SAFETY_DECAY = 10
"""Percent of the stake by which an attack may get cheaper."""
WITHDRAWABILITY_DELAY = 256
"""Epochs that a validator stays slashable after its exit."""
_GWEI = 10**9
_LEAST_CHURN = 128 * _GWEI
_CHURN_QUOTIENT = 65_536


@dataclass(frozen=True)
class Age:
    """How many epochs ago a checkpoint was, and how many it may be."""

    epochs: int
    limit: int

    @property
    def within(self) -> bool:
        """Whether the checkpoint may still be trusted."""
        return self.epochs <= self.limit


def period(active_balance: int) -> int:
    """The weak subjectivity period in epochs, for a total active balance in Gwei.

    Above 8,388,608 ETH it stays near 1,894 epochs, some 8 days of Ethereum. Raises NotAnInteger,
    OutOfRange.
    """
    balance = unsigned("The active balance", active_balance, 64)
    churn = max(_LEAST_CHURN, balance // _CHURN_QUOTIENT)
    churn -= churn % _GWEI
    return WITHDRAWABILITY_DELAY + SAFETY_DECAY * balance // (4 * churn * 100)


def age(network: Network, slot: int, *, time: int, active_balance: int) -> Age:
    """The age of the block in `slot` at `time` (seconds since 1970 UTC).

    `active_balance` in Gwei is the caller's word: no light client proves it. Raises FutureSlot.
    """
    now = network.slot_at(time)
    if slot > now:
        raise FutureSlot(f"Slot {slot} is later than {now}.", slot=slot, current_slot=now)
    epochs = now // network.slots_per_epoch - slot // network.slots_per_epoch
    return Age(epochs, period(active_balance))

"""The age of a checkpoint, beside the published figures."""

from __future__ import annotations

import pytest

from proofs.chain.beacon_network import MAINNET
from proofs.refusals import FutureSlot, OutOfRange
from proofs.statements.weak_subjectivity import age, period

ETH = 10**9  # in Gwei


@pytest.mark.parametrize(
    ("balance", "epochs"),
    [
        (0, 256),
        (1_048_576, 460),
        (2_097_152, 665),
        (8_388_608, 1_894),
        (8_454_143, 1_907),
        (35_000_000, 1_894),
    ],
)
def test_the_period(balance: int, epochs: int) -> None:
    assert period(balance * ETH) == epochs


def test_a_checkpoint_ages_with_the_clock() -> None:
    slot, day = 32 * 412_000, 86_400
    began = MAINNET.genesis_time + 12 * slot
    assert age(MAINNET, slot, time=began, active_balance=0).epochs == 0
    fresh = age(MAINNET, slot, time=began + 8 * day, active_balance=34_000_000 * ETH)
    stale = age(MAINNET, slot, time=began + 9 * day, active_balance=34_000_000 * ETH)
    assert (fresh.epochs, fresh.within) == (1_800, True)
    assert (stale.epochs, stale.within) == (2_025, False)
    last = began + 12 * 32 * (fresh.limit + 1) - 1
    assert age(MAINNET, slot, time=last, active_balance=34_000_000 * ETH).within
    assert not age(MAINNET, slot, time=last + 1, active_balance=34_000_000 * ETH).within


def test_a_checkpoint_of_tomorrow_is_refused() -> None:
    slot = 32 * 412_000
    with pytest.raises(FutureSlot):
        age(MAINNET, slot, time=MAINNET.genesis_time + 12 * slot - 1, active_balance=0)
    with pytest.raises(OutOfRange):
        period(-1)

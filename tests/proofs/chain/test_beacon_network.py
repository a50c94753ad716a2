"""Slots, forks and periods of a beacon chain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proofs.chain.beacon import Fork
from proofs.chain.beacon_network import MAINNET, ForkStart, Network
from proofs.refusals import (
    OutOfRange,
    UnknownFork,
    WrongLength,
)


def test_networks_that_cannot_be_are_refused() -> None:
    starts = MAINNET.forks
    for forks in ((starts[1], starts[0]), (starts[0], replace(starts[1], epoch=1))):
        with pytest.raises(OutOfRange):
            replace(MAINNET, forks=forks)
    with pytest.raises(OutOfRange):
        replace(MAINNET, seconds_per_slot=0)
    with pytest.raises(OutOfRange, match="genesis time"):
        replace(MAINNET, genesis_time=2**64)
    with pytest.raises(WrongLength):
        replace(MAINNET, genesis_validators_root=b"")
    with pytest.raises(WrongLength):
        Network(0, bytes(32), (ForkStart(Fork.ALTAIR, 0, b"\x01"),))


def test_the_clock_of_ethereum() -> None:
    assert MAINNET.slot_at(MAINNET.genesis_time - 5) == 0
    assert MAINNET.slot_at(1_606_824_023 + 12 * 7 + 11) == 7
    assert MAINNET.slots_per_period == 8192
    with pytest.raises(UnknownFork):
        MAINNET.fork(74_240 * 32 - 1)
    assert [MAINNET.fork(start.epoch * 32) for start in MAINNET.forks] == list(Fork)
    assert MAINNET.fork(364_032 * 32 - 1) is Fork.DENEB
    # The first slot of a fork is still signed for under the version before it.
    first = 364_032 * 32
    assert MAINNET.domain(first) == MAINNET.domain(first - 1) != MAINNET.domain(first + 1)

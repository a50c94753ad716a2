"""Overridable counting beside the real contracts: words written at our slots, answers compared."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from contract_storage import Storage, put, write_trace
from eth_abi.abi import decode
from probes import PROPOSAL, Probes, running

from proofs.refusals import UnknownLayout
from proofs.statements.storage.counting import (
    CountingForm,
    CountingLayout,
    proven_receipt,
    proven_totals,
)
from proofs.statements.storage.histories import History, proven_value
from proofs.statements.storage.tokens import (
    OZ5_PROXIED_EXTENDED_TOKEN,
    oz5_extended_token,
    oz5_token,
    proven_power,
)

pytestmark = [pytest.mark.node, pytest.mark.slow]

ANN, BEN = b"\xaa" * 20, b"\xbb" * 20
CLOCK = 100


@pytest.fixture(scope="module")
def probes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probes]:
    with running(tmp_path_factory.mktemp("probes")) as started:
        yield started


def numbers(storage: Storage) -> dict[int, int]:
    return {slot: int.from_bytes(word) for slot, word in storage.items()}


def test_power_holding_and_delegate_are_what_the_token_answers(probes: Probes) -> None:
    layout, slots = oz5_extended_token(), probes.slots["Extended5"]
    rng = random.Random(5)
    keys = sorted(rng.sample(range(1, 90), 6))
    held = [(key, rng.randrange(2**208)) for key in keys]
    names = [(key, rng.randrange(2**160)) for key in keys]
    histories: dict[str, tuple[History, list[tuple[int, int]], int]] = {
        "getPastVotes": (layout.history_of(ANN), held[::2], 48),
        "getPastBalanceOf": (layout.units_of(ANN), held, 48),
        "getPastDelegate": (layout.delegations_of(ANN), names, 96),
    }
    storage: Storage = {}
    for history, pairs, key_bits in histories.values():
        write_trace(storage, history.length_slot, pairs, key_bits)
    put(storage, slots["_clock"], CLOCK)
    overlay = {"Extended5": numbers(storage)}
    for name, (history, pairs, _) in histories.items():
        moments = [*range(0, CLOCK, 7), *keys]
        calls = [
            probes.ask("Extended5", f"{name}(address,uint256)", ["0x" + ANN.hex(), at], overlay)
            for at in moments
        ]
        for at, answer in zip(moments, probes.answers(calls), strict=True):
            index = max((i for i, (key, _) in enumerate(pairs) if key <= at), default=None)
            words = {slot: storage[slot] for slot in history.slots(len(pairs), index)}
            found = proven_value(history, words, timepoint=at, clock=CLOCK, index=index)
            assert answer is not None
            assert found.value == int.from_bytes(answer)
    power = proven_power(layout, storage, ANN, timepoint=99, clock=CLOCK, index=2)
    assert power.value == held[4][1]


def test_receipts_and_totals_are_what_the_governor_answers(probes: Probes) -> None:
    layout = CountingLayout(
        CountingForm.OVERRIDABLE, probes.slots["Overridable5"]["_proposalVotes"]
    )
    rng = random.Random(6)
    for _ in range(40):
        storage: Storage = {}
        for slot in layout.totals_slots(PROPOSAL):
            put(storage, slot, rng.randrange(2**200))
        casted, overrode, taken = rng.randrange(4), rng.randrange(2), rng.randrange(2**208)
        put(storage, layout.receipt_slot(PROPOSAL, ANN), casted | overrode << 8 | taken << 16)
        overlay = {"Overridable5": numbers(storage)}
        who = [PROPOSAL, "0x" + ANN.hex()]
        voted, override, totals = probes.answers(
            [
                probes.ask("Overridable5", "hasVoted(uint256,address)", who, overlay),
                probes.ask("Overridable5", "hasVotedOverride(uint256,address)", who, overlay),
                probes.ask("Overridable5", "proposalVotes(uint256)", [PROPOSAL], overlay),
            ]
        )
        assert voted is not None
        assert override is not None
        assert totals is not None
        receipt = proven_receipt(layout, storage, PROPOSAL, ANN)
        assert receipt.voted == bool(int.from_bytes(voted))
        assert receipt.overridden == bool(int.from_bytes(override))
        assert receipt.overridden_weight == taken
        found = proven_totals(layout, storage, PROPOSAL)
        answers = decode(["uint256"] * 3, totals)
        assert (found.against, found.for_, found.abstain) == answers


def test_the_layout_is_the_compilers(probes: Probes) -> None:
    layout, slots = oz5_extended_token(), probes.slots["Extended5"]
    assert layout.checkpoints == slots["_delegateCheckpoints"]
    assert layout.supply == slots["_totalCheckpoints"]
    assert layout.delegations == slots["_userDelegationCheckpoints"]
    assert layout.units == slots["_userVotingUnitsCheckpoints"]


def test_only_extended_tokens_know_what_was_held() -> None:
    with pytest.raises(UnknownLayout):
        oz5_token().units_of(ANN)
    with pytest.raises(UnknownLayout):
        oz5_token().delegations_of(BEN)
    namespace = 0x4A7BC7AABB540021543C1F28DD259F8776612C96FD248BDCC6FDF56C7778D900
    proxied = OZ5_PROXIED_EXTENDED_TOKEN
    assert (proxied.delegations, proxied.units) == (namespace, namespace + 1)

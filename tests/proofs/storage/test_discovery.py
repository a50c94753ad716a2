"""A layout is believed when known answers single it out, and only on the code it was seen on."""

from __future__ import annotations

import dataclasses

import pytest
from contract_storage import Storage, entry, put, write_trace

from proofs.refusals import (
    AmbiguousLayout,
    NotBytes,
    OutOfRange,
    Refusal,
    StaleLayout,
    UnknownLayout,
    WeakProbe,
    WrongLength,
)
from proofs.statements.family import Family
from proofs.statements.storage.counting import CountingForm, CountingLayout
from proofs.statements.storage.discovery import (
    NEEDED_DELEGATES,
    Code,
    CoreProbe,
    OperationProbe,
    PowerProbe,
    SupplyProbe,
    TotalsProbe,
    discover,
    slots_to_read,
)
from proofs.statements.storage.governor import GovernorLayout
from proofs.statements.storage.timelock import CONTROLLER, OZ4_PROXIED_CONTROLLER
from proofs.statements.storage.tokens import OZ5_PROXIED_TOKEN, TokenLayout, oz4_token, oz5_token
from proofs.statements.tally import Tally

DELEGATES = [bytes([tag]) * 20 for tag in range(1, 5)]
CODE = Code(chain_id=1, contract=b"\xcc" * 20, code_hash=b"\x11" * 32)
BLOCK = b"\xee" * 32
CANDIDATES = [OZ5_PROXIED_TOKEN] + [
    make(slot, slot + 1) for slot in range(40) for make in (oz5_token, oz4_token)
]
PROBES = [
    PowerProbe(delegate=delegate, length=2, votes=500 + place, clock=100)
    for place, delegate in enumerate(DELEGATES)
] + [SupplyProbe(supply=9_999, clock=100)]


def a_chain(slot: int = 13) -> Storage:
    """All storage of a token of OpenZeppelin 5 at an unusual slot."""
    storage: Storage = {}
    for place, delegate in enumerate(DELEGATES):
        write_trace(storage, entry(slot, delegate), [(10, 1), (20, 500 + place)], 48)
    write_trace(storage, slot + 1, [(5, 10_000), (9, 9_999)], 48)
    return storage


def read(chain: Storage, slots: frozenset[int]) -> Storage:
    return {slot: chain.get(slot, bytes(32)) for slot in slots}


def test_a_token_is_found_by_what_it_answers_in_two_rounds_of_reading() -> None:
    chain = a_chain()
    words: Storage = {}
    rounds = 0
    while missing := slots_to_read(CANDIDATES, PROBES, words):
        words |= read(chain, missing)
        rounds += 1
    assert rounds == 2
    found = discover(
        CANDIDATES, PROBES, words, code=CODE, evidence=BLOCK, needed=NEEDED_DELEGATES + 1
    )
    assert found.on(CODE) == oz5_token(13, 14)
    assert found.evidence == BLOCK


@pytest.mark.parametrize("changed", [field.name for field in dataclasses.fields(Code)])
def test_on_other_code_the_layout_must_be_found_again(changed: str) -> None:
    proxied = dataclasses.replace(
        CODE, implementation=b"\x22" * 20, implementation_code=b"\x33" * 32
    )
    found = discover(CANDIDATES, PROBES, a_chain(), code=proxied, evidence=BLOCK)
    old = getattr(proxied, changed)
    new = old + 1 if isinstance(old, int) else bytes(len(old))
    with pytest.raises(StaleLayout) as refused:
        found.on(dataclasses.replace(proxied, **{changed: new}))
    assert refused.value.facts["name"] == changed
    assert found.on(proxied)


@pytest.mark.parametrize(
    "wrong",
    [
        PowerProbe(delegate=DELEGATES[0], length=3, votes=500, clock=100),
        PowerProbe(delegate=DELEGATES[0], length=2, votes=501, clock=100),
        PowerProbe(delegate=DELEGATES[0], length=2, votes=500, clock=19),
        SupplyProbe(supply=10_000, clock=100),
        SupplyProbe(supply=9_999, clock=8),
    ],
)
def test_one_answer_that_does_not_fit_is_enough_to_refuse(wrong) -> None:
    with pytest.raises(UnknownLayout):
        discover(CANDIDATES, [*PROBES, wrong], a_chain(), code=CODE, evidence=BLOCK)


def test_answers_that_any_slot_would_give_are_not_enough() -> None:
    empty = PowerProbe(delegate=b"\x09" * 20, length=0, votes=0, clock=100)
    same = PowerProbe(delegate=DELEGATES[0], length=2, votes=500, clock=101)
    for probes in ([], [empty], [PROBES[0], same, empty]):
        with pytest.raises(WeakProbe):
            discover(CANDIDATES, probes, a_chain(), code=CODE, evidence=BLOCK, needed=2)


@pytest.mark.parametrize(
    ("field", "value", "refusal"),
    [
        ("chain_id", -1, OutOfRange),
        ("contract", bytes(32), WrongLength),
        ("code_hash", bytes(31), WrongLength),
        ("implementation", bytes(19), WrongLength),
        ("implementation_code", "0x", NotBytes),
    ],
)
def test_a_layout_is_pinned_to_hashes_and_addresses_alone(
    field: str, value: object, refusal: type[Refusal]
) -> None:
    proxied = dataclasses.replace(CODE, implementation=bytes(20), implementation_code=bytes(32))
    with pytest.raises(refusal, match=field.partition("_")[0]):
        dataclasses.replace(proxied, **{field: value})
    with pytest.raises(WrongLength, match="evidence"):
        discover(CANDIDATES, PROBES, a_chain(), code=CODE, evidence=bytes(31))


def test_two_layouts_that_fit_are_none() -> None:
    twin: TokenLayout = dataclasses.replace(oz5_token(13, 14), supply=None)
    with pytest.raises(AmbiguousLayout):
        discover([twin, *CANDIDATES], PROBES[:4], a_chain(), code=CODE, evidence=BLOCK)


def test_a_governor_a_count_and_a_timelock_are_found_alike() -> None:
    chain: Storage = {}
    for proposal, start in ((7, 1_000), (8, 2_000)):
        put(chain, entry(6, proposal), 0xAB | start << 160 | 50 << 208)
        put(chain, entry(6, proposal) + 1, 0)
    put(chain, entry(9, 7) + 5, 70)
    put(chain, entry(9, 7) + 6, 60)
    put(chain, entry(151, b"\x01" * 32), 1)
    cores = [
        GovernorLayout(
            family=family, proposals=slot, counting=CountingLayout(CountingForm.SIMPLE, 9)
        )
        for slot in range(12)
        for family in (Family.OZ5, Family.OZ4)
    ]
    core_probes = [
        CoreProbe(
            proposal_id=proposal,
            vote_start=start,
            vote_end=start + 50,
            proposer=(0xAB).to_bytes(20, "big"),
        )
        for proposal, start in ((7, 1_000), (8, 2_000))
    ]
    words = read(chain, slots_to_read(cores, core_probes, {}))
    core = discover(cores, core_probes, words, code=CODE, evidence=BLOCK, needed=2)
    assert (core.layout.proposals, core.layout.family) == (6, Family.OZ5)

    counts = [CountingLayout(form, slot) for form in CountingForm for slot in range(12)]
    totals = [TotalsProbe(proposal_id=7, totals=Tally(against=60, for_=70))]
    words = read(chain, slots_to_read(counts, totals, {}))
    counted = discover(counts, totals, words, code=CODE, evidence=BLOCK)
    assert counted.layout == CountingLayout(CountingForm.BRAVO_COMPATIBLE, 9)
    even = TotalsProbe(proposal_id=7, totals=Tally(against=5, for_=5))
    with pytest.raises(WeakProbe):
        discover(counts, [even], words, code=CODE, evidence=BLOCK)

    locks = [CONTROLLER, OZ4_PROXIED_CONTROLLER]
    operations = [OperationProbe(operation_id=b"\x01" * 32, timestamp=1)]
    words = read(chain, slots_to_read(locks, operations, {}))
    lock = discover(locks, operations, words, code=CODE, evidence=BLOCK)
    assert lock.layout is OZ4_PROXIED_CONTROLLER

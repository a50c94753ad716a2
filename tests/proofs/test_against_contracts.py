"""The statements beside the real contracts: same storage, same clock, same answer."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest
from eth_abi.abi import decode
from probes import PROPOSAL, VOTER, Probes, at, running

from proofs.refusals import NonexistentProposal, Refusal
from proofs.statements import ids
from proofs.statements.clock import ClockMode
from proofs.statements.family import Family, Timelock
from proofs.statements.lifecycle import Operation, ProposalFacts, ProposalState, state
from proofs.statements.tally import (
    Bucket,
    Counting,
    Tally,
    pack_split,
    remaining_weight,
    vote_shares,
)

pytestmark = [pytest.mark.node, pytest.mark.slow]

NOW = 10**10
KINDS = [
    (Family.OZ5, Timelock.CONTROLLER),
    (Family.OZ5, Timelock.COMPOUND),
    (Family.OZ5, Timelock.NONE),
    (Family.OZ4, Timelock.CONTROLLER),
]


@pytest.fixture(scope="module")
def probes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probes]:
    with running(tmp_path_factory.mktemp("probes")) as started:
        yield started


def drawn(rng: random.Random, family: Family, timelock: Timelock) -> ProposalFacts:
    """A proposal whose interesting edges lie close together, so that each is met often."""
    start = rng.randint(0, 11)
    counted = {Bucket.FOR} if family is Family.OZ4 else {Bucket.FOR, Bucket.ABSTAIN}
    eta = rng.choice([None, 0, NOW + rng.randint(0, 40), NOW + rng.randint(0, 40)])
    controlled = timelock is Timelock.CONTROLLER
    return ProposalFacts(
        family=family,
        timelock=timelock,
        clock_mode=ClockMode.BLOCKNUMBER,
        quorum_buckets=frozenset(counted),
        vote_start=start,
        vote_end=start + rng.randint(0, 8) if start else 0,
        tally=Tally(against=rng.randint(0, 4), for_=rng.randint(0, 5), abstain=rng.randint(0, 4)),
        quorum=rng.randint(0, 7),
        extended_deadline=rng.choice([None, 0, rng.randint(1, 25)]),
        executed=rng.random() < 0.1,
        canceled=rng.random() < 0.1,
        eta=None if timelock is Timelock.NONE else eta,
        operation=Operation(timestamp=rng.choice([0, 1, 2, NOW + 5])) if controlled else None,
        grace_period=rng.randint(0, 20) if timelock is Timelock.COMPOUND else None,
    )


@pytest.mark.parametrize(("family", "timelock"), KINDS)
def test_a_thousand_proposals_have_the_state_the_contract_gives(probes, family, timelock) -> None:
    rng = random.Random(f"{family}{timelock}")
    cases = [
        (drawn(rng, family, timelock), rng.randint(0, 28), NOW + rng.randint(0, 60))
        for _ in range(1_000)
    ]
    met = set()
    for (facts, clock, timestamp), answer in zip(
        cases, probes.answers([probes.ask_state(*case) for case in cases]), strict=True
    ):
        if answer is None:
            with pytest.raises(NonexistentProposal):
                state(facts, clock, timestamp)
            continue
        theirs = ProposalState(int.from_bytes(answer, "big"))
        assert state(facts, clock, timestamp) is theirs, (facts, clock, timestamp)
        met.add(theirs)
    unreachable = set()
    if timelock is not Timelock.COMPOUND:
        unreachable.add(ProposalState.EXPIRED)
    if timelock is Timelock.NONE:
        unreachable.add(ProposalState.QUEUED)
    assert met == set(ProposalState) - unreachable


@pytest.mark.parametrize("governor", ["Controlled5", "Controlled4"])
def test_the_contract_reads_proposer_suffixes_as_we_do(probes, governor) -> None:
    rng = random.Random(governor)
    proposer = bytes(range(20))
    descriptions = []
    for _ in range(500):
        digits = rng.choice([proposer, rng.randbytes(20)]).hex()
        marker = rng.choice(["#proposer=0x", "#proposer=0X", "#proposer=00", "#Proposer=0x"])
        text = rng.choice(["", "Größe ", "word " * 9]) + marker
        text += rng.choice([digits, digits.upper()])
        if rng.random() < 0.4:
            place = rng.randrange(len(text))
            text = text[:place] + rng.choice(["", "g", "0", "é", "\n"]) + text[place + 1 :]
        descriptions.append(text)
    calls = [
        probes.ask(governor, "allows(address,string)", [proposer, text]) for text in descriptions
    ]
    verdicts = set()
    for text, answer in zip(descriptions, probes.answers(calls), strict=True):
        allowed = ids.restricted_proposer(text) in (None, proposer)
        assert answer is not None
        assert bool(int.from_bytes(answer, "big")) is allowed, text
        verdicts.add(allowed)
    assert verdicts == {True, False}


def test_fractional_votes_are_counted_or_rejected_as_the_contract_does(probes) -> None:
    rng = random.Random(5)
    cases = []
    for _ in range(1_000):
        split = Tally(against=rng.randint(0, 3), for_=rng.randint(0, 3), abstain=rng.randint(0, 3))
        odd = bytes(rng.choice([1, 47, 49]))
        params = rng.choice([b"", pack_split(split), pack_split(split), odd])
        support = rng.choice([0, 1, 2, 3, 254, 255, 255, 255])
        cases.append((support, rng.randint(0, 9), rng.randint(0, 4), params))
    used_slot = at(
        at(probes.slots["Plain5"]["_proposalVotes"], PROPOSAL) + 3, int.from_bytes(VOTER)
    )
    calls = [
        probes.ask(
            "Plain5",
            "count(uint256,address,uint8,uint256,bytes)",
            [PROPOSAL, VOTER, support, power, params],
            {"Plain5": {used_slot: used}},
        )
        for support, power, used, params in cases
    ]
    outcomes = set()
    for (support, power, used, params), answer in zip(cases, probes.answers(calls), strict=True):
        left = remaining_weight(power, used)
        if answer is not None:
            weight, *counts = decode(["uint256"] * 4, answer)
            shares = vote_shares(Counting.FRACTIONAL, support, weight, params)
            assert [shares.against, shares.for_, shares.abstain] == counts
            assert weight <= left
            outcomes.add("counted")
            continue
        parts = [int.from_bytes(params[i:j], "big") for i, j in pairwise((0, 16, 32, 48))]
        weight = sum(parts) if support == 255 else left
        try:
            vote_shares(Counting.FRACTIONAL, support, weight, params)
        except Refusal:
            outcomes.add("impossible")
        else:
            assert left == 0 or weight > left
            outcomes.add("beyond power")
    assert outcomes == {"counted", "impossible", "beyond power"}


def test_ids_are_those_the_contracts_compute(probes) -> None:
    rng = random.Random(7)
    text, predecessor = rng.randbytes(32), rng.randbytes(32)
    proposal = "hashProposal(address[],uint256[],bytes[],bytes32)"
    batch = "hashOperationBatch(address[],uint256[],bytes[],bytes32,bytes32)"
    single = "hashOperation(address,uint256,bytes,bytes32,bytes32)"
    for size in range(5):
        calls = (
            [rng.randbytes(20) for _ in range(size)],
            [rng.getrandbits(256) for _ in range(size)],
            [rng.randbytes(rng.randint(0, 99)) for _ in range(size)],
        )
        one = (rng.randbytes(20), rng.getrandbits(256), rng.randbytes(size * 9))
        expected = [
            ids.proposal_id(*calls, text).to_bytes(32, "big"),
            ids.batch_operation_id(*calls, predecessor=predecessor, salt=text),
            ids.operation_id(*one, predecessor=predecessor, salt=text),
        ]
        for version in "45":
            governor, timelock = f"Controlled{version}", f"Timelock{version}"
            asked = [
                probes.ask(governor, proposal, [*calls, text]),
                probes.ask(timelock, batch, [*calls, predecessor, text]),
                probes.ask(timelock, single, [*one, predecessor, text]),
            ]
            assert probes.answers(asked) == expected

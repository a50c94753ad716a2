"""Votes, voters and their power: each counts once, weighs what it may, and adds up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from certificate_shards import SIMPLE, simple, written
from contract_storage import Storage, entry, put
from made_certificate import (
    ADA,
    BEN,
    CLEO,
    POWERS,
    PROPOSAL,
    VOTES,
    Cast,
    Made,
    checked,
    nodes_of,
)

from proofs.certificate import witnesses
from proofs.certificate.refusals import (
    ClaimMismatch,
    Disordered,
    MalformedCertificate,
    PartRefused,
    PowerMismatch,
    SumMismatch,
    UnusedWitness,
)
from proofs.chain.trie import prove_ordered
from proofs.refusals import (
    ImpossibleVote,
    ImpossibleWord,
    WrongCheckpoint,
)
from proofs.statements.storage.counting import CountingForm
from proofs.statements.storage.tokens import oz5_token
from proofs.statements.tally import Tally


def test_simple_counting_is_proven_and_each_vote_weighs_all_power() -> None:
    assert checked(simple().write()).proven
    with pytest.raises(PowerMismatch):
        simple(powers={ADA: [(1, 701)], BEN: POWERS[BEN]}).write()
    with pytest.raises(PowerMismatch, match="its receipt allows 0"):
        simple(used={ADA: 700, BEN: 300}).write()


@pytest.mark.parametrize(
    ("votes", "difference"),
    [
        (VOTES[1:], {"against": 0, "for": 700, "abstain": 0}),
        ((*VOTES, Cast(BEN, 2, 5, 9)), {"against": 0, "for": 0, "abstain": -5}),
        ((*VOTES, Cast(ADA, 1, 700, 2)), {"against": 0, "for": -700, "abstain": 0}),
        ((Cast(ADA, 1, 699, 2), *VOTES[1:]), {"against": 0, "for": 1, "abstain": 0}),
        ((Cast(ADA, 0, 700, 2), *VOTES[1:]), {"against": -700, "for": 700, "abstain": 0}),
    ],
    ids=["missing", "invented", "twice", "another weight", "another choice"],
)
def test_votes_that_do_not_add_up_are_refused_with_the_exact_difference(votes, difference) -> None:
    with pytest.raises(SumMismatch) as caught:
        Made(votes=votes).write()
    assert caught.value.facts["difference"] == difference
    assert caught.value.item == "receipts"


@pytest.mark.parametrize("powers", [{ADA: [(900_000, 699)]}, {CLEO: [(7, 99)]}, {ADA: []}])
def test_a_voter_with_less_power_than_it_used_is_refused(powers) -> None:
    with pytest.raises(PowerMismatch) as caught:
        Made(powers=POWERS | powers).write()
    assert caught.value.place == f"voter 0x{next(iter(powers)).hex()}"


def test_a_receipt_in_storage_that_says_otherwise_is_refused() -> None:
    with pytest.raises(PowerMismatch):
        Made(used={ADA: 700, BEN: 299, CLEO: 100}).write()


def test_another_checkpoint_than_the_one_in_force_is_refused() -> None:
    evidence = Made().evidence()
    position = [power.voter for power, _ in evidence.powers].index(BEN)
    power, nodes = evidence.powers[position]
    for length, at in ((3, 0), (3, 2), (3, None), (2, 1), (4, 1), (3, 5)):
        powers = list(evidence.powers)
        moved = power._replace(checkpoint=witnesses.Checkpoint(length, at))
        powers[position] = (moved, nodes)
        with pytest.raises((PartRefused, ClaimMismatch)):
            written(replace(evidence, powers=powers))


@pytest.mark.parametrize(("length", "at"), [(3, 0), (3, 2), (3, 5)])
def test_why_a_checkpoint_is_not_the_one_is_said_with_the_voter(length: int, at: int) -> None:
    evidence = Made().evidence()
    powers = list(evidence.powers)
    position = [power.voter for power, _ in powers].index(BEN)
    history = oz5_token().history_of(BEN)
    slots = history.slots(length, at) if at < length else (history.length_slot,)
    nodes = nodes_of(Made().token_storage(), slots)
    powers[position] = (witnesses.Power(BEN, witnesses.Checkpoint(length, at)), nodes)
    with pytest.raises(PartRefused) as caught:
        written(replace(evidence, powers=powers))
    assert isinstance(caught.value.cause, WrongCheckpoint)
    assert (caught.value.item, caught.value.place) == ("shard 6 (powers)", f"voter 0x{BEN.hex()}")


class Odd(Made):
    """A governor that keeps a bool of 2."""

    def governor_storage(self) -> Storage:
        storage = super().governor_storage()
        put(storage, entry(entry(9, PROPOSAL) + 3, ADA), 2)
        return storage


def test_a_receipt_that_no_governor_keeps_is_refused() -> None:
    with pytest.raises(PartRefused) as caught:
        Odd(form=CountingForm.SIMPLE, votes=SIMPLE, totals=Tally(against=300, for_=700)).write()
    assert isinstance(caught.value.cause, ImpossibleWord)
    assert caught.value.place == f"voter 0x{ADA.hex()}"


def test_voters_come_once_each_and_no_others() -> None:
    evidence = Made().evidence()
    for changed in (evidence.powers[1:], [*evidence.powers, evidence.powers[-1]]):
        with pytest.raises((Disordered, MalformedCertificate)):
            written(replace(evidence, powers=changed))
    with pytest.raises(Disordered):
        written(replace(evidence, used=evidence.used[::-1]))
    with pytest.raises(MalformedCertificate, match="missing"):
        written(replace(evidence, used=evidence.used[:-1]))


def test_a_receipt_counts_once() -> None:
    evidence = Made().evidence()
    with pytest.raises(Disordered):
        written(replace(evidence, receipts=[evidence.receipts[0], *evidence.receipts]))
    first = evidence.receipts[0]
    again = first._replace(indices=(first.indices[0], *first.indices))
    with pytest.raises(Disordered):
        written(replace(evidence, receipts=[again, *evidence.receipts[1:]]))


def test_receipts_of_one_block_may_stand_in_several_entries() -> None:
    evidence = Made().evidence()
    number = evidence.receipts[0].number
    _, (one, three) = prove_ordered(Made().blocks()[1][number], [1, 3])
    first = witnesses.BlockReceipts(number, witnesses.node_set(one), (1,))
    second = witnesses.BlockReceipts(number, witnesses.node_set(three), (3,))
    assert checked(
        written(replace(evidence, receipts=[first, second, *evidence.receipts[1:]]))
    ).proven
    for forged in ([second, first], [first, first, second]):
        with pytest.raises(Disordered):
            written(replace(evidence, receipts=[*forged, *evidence.receipts[1:]]))


def test_a_receipt_without_a_vote_is_refused() -> None:
    evidence = Made().evidence()
    number = evidence.receipts[0].number
    rows = Made().blocks()[1][number]
    _, proofs = prove_ordered(rows, [0, 1, 3])
    nodes = witnesses.node_set(node for nodes in proofs for node in nodes)
    more = witnesses.BlockReceipts(number, nodes, (0, 1, 3))
    with pytest.raises(UnusedWitness, match="receipt 0"):
        written(replace(evidence, receipts=[more, *evidence.receipts[1:]]))


def test_a_vote_that_no_such_governor_counts_is_refused() -> None:
    for vote in (Cast(ADA, 7, 700, 2), Cast(ADA, 255, 700, 2, Tally(for_=699))):
        with pytest.raises(PartRefused) as caught:
            Made(votes=(vote, *VOTES[1:])).write()
        assert isinstance(caught.value.cause, ImpossibleVote)

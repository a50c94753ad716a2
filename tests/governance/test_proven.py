"""What a kept proof says of the numbers that a page shows."""

from dataclasses import replace

import pytest

from chainsync.assurance import Assurance
from governance.models import TallyProof
from governance.proven import Proven
from proofs.statements.assurance import Step
from proofs.statements.lifecycle import ProposalState
from proofs.statements.tally import Tally

AGREED = Assurance(Step.AGREED, ("A", "B"))
TALLY = Tally(against=1, for_=5, abstain=2)


def proof(**changed: object) -> TallyProof:
    row = TallyProof(
        anchor_number=100,
        closing=True,
        reach="proven",
        against_votes=1,
        for_votes=5,
        abstain_votes=2,
        quorum=4,
        executed=False,
        canceled=False,
        votes=3,
        voters=3,
        missing={},
    )
    for name, value in changed.items():
        setattr(row, name, value)
    return row


def beside(row: TallyProof | None, **changed: object) -> Proven:
    told = Proven(
        proof=row,
        read=AGREED,
        shown=TALLY,
        last_vote=90,
        needed=4,
        anchor=AGREED,
        last_event=95,
    )
    return replace(told, **changed)


def words(told: Proven) -> str:
    return " ".join(point.words for point in told.points())


def test_votes_that_add_up_to_proven_totals_prove_the_tally() -> None:
    told = beside(proof())
    assert told.tally.step is Step.PROVEN
    assert told.quorum.step is Step.PROVEN
    assert "3 vote events of 3 voters" in words(told)
    assert "Not asserted yet" in words(told)
    assert told.vote(90, AGREED).step is Step.PROVEN
    assert told.vote(101, AGREED).step is Step.AGREED


def test_without_a_proof_it_stays_what_was_read_and_says_why() -> None:
    told = beside(None, why="It is tried again soon. l2-a refused.")
    assert told.tally is AGREED
    assert told.quorum is AGREED
    assert words(told) == "It is tried again soon. l2-a refused."
    assert "some seconds after a vote" in words(beside(None))


def test_a_vote_after_the_anchor_takes_the_step_back() -> None:
    told = beside(proof(), last_vote=101, shown=Tally(against=1, for_=9, abstain=2))
    assert told.tally is AGREED
    assert not told.contradicted
    assert "up to block 100. Votes came in after it" in words(told)


def test_other_totals_than_the_proven_ones_are_a_contradiction() -> None:
    told = beside(proof(for_votes=6))
    assert told.contradicted
    assert told.tally is AGREED
    assert told.quorum is AGREED
    assert told.points()[0].status == "bad"


@pytest.mark.parametrize("part", ["votes", "powers", "quorum"])
def test_what_is_missing_is_named_with_its_reason(part: str) -> None:
    row = proof(missing={part: "No endpoint serves states that old."})
    assert "No endpoint serves states that old." in words(beside(row))


def test_totals_alone_prove_no_tally_but_the_quorum() -> None:
    told = beside(proof(reach="totals", votes=None, voters=None, missing={"votes": "why"}))
    assert told.tally is AGREED
    assert told.vote(90, AGREED) is AGREED
    assert told.quorum.step is Step.PROVEN


def test_a_dispute_makes_everything_fall_back() -> None:
    disputed = Assurance(Step.REPORTED, disputed="l2-b says otherwise", disputed_from=50)
    told = beside(proof(), read=disputed)
    assert told.tally is disputed
    assert told.quorum is disputed
    assert told.vote(90, disputed) is disputed


def test_an_anchor_of_one_operator_proves_no_more_than_that_word() -> None:
    told = beside(proof(), read=Assurance(Step.REPORTED), anchor=Assurance(Step.REPORTED))
    assert told.tally.step is Step.REPORTED


def test_on_l1_finality_and_signatures_are_the_next_steps() -> None:
    running = beside(proof(), layer_one=True)
    assert running.tally.step is Step.PROVEN
    assert "Block 100 is not final yet" in words(running)
    final = beside(proof(), layer_one=True, finalized=True)
    assert final.tally.step is Step.SETTLED
    assert final.tally.finalized
    assert "Not signed yet" in words(final)
    row = proof(signed_block=104, signed_slot=9, signed_participants=31, signed_committee=32)
    signed = beside(row, layer_one=True, finalized=True)
    assert signed.tally.step is Step.SIGNED
    assert "31 of 32 members" in words(signed)


@pytest.mark.parametrize(
    ("state", "row", "won", "reached", "proven"),
    [
        (ProposalState.ACTIVE, proof(closing=False), True, True, True),
        (ProposalState.ACTIVE, proof(), True, True, False),
        (ProposalState.DEFEATED, proof(), False, True, True),
        (ProposalState.DEFEATED, proof(), True, False, True),
        (ProposalState.DEFEATED, proof(quorum=None), True, False, False),
        (ProposalState.SUCCEEDED, proof(), True, True, True),
        (ProposalState.SUCCEEDED, proof(quorum=None), True, True, False),
        (ProposalState.QUEUED, proof(), True, True, False),
        (ProposalState.EXECUTED, proof(executed=True), True, True, True),
        (ProposalState.EXECUTED, proof(), True, True, False),
        (ProposalState.CANCELED, proof(canceled=True), True, True, True),
        (ProposalState.ACTIVE, proof(closing=False, canceled=True), True, True, False),
        (None, proof(), True, True, False),
    ],
)
def test_a_state_is_proven_where_it_follows_from_the_governors_storage(
    state: ProposalState | None, row: TallyProof, won: bool, reached: bool, proven: bool
) -> None:
    told = beside(row).state(state, won=won, reached=reached)
    assert (told.step is Step.PROVEN) == proven


def test_a_state_that_changed_after_the_anchor_is_not_proven_by_it() -> None:
    row = proof(executed=True)
    told = beside(row, last_event=101).state(ProposalState.EXECUTED, won=True, reached=True)
    assert told is AGREED


def test_another_quorum_than_the_proven_one_is_a_contradiction() -> None:
    told = beside(proof(quorum=5))
    assert told.quorum_contradicted
    assert told.quorum is AGREED
    assert told.tally.step is Step.PROVEN
    assert "another quorum" in words(told)
    assert not told.state(ProposalState.DEFEATED, won=True, reached=False).step > Step.AGREED
    assert not beside(proof(quorum=5), needed=None).quorum_contradicted, "not read for good yet"

"""What the bench streams and counts is a whole vote: the plain paths say the same of it."""

import random
from pathlib import Path
from typing import Any

import pytest

from bench import vote_bodies, vote_stages
from bench.grown_trie import GrownTrie
from bench.vote_bodies import COUNTING, GOVERNOR_ADDRESS, LAYOUT, SNAPSHOT, TOKEN, Made
from bench.vote_whole import Whole
from bench.votes import PROPOSAL
from proofs.chain import getproof, receipts, rlp
from proofs.chain.getproof import Asked
from proofs.chain.receipts_batch import read
from proofs.chain.trie import prove
from proofs.refusals import Refusal
from proofs.statements.proven_tally import AnchorFacts, Outcome, VoterFacts, prove_tally
from proofs.statements.storage.counting import Receipt, proven_receipt
from proofs.statements.storage.tokens import proven_power
from proofs.statements.tally import Counting, Tally
from proofs.statements.vote_logs import ProvenVote, votes_in

pytestmark = pytest.mark.slow

VOTES = 120


@pytest.mark.parametrize("size", [2, 3, 40, 3_000])
def test_a_grown_trie_has_the_root_and_the_proofs_of_the_plain_one(size: int) -> None:
    draw = random.Random(size)
    content = {
        draw.randbytes(32): draw.randrange(1, 2 ** draw.choice((1, 8, 256))) for _ in range(size)
    }
    for key in list(content)[: size // 2]:
        # Keys that share much, with leaves too short to be named by a hash.
        shared = draw.randrange(1, 6)
        content[key[:shared] + draw.randbytes(32 - shared)] = draw.randrange(1, 100)
    grown = GrownTrie(content)
    root, proofs = prove({key: rlp.number(value) for key, value in content.items()}, list(content))
    assert grown.root == root
    for key, nodes in zip(content, proofs, strict=True):
        assert grown.proof(key) == [node.hex() for node in nodes]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    for name, value in (("A_PARCEL", 50), ("A_BLOCK", 7), ("A_REPLY", 20)):
        monkeypatch.setattr(vote_bodies, name, value)
    monkeypatch.setattr(vote_stages, "A_REPLY", 20)
    return Made(VOTES)


def plainly(made: Made, parcels: list[vote_bodies.Parcel]) -> Any:
    """The tally by the plain paths alone."""
    votes: list[ProvenVote] = []
    powers: dict[bytes, int] = {}
    kept: dict[bytes, Receipt] = {}
    for parcel in parcels:
        with parcel.file.open("rb") as file:
            blocks = [read(file.read(size)) for size in parcel.receipts]
            token, governor = (
                [file.read(size) for size in sizes] for sizes in (parcel.token, parcel.governor)
            )
        for block, root, rows in zip(parcel.blocks, parcel.roots, blocks, strict=True):
            assert receipts.root(rows) == root
            votes += votes_in(GOVERNOR_ADDRESS, PROPOSAL, block, rows)
        voters = [parcel.voters[at : at + 20] for at in range(0, len(parcel.voters), 20)]
        slots = [
            slot
            for voter, length, index in zip(voters, parcel.lengths, parcel.indices, strict=True)
            for slot in LAYOUT.power_slots(voter, length, index)
        ]
        words = proven(made, TOKEN, slots, token)
        receipt_slots = [COUNTING.receipt_slot(PROPOSAL, voter) for voter in voters]
        held = proven(made, GOVERNOR_ADDRESS, receipt_slots, governor)
        for voter, index in zip(voters, parcel.indices, strict=True):
            power = proven_power(
                LAYOUT, words, voter, timepoint=SNAPSHOT, clock=vote_bodies.CLOCK, index=index
            )
            powers[voter] = power.value
            kept[voter] = proven_receipt(COUNTING, held, PROPOSAL, voter)
    against, for_, abstain = made.vote.totals
    anchor = AnchorFacts(
        block_hash=b"\xaa" * 32,
        clock=vote_bodies.CLOCK,
        deadline=vote_bodies.CLOCK - 1,
        totals=Tally(against=against, for_=for_, abstain=abstain),
        counting=Counting.BRAVO,
    )
    linked = {block for parcel in parcels for block in parcel.blocks}
    return prove_tally(
        anchor, votes, ancestors=linked, voters=VoterFacts(powers=powers, receipts=kept)
    )


def proven(made: Made, address: bytes, slots: list[int], bodies: list[bytes]) -> dict[int, bytes]:
    asked = [Asked(address, slots[at : at + 20]) for at in range(0, len(slots), 20)]
    words: dict[int, bytes] = {}
    for one in getproof.check_all(made.vote.state_root, asked, bodies):
        words |= one.by_slot()
    return words


def counted(made: Made, parcels: list[vote_bodies.Parcel]) -> Whole:
    whole = Whole(VOTES)
    for parcel in parcels:
        whole.add(parcel, vote_stages.count(parcel, made.vote.state_root, insert=False))
    return whole


def test_a_whole_vote_is_proven_by_both_paths(made: Made, tmp_path: Path) -> None:
    parcels = [made.parcel(tmp_path, start) for start in range(0, VOTES, 50)]
    found = plainly(made, parcels)
    assert (found.outcome, found.votes, found.pending) == (Outcome.PROVEN, VOTES, ())
    assert counted(made, parcels).proven(made.vote)
    assert not counted(made, parcels[:-1]).proven(made.vote), "part of a vote is no vote"
    against, for_, abstain = made.vote.totals
    assert not counted(made, parcels).proven(
        made.vote._replace(totals=(against, for_ + 1, abstain))
    )


def test_a_changed_byte_is_refused(made: Made, tmp_path: Path) -> None:
    """Wherever it stands in what is hashed: in receipts, in nodes of either contract."""
    parcel = made.parcel(tmp_path, 0)
    whole = parcel.file.read_bytes()
    for mark in (b'"data":"0x', b'"logsBloom":"0x', b'"proof":["0x'):
        for at in (whole.index(mark), whole.rindex(mark)):
            changed = bytearray(whole)
            place = at + len(mark) + 5
            changed[place] = ord("0") if changed[place] != ord("0") else ord("1")
            parcel.file.write_bytes(bytes(changed))
            with pytest.raises((Refusal, ValueError)):
                vote_stages.count(parcel, made.vote.state_root, insert=False)

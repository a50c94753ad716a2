"""A tally in columns comes out as one by one: proven where all is well, else in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs.refusals import Refusal
from proofs.statements import tally_columns, vote_columns
from proofs.statements.proven_tally import AnchorFacts, Outcome, prove_tally
from proofs.statements.storage.columns import Receipts
from proofs.statements.tally import Bucket, Counting, Tally, pack_split
from proofs.statements.tally_columns import Voters
from proofs.statements.vote_columns import Votes
from proofs.statements.vote_logs import ProvenVote, VoteKind

BLOCKS = [bytes([tag]) * 32 for tag in (1, 2, 3)]
VOTERS = [bytes([tag]) * 19 + b"\0" for tag in range(1, 7)]


@pytest.fixture(params=(1, 2, tally_columns._AT_ONCE), scope="module", autouse=True)
def at_once(request: pytest.FixtureRequest) -> Iterator[None]:
    """Voters looked at one by one, in pairs, and all of them together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally_columns, "_AT_ONCE", request.param)
        yield


def columns_of(votes: list[ProvenVote]) -> Votes:
    parts = [
        vote_columns.columns([block], [v for v in votes if v.block_hash == block], at)
        for at, block in enumerate(BLOCKS)
    ]
    return vote_columns.joined(BLOCKS, parts)


def voters_of(powers: dict[bytes, int], receipts: Receipts | None = None) -> Voters:
    known = sorted(powers)
    return Voters(
        np.frombuffer(b"".join(known), np.uint8).reshape(-1, 20),
        np.frombuffer(b"".join([powers[v].to_bytes(32, "big") for v in known]), np.uint8).reshape(
            -1, 32
        ),
        receipts,
    )


def vote(at: int, voter: bytes, support: int, weight: int, **more: Any) -> ProvenVote:
    place = {"block_hash": BLOCKS[at % 3], "transaction": at // 6, "position": at // 3 % 2}
    return ProvenVote(voter=voter, support=support, weight=weight, **(place | more))


def anchor(votes: list[ProvenVote], counting: Counting, **totals: int) -> AnchorFacts:
    sums = {
        bucket.name.lower(): sum(v.weight for v in votes if v.support == bucket)
        for bucket in Bucket
    }
    sums |= totals
    return AnchorFacts(
        block_hash=b"\xaa" * 32,
        clock=101,
        deadline=100,
        totals=Tally(against=sums["against"], for_=sums["for"], abstain=sums["abstain"]),
        counting=counting,
    )


def both(facts: AnchorFacts, votes: list[ProvenVote], voters: Voters, linked: list[bytes]) -> Any:
    """What both paths say, which is the same."""
    given_votes = columns_of(votes)
    ordered = list(given_votes.one_by_one())
    assert sorted(ordered, key=lambda v: v.log) == sorted(votes, key=lambda v: v.log)

    def said(act: Any) -> Any:
        try:
            return act()
        except Refusal as refusal:
            return type(refusal), str(refusal), refusal.facts

    plain = said(lambda: prove_tally(facts, ordered, ancestors=linked, voters=voters.one_by_one()))
    found = said(lambda: tally_columns.prove(facts, given_votes, ancestors=linked, voters=voters))
    assert found == plain
    return plain


WEIGHTS = st.one_of(st.integers(0, 3), st.integers(0, 2**96 - 1), st.integers(0, 2**256 - 1))


@settings(max_examples=400)
@given(st.data())
def test_random_tallies_come_out_alike(data: st.DataObject) -> None:
    """Right ones, and ones with a wrong sum, power, receipt, choice, link or log."""
    draw = data.draw
    counting = draw(st.sampled_from(list(Counting)))
    several = draw(st.booleans())
    names = VOTERS if not several else VOTERS[:3]
    votes = [
        vote(at, names[at % len(names)], draw(st.integers(0, 2)), draw(WEIGHTS))
        for at in range(draw(st.integers(0, 6)))
    ]
    if draw(st.integers(0, 3)) == 0:
        votes = [
            vote(
                at,
                v.voter,
                255,
                v.weight,
                params=pack_split(Tally(against=v.weight)),
            )
            if v.weight < 2**128 and draw(st.booleans())
            else v
            for at, v in enumerate(votes)
        ]
    cast = {v.voter: 0 for v in votes}
    for v in votes:
        cast[v.voter] += v.weight
    powers = {voter: min(weight, 2**256 - 1) for voter, weight in cast.items()}
    ordered = list(columns_of(votes).one_by_one())
    last = {v.voter: v.support for v in ordered}
    known = sorted(powers)
    kept = Receipts(
        np.ones(len(known), bool),
        np.array([last[v] for v in known], np.uint8),
        voters_of(powers).powers.copy(),
    )
    linked = list(BLOCKS)
    totals: dict[str, int] = {}
    changed = draw(
        st.sampled_from(
            (
                "",
                "",
                "",
                "sum",
                "power",
                "less",
                "voted",
                "weight",
                "choice",
                "link",
                "voter",
                "kind",
                "support",
            )
        )
    )
    if known:
        voter = draw(st.sampled_from(known))
        at = known.index(voter)
        match changed:
            case "sum":
                totals = {draw(st.sampled_from(("against", "for", "abstain"))): draw(WEIGHTS)}
            case "power":
                powers[voter] = draw(WEIGHTS)
            case "less":
                powers[voter] = max(powers[voter] - 1, 0)
            case "voted":
                kept.voted[at] = False
            case "weight":
                assert kept.weights is not None
                kept.weights[at, 31] ^= 1
            case "choice":
                assert kept.supports is not None
                kept.supports[at] ^= 1
            case "link":
                linked.remove(draw(st.sampled_from(BLOCKS)))
            case "voter":
                del powers[voter]
                rows = np.arange(len(known)) != at
                assert kept.supports is not None
                assert kept.weights is not None
                kept = Receipts(kept.voted[rows], kept.supports[rows], kept.weights[rows])
            case "kind":
                votes[0] = vote(0, votes[0].voter, 1, 5, kind=VoteKind.OVERRIDE)
            case "support":
                votes[0] = vote(0, votes[0].voter, draw(st.integers(3, 255)), 5)
    receipts = draw(
        st.sampled_from((None, kept, kept._replace(supports=None), kept._replace(weights=None)))
    )
    try:
        facts = anchor(votes, counting, **totals)
    except Refusal:
        return
    both(facts, votes, voters_of(powers, receipts), linked)


@pytest.mark.parametrize("counting", list(Counting))
def test_what_is_well_takes_no_plain_path(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its speed would be an illusion, and what is compared here one path with itself."""
    votes = [vote(at, VOTERS[at], at % 3, 2**90 + at) for at in range(6)]
    if counting is Counting.FRACTIONAL:
        votes += [vote(6, VOTERS[0], 2, 2**80), vote(7, VOTERS[1], 1, 0)]
    powers = dict.fromkeys(VOTERS, 0)
    for one in votes:
        powers[one.voter] += one.weight
    facts, voters = anchor(votes, counting), voters_of(powers)
    plain = both(facts, votes, voters, BLOCKS)
    assert plain.outcome is Outcome.PROVEN

    def never(*arguments: Any, **named: Any) -> Any:
        raise AssertionError("the plain path was taken")

    monkeypatch.setattr(tally_columns, "prove_tally", never)
    found = tally_columns.prove(facts, columns_of(votes), ancestors=BLOCKS, voters=voters)
    assert found == plain


def test_a_log_given_twice_is_refused_and_named() -> None:
    votes = [vote(0, VOTERS[0], 1, 5), vote(1, VOTERS[1], 1, 5)]
    twice = columns_of(votes)
    again = vote_columns.joined(BLOCKS, [twice, twice])
    facts, voters = (
        anchor([*votes, *votes], Counting.FRACTIONAL),
        voters_of({VOTERS[0]: 10, VOTERS[1]: 10}),
    )
    with pytest.raises(Refusal, match="given twice"):
        tally_columns.prove(facts, again, ancestors=BLOCKS, voters=voters)
    # The same block under two positions is no second block.
    copied = Votes([BLOCKS[0], BLOCKS[0], BLOCKS[2]], *twice[1:])
    moved = copied._replace(transaction=np.zeros(2, np.int64), position=np.zeros(2, np.int64))
    with pytest.raises(Refusal, match="given twice"):
        tally_columns.prove(anchor(votes, Counting.SIMPLE), moved, ancestors=BLOCKS, voters=voters)

"""One log, one vote: of this governor, this proposal, in the one form contracts write."""

from __future__ import annotations

import dataclasses

import pytest
from eth_abi.abi import encode
from eth_utils import keccak

from proofs.refusals import (
    ForeignLog,
    MalformedLog,
    NotBytes,
    OutOfRange,
    Refusal,
    WrongLength,
)
from proofs.statements.vote_logs import VOTE_TOPICS, ProvenVote, VoteKind, read_vote

GOVERNOR, VOTER = b"\x60" * 20, b"\xaa" * 20
BLOCK = b"\xb1" * 32
ID = 7
EVENTS = {
    "VoteCast(address,uint256,uint8,uint256,string)": VoteKind.CAST,
    "VoteCastWithParams(address,uint256,uint8,uint256,string,bytes)": VoteKind.CAST,
    "OverrideVoteCast(address,uint256,uint8,uint256,string)": VoteKind.OVERRIDE,
    "VoteReduced(address,uint256,uint8,uint256)": VoteKind.REDUCED,
}
CAST = next(iter(EVENTS))


def a_log(
    event: str = CAST, *, proposal: int = ID, support: int = 1, weight: int = 50, reason: str = "so"
) -> tuple[tuple[bytes, bytes], bytes]:
    types = event.partition("(address,")[2].removesuffix(")").split(",")
    values = [proposal, support, weight, reason, b"\x01\x02"][: len(types)]
    topics = (keccak(text=event), bytes(12) + VOTER)
    return topics, encode(types, values)


def read(topics, data, **changed) -> ProvenVote:
    known = {"governor": GOVERNOR, "proposal_id": ID, "address": GOVERNOR, "log": (BLOCK, 3, 1)}
    return read_vote(topics=topics, data=data, **(known | changed))


@pytest.mark.parametrize("event", EVENTS)
def test_each_of_the_four_events_is_read(event: str) -> None:
    vote = read(*a_log(event))
    assert vote == ProvenVote(
        block_hash=BLOCK,
        transaction=3,
        position=1,
        voter=VOTER,
        support=1,
        weight=50,
        params=b"\x01\x02" if "Params" in event else b"",
        kind=EVENTS[event],
    )
    assert vote.log == (BLOCK, 3, 1)
    assert keccak(text=event) in VOTE_TOPICS


def test_the_topic_of_a_vote_is_the_published_one() -> None:
    published = "b8e138887d0aa13bab447e82de9d5c1777041ecd21ca36ba824ff1e6c07ddda4"
    assert bytes.fromhex(published) in VOTE_TOPICS
    assert len(VOTE_TOPICS) == 4


def test_logs_of_others_are_foreign() -> None:
    topics, data = a_log()
    with pytest.raises(ForeignLog, match="contract"):
        read(topics, data, address=b"\x61" * 20)
    with pytest.raises(ForeignLog, match="proposal"):
        read(*a_log(proposal=8))
    with pytest.raises(ForeignLog, match="no vote"):
        read((keccak(text="Transfer(address,address,uint256)"), topics[1]), data)
    with pytest.raises(ForeignLog, match="no vote"):
        read((), data)


def test_a_reason_that_is_no_text_is_still_a_reason() -> None:
    topics, data = a_log(reason="ab")
    assert read(topics, data.replace(b"ab", b"\xff\xfe")).weight == 50


@pytest.mark.parametrize(
    "topics",
    [
        a_log()[0][:1],
        (*a_log()[0], bytes(32)),
        (a_log()[0][0], b"\x01" + bytes(11) + VOTER),
        (a_log()[0][0], VOTER),
    ],
)
def test_topics_of_another_shape_are_malformed(topics) -> None:
    with pytest.raises(MalformedLog):
        read(topics, a_log()[1])


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in values)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        a_log()[1][:-32],
        a_log()[1] + bytes(32),
        words(ID, 1, 50, 160, 0, 0),
        words(ID, 256, 50, 128, 0),
        words(ID, 1, 50, 2**255, 0),
        words(ID, 1, 50, 128, 2**255),
        words(ID, 1, 50, 128, 1) + b"\x61" + b"\x01" * 31,
    ],
    ids=["empty", "cut", "longer", "moved", "support", "far", "long", "padding"],
)
def test_data_in_any_other_form_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedLog):
        read(a_log()[0], data)


def test_what_is_not_bytes_or_has_no_place_is_refused() -> None:
    topics, data = a_log()
    with pytest.raises(NotBytes):
        read(topics, "0x" + data.hex())
    with pytest.raises(WrongLength):
        read(topics, data, log=(b"\xb1", 3, 1))


@pytest.mark.parametrize(
    ("field", "value", "refusal"),
    [
        ("block_hash", bytes(31), WrongLength),
        ("transaction", 2**64, OutOfRange),
        ("position", -1, OutOfRange),
        ("voter", bytes(32), WrongLength),
        ("support", 256, OutOfRange),
        ("weight", 2**256, OutOfRange),
        ("params", "0x", NotBytes),
    ],
)
def test_a_vote_that_no_log_can_hold_is_refused(
    field: str, value: object, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal, match=field.partition("_")[0]):
        dataclasses.replace(read(*a_log()), **{field: value})

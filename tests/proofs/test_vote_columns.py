"""Votes read in columns are those read one by one, whatever the replies are made of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs.chain.receipts_batch import read
from proofs.refusals import AnotherAnswer, BatchRefused, Refusal, WrongLength
from proofs.statements import vote_columns, vote_logs
from proofs.statements.vote_logs import ProvenVote

GOVERNOR, OTHER = b"\x60" * 20, b"\x61" * 20
ID = 2**200 + 7
CAST = "VoteCast(address,uint256,uint8,uint256,string)"
EVENTS = (
    CAST,
    "VoteCastWithParams(address,uint256,uint8,uint256,string,bytes)",
    "VoteReduced(address,uint256,uint8,uint256)",
    "Transfer(address,uint256,uint8,uint256)",
)


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def a_log(
    voter: int = 1,
    *,
    event: str = CAST,
    address: bytes = GOVERNOR,
    proposal: int = ID,
    support: int = 1,
    weight: int = 50,
    reason: str = "",
) -> dict[str, Any]:
    types = event.partition("(address,")[2].removesuffix(")").split(",")
    values = [proposal, support, weight, reason, b"\x01\x02"][: len(types)]
    return {
        "address": hexed(address),
        "topics": [hexed(keccak(text=event)), hexed(voter.to_bytes(32, "big"))],
        "data": hexed(encode(types, values)),
        "logIndex": "0x0",
    }


def body(receipts: list[list[dict[str, Any]]]) -> bytes:
    rows = [{"status": "0x1", "logs": logs} for logs in receipts]
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": rows}).encode()


def outcome(blocks: list[bytes], bodies: list[bytes]) -> tuple[list[ProvenVote], dict[int, str]]:
    """What the plain path says, reply by reply."""
    votes: list[ProvenVote] = []
    refusals: dict[int, str] = {}
    for at, (block, text) in enumerate(zip(blocks, bodies, strict=True)):
        try:
            votes += vote_logs.votes_in(GOVERNOR, ID, block, read(text))
        except Refusal as refusal:
            refusals[at] = f"{type(refusal).__name__}: {refusal}"
    return votes, refusals


def both(bodies: list[bytes]) -> tuple[list[ProvenVote], dict[int, str]]:
    """What both paths say, which is the same."""
    blocks = [bytes([at + 1]) * 32 for at in range(len(bodies))]
    plain = outcome(blocks, bodies)
    try:
        votes = list(vote_columns.read_votes(GOVERNOR, ID, blocks, bodies).one_by_one())
        refusals: dict[int, str] = {}
    except BatchRefused as batch:
        refusals = {at: f"{type(one).__name__}: {one}" for at, one in batch.refusals.items()}
        votes = [vote for at in sorted(batch.answers) for vote in batch.answers[at]]
        answered = batch.answers.keys()
    else:
        answered = dict.fromkeys(range(len(bodies))).keys()
    assert answered == set(range(len(bodies))) - refusals.keys()
    assert (votes, refusals) == plain
    return plain


LOGS = st.builds(
    a_log,
    st.integers(0, 2**160 - 1),
    event=st.sampled_from((*[CAST] * 6, *EVENTS)),
    address=st.sampled_from((*[GOVERNOR] * 4, OTHER)),
    proposal=st.sampled_from((ID, ID, ID, 8)),
    support=st.integers(0, 255),
    weight=st.integers(0, 2**256 - 1),
    reason=st.text(max_size=70).map(lambda text: text.encode("utf-8", "ignore").decode()),
)
BLOCKS = st.lists(st.lists(st.lists(LOGS, max_size=3), max_size=4), max_size=4)


@given(BLOCKS)
def test_random_blocks_are_read_alike(blocks: list[list[list[dict[str, Any]]]]) -> None:
    both([body(block) for block in blocks])


def test_plain_votes_take_no_plain_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its speed would be an illusion, and what is compared here one path with itself."""
    logs = [a_log(number, weight=number**9, reason="so" * number) for number in range(40)]
    text = body([[log, a_log(address=OTHER)] for log in logs])
    plain, _ = both([text])

    def never(*arguments: Any) -> Any:
        raise AssertionError("the plain path was taken")

    monkeypatch.setattr(vote_columns, "votes_in", never)
    found = vote_columns.read_votes(GOVERNOR, ID, [b"\x01" * 32], [text])
    assert list(found.one_by_one()) == plain
    assert [vote.transaction for vote in plain] == list(range(40))


@settings(max_examples=400)
@given(st.data())
def test_changed_characters_are_judged_alike(data: st.DataObject) -> None:
    """One to three characters are replaced, inserted or removed, anywhere."""
    logs = [
        [a_log(9, reason=data.draw(st.sampled_from(("", "why", "w" * 32))))],
        [a_log(3, event=data.draw(st.sampled_from(EVENTS))), a_log(2, proposal=5)],
    ]
    text = bytearray(body(logs))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        byte = data.draw(
            st.one_of(st.sampled_from(b'0123456789abcdefABCDEFgx _+"\\,:[]{}'), st.integers(0, 255))
        )
        match data.draw(st.sampled_from(("replace", "insert", "remove"))):
            case "replace":
                text[at] = byte
            case "insert":
                text.insert(at, byte)
            case _:
                del text[at]
    both([bytes(text), body([[a_log(7)]])])


HEAD = 2 + 64 * 5


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a voter of more than 20 bytes", {"topics": [hexed(keccak(text=CAST)), "0x" + "ff" * 32]}),
        ("a topic too many", {"topics": [hexed(keccak(text=CAST)), *["0x" + "00" * 32] * 2]}),
        ("a short topic", {"topics": [hexed(keccak(text=CAST)), "0x" + "00" * 31]}),
        ("spaces for digits", {"topics": [hexed(keccak(text=CAST)), "0x" + " " * 64]}),
        ("no data", {"data": "0x"}),
        ("half a byte", {"data": a_log()["data"] + "0"}),
        ("a word too many", {"data": a_log()["data"] + "00" * 32}),
        ("a reason cut short", {"data": a_log(reason="why")["data"][:-2]}),
        ("a reason not padded with zeros", {"data": a_log(reason="why")["data"][:-2] + "01"}),
        ("a reason of spaces", {"data": a_log(reason="why")["data"][:HEAD] + " " * 64}),
        ("another place of the reason", {"data": a_log()["data"][: HEAD - 66] + "a0" + "00" * 32}),
        ("an underscore", {"data": a_log(reason="why")["data"].replace("00", "_0", 1)}),
        ("no topics at all", {"topics": None}),
    ],
)
def test_what_no_governor_wrote_is_refused_and_named(name: str, change: dict[str, Any]) -> None:
    good = body([[a_log(1)]])
    votes, refusals = both([good, body([[a_log(2) | change]]), good])
    assert list(refusals) == [1], name
    assert len(votes) == 2


def test_spaces_cannot_make_one_vote_out_of_two() -> None:
    """Digits are joined before they become bytes, and a reader of bytes skips spaces."""
    empty = a_log() | {"topics": [hexed(keccak(text=CAST)), "0x" + " " * 64]}
    votes, refusals = both([body([[empty | {"data": "0x" + " " * 320}, a_log(4)]])])
    assert votes == []
    assert list(refusals) == [0]


def test_questions_that_cannot_be_are_refused() -> None:
    with pytest.raises(AnotherAnswer):
        vote_columns.read_votes(GOVERNOR, ID, [b"\x01" * 32], [])
    with pytest.raises(WrongLength):
        vote_columns.read_votes(GOVERNOR[:-1], ID, [], [])
    with pytest.raises(WrongLength):
        vote_columns.read_votes(GOVERNOR, ID, [b"\x01"], [body([])])
    assert len(vote_columns.read_votes(GOVERNOR, ID, [], []).block) == 0


def test_topics_of_other_lengths_cannot_make_up_for_each_other() -> None:
    """What one topic has too little the next has too much, and all between is moved by as much."""
    words = b"".join(value.to_bytes(32, "big") for value in (ID, 1, 50, 128))
    short = a_log() | {"data": hexed(bytes(2) + words + bytes(30))}
    long = a_log(2)
    short["topics"][1] = hexed(bytes(29) + b"\x07")
    long["topics"][1] = hexed(bytes(2) + (8).to_bytes(32, "big"))
    votes, refusals = both([body([[short], [long]]), body([[a_log(3)]])])
    assert list(refusals) == [0]
    assert [vote.voter for vote in votes] == [(3).to_bytes(20, "big")]

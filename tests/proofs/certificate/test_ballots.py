"""Receipts that a chain may commit to and that hold no vote, or none that can be read."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from made_certificate import ADA, CAST, GOVERNOR, PROPOSAL, TOKEN, Cast, receipt

from proofs.certificate.ballots import Ballot, votes_in
from proofs.certificate.linking import Block, read_header
from proofs.certificate.refusals import MalformedCertificate, PartRefused, UnusedWitness
from proofs.certificate.witnesses import BlockReceipts, node_set
from proofs.chain import rlp
from proofs.chain.trie import prove_ordered
from proofs.refusals import MalformedLog, NotRlp
from proofs.statements.vote_logs import ProvenVote

BALLOT = Ballot(GOVERNOR, PROPOSAL)
VOTE = Cast(ADA, 1, 5, 0).log()


def found(raw: bytes, index: int = 0) -> list[ProvenVote]:
    """The votes in a block of one receipt, asked for by its index."""
    root, proofs = prove_ordered([raw], [index])
    block = Block(b"\x01" * 32, b"\x02" * 32, b"\x03" * 32, root, 9, 1)
    nodes = node_set(node for nodes in proofs for node in nodes)
    return votes_in("shard", BALLOT, block, BlockReceipts(9, nodes, (index,)))


def test_every_vote_on_the_proposal_counts_and_nothing_else_does() -> None:
    other = Cast(ADA, 1, 5, 0).log(proposal=PROPOSAL + 1)
    foreign = Cast(ADA, 1, 5, 0).log(governor=TOKEN)
    bare = [GOVERNOR, [], b"x"]
    votes = found(receipt([other, VOTE, foreign, bare, VOTE]))
    assert [vote.position for vote in votes] == [1, 4]
    assert {(vote.voter, vote.support, vote.weight) for vote in votes} == {(ADA, 1, 5)}
    with pytest.raises(UnusedWitness, match="block 9, receipt 0"):
        found(receipt([other, foreign, bare]))


@pytest.mark.parametrize(
    "raw",
    [
        b"\x02" + rlp.encode(b"no list"),
        rlp.encode([b"\x01", b"", bytes(256)]),
        rlp.encode([b"\x01", b"", bytes(256), b"no logs"]),
        receipt([b"no log"]),
        receipt([[GOVERNOR, [CAST]]]),
        receipt([[[GOVERNOR], [CAST], b""]]),
        receipt([[GOVERNOR, [CAST], [b""]]]),
        receipt([[GOVERNOR, CAST, b""]]),
        receipt([[GOVERNOR, [[CAST]], b""]]),
    ],
    ids=["string", "three", "no logs", "string log", "two", "address", "data", "topics", "topic"],
)
def test_what_has_not_the_form_of_a_receipt_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedCertificate, match="block 9, receipt 0"):
        found(raw)


def test_a_receipt_that_is_not_there_is_refused() -> None:
    with pytest.raises(MalformedCertificate, match="no such receipt"):
        found(receipt([VOTE]), index=1)


def test_a_receipt_and_a_vote_that_cannot_be_read_are_refused_with_the_reason() -> None:
    with pytest.raises(PartRefused) as caught:
        found(b"\x02\xc5\x01")
    assert isinstance(caught.value.cause, NotRlp)
    data = encode(["uint256", "uint8", "uint256", "bytes"], [PROPOSAL, 1, 5, b""]) + bytes(32)
    with pytest.raises(PartRefused) as caught:
        found(receipt([[GOVERNOR, [CAST, ADA.rjust(32, b"\0")], data]]))
    assert isinstance(caught.value.cause, MalformedLog)
    assert caught.value.place == "block 9, receipt 0, log 0"


@pytest.mark.parametrize(
    "raw",
    [
        rlp.encode(b"no list"),
        rlp.encode([bytes(32)] * 8 + [b"\x01"] * 6),
        rlp.encode([bytes(31)] + [bytes(32)] * 7 + [b"\x01"] * 7),
        rlp.encode([bytes(32)] * 8 + [b"\x00"] + [b"\x01"] * 6),
        rlp.encode([bytes(32)] * 8 + [bytes([1]) * 9] + [b"\x01"] * 6),
        rlp.encode([bytes(32)] * 8 + [[b"\x01"]] + [b"\x01"] * 6),
        rlp.encode([[]] + [bytes(32)] * 7 + [b"\x01"] * 7),
    ],
)
def test_what_is_no_header_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedCertificate):
        read_header("shard", "header 0", raw)
    with pytest.raises(PartRefused):
        read_header("shard", "header 0", raw + b"\0")

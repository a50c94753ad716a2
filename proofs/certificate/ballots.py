"""Votes from proven receipts: every vote event of the proposal in them counts, once."""

from __future__ import annotations

from typing import NamedTuple

from ..chain import rlp
from ..refusals import ForeignLog, NotRlp, Refusal
from ..statements.vote_logs import VOTE_TOPICS, ProvenVote, read_vote
from . import proving
from .linking import Block
from .refusals import MalformedCertificate, PartRefused, UnusedWitness
from .witnesses import BlockReceipts

_LOGS = 3


class Ballot(NamedTuple):
    """Which votes are looked for."""

    governor: bytes
    proposal_id: int


def votes_in(item: str, ballot: Ballot, block: Block, given: BlockReceipts) -> list[ProvenVote]:
    """The votes in some receipts of one block, in their order.

    Raises PartRefused, MalformedCertificate; UnusedWitness for a receipt without any such vote.
    """
    place = f"block {block.number}"
    receipts = proving.ordered(item, place, block.receipts_root, given.indices, given.nodes)
    found: list[ProvenVote] = []
    for index, receipt in zip(given.indices, receipts, strict=True):
        inside = f"{place}, receipt {index}"
        if receipt is None:
            raise MalformedCertificate(item, inside, "the block has no such receipt.")
        votes = _votes(item, inside, ballot, (block.hash, index), receipt)
        if not votes:
            raise UnusedWitness(item, inside, "it holds no vote on the proposal.")
        found += votes
    return found


def _votes(
    item: str, place: str, ballot: Ballot, at: tuple[bytes, int], receipt: bytes
) -> list[ProvenVote]:
    found = []
    for position, (address, topics, data) in enumerate(_logs(item, place, receipt)):
        if address != ballot.governor or not topics or topics[0] not in VOTE_TOPICS:
            continue
        try:
            found.append(
                read_vote(
                    governor=ballot.governor,
                    proposal_id=ballot.proposal_id,
                    address=address,
                    topics=topics,
                    data=data,
                    log=(*at, position),
                )
            )
        except ForeignLog:
            continue
        except Refusal as refusal:
            raise PartRefused(item, f"{place}, log {position}", refusal) from refusal
    return found


def _logs(item: str, place: str, receipt: bytes) -> list[tuple[bytes, list[bytes], bytes]]:
    """Address, topics and data of each log, of receipts of any type (EIP-2718)."""
    try:
        # What begins below 0xc0 is no list but a type with a list behind it.
        fields = rlp.decode(receipt if receipt[:1] >= b"\xc0" else receipt[1:])
    except NotRlp as refusal:
        raise PartRefused(item, place, refusal) from refusal
    rows = fields[_LOGS] if isinstance(fields, list) and len(fields) > _LOGS else b""
    found = []
    for row in rows if isinstance(rows, list) else [rows]:
        if not isinstance(row, list) or len(row) != 3:
            raise MalformedCertificate(item, place, "its logs are not those of a receipt.")
        address, topics, data = row
        words = [part for part in topics if isinstance(part, bytes)]
        if not isinstance(address, bytes) or not isinstance(data, bytes):
            raise MalformedCertificate(item, place, "its logs are not those of a receipt.")
        if isinstance(topics, bytes) or len(words) != len(topics):
            raise MalformedCertificate(item, place, "its topics are not those of a receipt.")
        found.append((address, words, data))
    return found

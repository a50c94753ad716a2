"""Votes of many blocks in columns, from the texts of replies to eth_getBlockReceipts: the batch
path of `vote_logs`.

A million votes as objects take gigabytes and most of the time; as columns they are some arrays.
What a text says counts only once it has the receipts root of its block (`chain.receipts_batch`).
Importing this module loads numpy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from ..chain.answers import octets
from ..chain.nesting import shallow
from ..chain.receipts_batch import read
from ..inputs import fixed, unsigned
from ..keccak import keccak256
from ..refusals import AnotherAnswer, BatchRefused, NotHex, Refusal
from .vote_logs import VOTE_TOPICS, ProvenVote, VoteKind, votes_in

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

_CAST = keccak256(b"VoteCast(address,uint256,uint8,uint256,string)")
# Digits of voter, proposal, support, weight, place and length of the reason; then the reason.
_WORDS = 5
_DATA = 2 + 64 * _WORDS
_OFFSET = np.frombuffer((32 * (_WORDS - 1)).to_bytes(32, "big"), np.uint8)


class Votes(NamedTuple):
    """Vote events in the order of their logs, one a row.

    ``blocks`` are the hashes of the blocks, ``block`` says by position in which of them a vote is;
    ``transaction`` and ``position`` as of ``ProvenVote``. ``voters`` has 20 bytes a row,
    ``weights`` 32, the highest first. ``params`` has by row what is not empty, and ``kinds`` what
    is not ``CAST``.
    """

    blocks: Sequence[bytes]
    block: Numbers
    transaction: Numbers
    position: Numbers
    voters: Bytes
    supports: Bytes
    weights: Bytes
    params: dict[int, bytes]
    kinds: dict[int, VoteKind]

    def one_by_one(self) -> Iterator[ProvenVote]:
        """The same as objects."""
        rows = zip(
            self.block.tolist(),
            self.transaction.tolist(),
            self.position.tolist(),
            self.supports.tolist(),
            strict=True,
        )
        for at, (block, transaction, position, support) in enumerate(rows):
            yield ProvenVote(
                block_hash=self.blocks[block],
                transaction=transaction,
                position=position,
                voter=self.voters[at].tobytes(),
                support=support,
                weight=int.from_bytes(self.weights[at].tobytes(), "big"),
                params=self.params.get(at, b""),
                kind=self.kinds.get(at, VoteKind.CAST),
            )


class _Log(msgspec.Struct, gc=False):
    address: str
    topics: list[str]
    data: str


class _Receipt(msgspec.Struct, gc=False):
    logs: list[_Log]


class _Reply(msgspec.Struct):
    result: list[_Receipt]


_decode = msgspec.json.Decoder(_Reply).decode


class _Irregular(Exception):
    """A block that the plain path has to read."""


def read_votes(
    governor: bytes, proposal_id: int, blocks: Sequence[bytes], bodies: Sequence[bytes]
) -> Votes:
    """All votes on a proposal in these blocks, given by their hashes and the replies about them.

    Does what `vote_logs.votes_in` does with each. Raises BatchRefused: items are replies by
    position, refused as there or as by `receipts_batch.read`; `answers` has the votes of the others
    as objects. Raises AnotherAnswer when there are not as many replies as blocks; NotAnInteger,
    NotBytes, OutOfRange, WrongLength for what cannot be asked.
    """
    if len(blocks) != len(bodies):
        raise AnotherAnswer(f"{len(bodies)} replies came to {len(blocks)} blocks.")
    reading = _Reading(fixed("governor", governor, 20), unsigned("proposal id", proposal_id))
    parts: list[Votes] = []
    refusals: dict[int, Refusal] = {}
    for at, (block, body) in enumerate(zip(blocks, bodies, strict=True)):
        fixed("block hash", block, 32)
        try:
            parts.append(reading.regular(at, body))
        except (_Irregular, ValueError, RecursionError):
            try:
                given = votes_in(governor, proposal_id, block, read(body))
            except Refusal as refusal:
                refusals[at] = refusal
            else:
                parts.append(columns([block], given, at))
    found = joined(blocks, parts)
    if refusals:
        answers: dict[int, list[ProvenVote]] = {
            at: [] for at in range(len(blocks)) if at not in refusals
        }
        for at, vote in zip(found.block.tolist(), found.one_by_one(), strict=True):
            answers[at].append(vote)
        raise BatchRefused(refusals, answers)
    return found


def columns(blocks: Sequence[bytes], votes: Sequence[ProvenVote], block: int = 0) -> Votes:
    """Objects as columns, all of the block in position ``block``."""
    return Votes(
        blocks,
        np.full(len(votes), block, np.int64),
        np.array([vote.transaction for vote in votes], np.int64),
        np.array([vote.position for vote in votes], np.int64),
        _rows(b"".join([vote.voter for vote in votes]), 20),
        np.array([vote.support for vote in votes], np.uint8),
        _rows(b"".join([vote.weight.to_bytes(32, "big") for vote in votes]), 32),
        {at: vote.params for at, vote in enumerate(votes) if vote.params},
        {at: vote.kind for at, vote in enumerate(votes) if vote.kind is not VoteKind.CAST},
    )


def joined(blocks: Sequence[bytes], parts: Sequence[Votes]) -> Votes:
    """The rows of all parts, one after the other, with these blocks for all."""
    parts = parts or [columns(blocks, ())]
    params: dict[int, bytes] = {}
    kinds: dict[int, VoteKind] = {}
    start = 0
    for part in parts:
        params |= {start + at: value for at, value in part.params.items()}
        kinds |= {start + at: kind for at, kind in part.kinds.items()}
        start += len(part.block)
    return Votes(
        blocks,
        np.concatenate([part.block for part in parts]),
        np.concatenate([part.transaction for part in parts]),
        np.concatenate([part.position for part in parts]),
        np.concatenate([part.voters for part in parts]),
        np.concatenate([part.supports for part in parts]),
        np.concatenate([part.weights for part in parts]),
        params,
        kinds,
    )


class _Reading:
    """Blocks whose votes are all plain `VoteCast` events; others are `_Irregular`."""

    def __init__(self, governor: bytes, proposal_id: int) -> None:
        self.governor = governor
        self.proposal = np.frombuffer(proposal_id.to_bytes(32, "big"), np.uint8)
        # What texts of addresses and first topics stand for: there are few different ones.
        self.ours: dict[str, bool] = {}
        self.events: dict[str, bool] = {}

    def regular(self, at: int, body: bytes) -> Votes:
        """The votes of a block. Raises _Irregular, ValueError and what msgspec raises."""
        words: list[str] = []
        lengths: list[int] = []
        transaction: list[int] = []
        position: list[int] = []
        for index, receipt in enumerate(_decode(shallow(body)).result):
            for place, log in enumerate(receipt.logs):
                if not self._is_ours(log.address) or not self._is_vote(log.topics):
                    continue
                text, reason = log.data, log.data[_DATA:]
                if len(log.topics) != 2 or len(text) < _DATA or text[:2] != "0x":
                    raise _Irregular
                length = int(text[_DATA - 64 : _DATA], 16) if reason else 0
                if reason and not _padded(reason, length):
                    raise _Irregular
                words += (_digits(log.topics[1]), text[2:_DATA])
                lengths.append(length)
                transaction.append(index)
                position.append(place)
        # fromhex skips spaces; as many rows as there should be tell that there were none.
        raw = bytes.fromhex("".join(words))
        rows = _rows(raw, 32).reshape(len(lengths), 1 + _WORDS, 32)
        voter, proposal, support, weight, offset, length_word = rows.transpose(1, 0, 2)
        given = np.ascontiguousarray(length_word).view(">u8")
        if (
            voter[:, :12].any()
            or support[:, :31].any()
            or (offset != _OFFSET).any()
            or given[:, :3].any()
            or (given[:, 3] != np.array(lengths, np.uint64)).any()
        ):
            raise _Irregular
        kept = (proposal == self.proposal).all(axis=1)
        return Votes(
            (),
            np.full(int(kept.sum()), at, np.int64),
            np.array(transaction, np.int64)[kept],
            np.array(position, np.int64)[kept],
            voter[kept, 12:],
            support[kept, 31],
            weight[kept],
            {},
            {},
        )

    def _is_ours(self, text: str) -> bool:
        found = self.ours.get(text)
        if found is None:
            found = self.ours[text] = octets(text, "address") == self.governor
        return found

    def _is_vote(self, topics: list[str]) -> bool:
        if not topics:
            return False
        found = self.events.get(topics[0])
        if found is None:
            topic = octets(topics[0], "topic")
            if topic in VOTE_TOPICS and topic != _CAST:
                raise _Irregular
            found = self.events[topics[0]] = topic == _CAST
        return found


def _padded(reason: str, length: int) -> bool:
    """Whether these digits are ``length`` bytes, filled up to whole words with zeros."""
    given = bytes.fromhex(reason)
    whole = -(-length // 32) * 32
    return 2 * len(given) == len(reason) and len(given) == whole and not any(given[length:])


def _digits(text: str) -> str:
    if len(text) != 66 or text[:2] != "0x":
        raise NotHex("A topic is not 32 bytes.")
    return text[2:]


def _rows(data: bytes, width: int) -> Bytes:
    return np.frombuffer(data, np.uint8).reshape(-1, width)

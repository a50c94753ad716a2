"""From a proven log to the vote that it is, or the reason why it is none of this proposal's.

Events of OpenZeppelin governors 4 and 5 and of GovernorBravo; those of overridable counting are
``VoteReduced`` and ``OverrideVoteCast`` (OpenZeppelin 5.2 and later).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from ..chain.answers import Fields, data
from ..chain.answers import octets as octets_of
from ..inputs import fixed, octets, unsigned
from ..keccak import keccak256
from ..refusals import ForeignLog, MalformedLog, UnreadableAnswer


class VoteKind(StrEnum):
    """``CAST``: a vote of one's delegated power. ``OVERRIDE``: a holder's own vote in place of the
    delegate's. ``REDUCED``: what an override takes out of the delegate's vote, with a minus sign.
    """

    CAST = "cast"
    OVERRIDE = "override"
    REDUCED = "reduced"


LogId = tuple[bytes, int, int]
"""Block hash, index of the transaction, position among the logs of its receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenVote:
    """One vote event in a receipt that was proven under the header of ``block_hash``.

    ``transaction`` and ``position`` are the key of the receipt and the place of the log in it: both
    are what a receipt proof shows. Raises NotAnInteger, NotBytes, OutOfRange, WrongLength.
    """

    block_hash: bytes
    transaction: int
    position: int
    voter: bytes
    support: int
    weight: int
    params: bytes = b""
    kind: VoteKind = VoteKind.CAST

    def __post_init__(self) -> None:
        fixed("block hash", self.block_hash, 32)
        unsigned("transaction index", self.transaction, 64)
        unsigned("position", self.position, 64)
        fixed("voter", self.voter, 20)
        unsigned("support", self.support, 8)
        unsigned("weight", self.weight)
        octets("params", self.params)

    @property
    def log(self) -> LogId:
        """What must be unique in a tally; a voter need not be."""
        return self.block_hash, self.transaction, self.position


_WORDS = ("uint256", "uint8", "uint256")
# The reason as bytes, which the ABI encodes exactly like string: it may be no UTF-8 at all.
_EVENTS: dict[bytes, tuple[VoteKind, tuple[str, ...]]] = {
    keccak256(name + b"(address,uint256,uint8,uint256" + tail + b")"): (kind, (*_WORDS, *types))
    for name, tail, kind, types in (
        (b"VoteCast", b",string", VoteKind.CAST, ("bytes",)),
        (b"VoteCastWithParams", b",string,bytes", VoteKind.CAST, ("bytes", "bytes")),
        (b"OverrideVoteCast", b",string", VoteKind.OVERRIDE, ("bytes",)),
        (b"VoteReduced", b"", VoteKind.REDUCED, ()),
    )
}

VOTE_TOPICS = frozenset(_EVENTS)
"""First topics of all events that change a tally."""


def read_vote(
    *,
    governor: bytes,
    proposal_id: int,
    address: bytes,
    topics: Sequence[bytes],
    data: bytes,
    log: LogId,
) -> ProvenVote:
    """Read one log as a vote on ``proposal_id`` of ``governor``.

    Raises ForeignLog for a log of another contract, event or proposal; MalformedLog for topics or
    data not in the one ABI form of the event; NotAnInteger, NotBytes, OutOfRange, WrongLength.
    """
    if fixed("address", address, 20) != fixed("governor", governor, 20):
        raise ForeignLog("The log is another contract's.", address=address, governor=governor)
    event = _EVENTS.get(topics[0]) if topics else None
    if event is None:
        raise ForeignLog("The log is no vote event.", topics=tuple(topics))
    kind, types = event
    if len(topics) != 2 or len(topics[1]) != 32 or any(topics[1][:12]):
        raise MalformedLog("A vote event has its voter as its only indexed field.", log=log)
    values = _decoded(types, octets("data", data), log)
    proposal, support, weight = values[:3]
    if proposal != unsigned("proposal id", proposal_id):
        raise ForeignLog("The vote is on another proposal.", proposal_id=proposal)
    return ProvenVote(
        block_hash=log[0],
        transaction=log[1],
        position=log[2],
        voter=topics[1][12:],
        support=support,
        weight=weight,
        params=values[4] if len(values) > 4 else b"",
        kind=kind,
    )


def votes_in(
    governor: bytes, proposal_id: int, block_hash: bytes, receipts: Sequence[Fields]
) -> list[ProvenVote]:
    """All votes on a proposal in the receipts of one block, as nodes give them, in order.

    The receipts must have been held against the root in the block's header. Logs that are no votes
    on it are passed over unread. Raises as `read_vote`, NotHex and UnreadableAnswer.
    """
    found = []
    for transaction, receipt in enumerate(receipts):
        logs = receipt.get("logs")
        if not isinstance(logs, list) or not all(isinstance(log, dict) for log in logs):
            raise UnreadableAnswer("A receipt has no list of logs.", name="logs")
        for position, log in enumerate(logs):
            if data(log, "address") != governor:
                continue
            topics = log.get("topics")
            if not isinstance(topics, list):
                raise UnreadableAnswer("A log has no list of topics.", name="topics")
            if not topics or octets_of(topics[0], "topic") not in VOTE_TOPICS:
                continue
            try:
                found.append(
                    read_vote(
                        governor=governor,
                        proposal_id=proposal_id,
                        address=governor,
                        topics=[octets_of(topic, "topic") for topic in topics],
                        data=octets_of(log.get("data"), "data"),
                        log=(block_hash, transaction, position),
                    )
                )
            except ForeignLog:
                continue
    return found


def _decoded(types: tuple[str, ...], data: bytes, log: LogId) -> tuple[Any, ...]:
    try:
        values = decode(types, data)
    except (DecodingError, OverflowError) as error:
        raise MalformedLog(f"The vote event cannot be decoded: {error}", log=log) from error
    # Contracts write one form only; another one was not written by a governor.
    if encode(types, values) != data:
        raise MalformedLog("The data of the vote event is not in its one ABI form.", log=log)
    return values

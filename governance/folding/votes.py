"""Votes: from logs to rows, and from rows to tallies, as deltas per block."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from django.db import connection

from chainsync.decoding import Event, Undecodable
from chainsync.kinds import LogRecord
from charter.models import Contract
from governance.folding.copying import copy_lines, escaped
from governance.models import Vote
from governance.text import text_of
from proofs.refusals import Refusal
from proofs.statements.tally import FRACTIONAL_SUPPORT, Counting, vote_shares

VOTE_CAST = Event.parse(
    "VoteCast(address indexed voter, uint256 proposalId, uint8 support, uint256 weight, "
    "string reason)"
)
VOTE_CAST_WITH_PARAMS = Event.parse(
    "VoteCastWithParams(address indexed voter, uint256 proposalId, uint8 support, "
    "uint256 weight, string reason, bytes params)"
)
OVERRIDE_VOTE_CAST = Event.parse(
    "OverrideVoteCast(address indexed voter, uint256 proposalId, uint8 support, "
    "uint256 weight, string reason)"
)
VOTE_REDUCED = Event.parse(
    "VoteReduced(address indexed delegate, uint256 proposalId, uint8 support, uint256 weight)"
)

_COLUMNS = (
    *("contract_id", "proposal_id", "block_number", "log_index", "tx_hash", "timestamp"),
    "voter",
    "kind",
    "support",
    "weight",
    "against_votes",
    "for_votes",
    "abstain_votes",
    "reason",
    "params",
)
_ADD_DELTAS = """
WITH added AS (
    SELECT * FROM unnest(
        %(proposals)s::bigint[], %(blocks)s::bigint[], %(against)s::numeric[], %(for)s::numeric[],
        %(abstain)s::numeric[], %(votes)s::int[]
    ) AS added (proposal_id, block_number, against_votes, for_votes, abstain_votes, votes)
), kept AS (
    INSERT INTO governance_tallydelta AS delta
        (contract_id, proposal_id, block_number, against_votes, for_votes, abstain_votes, votes)
    SELECT %(contract)s, * FROM added
    ON CONFLICT (proposal_id, block_number) DO UPDATE
    SET against_votes = delta.against_votes + excluded.against_votes,
        for_votes = delta.for_votes + excluded.for_votes,
        abstain_votes = delta.abstain_votes + excluded.abstain_votes,
        votes = delta.votes + excluded.votes
)
UPDATE governance_proposal AS proposal
SET against_votes = proposal.against_votes + summed.against_votes,
    for_votes = proposal.for_votes + summed.for_votes,
    abstain_votes = proposal.abstain_votes + summed.abstain_votes,
    vote_count = proposal.vote_count + summed.votes
FROM (SELECT proposal_id, sum(against_votes) AS against_votes, sum(for_votes) AS for_votes,
             sum(abstain_votes) AS abstain_votes, sum(votes) AS votes
      FROM added GROUP BY proposal_id) AS summed
WHERE proposal.id = summed.proposal_id
"""
_TAKE_DELTAS = """
WITH gone AS (
    DELETE FROM governance_tallydelta
    WHERE contract_id = %s AND block_number >= %s
    RETURNING proposal_id, against_votes, for_votes, abstain_votes, votes
), taken AS (
    SELECT proposal_id, sum(against_votes) AS against_votes, sum(for_votes) AS for_votes,
           sum(abstain_votes) AS abstain_votes, sum(votes) AS votes
    FROM gone GROUP BY proposal_id
)
UPDATE governance_proposal AS proposal
SET against_votes = proposal.against_votes - taken.against_votes,
    for_votes = proposal.for_votes - taken.for_votes,
    abstain_votes = proposal.abstain_votes - taken.abstain_votes,
    vote_count = proposal.vote_count - taken.votes
FROM taken WHERE proposal.id = taken.proposal_id
RETURNING proposal.id
"""
# Proposal id, support, weight, offset and length of the reason.
_HEAD = struct.Struct(">32s32s32s32s32s")
_OFFSET_OF_REASON = (4 * 32).to_bytes(32, "big")
_CHOICES = {choice.to_bytes(32, "big"): choice for choice in (0, 1, 2)}
_NOTHING = bytes(32)
_ADDRESS_PADDING = bytes(12)


class VoteRecord(NamedTuple):
    """One decoded vote event; amounts in token units, negative where votes were taken back."""

    log: LogRecord
    proposal_id: int
    voter: bytes
    kind: str
    support: int
    weight: int
    against: int
    for_: int
    abstain: int
    reason: str
    params: bytes


# As `VoteRecord(…)`, in a third of the time.
_vote_of = partial(tuple.__new__, VoteRecord)


def decode_cast(log: LogRecord) -> VoteRecord:
    """A `VoteCast` log; by slices, since there may be a million. Raises Undecodable."""
    topics, data = log[7:]
    if len(topics) != 2 or len(data) < _HEAD.size or topics[1][:12] != _ADDRESS_PADDING:
        return _general(VOTE_CAST, log)
    number, choice, weight_word, offset, length_word = _HEAD.unpack_from(data)
    support = _CHOICES.get(choice)
    if support is None or offset != _OFFSET_OF_REASON:
        return _general(VOTE_CAST, log)
    reason = ""
    if length_word != _NOTHING:
        end = _HEAD.size + int.from_bytes(length_word, "big")
        if end > len(data):
            return _general(VOTE_CAST, log)
        reason = text_of(data[_HEAD.size : end])
    weight = int.from_bytes(weight_word, "big")
    return _vote_of(
        (
            log,
            int.from_bytes(number, "big"),
            topics[1][12:],
            "cast",
            support,
            weight,
            weight if support == 0 else 0,
            weight if support == 1 else 0,
            weight if support == 2 else 0,
            reason,
            b"",
        )
    )


def decode_with_params(log: LogRecord) -> VoteRecord:
    """A `VoteCastWithParams` log, split or not. Raises Undecodable."""
    return _general(VOTE_CAST_WITH_PARAMS, log)


def decode_override(log: LogRecord) -> VoteRecord:
    """An `OverrideVoteCast` log: a holder votes in place of the delegate. Raises Undecodable."""
    return _general(OVERRIDE_VOTE_CAST, log)._replace(kind=Vote.Kind.OVERRIDE.value)


def decode_reduced(log: LogRecord) -> VoteRecord:
    """A `VoteReduced` log: what that takes from the delegate's vote. Raises Undecodable."""
    vote = _general(VOTE_REDUCED, log)
    return vote._replace(
        kind=Vote.Kind.REDUCED.value,
        against=-vote.against,
        for_=-vote.for_,
        abstain=-vote.abstain,
    )


def lines(votes: Sequence[VoteRecord]) -> list[str]:
    """Each vote as a line of COPY's text format, without what only the database knows: the keys of
    its contract and its proposal, which come first."""
    return [
        f"{log[0]}\t{log[5]}\t\\\\x{log[3].hex()}\t{log[2]}\t"
        f"\\\\x{voter.hex()}\t{kind}\t{support}\t{(text := str(weight))}\t"
        # Nearly every vote counts whole for one side.
        f"{text if against == weight else against}\t{text if for_ == weight else for_}\t"
        f"{text if abstain == weight else abstain}\t"
        f"{escaped(reason) if reason else ''}\t\\\\x{params.hex()}\n"
        for log, _, voter, kind, support, weight, against, for_, abstain, reason, params in votes
    ]


def fold(
    contract: Contract,
    votes: Sequence[VoteRecord],
    lines: Sequence[str],
    known: Mapping[int, int],
) -> set[int]:
    """Write votes and their deltas; `lines` are theirs, `known` maps proposal ids to primary keys.

    The caller has put votes on unknown proposals aside. Returns the proposals touched.
    """
    if not votes:
        return set()
    deltas: dict[tuple[int, int], list[int]] = {}
    copy_lines(Vote, _COLUMNS, _whole(contract, votes, lines, known, deltas))
    against, for_, abstain, number = zip(*deltas.values(), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD_DELTAS,
            {
                "contract": contract.pk,
                "proposals": [pk for pk, _ in deltas],
                "blocks": [block for _, block in deltas],
                "against": list(against),
                "for": list(for_),
                "abstain": list(abstain),
                "votes": list(number),
            },
        )
    return {pk for pk, _ in deltas}


def unfold(contract: Contract, from_block: int) -> set[int]:
    """Take back the votes of `from_block` and above; returns the proposals touched."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_DELTAS, [contract.pk, from_block])
        touched = {pk for (pk,) in cursor.fetchall()}
    Vote.objects.filter(proposal__in=touched, block_number__gte=from_block).delete()
    return touched


def _whole(
    contract: Contract,
    votes: Sequence[VoteRecord],
    lines: Sequence[str],
    known: Mapping[int, int],
    deltas: dict[tuple[int, int], list[int]],
) -> Iterator[str]:
    """The lines with their keys; adds each vote to its delta in passing."""
    for vote, line in zip(votes, lines, strict=True):
        log, number, _, _, _, _, against, for_, abstain, _, _ = vote
        proposal, block = known[number], log[0]
        delta = deltas.get((proposal, block))
        if delta is None:
            delta = deltas[proposal, block] = [0, 0, 0, 0]
        delta[0] += against
        delta[1] += for_
        delta[2] += abstain
        delta[3] += 1
        yield f"{contract.pk}\t{proposal}\t{line}"


def _general(event: Event, log: LogRecord) -> VoteRecord:
    """Any vote event, decoded with every check."""
    values = event.decode(log)
    support, weight = values["support"], values["weight"]
    params = values.get("params", b"")
    # Only fractional counting takes support 255; every other vote counts whole, params or not.
    split = support == FRACTIONAL_SUPPORT
    try:
        shares = vote_shares(
            Counting.FRACTIONAL if split else Counting.SIMPLE, support, weight, params
        )
    except Refusal as refusal:
        raise Undecodable(f"{event.name}: {refusal}", log) from refusal
    return VoteRecord(
        log,
        values["proposalId"],
        values["delegate" if event is VOTE_REDUCED else "voter"],
        Vote.Kind.CAST.value,
        support,
        weight,
        shares.against,
        shares.for_,
        shares.abstain,
        values.get("reason", ""),
        params,
    )

"""A venue as it stands after years: proposals with very many votes, in blocks as a chain has them.

Blocks and logs are written as the journal holds them, byte for byte what a governor emits; votes,
deltas and tallies are then folded from them by the product itself, so the rows are those that
following would have left.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone
from eth_abi.abi import encode

from bench.votes import PROPOSED, VOTED
from chainsync import catching_up
from chainsync.models import Block, ChainStatus, Coverage, EndpointStatus, Log
from charter.models import Chain, Contract, Endpoint
from governance.models import Governor, Proposal, Token
from proofs.keccak import keccak256

CHAIN_ID = 901
BLOCK_TIME = 2
PER_BLOCK = 200
"""Votes in a block: a crowded one of an L2."""
OPERATORS = ("Northwind", "Kelp Labs")
ADDRESSES = {
    name: "0x" + keccak256(name.encode())[:20].hex() for name in ("governor", "token", "timelock")
}
PROPOSER = "0x" + "a1" * 20
REASON = "I looked at it closely, and this is my reason: it is time."
TEXT = """# {title}

On the last three stress days the insurance fund paid for positions above 10×. This proposal
lowers the limit and raises the maintenance margin **at the same time**.

## What changes

1. Open positions above 10× stay open and may not be increased.
2. Maintenance margin goes from 2.5 % to 4 %.
"""

# How the hash of a block and a voter are made from a number, in SQL.
BLOCK_HASH = "sha256(('block ' || {})::bytea)"
_VOTER = "substr(sha256(('voter ' || {})::bytea), 1, 20)"

# The texts put together here are our own.
_BLOCKS = f"""
INSERT INTO chainsync_block
    (chain_id, number, hash, parent_hash, timestamp, header, canonical, operators, seen_at)
SELECT %(chain)s, number, {BLOCK_HASH.format("number")}, {BLOCK_HASH.format("number - 1")},
       %(genesis)s + number * {BLOCK_TIME}, '{{}}', true, %(operators)s, now()
FROM generate_series(%(first)s, %(last)s) AS number
"""  # noqa: S608
_VOTES = f"""
INSERT INTO chainsync_log
    (chain_id, block_id, block_number, log_index, tx_hash, tx_index, address, topic0, topic1,
     data, canonical)
SELECT %(chain)s, block.id, block.number, vote.serial %% %(per_block)s,
       sha256(('tx ' || %(name)s || vote.serial)::bytea), vote.serial %% %(per_block)s,
       %(governor)s, %(topic)s,
       '\\x000000000000000000000000'::bytea || {_VOTER.format("%(name)s || vote.serial")},
       %(proposal)s || pg_temp.word(vote.serial %% 3)
       || pg_temp.word(1000000000000 * (1 + vote.serial %% 99991)) || pg_temp.word(128)
       || CASE WHEN vote.serial %% 3 = 0 THEN %(reason)s ELSE pg_temp.word(0) END,
       true
FROM generate_series(0, %(votes)s - 1) AS vote (serial)
JOIN chainsync_block AS block
  ON block.chain_id = %(chain)s AND block.number = %(first)s + vote.serial / %(per_block)s
"""  # noqa: S608
_WORD = """
CREATE OR REPLACE FUNCTION pg_temp.word(number numeric) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$ SELECT decode(lpad(to_hex(number::bigint), 64, '0'), 'hex') $$
"""


@dataclass(frozen=True, slots=True)
class Grown:
    """The chain, its governor, and the keys of its proposals by how many votes they have."""

    chain: Chain
    governor: Contract
    keys: dict[int, str]
    head: int


def grow(*sizes: int, tail: int = 100, per_block: int = PER_BLOCK) -> Grown:
    """Fill an empty database with one proposal of each size; `tail` blocks follow the last vote.

    The votes of one proposal come before those of the next; all are open now. Nothing but the
    last 64 blocks may still change.
    """
    blocks = {size: -(-size // per_block) for size in sizes}
    head = sum(blocks.values()) + len(sizes) + tail
    now = int(time.time())
    chain = _charter(head, now)
    governor = Contract.objects.get(key="governor")
    genesis = now - head * BLOCK_TIME
    with connection.cursor() as cursor:
        cursor.execute(_WORD)
        parameters = {"chain": chain.pk, "genesis": genesis, "first": 1, "last": head}
        cursor.execute(_BLOCKS, {**parameters, "operators": '["Northwind", "Kelp Labs"]'})
    at, keys = 1, {}
    for size in sizes:
        _propose(chain, at, size, genesis)
        with connection.cursor() as cursor:
            cursor.execute(
                _VOTES,
                {
                    "chain": chain.pk,
                    "name": f"{size} ",
                    "governor": bytes.fromhex(ADDRESSES["governor"][2:]),
                    "topic": keccak256(VOTED.encode()),
                    "proposal": proposal_id(size).to_bytes(32, "big"),
                    "reason": encode(["string"], [REASON])[32:],
                    "per_block": per_block,
                    "votes": size,
                    "first": at + 1,
                },
            )
        at += blocks[size] + 1
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    while catching_up.turn(chain.key, seconds=3600):
        pass
    power = 10**30
    Proposal.objects.update(
        quorum=power // 25,
        quorum_numerator=4,
        quorum_denominator=100,
        supply_at_snapshot=power,
        quorum_final=True,
        quorum_block=head - 80,
        checked_block=head - 5,
        state=1,
        state_block=1,
    )
    for size in sizes:
        keys[size] = Proposal.objects.get(proposal_id=proposal_id(size)).key
    with connection.cursor() as cursor:
        # As autovacuum leaves a table that was filled a while ago.
        cursor.execute("VACUUM ANALYZE")
    return Grown(chain, governor, keys, head)


def proposal_id(size: int) -> int:
    """The governor's number for the proposal of this size."""
    return 2**200 + size


def _charter(head: int, now: int) -> Chain:
    chain = Chain.objects.create(
        key="l2", chain_id=CHAIN_ID, name="Venue L2", role="l2", block_time=BLOCK_TIME
    )
    ChainStatus.objects.create(
        chain=chain,
        head_number=head,
        head_hash=hash_of(head),
        head_timestamp=now,
        dense_from=1,
        safe_number=head - 64,
        finalized_number=head - 64,
        finalized_hash=hash_of(head - 64),
        followed_at=timezone.now(),
    )
    for operator in OPERATORS:
        endpoint = Endpoint.objects.create(
            chain=chain,
            name=operator.split()[0].lower(),
            operator=operator,
            url="http://localhost:1",
        )
        EndpointStatus.objects.create(endpoint=endpoint, head_number=head, latency_ms=4)
    links = {"token": "token", "timelock": "timelock"}
    kinds = {"governor": "oz-governor-5", "token": "erc20-votes", "timelock": "oz-timelock"}
    for key, kind in kinds.items():
        contract = Contract.objects.create(
            key=key,
            chain=chain,
            kind=kind,
            address=ADDRESSES[key],
            start_block=1,
            label=key.title(),
            links=links if key == "governor" else {},
        )
        Coverage.objects.create(
            contract=contract,
            blocks=[(1, head)],
            agreed=[(1, head)],
            folded_to=0 if key == "governor" else head,
        )
    Governor.objects.create(
        contract=Contract.objects.get(key="governor"),
        name="Governor",
        clock_mode="timestamp",
        counting_mode="support=bravo&quorum=for,abstain",
        voting_delay=1,
        voting_period=10**6,
        proposal_threshold=0,
        block_number=head,
    )
    Token.objects.create(
        contract=Contract.objects.get(key="token"), name="Votes", symbol="VNU", block_number=head
    )
    return chain


def hash_of(number: int) -> str:
    """Hash of a block of the first branch."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {BLOCK_HASH.format('%s::text')}", [number])
        row = cursor.fetchone()
    assert row is not None
    return "0x" + bytes(row[0]).hex()


def _propose(chain: Chain, number: int, size: int, genesis: int) -> None:
    governor = bytes.fromhex(ADDRESSES["governor"][2:])
    title = f"Lower maximum leverage: {size:,} votes"
    values: list[Any] = [
        proposal_id(size),
        PROPOSER,
        [ADDRESSES["token"], ADDRESSES["timelock"]],
        [0, 10**18],
        ["", ""],
        [b"", b"\x12\x34\x56\x78" + bytes(64)],
        genesis,
        int(time.time()) + 10**6,
        TEXT.format(title=title),
    ]
    types = PROPOSED.removeprefix("ProposalCreated(").removesuffix(")").split(",")
    block = Block.objects.get(chain=chain, number=number)
    Log.objects.create(
        chain=chain,
        block=block,
        block_number=number,
        log_index=0,
        tx_hash=keccak256(b"proposed %d" % size),
        tx_index=0,
        address=governor,
        topic0=keccak256(PROPOSED.encode()),
        data=encode(types, values),
    )

"""The ways that the bench compares, each from the node to rows in PostgreSQL."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import urllib3
from django.db.models import Count, Sum
from eth_utils.address import to_checksum_address

from bench.votes import GOVERNOR, PROPOSAL, Scene
from chainsync import following, planning, ranges
from chainsync.models import ChainStatus
from charter.models import Chain, Contract, Endpoint
from governance.models import Proposal, Vote

BATCH = 5_000
VOTE_CAST = {
    "type": "event",
    "name": "VoteCast",
    "anonymous": False,
    "inputs": [
        {"name": "voter", "type": "address", "indexed": True},
        {"name": "proposalId", "type": "uint256", "indexed": False},
        {"name": "support", "type": "uint8", "indexed": False},
        {"name": "weight", "type": "uint256", "indexed": False},
        {"name": "reason", "type": "string", "indexed": False},
    ],
}
"""What web3.py is told of the event."""


class Tally(NamedTuple):
    """What a way has counted, in base units."""

    votes: int
    against: int
    for_: int
    abstain: int


def transfer(url: str, scene: Scene, windows: int) -> int:
    """Fetch the bodies of all logs and do nothing with them; how many bytes."""
    pool = urllib3.connection_from_url(url)
    size = -(-(scene.last - scene.first + 1) // windows)
    total = 0
    for first, last in ranges.pieces(scene.first, scene.last, size):
        body = msgspec.json.encode(
            {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "eth_getLogs",
                "params": [{"address": GOVERNOR, "fromBlock": hex(first), "toBlock": hex(last)}],
            }
        )
        headers = {"content-type": "application/json"}
        total += len(pool.urlopen("POST", "/", body=body, headers=headers).data)
    pool.close()
    return total


def charter(url: str, scene: Scene, operators: int = 2) -> Chain:
    """A chain with an endpoint of each operator, all at the same node, and a governor."""
    chain = Chain.objects.create(key="bench", chain_id=901, name="Bench", role="l2", block_time=2.0)
    for name in "ab"[:operators]:
        Endpoint.objects.create(chain=chain, name=name, operator=f"Operator {name}", url=url)
    Contract.objects.create(
        key="governor",
        chain=chain,
        kind="oz-governor-5",
        address=GOVERNOR,
        start_block=scene.first,
        label="Governor",
    )
    return chain


def follow_and_plan(chain: Chain) -> float:
    """Come to the head and make the ranges; seconds."""
    began = time.perf_counter()
    following.turn(
        chain.key, seconds=30, until=lambda status: bool(status.head_number and _at_head(status))
    )
    planning.plan(chain)
    return time.perf_counter() - began


def _at_head(status: ChainStatus) -> bool:
    return (status.head_number or 0) > (status.finalized_number or 0) + 10


def tally() -> Tally:
    """The tally as the projection keeps it."""
    proposal = Proposal.objects.get()
    return Tally(
        Vote.objects.count(),
        proposal.against_votes,
        proposal.for_votes,
        proposal.abstain_votes,
    )


def propose(chain: Chain) -> None:
    """The proposal that the votes are about, for a way that only knows votes."""
    Proposal.objects.create(
        contract=Contract.objects.get(chain=chain),
        block_number=1,
        log_index=0,
        tx_hash=bytes(32),
        timestamp=0,
        key="bench",
        proposal_id=PROPOSAL,
        proposer=GOVERNOR,
        title="A large vote",
        description="A large vote",
        description_hash=bytes(32),
        vote_start=1,
        vote_end=2**40,
    )


def web3_logs(url: str, scene: Scene) -> list[Any]:
    """All events by web3.py's own way."""
    # Not before it is wanted: it would count as memory of ours.
    from web3 import HTTPProvider, Web3

    web3 = Web3(HTTPProvider(url, request_kwargs={"timeout": 600}))
    contract = web3.eth.contract(address=to_checksum_address(GOVERNOR), abi=[VOTE_CAST])
    return list(contract.events.VoteCast().get_logs(from_block=scene.first, to_block=scene.last))


def bulk_create(events: list[Any]) -> None:
    """The same votes into the same table by Django's own way."""
    proposal = Proposal.objects.get(proposal_id=PROPOSAL)
    Vote.objects.bulk_create(
        (
            Vote(
                contract_id=proposal.contract_id,
                block_number=event["blockNumber"],
                log_index=event["logIndex"],
                tx_hash=bytes(event["transactionHash"]),
                timestamp=event.get("blockTimestamp") or 0,
                proposal=proposal,
                voter=event["args"]["voter"],
                support=event["args"]["support"],
                weight=event["args"]["weight"],
                against_votes=event["args"]["weight"] * (event["args"]["support"] == 0),
                for_votes=event["args"]["weight"] * (event["args"]["support"] == 1),
                abstain_votes=event["args"]["weight"] * (event["args"]["support"] == 2),
                reason=event["args"]["reason"],
            )
            for event in events
        ),
        batch_size=BATCH,
    )


def tally_of_rows() -> Tally:
    """The tally counted afresh from the rows of votes, by PostgreSQL."""
    found: dict[str, int | Decimal] = Vote.objects.aggregate(
        votes=Count("id"),
        against=Sum("against_votes"),
        for_=Sum("for_votes"),
        abstain=Sum("abstain_votes"),
    )
    return Tally(**{name: int(value) for name, value in found.items()})

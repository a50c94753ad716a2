"""The blocks that hold the votes of a proposal: their receipts, and what links them to an anchor.

Headers and receipts come from the journal where it has them, and from endpoints where it has not;
either way they are only used where they hash to what the chain says.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from chainsync.endpoint import checking, fetching
from chainsync.endpoint.failures import MalformedReply
from chainsync.endpoint.pool import Source
from chainsync.endpoint.wire import Header
from chainsync.models import Block, BlockReceipts
from charter.models import Chain
from governance.proven_state import ProvenState
from proofs.certificate.linking import HISTORY_CONTRACT, HISTORY_WINDOW
from proofs.certificate.witnesses import BlockReceipts as ReceiptsWitness
from proofs.certificate.witnesses import History, node_set
from proofs.chain import header as headers
from proofs.chain import receipts
from proofs.chain.answers import data, octets
from proofs.chain.trie import prove_ordered
from proofs.refusals import HashMismatch, Refusal, RootMismatch
from proofs.statements.vote_logs import VOTE_TOPICS

FEW_HEADERS = 256
"""Up to so many headers are given one by one; beyond, hops through the history contract are less
to carry."""
MOST_HEADERS = 100_000
AT_ONCE = 100
"""Headers asked for together, and receipts proven together."""
BLOCKS_AT_ONCE = 2
"""Blocks whose receipts are looked at together."""


class TooFar(Refusal):
    """So many blocks lie between a vote and the anchor that no certificate could carry them."""


@dataclass(frozen=True, slots=True)
class VoteBlocks:
    """Witnesses of all votes, and who cast them."""

    links: list[History | Sequence[bytes]]
    receipts: list[ReceiptsWitness]
    voters: list[bytes]


def gather(
    chain: Chain, state: ProvenState, governor: bytes, proposal_id: int, numbers: Sequence[int]
) -> VoteBlocks:
    """The votes in these blocks, all of them at the anchor of `state` or below it.

    Raises TooFar and other refusals, and EndpointFailure where nobody gives what is missing.
    """
    blocks = _headers(chain, state, numbers)
    found: list[ReceiptsWitness] = []
    voters: set[bytes] = set()
    for number, rows in zip(numbers, _receipts(chain, state, list(blocks.values())), strict=True):
        # Whatever cannot be encoded is no receipt: only then is it looked into.
        encoded = [receipts.encode(row) for row in rows]
        indices = {}
        for index, row in enumerate(rows):
            if cast := _voters(row, governor, proposal_id):
                indices[index] = cast
        root, proofs = prove_ordered(encoded, sorted(indices))
        expected = data(blocks[number].fields, "receiptsRoot", 32)
        if root != expected:
            raise RootMismatch(
                f"The receipts of block {number} have another root than its header names.",
                found=root,
                expected=expected,
            )
        proven = list(zip(sorted(indices), proofs, strict=True))
        for start in range(0, len(proven), AT_ONCE):
            part = proven[start : start + AT_ONCE]
            nodes = node_set(node for _, proof in part for node in proof)
            found.append(ReceiptsWitness(number, nodes, tuple(index for index, _ in part)))
        voters.update(voter for cast in indices.values() for voter in cast)
    voted = sorted({one.number for one in found} - {state.block.number})
    return VoteBlocks(_links(chain, state, voted, blocks), found, sorted(voters))


def _voters(receipt: dict[str, Any], governor: bytes, proposal_id: int) -> list[bytes]:
    found = []
    for log in receipt.get("logs", ()):
        topics = [octets(topic, "topic") for topic in log["topics"]]
        if octets(log["address"], "address") != governor or len(topics) != 2:
            continue
        named = octets(log["data"], "data")[:32]
        if topics[0] in VOTE_TOPICS and int.from_bytes(named) == proposal_id:
            found.append(topics[1][12:])
    return found


def _links(
    chain: Chain, state: ProvenState, voted: Sequence[int], blocks: dict[int, Header]
) -> list[History | Sequence[bytes]]:
    if not voted:
        return []
    anchor = state.block.number
    if anchor - voted[0] <= FEW_HEADERS:
        return [_run(chain, state, anchor - 1, voted[0])]
    oldest = max(anchor - HISTORY_WINDOW, 0)
    near = [number for number in voted if number >= oldest]
    far = [number for number in voted if number < oldest]
    hops = sorted({*near, oldest} if far else near)
    hopped = blocks | _headers(chain, state, [oldest]) if far else blocks
    words = state.words(HISTORY_CONTRACT, [number % HISTORY_WINDOW for number in hops])
    if any(words[number % HISTORY_WINDOW] != hopped[number].hash for number in hops):
        # No such contract, or none that keeps what EIP-2935 says.
        return [_run(chain, state, anchor - 1, voted[0])]
    slots = [number % HISTORY_WINDOW for number in hops]
    history = History(
        anchor,
        node_set(state.account_nodes(HISTORY_CONTRACT)),
        node_set(state.nodes(HISTORY_CONTRACT, slots)),
        tuple(hops),
    )
    links: list[History | Sequence[bytes]] = [history]
    links.append([headers.encode(hopped[number].fields) for number in reversed(hops)])
    if far:
        links.append(_run(chain, state, oldest - 1, far[0]))
    return links


def _run(chain: Chain, state: ProvenState, newest: int, oldest: int) -> list[bytes]:
    """RLP of all headers of a run, the newest first."""
    count = newest - oldest + 1
    if count > MOST_HEADERS:
        raise TooFar(f"{count} headers lie between the first vote and the anchor.", count=count)
    run = _headers(chain, state, range(oldest, newest + 1))
    return [headers.encode(run[number].fields) for number in range(newest, oldest - 1, -1)]


def _headers(chain: Chain, state: ProvenState, numbers: Sequence[int]) -> dict[int, Header]:
    """Headers by number, in ascending order, each hashing to its own hash."""
    rows = Block.objects.filter(chain=chain, canonical=True, number__in=list(numbers))
    found = {row.number: _header(row) for row in rows}
    missing = [number for number in numbers if number not in found]
    for start in range(0, len(missing), AT_ONCE):
        part = missing[start : start + AT_ONCE]
        found |= dict(zip(part, state.pool.ask(partial(_fetched, numbers=part)), strict=True))
    for header in found.values():
        if headers.hash_of(header.fields) != header.hash:
            raise HashMismatch(f"The header of block {header.number} has another hash.")
    return {number: found[number] for number in sorted(found)}


def _fetched(source: Source, numbers: Sequence[int]) -> list[Header]:
    found = [header for header in fetching.headers(source, numbers) if header is not None]
    if len(found) != len(numbers):
        raise MalformedReply(source.name, "does not have all headers between votes and anchor.")
    return found


def _receipts(
    chain: Chain, state: ProvenState, blocks: Sequence[Header]
) -> Iterator[list[dict[str, Any]]]:
    """Receipts of each block in turn: all of a large vote are more than a worker should hold."""
    for start in range(0, len(blocks), BLOCKS_AT_ONCE):
        part = blocks[start : start + BLOCKS_AT_ONCE]
        rows = BlockReceipts.objects.filter(
            block__chain=chain, block__hash__in=["0x" + header.hash.hex() for header in part]
        )
        kept = dict(rows.values_list("block__hash", "receipts"))
        missing = [header for header in part if "0x" + header.hash.hex() not in kept]
        if missing:
            given = state.pool.ask(partial(_receipts_of, blocks=missing))
            kept |= {
                "0x" + header.hash.hex(): found
                for header, found in zip(missing, given, strict=True)
            }
        for header in part:
            yield kept.pop("0x" + header.hash.hex())


def _receipts_of(source: Source, blocks: Sequence[Header]) -> list[list[dict[str, Any]]]:
    found = []
    for header, rows in zip(blocks, fetching.receipts(source, blocks), strict=True):
        if rows is None:
            why = f"does not give the receipts of block {header.number}."
            raise MalformedReply(source.name, why)
        checking.receipts(source, header, rows)
        found.append(rows)
    return found


def _header(row: Block) -> Header:
    hashes = (bytes.fromhex(row.hash[2:]), bytes.fromhex(row.parent_hash[2:]))
    return Header(row.number, *hashes, row.timestamp, row.header)

"""Writing a certificate from gathered witnesses: the same witnesses give the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ..keccak import keccak256
from . import container, encoding, witnesses
from .form import (
    CODE,
    GOVERNOR,
    HEADERS,
    HISTORY,
    MAX_SHARD_BYTES,
    MAX_SHARDS,
    POWERS,
    RECEIPTS,
    STATE,
    TOKEN,
    USED,
    Head,
    ShardName,
)
from .refusals import TooLarge
from .rules import GovernorRules, TokenRules
from .verifying import found_by
from .witnesses import BlockReceipts, History, Nodes, Power, Powers, State, Storage, Used

T = TypeVar("T")
Shard = tuple[str, bytes]

SHARD_BYTES = 1 << 18
"""About how large shards are made: small enough to be fetched and shown one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything a certificate is made of. ``links`` are hops and runs of headers in the order in
    which each is linked; ``receipts`` ascend by block, ``powers`` and ``used`` by voter, each with
    the nodes that prove it."""

    chain_id: int
    anchor: bytes
    proposal_id: int
    governor: GovernorRules
    token: TokenRules
    state: State
    code: bytes
    governor_storage: Storage
    token_storage: Storage
    links: Sequence[History | Sequence[bytes]] = ()
    receipts: Sequence[BlockReceipts] = ()
    powers: Sequence[tuple[Power, Nodes]] = ()
    used: Sequence[tuple[bytes, Nodes]] = ()
    missing: dict[str, str] = field(default_factory=dict)


def write(evidence: Evidence) -> Iterator[bytes]:
    """The certificate, piece by piece, after everything in it was checked.

    Raises the refusals of this package when it would not hold, TooLarge beyond a limit.
    """
    shards = list(_shards(evidence))
    if len(shards) > MAX_SHARDS:
        raise TooLarge("file", "shards", f"they would be {len(shards)}, not {MAX_SHARDS}.")
    for position, (kind, data) in enumerate(shards):
        if len(data) > MAX_SHARD_BYTES:
            item = container.item_of(position, kind)
            raise TooLarge(item, "", f"it would have {len(data)} bytes, not {MAX_SHARD_BYTES}.")
    head = Head(
        chain_id=evidence.chain_id,
        anchor=evidence.anchor,
        proposal_id=evidence.proposal_id,
        governor=evidence.governor,
        token=evidence.token,
        missing=evidence.missing,
        result=None,
        zeros_kept=True,
        shards=tuple(ShardName(kind, keccak256(data), len(data)) for kind, data in shards),
    )
    given = ((container.item_of(at, kind), data) for at, (kind, data) in enumerate(shards))
    found = found_by(head, given)
    head = replace(head, result=found.json(), zeros_kept=found.zeros_met)
    line = encoding.encode(head.json())
    yield container.seal(line) + line + b"\n"
    for _, data in shards:
        yield data


def _shards(evidence: Evidence) -> Iterator[Shard]:
    yield STATE, witnesses.write_state(evidence.state)
    yield CODE, evidence.code
    yield GOVERNOR, witnesses.write_storage(evidence.governor_storage)
    yield TOKEN, witnesses.write_storage(evidence.token_storage)
    for link in evidence.links:
        if isinstance(link, History):
            yield HISTORY, witnesses.write_history(link)
        else:
            for headers in _runs(link, lambda header: [header]):
                yield HEADERS, witnesses.write_headers(headers)
    for blocks in _runs(evidence.receipts, lambda block: block.nodes):
        yield RECEIPTS, witnesses.write_receipts(blocks)
    for powers in _runs(evidence.powers, lambda pair: pair[1]):
        nodes = witnesses.node_set(node for _, part in powers for node in part)
        yield POWERS, witnesses.write_powers(Powers(tuple(power for power, _ in powers), nodes))
    for used in _runs(evidence.used, lambda pair: pair[1]):
        nodes = witnesses.node_set(node for _, part in used for node in part)
        yield USED, witnesses.write_used(Used(tuple(voter for voter, _ in used), nodes))


def _runs(rows: Sequence[T], parts: Callable[[T], Iterable[bytes]]) -> Iterator[list[T]]:
    """Cut rows into runs of about ``SHARD_BYTES``; what rows of a run share is counted once."""
    run: list[T] = []
    seen: set[bytes] = set()
    size = 0
    for row in rows:
        new = set(parts(row)) - seen
        more = sum(map(len, new))
        if run and size + more > SHARD_BYTES:
            yield run
            run, seen = [], set()
            new = set(parts(row))
            size, more = 0, sum(map(len, new))
        run.append(row)
        seen |= new
        size += more
    if run:
        yield run

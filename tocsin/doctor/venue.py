"""Whether the charter is sound, and every node and contract that it names is what it says."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from django.conf import settings

from chainsync.endpoint import fetching, wire
from chainsync.endpoint.failures import EndpointFailure, RpcError
from chainsync.endpoint.pool import Source, pool_of
from chainsync.endpoint.rpc import Client
from chainsync.models import CodeRecord
from charter.actions import charter_load
from charter.errors import CharterError
from charter.kinds import known_kinds
from charter.loading import read
from charter.models import Chain, Contract
from proofs.keccak import keccak256
from tocsin import health
from tocsin.doctor.checks import Check, fail, ok, warn

HEAD_AHEAD_SECONDS = 15
DEPTHS = (64, 128, 1_000, 10_000, 100_000, 1_000_000)
"""How far back a node is asked for state, when it has none of a contract's first block."""
NO_PROOFS = frozenset({-32601, -32004})


def charter() -> Iterator[Check]:
    """Whether venue.toml can be read, and the database says what it says."""
    path = settings.VENUE_FILE
    try:
        venue = read(path, os.environ)
        changes = charter_load(
            venue=venue, known_kinds=known_kinds(), actor="system:doctor", check=True
        )
    except CharterError as error:
        yield fail("charter", str(error), "Correct it, then run: python manage.py charter_load")
        return
    if changes:
        told = "; ".join(str(change) for change in changes[:5])
        more = f" and {len(changes) - 5} more" if len(changes) > 5 else ""
        yield fail(
            "charter",
            f"{path.name} is sound, but the database says otherwise: {told}{more}.",
            "Run: python manage.py charter_load",
        )
    else:
        yield ok("charter", f"{path.name} is sound, and the database says the same.")


def chains() -> Iterator[Check]:
    """Every endpoint of every chain, then every contract."""
    for chain in Chain.objects.filter(active=True):
        contracts = list(Contract.objects.filter(chain=chain, active=True))
        sources = pool_of(chain).sources
        answering = []
        for source in sources:
            checks = list(endpoint(source, contracts, time.time()))
            yield from checks
            if checks[0].level != "fail":
                answering.append(source)
        if len({source.operator for source in answering}) < 2:
            yield warn(
                f"agreement on {chain.key}",
                f"Endpoints of {len({s.operator for s in answering})} operator(s) answer, so "
                "nothing can be more than reported.",
                "Mend the endpoints above, or add one of another operator to venue.toml.",
            )
        else:
            yield ok(f"agreement on {chain.key}", "Endpoints of two or more operators answer.")
        if answering:
            yield from codes(answering[0], contracts)


def endpoint(source: Source, contracts: Sequence[Contract], now: float) -> Iterator[Check]:
    """One endpoint: does it answer, for this chain, how old is its head, how deep its history."""
    name = f"endpoint {source.name}"
    try:
        tags = fetching.tags(source)
    except EndpointFailure as failure:
        yield fail(
            name,
            f"{failure}",
            "Start the node or correct the endpoint in venue.toml; the others go on meanwhile.",
        )
        return
    yield ok(name, f"It answers for chain id {source.chain_id}, head {tags.latest.number:,}.")
    yield head_age(f"{name} head", now - tags.latest.timestamp, source.chain.block_time)
    missing = [
        word for word, header in (("safe", tags.safe), ("finalized", tags.finalized)) if not header
    ]
    if missing:
        yield warn(
            f"{name} finality",
            f"It does not know the {' and '.join(missing)} block.",
            "Use a node that serves these tags: without them nothing is ever shown as final.",
        )
    if contracts:
        first = min(contracts, key=lambda contract: contract.start_block)
        yield from history(source, first, tags.latest.number)


def head_age(name: str, age: float, block_time: float) -> Check:
    """Whether a head of `age` seconds is current; negative when it lies in the future."""
    if age < -HEAD_AHEAD_SECONDS:
        return warn(
            name,
            f"Its time is {-age:,.0f} s ahead of this machine's clock.",
            "Synchronise this machine's clock by NTP; on a test chain, its time was moved.",
        )
    limit = health.stale_after(block_time)
    if age > limit:
        return fail(
            name,
            f"It is {age:,.0f} s old; more than {limit:,.0f} s is stale.",
            "See whether the node is still syncing, and whether its chain goes on elsewhere.",
        )
    return ok(name, f"It is {max(age, 0):,.0f} s old.")


def history(source: Source, contract: Contract, head: int) -> Iterator[Check]:
    """From which block on a node answers calls, and whether it proves storage."""
    name = f"endpoint {source.name} history"
    start = min(contract.start_block, head)
    if _has_state(source, contract.address, start):
        yield ok(name, f"It answers calls from block {start:,} on, the first that matters.")
    else:
        kept = [d for d in DEPTHS if d < head and _has_state(source, contract.address, head - d)]
        depth = f"the last {max(kept):,} blocks" if kept else "its newest blocks"
        yield warn(
            name,
            f"It answers calls of {depth} only, not of block {start:,}.",
            "Use an archive node if past quorums and voting power must be read again.",
        )
    try:
        source.ask(lambda client: client.call("eth_getProof", contract.address, [], hex(head)))
    except RpcError as error:
        if error.code in NO_PROOFS:
            yield warn(
                f"endpoint {source.name} proofs",
                "It does not offer eth_getProof.",
                "Use a node that does: proven statements need storage proofs.",
            )
            return
        yield warn(
            f"endpoint {source.name} proofs",
            f"It {_refusal(error)} eth_getProof of its own head.",
            "See the node's log.",
        )
    except EndpointFailure as failure:
        yield warn(f"endpoint {source.name} proofs", str(failure), "Ask again in a minute.")
    else:
        yield ok(f"endpoint {source.name} proofs", "It proves storage (eth_getProof).")


def codes(source: Source, contracts: Iterable[Contract]) -> Iterator[Check]:
    """Whether every contract has code, and the code that it had when it was first seen."""
    known: dict[int, str] = dict(
        CodeRecord.objects.order_by("id").values_list("contract_id", "code_hash")
    )
    rows = list(contracts)

    def question(client: Client) -> list[msgspec.Raw | RpcError]:
        return client.batch([("eth_getCode", [row.address, "latest"]) for row in rows])

    try:
        replies = source.ask(question)
    except EndpointFailure as failure:
        yield fail(f"contracts on {source.chain.key}", str(failure), "Ask again in a minute.")
        return
    for row, reply in zip(rows, replies, strict=True):
        if isinstance(reply, RpcError):
            yield fail(f"contract {row.key}", str(reply), "See the node's log.")
        else:
            yield code(row, wire.octets(wire.text(reply)), known.get(row.pk))


def code(contract: Contract, found: bytes, known: str | None) -> Check:
    """Whether `found` (runtime code) is there, and hashes to what is `known` of the contract."""
    name = f"contract {contract.key}"
    if not found:
        return fail(
            name,
            f"There is no code at {contract.address} on {contract.chain.key}.",
            "Correct the address or the chain of this contract in venue.toml.",
        )
    hashed = "0x" + keccak256(found).hex()
    if known is None:
        return ok(name, f"It has code ({len(found):,} bytes); no earlier hash is on record yet.")
    if hashed != known:
        return fail(
            name,
            f"Its code is not what it was: {hashed[:18]}…, on record is {known[:18]}….",
            "See whether the chain was started anew or the contract was replaced; until you know, "
            "believe nothing that is shown about it.",
        )
    return ok(name, f"It has the code that is on record ({len(found):,} bytes).")


def _has_state(source: Source, address: str, block: int) -> bool:
    """Whether the node answers a call at `block`; a revert is an answer too."""
    parameters = [{"to": address, "data": "0x"}, hex(block)]
    try:
        source.ask(lambda client: client.call("eth_call", *parameters))
    except RpcError as error:
        return error.reverted
    except EndpointFailure:
        return False
    return True


def _refusal(error: RpcError) -> str:
    return f"refuses ({error.message[:80]})"

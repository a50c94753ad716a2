"""Questions to one endpoint about blocks, logs and receipts, answered whole or not at all."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec

from chainsync.endpoint import checking, wire
from chainsync.endpoint.failures import MalformedReply, RpcError, Unreachable
from chainsync.endpoint.pool import Source
from chainsync.endpoint.rpc import Client
from chainsync.endpoint.wire import FetchedLog, Header

METHOD_NOT_FOUND = -32601
# Asked several times a second: a node that takes longer is given up for another.
TAGS_SECONDS = 3.0
# About three times a window of backfill: what a worker may have to hold, for each of two operators
# and several times over while it is read.
MAX_RANGE_BYTES = 24 * 1024 * 1024


class Tags(NamedTuple):
    """The node's view of the three tags; safe and finalized may be unknown to it."""

    latest: Header
    safe: Header | None
    finalized: Header | None


class FetchedBlock(NamedTuple):
    """A block with our contracts' logs, and its receipts when it has such logs."""

    header: Header
    logs: list[FetchedLog]
    receipts: list[dict[str, Any]] | None


class Wanted(NamedTuple):
    """Which logs of a chain are ours: first topics by address; an empty set means every log."""

    topics: dict[bytes, frozenset[bytes]]

    def filter(self, **where: str) -> dict[str, Any]:
        """Parameter of eth_getLogs that gives at least all of ours."""
        query: dict[str, Any] = dict(where)
        query["address"] = ["0x" + address.hex() for address in sorted(self.topics)]
        if all(self.topics.values()):
            union = frozenset[bytes]().union(*self.topics.values())
            query["topics"] = [["0x" + topic.hex() for topic in sorted(union)]]
        return query

    def keep(self, logs: list[FetchedLog]) -> list[FetchedLog]:
        """Those that are ours: a filter for several contracts gives more."""
        kept = []
        for log in logs:
            topics = self.topics.get(log.address)
            if topics is None:
                continue
            if not topics or (log.topics and log.topics[0] in topics):
                kept.append(log)
        return kept

    def only(self, addresses: Collection[bytes]) -> "Wanted":
        """The part about these addresses."""
        return Wanted({address: self.topics[address] for address in addresses})


def tags(source: Source) -> Tags:
    """Latest, safe and finalized header. Raises EndpointFailure."""

    def question(client: Client) -> Tags:
        replies = client.batch(
            [("eth_getBlockByNumber", [tag, False]) for tag in ("latest", "safe", "finalized")],
            seconds=TAGS_SECONDS,
        )
        if isinstance(replies[0], RpcError):
            # Who does not give the head gives nothing, whatever the reason.
            raise Unreachable(source.name, f"does not give its head: {replies[0].message[:300]}")
        latest = checking.header(source, wire.header(replies[0]))
        if latest is None:
            raise MalformedReply(source.name, "has no latest block.")
        # Chains without finality refuse the other two tags.
        safe, finalized = (
            None if isinstance(reply, RpcError) else checking.header(source, wire.header(reply))
            for reply in replies[1:]
        )
        return Tags(latest, safe, finalized)

    answer = source.ask(question)
    source.head = answer.latest
    source.finalized = answer.finalized or source.finalized
    source.account.saw_head(answer.latest.number)
    return answer


def headers(source: Source, numbers: Sequence[int]) -> list[Header | None]:
    """Headers by number, None where the node has no such block (yet). Raises EndpointFailure."""

    def question(client: Client) -> list[Header | None]:
        replies = client.batch([("eth_getBlockByNumber", [hex(n), False]) for n in numbers])
        found = [checking.header(source, wire.header(_given(reply))) for reply in replies]
        for number, header in zip(numbers, found, strict=True):
            if header is not None and header.number != number:
                raise MalformedReply(
                    source.name, f"gave block {header.number} when asked for block {number}."
                )
        return found

    return source.ask(question)


def block_logs(
    source: Source, blocks: Sequence[Header], wanted: Wanted
) -> list[list[FetchedLog] | RpcError]:
    """Our logs of each block, asked for by its hash; RpcError where the node refuses (it no longer
    has the block). Raises EndpointFailure."""
    if not wanted.topics or not blocks:
        return [[] for _ in blocks]

    def question(client: Client) -> list[list[FetchedLog] | RpcError]:
        replies = client.batch(
            [
                ("eth_getLogs", [wanted.filter(blockHash="0x" + block.hash.hex())])
                for block in blocks
            ]
        )
        return [
            reply if isinstance(reply, RpcError) else _logs_of(block, reply)
            for block, reply in zip(blocks, replies, strict=True)
        ]

    def _logs_of(block: Header, reply: msgspec.Raw) -> list[FetchedLog]:
        logs = wire.logs(
            reply, addresses=wanted.topics.keys(), first=block.number, last=block.number
        )
        if logs and logs[0].block_hash != block.hash:
            raise MalformedReply(
                source.name, f"gave logs of another block when asked for 0x{block.hash.hex()}."
            )
        kept = wanted.keep(logs)
        checking.logs(source, block, kept)
        return kept

    return source.ask(question)


def checked_logs(
    source: Source, blocks: Sequence[Header], wanted: Wanted
) -> list[list[FetchedLog] | RpcError]:
    """As `block_logs`; where a bloom hints at logs of ours that were not given, the receipts of the
    block have to show that there are none. Raises EndpointFailure, Lie among them."""
    found = block_logs(source, blocks, wanted)
    hinted = [
        (block, logs)
        for block, logs in zip(blocks, found, strict=True)
        if not isinstance(logs, RpcError) and checking.hints(source, block, logs, wanted.topics)
    ]
    proven_receipts(source, hinted, wanted)
    return found


def proven_receipts(
    source: Source, blocks: Sequence[tuple[Header, list[FetchedLog]]], wanted: Wanted
) -> dict[bytes, list[dict[str, Any]]]:
    """Raw receipts of blocks, by hash, where the node has them: they have the root of the header,
    and the logs that were given for the block are those in them.

    Raises EndpointFailure, Lie among them.
    """
    kept = {}
    rows = receipts(source, [block for block, _ in blocks])
    for (block, logs), found in zip(blocks, rows, strict=True):
        if found is None:
            continue
        kept[block.hash] = found
        try:
            proven = checking.receipts(source, block, found)
            if proven is not None:
                checking.same(source, block, logs, wanted.keep(proven))
        except MalformedReply as failure:
            source.distrust(failure)
            raise
    return kept


def blocks(source: Source, headers: Sequence[Header], wanted: Wanted) -> list[FetchedBlock]:
    """The blocks of these headers whole: our logs, and receipts where there are such logs.

    Raises EndpointFailure, also when the node no longer has one of them.
    """
    logs = []
    for entry in block_logs(source, headers, wanted):
        if isinstance(entry, RpcError):
            raise entry
        logs.append(entry)
    pairs = list(zip(headers, logs, strict=True))
    telling = [
        (header, entry)
        for header, entry in pairs
        if entry or checking.hints(source, header, entry, wanted.topics)
    ]
    kept = proven_receipts(source, telling, wanted)
    return [
        FetchedBlock(header, entry, kept.get(header.hash) if entry else None)
        for header, entry in pairs
    ]


def range_logs(source: Source, first: int, last: int, wanted: Wanted) -> list[FetchedLog]:
    """Our logs of blocks `first` to `last`. Raises EndpointFailure."""
    return range_read(source, range_reply(source, first, last, wanted), first, last, wanted)


def range_reply(
    source: Source, first: int, last: int, wanted: Wanted, *, seconds: float = 30.0
) -> msgspec.Raw:
    """The reply about our logs of blocks `first` to `last` as it came, to be compared with that of
    another node or read by `range_read`. Raises EndpointFailure."""
    where = wanted.filter(fromBlock=hex(first), toBlock=hex(last))
    # A single block cannot be cut smaller.
    most = MAX_RANGE_BYTES if first < last else None
    return source.ask(
        lambda client: client.call("eth_getLogs", where, seconds=seconds, max_bytes=most)
    )


def range_read(
    source: Source, reply: msgspec.Raw, first: int, last: int, wanted: Wanted
) -> list[FetchedLog]:
    """The logs in a reply that this source gave to `range_reply`. Raises EndpointFailure."""
    addresses = wanted.topics.keys()
    return source.ask(
        lambda _: wanted.keep(wire.logs(reply, addresses=addresses, first=first, last=last))
    )


def receipts(source: Source, blocks: Sequence[Header]) -> list[list[dict[str, Any]] | None]:
    """Raw receipts of each block; None where the node does not have or does not offer them.

    Raises EndpointFailure.
    """
    method = "eth_getBlockReceipts"
    if not blocks or method in source.lacks:
        return [None for _ in blocks]

    def question(client: Client) -> list[list[dict[str, Any]] | None]:
        replies = client.batch([(method, ["0x" + block.hash.hex()]) for block in blocks])
        found: list[list[dict[str, Any]] | None] = []
        for block, reply in zip(blocks, replies, strict=True):
            if isinstance(reply, RpcError):
                if reply.code == METHOD_NOT_FOUND:
                    source.lacks.add(method)
                found.append(None)
            else:
                found.append(wire.receipts(reply, block.hash))
        return found

    return source.ask(question)


def linked(source: Source, chain: Sequence[Header | None]) -> list[Header]:
    """The headers up to the first missing one, each the parent of the next.

    Raises MalformedReply where the parent hashes do not link; that is also what a reorg between
    two replies looks like, so it is worth asking again.
    """
    found: list[Header] = []
    for header in chain:
        if header is None:
            break
        if found and header.parent_hash != found[-1].hash:
            raise MalformedReply(
                source.name, f"gave a block {header.number} that does not follow its parent."
            )
        found.append(header)
    return found


def _given(reply: msgspec.Raw | RpcError) -> msgspec.Raw:
    if isinstance(reply, RpcError):
        raise reply
    return reply

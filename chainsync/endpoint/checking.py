"""What a node's answers prove about each other, before anything is taken in.

A header must hash to its hash, logs must be in the bloom of their block, receipts must have the
root of their header and hold the very logs that were given. What fails here is no misunderstanding
between two nodes: the answers of one node contradict each other.
"""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from chainsync.endpoint.failures import MalformedReply
from chainsync.endpoint.pool import Source
from chainsync.endpoint.wire import FetchedLog, Header
from charter.models import Chain
from proofs.chain import bloom
from proofs.chain import header as headers
from proofs.chain import receipts as roots
from proofs.chain.answers import data
from proofs.refusals import (
    DisorderedReceipts,
    HashMismatch,
    Refusal,
    RootMismatch,
    UnknownHeader,
    UnknownReceipt,
)

logger = logging.getLogger(__name__)


def counted(logs: int) -> str:
    """So many logs, in words."""
    return "1 log" if logs == 1 else f"{logs} logs"


class Told(NamedTuple):
    """What a lie was about: `block` or `logs`, the block's number and hash, and what shows it."""

    about: str
    number: int
    block_hash: bytes
    says: str
    evidence: str
    facts: dict[str, Any]


class Lie(MalformedReply):
    """An answer that another answer of the same node disproves."""

    def __init__(self, endpoint: str, told: Told) -> None:
        super().__init__(endpoint, f"contradicts itself about block {told.number}: {told.evidence}")
        self.told = told


def header(source: Source, found: Header | None) -> Header | None:
    """A header that hashes to its own hash, or None as given; unchecked on an opaque chain.

    Raises Lie; MalformedReply where the fields are not those of a known fork.
    """
    if found is None or opaque(source):
        return found
    try:
        headers.check(found.fields)
    except HashMismatch as mismatch:
        told = Told(
            "block",
            found.number,
            found.hash,
            f"block {found.number} is 0x{found.hash.hex()[:8]}…",
            "its header does not hash to that.",
            {"recomputed": _hex(mismatch.facts["found"])},
        )
        raise _caught(source, told) from mismatch
    except UnknownHeader as unknown:
        raise MalformedReply(
            source.name,
            f"gave a header of a sort that is not known here: {unknown} If this chain has headers "
            'of its own, write headers = "opaque" under it in venue.toml.',
        ) from unknown
    return found


def logs(source: Source, block: Header, found: Sequence[FetchedLog]) -> None:
    """Check that the block's bloom knows each of its logs. Raises Lie."""
    known = _bloom(source, block)
    if known is None:
        return
    values = {log.address for log in found}.union(*[log.topics for log in found])
    absent = bloom.absent(known, values)
    if absent:
        log = next(log for log in found if not {log.address, *log.topics}.isdisjoint(absent))
        told = _told(
            block,
            f"log {log.log_index} of block {block.number} is of 0x{log.address.hex()}",
            "the bloom in the block's header says that there is no such log.",
            {"log_index": log.log_index},
        )
        raise _caught(source, told)


def hints(
    source: Source,
    block: Header,
    found: Sequence[FetchedLog],
    topics: dict[bytes, frozenset[bytes]],
) -> bool:
    """Whether the bloom says that the block may hold logs of ours of which none was given.

    May be a coincidence. A bloom that is nearly full says nothing and hints at nothing: on chains
    with blocks that large, only another operator finds out what one hides.
    """
    known = _bloom(source, block)
    if not known or bloom.saturated(known):
        return False
    given = {log.address for log in found}
    return any(
        bloom.may_hold(known, address)
        and (not wanted or any(bloom.may_hold(known, topic) for topic in wanted))
        for address, wanted in topics.items()
        if address not in given
    )


def receipts(
    source: Source, block: Header, rows: Sequence[dict[str, Any]]
) -> list[FetchedLog] | None:
    """All logs of the block, proven by its receipts; None where no proof is possible: an opaque
    chain, or receipts of a type that is not known. Raises Lie."""
    if opaque(source):
        return None
    try:
        proven = roots.check(rows, data(block.fields, "receiptsRoot", 32))
    except RootMismatch as mismatch:
        told = _told(
            block,
            f"the receipts that it gave are those of block {block.number}",
            "the receipts do not have the root that its own header names.",
            {"recomputed": _hex(mismatch.facts["found"]), "receipts": len(rows)},
        )
        raise _caught(source, told) from mismatch
    except (DisorderedReceipts, UnknownReceipt) as refusal:
        if isinstance(refusal, DisorderedReceipts):
            told = _told(block, "its receipts are out of order", str(refusal), {})
            raise _caught(source, told) from refusal
        logger.info("%s: block %d is not proven: %s", source.name, block.number, refusal)
        return None
    except Refusal as refusal:
        raise MalformedReply(source.name, f"gave receipts that cannot be: {refusal}") from refusal
    return [
        FetchedLog(block.number, block.hash, log.tx_hash, log.tx_index, log.log_index, *log[3:])
        for log in proven
    ]


def same(
    source: Source, block: Header, given: Sequence[FetchedLog], proven: Sequence[FetchedLog]
) -> None:
    """Check that the logs that were given are those that the receipts prove. Raises Lie."""
    if list(given) != list(proven):
        told = _told(
            block,
            f"block {block.number} holds {counted(len(given))} of ours",
            f"its receipts, which have the root of the header, hold {len(proven)}"
            f"{', others than those' if len(given) == len(proven) else ''}.",
            {"given": len(given), "proven": len(proven)},
        )
        raise _caught(source, told)


def opaque(source: Source) -> bool:
    """Whether the charter says that headers of this chain cannot be recomputed."""
    return source.chain.headers == Chain.Headers.OPAQUE


def _bloom(source: Source, block: Header) -> int | None:
    if opaque(source) or "logsBloom" not in block.fields:
        return None
    return bloom.read(data(block.fields, "logsBloom", bloom.BYTES))


def _told(block: Header, says: str, evidence: str, facts: dict[str, Any]) -> Told:
    return Told("logs", block.number, block.hash, says, evidence, facts)


def _caught(source: Source, told: Told) -> Lie:
    source.lies.append(told)
    return Lie(source.name, told)


def _hex(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)

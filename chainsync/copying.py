"""Rows of logs as PostgreSQL's binary COPY stream, built in one pass. Pure."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from chainsync.endpoint.wire import FetchedLog

COLUMNS = (
    *("chain_id", "block_id", "block_number", "log_index", "tx_hash", "tx_index", "address"),
    *("topic0", "topic1", "topic2", "topic3", "data", "canonical"),
)
ROWS_AT_ONCE = 500
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
# Number of columns, then each fixed one after its length in bytes.
_BLOCK = struct.Struct(">h iq iq iq")
_FIXED = struct.Struct(">ii i32s ii i20s")
_LENGTH = struct.Struct(">i")
_TOPIC = _LENGTH.pack(32)
_NULLS = [_LENGTH.pack(-1) * count for count in range(5)]
_TRUE = _LENGTH.pack(1) + b"\1"


def values(chain_id: int, block_id: int, log: FetchedLog) -> tuple[Any, ...]:
    """One row, in the order of COLUMNS."""
    return (
        *(chain_id, block_id, log.block_number, log.log_index, log.tx_hash, log.tx_index),
        log.address,
        *(*log.topics, None, None, None, None)[:4],
        *(log.data, True),
    )


def stream(
    chain_id: int, block_ids: Mapping[int, int], logs: Sequence[FetchedLog]
) -> Iterator[bytes]:
    """All rows as parts of one COPY stream, built while the server works on those before;
    `block_ids` maps block numbers to primary keys."""
    yield _SIGNATURE
    rows = _rows(chain_id, block_ids, logs)
    while part := b"".join(islice(rows, ROWS_AT_ONCE)):
        yield part
    yield _TRAILER


def _rows(
    chain_id: int, block_ids: Mapping[int, int], logs: Sequence[FetchedLog]
) -> Iterator[bytes]:
    fixed, length, known = _FIXED.pack, _LENGTH.pack, -1
    for number, _, tx_hash, tx_index, index, address, topics, data in logs:
        if number != known:
            known, block = number, _BLOCK.pack(13, 8, chain_id, 8, block_ids[number], 8, number)
        yield b"".join(
            (
                block,
                fixed(4, index, 32, tx_hash, 4, tx_index, 20, address),
                *[_TOPIC + topic for topic in topics],
                _NULLS[4 - len(topics)],
                length(len(data)),
                data,
                _TRUE,
            )
        )

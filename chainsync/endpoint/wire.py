"""Headers, logs and receipts as they come over the wire, checked for all that can be checked alone.

Every function raises ValueError or msgspec's errors for what is not well-formed; `fetching` turns
those into MalformedReply with the name of the endpoint.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

MAX_TOPICS = 4
MAX_INDEX = 2**31 - 1
MAX_TIMESTAMP = 253_402_300_799
"""The last second of the year 9999: no calendar goes further."""
MAX_HEADER_BYTES = 32 * 1024
"""Of a header without its lists; the longest field of any fork has 256 bytes."""
_NUL = re.compile(rb"\\u0000")
_HEAVY = frozenset({"transactions", "uncles", "withdrawals", "totalDifficulty", "size"})


class Header(NamedTuple):
    """A block header; `fields` is what the endpoint gave, without the lists of the body."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int
    fields: dict[str, Any]


class FetchedLog(NamedTuple):
    """A log as an endpoint gave it, as bytes and numbers."""

    block_number: int
    block_hash: bytes
    tx_hash: bytes
    tx_index: int
    log_index: int
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


class _Log(msgspec.Struct, gc=False):
    address: str
    topics: list[str]
    data: str
    blockHash: str  # noqa: N815
    blockNumber: str  # noqa: N815
    transactionHash: str  # noqa: N815
    transactionIndex: str  # noqa: N815
    logIndex: str  # noqa: N815
    removed: bool = False


# As `FetchedLog(…)`, in a third of the time.
_log_of = partial(tuple.__new__, FetchedLog)
_decode_logs = msgspec.json.Decoder(list[_Log])
_decode_receipts = msgspec.json.Decoder(list[dict[str, Any]] | None)
_decode_header = msgspec.json.Decoder(dict[str, Any] | None)
_decode_text = msgspec.json.Decoder(str)


def quantity(text: Any, bits: int = 63) -> int:
    """A number from `0x` and hex digits, below 2**bits."""
    if not isinstance(text, str) or not text.startswith("0x") or not 3 <= len(text) <= 66:
        raise ValueError(f"{str(text)[:70]!r} is not a quantity")
    if not (text.isascii() and text.isalnum()):
        raise ValueError(f"{text!r} is not a quantity")
    value = int(text[2:], 16)
    if value >> bits:
        raise ValueError(f"{text} does not fit into {bits} bits")
    return value


def octets(text: Any, length: int | None = None) -> bytes:
    """Bytes from `0x` and hex digits, of the given length if one is given."""
    if not isinstance(text, str) or not text.startswith("0x"):
        raise ValueError(f"{str(text)[:70]!r} is not hex data")
    # fromhex skips spaces; a length that fits tells that there were none.
    raw = bytes.fromhex(text[2:])
    if 2 * len(raw) != len(text) - 2 or (length is not None and len(raw) != length):
        raise ValueError(f"{text[:70]!r} is not {length or 'whole'} bytes of hex data")
    return raw


def _storable(raw: msgspec.Raw) -> msgspec.Raw:
    """The same, when a database can keep what it holds: PostgreSQL's JSON has no NUL."""
    if _NUL.search(raw):
        raise ValueError("it holds a NUL character")
    return raw


def text(raw: msgspec.Raw) -> str:
    """A JSON string."""
    return _decode_text.decode(raw)


def header(raw: msgspec.Raw) -> Header | None:
    """A header, or None when the node has no such block."""
    fields = _decode_header.decode(_storable(raw))
    if fields is None:
        return None
    timestamp = quantity(fields.get("timestamp"))
    if timestamp > MAX_TIMESTAMP:
        raise ValueError(f"a block at second {timestamp} is beyond any calendar")
    kept = {name: value for name, value in fields.items() if name not in _HEAVY}
    size = sum(len(name) + len(str(value)) for name, value in kept.items())
    if size > MAX_HEADER_BYTES:
        raise ValueError(f"a header of {size} bytes is not kept")
    return Header(
        quantity(fields.get("number")),
        octets(fields.get("hash"), 32),
        octets(fields.get("parentHash"), 32),
        timestamp,
        kept,
    )


def receipts(raw: msgspec.Raw, block_hash: bytes) -> list[dict[str, Any]] | None:
    """The raw receipts of a block, or None when the node has none for it."""
    rows: list[dict[str, Any]] | None = _decode_receipts.decode(_storable(raw))
    for index, row in enumerate(rows or []):
        if octets(row.get("blockHash"), 32) != block_hash:
            raise ValueError("a receipt belongs to another block")
        if quantity(row.get("transactionIndex")) != index:
            raise ValueError("receipts are not in the order of their transactions")
        if not isinstance(row.get("logs"), list):
            raise ValueError("a receipt has no list of logs")
    return rows


def logs(
    raw: msgspec.Raw, *, addresses: Collection[bytes], first: int, last: int
) -> list[FetchedLog]:
    """Logs of a range, in strictly ascending order, each of an address that was asked for."""
    found: list[FetchedLog] = []
    # There may be a hundred thousand logs, but only so many blocks, transactions, addresses and
    # indices: each distinct text of those is checked once.
    numbers = _Memo(quantity)
    words = _Memo(lambda text: octets(text, 32))
    asked = _Memo(lambda text: _asked_for(text, addresses))
    block_number = log_index = tx_index = -1
    block_hash, block_text, hash_text = b"", "", ""
    for row in _decode_logs.decode(raw):
        if row.removed:
            raise ValueError("a log is marked as removed")
        index, position = numbers[row.logIndex], numbers[row.transactionIndex]
        if row.blockNumber != block_text or row.blockHash != hash_text:
            number = numbers[row.blockNumber]
            if not first <= number <= last:
                raise ValueError(f"a log of block {number} was not asked for")
            if number == block_number:
                raise ValueError(f"logs of block {number} name different block hashes")
            if number < block_number:
                raise ValueError(f"log {index} of block {number} is out of order")
            block_number, block_text = number, row.blockNumber
            block_hash, hash_text = octets(row.blockHash, 32), row.blockHash
            log_index = tx_index = -1
        if not log_index < index <= MAX_INDEX:
            raise ValueError(f"log {index} of block {block_number} is out of order")
        if not tx_index <= position <= MAX_INDEX:
            raise ValueError(f"transactions of block {block_number} are out of order")
        log_index, tx_index = index, position
        topics = row.topics
        if len(topics) > MAX_TOPICS:
            raise ValueError(f"log {index} of block {block_number} has {len(topics)} topics")
        found.append(
            _log_of(
                (
                    block_number,
                    block_hash,
                    words[row.transactionHash],
                    position,
                    index,
                    asked[row.address],
                    # The first one names the event, the others seldom come twice.
                    (words[topics[0]], *[octets(topic, 32) for topic in topics[1:]])
                    if topics
                    else (),
                    octets(row.data),
                )
            )
        )
    return found


class _Memo(dict[str, Any]):
    """Results of a function by its argument, computed when first asked for."""

    def __init__(self, compute: Callable[[str], Any]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, text: str) -> Any:
        value = self[text] = self._compute(text)
        return value


def _asked_for(text: str, addresses: Collection[bytes]) -> bytes:
    address = octets(text, 20)
    if address not in addresses:
        raise ValueError(f"a log of 0x{address.hex()} was not asked for")
    return address


def digest(rows: Iterable[Sequence[Any]]) -> bytes:
    """A digest of logs that differs when any field of any of them differs: 32 bytes."""
    hasher = blake2b(digest_size=32)
    for number, block_hash, tx_hash, tx_index, index, address, topics, data in rows:
        hasher.update(b"%d,%d,%d,%d,%d;" % (number, tx_index, index, len(topics), len(data)))
        for part in (block_hash, tx_hash, address, *topics, data):
            hasher.update(part)
    return hasher.digest()

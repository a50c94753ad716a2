"""Receipts roots of many blocks at once, from the bytes of replies to eth_getBlockReceipts.

Does what `receipts.root` does with each reply, in a fraction of the time: fields stay the hex
digits that they came as, so that a block is put together as text and becomes bytes in one step, and
all nodes of a level of all tries are hashed together. What is not written as nodes write it (odd
types, padded numbers, a bloom left out) takes the plain path, which also words every refusal.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ..refusals import BatchRefused, Refusal, UnreadableAnswer
from . import receipts, trie_batch
from .answers import Fields
from .nesting import shallow

_Address = Annotated[str, Meta(min_length=42, max_length=42)]
_Word = Annotated[str, Meta(min_length=66, max_length=66)]
_Bloom = Annotated[str, Meta(min_length=514, max_length=514)]
_Number = Annotated[str, Meta(min_length=3, max_length=18)]
_Topics = Annotated[list[_Word], Meta(max_length=receipts.MOST_TOPICS)]

_STATUS = {"0x0": "80", "0x1": "01"}
_KINDS = {"0x0": ""} | {
    hex(kind): f"{kind:02x}" for kind in sorted(receipts.PLAIN | {receipts.DEPOSIT})
}
_DEPOSIT = hex(receipts.DEPOSIT)
# What stands before so many topics, of 33 bytes each, and the bytes of the whole list.
_TOPICS = (("c0", 1), ("e1", 34), ("f842", 68), ("f863", 101), ("f884", 134))


class _Log(msgspec.Struct, gc=False):
    address: _Address
    topics: _Topics
    data: str


class _Receipt(msgspec.Struct, gc=False):
    status: Literal["0x0", "0x1"]
    cumulativeGasUsed: _Number  # noqa: N815 - as nodes name it
    logsBloom: _Bloom  # noqa: N815
    logs: list[_Log]
    type: str = "0x0"
    depositNonce: str | None = None  # noqa: N815
    depositReceiptVersion: str | None = None  # noqa: N815


class _Reply(msgspec.Struct):
    result: list[_Receipt]


_READER = msgspec.json.Decoder(_Reply)


def roots(bodies: Sequence[bytes]) -> list[bytes]:
    """Receipts root of each block, 32 bytes, from the JSON texts of the replies about them.

    Raises BatchRefused: items are replies by position, refused as by `read` and `receipts.root`;
    `answers` has the roots of the others.
    """
    refusals: dict[int, Refusal] = {}
    found: dict[int, bytes] = {}
    regular: dict[int, list[bytes]] = {}
    for at, body in enumerate(bodies):
        try:
            regular[at] = _leaves(_READER.decode(shallow(body)).result)
        except (ValueError, KeyError, RecursionError):
            try:
                found[at] = receipts.root(read(body))
            except Refusal as refusal:
                refusals[at] = refusal
    found |= zip(regular, trie_batch.roots(list(regular.values())), strict=True)
    found = dict(sorted(found.items()))
    if refusals:
        raise BatchRefused(refusals, found)
    return list(found.values())


def read(body: bytes) -> list[Fields]:
    """The receipts in the JSON text of a reply. Raises UnreadableAnswer, NotBytes."""
    try:
        reply = msgspec.json.decode(shallow(body))
    except (ValueError, RecursionError) as error:
        raise UnreadableAnswer(f"The reply is no JSON: {error}") from None
    rows = reply.get("result") if isinstance(reply, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnreadableAnswer("The reply has no list of receipts.")
    return rows


def _leaves(rows: list[_Receipt]) -> list[bytes]:
    """RLP of the leaves of a block. Raises ValueError, KeyError for what is not regular."""
    if not rows:
        return []
    values = [_value(row) for row in rows]
    data, leaves, at = unhexlify("".join(values)), [], 0
    for key, value in zip(trie_batch.shape(len(rows)).keys, values, strict=True):
        size = len(value) >> 1
        head = unhexlify(_head(size, 0x80))
        leaves.append(
            unhexlify(_head(len(key) + len(head) + size, 0xC0)) + key + head + data[at : at + size]
        )
        at += size
    return leaves


def _value(row: _Receipt) -> str:
    """The hex digits of what `receipts.encode` gives, if all that look like digits are."""
    logs = "".join([_log(one) for one in row.logs])
    content = (
        f"{_STATUS[row.status]}{_number(row.cumulativeGasUsed)}b90100{_digits(row.logsBloom)}"
        f"{_head(len(logs) >> 1, 0xC0)}{logs}"
    )
    if row.type == _DEPOSIT and row.depositReceiptVersion is not None:
        content += _number(row.depositNonce) + _number(row.depositReceiptVersion)
    return f"{_KINDS[row.type]}{_head(len(content) >> 1, 0xC0)}{content}"


def _log(row: _Log) -> str:
    head, size = _TOPICS[len(row.topics)]
    topics = "".join(["a0" + _digits(topic) for topic in row.topics])
    data = _digits(row.data)
    length = len(data) >> 1
    if length != 1:
        data = _head(length, 0x80) + data
        size += len(data) >> 1
    elif data < "8":
        size += 1
    else:
        data = "81" + data
        size += 2
    return f"{_head(21 + size, 0xC0)}94{_digits(row.address)}{head}{topics}{data}"


def _digits(text: str) -> str:
    if text[:2] != "0x" or len(text) & 1:
        raise ValueError("no hex digits")
    return text[2:]


def _number(text: str | None) -> str:
    """RLP of a number of at most 64 bits, without needless zeros."""
    if text is None or text[:2] != "0x" or not 3 <= len(text) <= 18:
        raise ValueError("no number")
    digits = text[2:]
    if digits[0] == "0":
        if len(digits) > 1:
            raise ValueError("a padded number")
        return "80"
    if len(digits) & 1:
        digits = "0" + digits
    if len(digits) == 2 and digits < "8":
        return digits
    return f"{0x80 + (len(digits) >> 1):02x}{digits}"


@lru_cache(maxsize=4096)
def _head(size: int, offset: int) -> str:
    """Hex digits before a payload of so many bytes, which is no single one: RLP of a string for an
    `offset` of 0x80, of a list for 0xC0."""
    if size < 56:
        return f"{offset + size:02x}"
    length = size.to_bytes((size.bit_length() + 7) // 8, "big").hex()
    return f"{offset + 55 + len(length) // 2:02x}{length}"

"""Recursive Length Prefix: the one byte string of each nested list of byte strings, and back.

Source: the Ethereum Yellow Paper, appendix B. Decoding is strict: of the many byte strings that
could be read as an item only the canonical one is accepted, so that what hashes alike is alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ..inputs import octets, unsigned
from ..refusals import NotRlp

Item: TypeAlias = "bytes | Sequence[Item]"

DEEPEST = 64


def encode(item: Item) -> bytes:
    """RLP of bytes or of a nested sequence of them. Raises NotBytes for anything else."""
    if isinstance(item, bytes):
        return string(item)
    if isinstance(item, (list, tuple)):
        return sequence([encode(part) for part in item])
    return octets("an RLP item", item)


def string(data: bytes) -> bytes:
    """RLP of one byte string."""
    size = len(data)
    if size == 1 and data[0] < 0x80:
        return data
    if size < 56:
        return bytes((0x80 + size,)) + data
    return _long(0xB7, size) + data


def sequence(parts: Sequence[bytes]) -> bytes:
    """RLP of a list whose parts are RLP already."""
    body = b"".join(parts)
    size = len(body)
    if size < 56:
        return bytes((0xC0 + size,)) + body
    return _long(0xF7, size) + body


def number(value: int) -> bytes:
    """RLP of an unsigned integer: big-endian, without leading zeros. Raises NotAnInteger,
    OutOfRange."""
    unsigned("an RLP number", value)
    return string(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def decode(data: bytes) -> Item:
    """The item whose RLP is exactly `data`: bytes, or nested lists of bytes.

    Raises NotRlp for what is cut off, trails, is longer than it need be, or is nested more than
    64 deep; NotBytes for what is no bytes.
    """
    octets("RLP", data)
    item, end = _item(data, 0, len(data), 0)
    if end != len(data):
        raise NotRlp(f"{len(data) - end} bytes trail the item.", position=end)
    return item


def _long(offset: int, size: int) -> bytes:
    if size < 256:
        return bytes((offset + 1, size))
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((offset + len(length),)) + length


def _item(data: bytes, start: int, stop: int, depth: int) -> tuple[Item, int]:
    if start >= stop:
        raise NotRlp("An item is missing.", position=start)
    if depth > DEEPEST:
        raise NotRlp(f"Lists are nested more than {DEEPEST} deep.", position=start)
    prefix = data[start]
    if prefix < 0x80:
        return data[start : start + 1], start + 1
    if prefix == 0xA0 and start + 33 <= stop:
        # What the branch below would find: a hash, as most items of tries are.
        return data[start + 1 : start + 33], start + 33
    if prefix < 0xC0:
        begin, end = _span(data, start, stop, 0x80)
        if end - begin == 1 and data[begin] < 0x80:
            raise NotRlp("A single byte below 0x80 has a length in front.", position=start)
        return data[begin:end], end
    begin, end = _span(data, start, stop, 0xC0)
    parts: list[Item] = []
    while begin < end:
        part, begin = _item(data, begin, end, depth + 1)
        parts.append(part)
    return parts, end


def _span(data: bytes, start: int, stop: int, offset: int) -> tuple[int, int]:
    """Begin and end of the payload of the item at `start`, inside of `stop`."""
    size, begin = data[start] - offset, start + 1
    if size > 55:
        width = size - 55
        length = data[begin : begin + width]
        begin += width
        if begin > stop:
            raise NotRlp("A length is cut off.", position=start)
        if length[0] == 0:
            raise NotRlp("A length has leading zeros.", position=start)
        size = int.from_bytes(length, "big")
        if size < 56:
            raise NotRlp("A short payload has a long length.", position=start)
    if begin + size > stop:
        raise NotRlp("A payload is cut off or reaches beyond its list.", position=start)
    return begin, begin + size

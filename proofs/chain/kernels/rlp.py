"""RLP of numbers and of what stands before a payload: its size, and its bytes."""

from __future__ import annotations

from . import inlined
from .text import Bytes


@inlined
def head_size(size: int) -> int:
    """Bytes before a payload of so many, which is no single one below 0x80."""
    width = 1
    if size > 55:
        while size:
            width += 1
            size >>= 8
    return width


@inlined
def put_head(out: Bytes, at: int, size: int, offset: int) -> int:
    """Write what stands before a payload. Position after it."""
    width = head_size(size) - 1
    if width == 0:
        out[at] = offset + size
        return at + 1
    out[at] = offset + 55 + width
    for byte in range(width):
        out[at + 1 + byte] = size >> 8 * (width - 1 - byte) & 255
    return at + 1 + width


@inlined
def number_size(value: int) -> int:
    """Bytes of the RLP of a number, 0 or more."""
    size = 1
    if value > 127:
        while value:
            size += 1
            value >>= 8
    return size


@inlined
def put_number(out: Bytes, at: int, value: int) -> int:
    """Write the RLP of a number, 0 or more. Position after it."""
    width = number_size(value) - 1
    if width == 0:
        out[at] = value if value else 0x80
        return at + 1
    out[at] = 0x80 + width
    for byte in range(width):
        out[at + 1 + byte] = value >> 8 * (width - 1 - byte) & 255
    return at + 1 + width

"""JSON text, character by character: the little of it that replies of nodes use.

Positions are returned after what was read, or IRREGULAR for what the plain path must look at. Every
read is bounded by the text.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from . import compiled, inlined

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

IRREGULAR = -1
QUOTE, COMMA, COLON, OPEN, CLOSE, BEGIN, END, BACKSLASH = b'",:[]{}\\'
DIGITS = np.full(256, 16, np.int64)
"""Values of hex digits by their characters; 16 for what is none."""
DIGITS[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)
DIGITS[np.frombuffer(b"ABCDEF", np.uint8)] = np.arange(10, 16)

_LONGEST_NAME = 12


def names(*texts: str) -> Bytes:
    """A table for `name`: a row a text, its length at the end."""
    rows = np.zeros((len(texts), _LONGEST_NAME + 1), np.uint8)
    for row, text in zip(rows, texts, strict=True):
        row[: len(text)] = np.frombuffer(text.encode(), np.uint8)
        row[_LONGEST_NAME] = len(text)
    return rows


def letters(text: str) -> Bytes:
    """A text for `is_word`."""
    return np.frombuffer(text.encode(), np.uint8)


def pointer(context: Any, builder: Any, kind: Any, args: Any, bits: int) -> Any:
    """Pointer to an integer at byte ``args[1]`` of the array ``args[0]``."""
    data = context.make_array(kind)(context, builder, args[0]).data
    return builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(bits).as_pointer())


@intrinsic
def word(typing: Any, data: Any, at: Any) -> Any:
    """The 64-bit word at byte ``at``, the first byte lowest: unaligned, not checked for bounds."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = pointer(context, builder, signature.args[0], args, 64)
        return builder.load(place, align=1)

    return types.uint64(data, types.int64), generate


def _writer(bits: int) -> Any:
    def put(typing: Any, data: Any, at: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            place = pointer(context, builder, signature.args[0], args, bits)
            content = args[2] if bits == 64 else builder.trunc(args[2], ir.IntType(bits))
            builder.store(content, place, align=1)
            return context.get_dummy_value()

        return types.void(data, types.int64, types.uint64), generate

    return intrinsic(put)


put_word, put_half = _writer(64), _writer(32)
"""``put(data, at, value)``: write a word, or its lower half, to byte ``at`` and after it."""


@compiled
def same(one: Bytes, at: int, other: Bytes, begin: int, length: int) -> bool:
    """Whether ``length`` bytes, 8 or more, from ``at`` and from ``begin`` on are alike."""
    different = word(one, at + length - 8) ^ word(other, begin + length - 8)
    for step in range(length >> 3):
        different |= word(one, at + 8 * step) ^ word(other, begin + 8 * step)
    return different == 0


@inlined
def after_space(text: Bytes, at: int) -> int:
    while at < len(text) and (text[at] == 32 or text[at] == 10 or text[at] == 13 or text[at] == 9):
        at += 1
    return at


@inlined
def is_at(text: Bytes, at: int, byte: int) -> bool:
    if at >= len(text):
        return False
    return text[at] == byte


@intrinsic
def _plain(typing: Any, text: Any, at: Any) -> Any:
    """How many of the 32 characters from ``at`` on come before the first that is a quote, a
    backslash, a control or beyond ASCII. Not checked for bounds."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.VectorType(ir.IntType(8), 32)
        place = pointer(context, builder, signature.args[0], args, 8)
        found = builder.load(builder.bitcast(place, kind.as_pointer()), align=1)
        ends = builder.icmp_signed("<", found, ir.Constant(kind, [32] * 32))
        for mark in (QUOTE, BACKSLASH):
            same = builder.icmp_unsigned("==", found, ir.Constant(kind, [mark] * 32))
            ends = builder.or_(ends, same)
        first = builder.cttz(builder.bitcast(ends, ir.IntType(32)), ir.Constant(ir.IntType(1), 0))
        return builder.zext(first, ir.IntType(64))

    return types.int64(text, types.int64), generate


@inlined
def string_end(text: Bytes, at: int) -> int:
    """Position after the plain string that begins at ``at``, or IRREGULAR."""
    if not is_at(text, at, QUOTE):
        return IRREGULAR
    at += 1
    while at + 32 <= len(text):
        plain = _plain(text, at)
        if plain < 32:
            at += plain
            return at + 1 if text[at] == QUOTE else IRREGULAR
        at += 32
    while at < len(text):
        byte = text[at]
        if byte == QUOTE:
            return at + 1
        if byte == BACKSLASH or byte < 32 or byte > 127:
            return IRREGULAR
        at += 1
    return IRREGULAR


@compiled
def strings_end(text: Bytes, at: int) -> int:
    """Position after the array of plain strings that begins at ``at``, or IRREGULAR."""
    if not is_at(text, at, OPEN):
        return IRREGULAR
    at = after_space(text, at + 1)
    if is_at(text, at, CLOSE):
        return at + 1
    while True:
        at = string_end(text, at)
        if at < 0:
            return IRREGULAR
        at = after_space(text, at)
        if is_at(text, at, CLOSE):
            return at + 1
        if not is_at(text, at, COMMA):
            return IRREGULAR
        at = after_space(text, at + 1)


@compiled
def name(text: Bytes, at: int, table: Bytes, seen: int) -> tuple[int, int]:
    """Number of the name that begins at ``at`` and where its value begins, or IRREGULAR twice.

    A name that is not in ``table``, or whose bit in ``seen`` is set, is irregular.
    """
    end = string_end(text, at)
    if end < 0:
        return IRREGULAR, IRREGULAR
    length = end - at - 2
    for number in range(len(table)):
        if table[number, _LONGEST_NAME] != length or seen >> number & 1:
            continue
        same = True
        for byte in range(length):
            if table[number, byte] != text[at + 1 + byte]:
                same = False
                break
        if same:
            at = after_space(text, end)
            if not is_at(text, at, COLON):
                return IRREGULAR, IRREGULAR
            return number, after_space(text, at + 1)
    return IRREGULAR, IRREGULAR


@compiled
def quantity(text: Bytes, at: int, end: int, out: Bytes, row: int) -> bool:
    """Write the number in the string ``text[at:end]`` to the 32 bytes of a row; False for none."""
    digits = end - at - 4
    if digits < 1 or digits > 64 or text[at + 1] != 48 or text[at + 2] != 120:
        return False
    bad = np.int64(0)
    for byte in range(32):
        place = end - 2 - 2 * (31 - byte)
        low = DIGITS[text[place]] if place >= at + 3 else 0
        high = DIGITS[text[place - 1]] if place >= at + 4 else 0
        bad |= high | low
        out[row, byte] = np.uint8(high << 4 | low & 15)
    return bad < 16


@inlined
def is_word(text: Bytes, at: int, size: int, letters: Bytes) -> bool:
    """Whether the ``size`` characters from ``at`` on are these."""
    if size != len(letters) or at + size > len(text):
        return False
    different = 0
    for place in range(size):
        different |= text[at + place] ^ letters[place]
    return different == 0

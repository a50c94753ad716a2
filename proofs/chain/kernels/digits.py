"""Hex digits in text: what numbers and bytes they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from . import compiled, inlined
from .text import DIGITS, IRREGULAR, Bytes, pointer

_ONES = np.uint64(0x0101010101010101)


@inlined
def digits_value(text: Bytes, at: int, digits: int) -> int:
    """The number in so many hex digits, 16 at most; less than 0 if it has 64 bits or is none."""
    value, bad = 0, 0
    for place in range(at, at + digits):
        digit = DIGITS[text[place]]
        value = value << 4 | digit & 15
        bad |= digit
    return value if bad < 16 else IRREGULAR


@compiled
def four_bytes(digits: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The four bytes of eight hex digits, and what is not zero if one of these is not lower-case
    hex."""
    letter = (digits >> np.uint64(6)) & _ONES
    value = (digits & (_ONES * np.uint64(15))) + letter * np.uint64(9)
    above_nine = ((value + _ONES * np.uint64(6)) >> np.uint64(4)) & _ONES
    # What the digits would be if all were well: from 0x30 and, for letters, from 0x57 on.
    bad = digits ^ (value + _ONES * np.uint64(0x30) + letter * np.uint64(0x27))
    bad |= (above_nine ^ letter) | (value & (_ONES * np.uint64(0xF0)))
    value = (value << np.uint64(4) | value >> np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF)
    value = (value | value >> np.uint64(8)) & np.uint64(0x0000FFFF0000FFFF)
    return value | value >> np.uint64(16), bad


@intrinsic
def sixteen_bytes(typing: Any, text: Any, at: Any, out: Any, to: Any) -> Any:
    """Write the bytes of the 32 hex digits at ``at`` to ``to``; False if one is not lower-case hex.

    On vectors, as generic operations; not checked for bounds.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        digits, pairs = ir.VectorType(ir.IntType(8), 32), ir.VectorType(ir.IntType(16), 16)

        def splat(kind: Any, value: int) -> Any:
            return ir.Constant(kind, [value] * kind.count)

        source = pointer(context, builder, signature.args[0], args[:2], 8)
        found = builder.load(builder.bitcast(source, digits.as_pointer()), align=1)
        low = builder.and_(found, splat(digits, 15))
        letter = builder.icmp_unsigned(">", found, splat(digits, 0x40))
        value = builder.select(letter, builder.add(low, splat(digits, 9)), low)
        # What the digit of this value is: from 0x30 and, from ten on, from 0x57.
        ten = builder.icmp_unsigned(">", value, splat(digits, 9))
        base = builder.select(ten, splat(digits, 0x57), splat(digits, 0x30))
        wrong = builder.xor(found, builder.add(base, value))
        wrong = builder.or_(wrong, builder.and_(value, splat(digits, 0xF0)))
        pair = builder.bitcast(value, pairs)
        high = builder.shl(pair, splat(pairs, 4))
        both = builder.or_(high, builder.lshr(pair, splat(pairs, 8)))
        whole = builder.trunc(both, ir.VectorType(ir.IntType(8), 16))
        target = pointer(context, builder, signature.args[2], args[2:], 8)
        builder.store(whole, builder.bitcast(target, whole.type.as_pointer()), align=1)
        bits = builder.bitcast(wrong, ir.IntType(256))
        return builder.icmp_unsigned("==", bits, ir.Constant(bits.type, 0))

    return types.boolean(text, types.int64, out, types.int64), generate


@compiled
def put_digits(text: Bytes, at: int, size: int, out: Bytes, to: int) -> bool:
    """Write the bytes of ``2 * size`` digits, lower or upper case; False when one is none."""
    done = 0
    while size - done >= 16 and sixteen_bytes(text, at + 2 * done, out, to + done):
        done += 16
    good = True
    for byte in range(done, size):
        value = digits_value(text, at + 2 * byte, 2)
        good &= value >= 0
        out[to + byte] = value & 255
    return good

"""Keccak-f[1600] on eight messages at once, as LLVM vector code that numba compiles.

Source: FIPS 202, section 3, with the padding of the original submission. Loops over lanes are not
turned into vector instructions by the compiler, so the permutation is written as operations on
vectors of eight 64-bit words. They are generic: the compiler maps them to what the CPU has
(AVX-512, AVX2, SSE2, NEON), no instruction is demanded. Little-endian machines only.

Importing this module loads numba; `keccak_batch` does so when a batch is hashed first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8
RATE = 136
_WORDS = RATE // 8

_I64 = ir.IntType(64)
_VECTOR = ir.VectorType(_I64, LANES)
_ROTATIONS = (
    *(0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43),
    *(25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14),
)


def _round_constants() -> list[int]:
    """The constants of iota, from the linear feedback shift register x^8 + x^6 + x^5 + x^4 + 1."""
    constants, register = [], 1
    for _ in range(24):
        constant = 0
        for power in range(7):
            if register & 1:
                constant |= 1 << ((1 << power) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return constants


def _splat(value: int) -> ir.Constant:
    return ir.Constant(_VECTOR, [value] * LANES)


def _rounds(builder: ir.IRBuilder, state: list[Any]) -> list[Any]:
    """Emit the 24 rounds as a loop over 25 vectors; return them as they are after it."""
    module, before = builder.module, builder.block
    table = ir.ArrayType(_VECTOR, 24)
    constants = ir.GlobalVariable(module, table, module.get_unique_name("keccak.iota"))
    constants.global_constant, constants.linkage = True, "internal"
    constants.initializer = ir.Constant(table, [_splat(value) for value in _round_constants()])
    loop = builder.append_basic_block("keccak.round")
    done = builder.append_basic_block("keccak.done")
    builder.branch(loop)
    builder.position_at_end(loop)
    number = builder.phi(_I64)
    number.add_incoming(ir.Constant(_I64, 0), before)
    old = []
    for word in state:
        phi = builder.phi(_VECTOR)
        phi.add_incoming(word, before)
        old.append(phi)
    new = _round(builder, old)
    iota = builder.load(builder.gep(constants, [ir.Constant(_I64, 0), number]))
    new[0] = builder.xor(new[0], iota)
    following = builder.add(number, ir.Constant(_I64, 1))
    number.add_incoming(following, loop)
    for phi, word in zip(old, new, strict=True):
        phi.add_incoming(word, loop)
    again = builder.icmp_unsigned("<", following, ir.Constant(_I64, 24))
    builder.cbranch(again, loop, done)
    builder.position_at_end(done)
    return new


def _round(builder: ir.IRBuilder, old: list[Any]) -> list[Any]:
    """Emit theta, rho, pi and chi."""
    funnel = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(_VECTOR, [_VECTOR] * 3),
        f"llvm.fshl.v{LANES}i64",
    )

    def rotated(word: Any, by: int) -> Any:
        return builder.call(funnel, [word, word, _splat(by)]) if by else word

    def parity(column: int) -> Any:
        found = old[column]
        for row in range(1, 5):
            found = builder.xor(found, old[column + 5 * row])
        return found

    columns = [parity(x) for x in range(5)]
    mixed = [builder.xor(columns[(x + 4) % 5], rotated(columns[(x + 1) % 5], 1)) for x in range(5)]
    moved: list[Any] = [None] * 25
    for at in range(25):
        x, y = at % 5, at // 5
        moved[y + 5 * ((2 * x + 3 * y) % 5)] = rotated(
            builder.xor(old[at], mixed[x]), _ROTATIONS[at]
        )
    return [
        builder.xor(
            moved[at],
            builder.and_(
                builder.not_(moved[at - at % 5 + (at + 1) % 5]),
                moved[at - at % 5 + (at + 2) % 5],
            ),
        )
        for at in range(25)
    ]


def _data(context: Any, builder: ir.IRBuilder, kind: Any, array: Any, pointee: ir.Type) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(data, pointee.as_pointer())


@intrinsic
def _permute(typing: Any, state: Any) -> Any:
    """Permute eight states of 25 words each; word w of lane l is ``state[8 * w + l]``."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        data = _data(context, builder, signature.args[0], args[0], _VECTOR)
        places = [builder.gep(data, [ir.Constant(_I64, word)]) for word in range(25)]
        words = [builder.load(place, align=8) for place in places]
        for place, word in zip(places, _rounds(builder, words), strict=True):
            builder.store(word, place, align=8)
        return context.get_dummy_value()

    return types.void(state), generate


@intrinsic
def _word(typing: Any, data: Any, at: Any) -> Any:
    """The 64-bit word at byte ``at`` of a byte array: unaligned, and not checked for bounds."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        start = _data(context, builder, signature.args[0], args[0], ir.IntType(8))
        place = builder.bitcast(builder.gep(start, [args[1]]), _I64.as_pointer())
        return builder.load(place, align=1)

    return types.uint64(data, types.int64), generate


@njit(nogil=True, cache=True)
def digest_all(
    data: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    first: int,
    end: int,
    out: npt.NDArray[np.uint64],
) -> None:
    """Write the digests of messages ``first`` to ``end`` to ``out``.

    Message i is ``data[offsets[i]:offsets[i + 1]]``, of bytes; its digest is the row ``out[i]``
    of four 64-bit words. A lane whose message ends takes up the next one, so messages of any
    lengths keep all lanes busy. Offsets must have been checked.
    """
    state = np.zeros(25 * LANES, np.uint64)
    message = np.full(LANES, -1, np.int64)
    position = np.zeros(LANES, np.int64)
    following = first
    busy = 0
    for lane in range(LANES):
        if following < end:
            message[lane] = following
            position[lane] = offsets[following]
            following += 1
            busy += 1
    while busy > 0:
        for lane in range(LANES):
            if message[lane] < 0:
                continue
            at = position[lane]
            left = offsets[message[lane] + 1] - at
            if left >= RATE:
                for word in range(_WORDS):
                    state[LANES * word + lane] ^= _word(data, at + 8 * word)
                position[lane] = at + RATE
                continue
            whole = left >> 3
            for word in range(whole):
                state[LANES * word + lane] ^= _word(data, at + 8 * word)
            rest = np.uint64(1) << np.uint64(8 * (left & 7))
            for byte in range(left & 7):
                rest |= np.uint64(data[at + 8 * whole + byte]) << np.uint64(8 * byte)
            state[LANES * whole + lane] ^= rest
            state[LANES * (_WORDS - 1) + lane] ^= np.uint64(1 << 63)
            position[lane] = -1
        _permute(state)
        for lane in range(LANES):
            if position[lane] >= 0 or message[lane] < 0:
                continue
            for word in range(4):
                out[message[lane], word] = state[LANES * word + lane]
            if following == end:
                message[lane] = -1
                busy -= 1
                continue
            for word in range(25):
                state[LANES * word + lane] = 0
            message[lane] = following
            position[lane] = offsets[following]
            following += 1

"""Keccak-f[1600] on several messages at once, as LLVM vector code that numba compiles.

Source: FIPS 202, section 3, with the padding of the original submission. Loops over lanes are not
turned into vector instructions by the compiler, so the permutation is written as operations on
vectors of 64-bit words, as wide as the registers of the machine that code is made for (AVX-512,
AVX2, else SSE2 or NEON). They are generic: the compiler maps them to what the CPU has, no
instruction is demanded. Little-endian machines only.

Importing this module loads numba; `keccak_batch` does so when a batch is hashed first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils, config
from numba.core.codegen import get_host_cpu_features
from numba.extending import intrinsic

RATE = 136
_WORDS = RATE // 8
_STATE = 25


def _lanes() -> int:
    """Messages hashed at once: words in a vector register of the machine compiled for."""
    known = config.CPU_FEATURES
    features = (get_host_cpu_features() if known is None else known).split(",")
    return 8 if "+avx512f" in features else 4 if "+avx2" in features else 2


LANES = _lanes()

_I64 = ir.IntType(64)
_VECTOR = ir.VectorType(_I64, LANES)
_ROTATIONS = (
    *(0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43),
    *(25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14),
)
# Where pi takes the word of each place from.
_ORIGINS = tuple((x + 3 * y) % 5 + 5 * x for y in range(5) for x in range(5))
_ROWS = tuple(tuple(range(5 * y, 5 * y + 5)) for y in range(5))


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


def _at(builder: ir.IRBuilder, state: Any, word: int) -> Any:
    return builder.gep(state, [ir.Constant(_I64, word)])


def _load(builder: ir.IRBuilder, place: Any) -> Any:
    return builder.load(place, align=8)


def _rotated(builder: ir.IRBuilder, word: Any, by: int) -> Any:
    if not by:
        return word
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    funnel = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fshl.v{LANES}i64")
    return builder.call(funnel, [word, word, _splat(by)])


def _rounds(builder: ir.IRBuilder, state: Any, spare: Any) -> None:
    """Emit the 24 rounds as a loop over two states that take turns; the first has the outcome.

    The state stays in memory and each word is read once a round: few CPUs have registers for 25
    vectors. So the parities of columns are taken while the words are written, a round ahead.
    """
    module, before = builder.module, builder.block
    table = ir.ArrayType(_VECTOR, 24)
    constants = ir.GlobalVariable(module, table, module.get_unique_name("keccak.iota"))
    constants.global_constant, constants.linkage = True, "internal"
    constants.initializer = ir.Constant(table, [_splat(value) for value in _round_constants()])
    parities = [_load(builder, _at(builder, state, x)) for x in range(5)]
    for word in range(5, _STATE):
        found = _load(builder, _at(builder, state, word))
        parities[word % 5] = builder.xor(parities[word % 5], found)
    loop = builder.append_basic_block("keccak.round")
    done = builder.append_basic_block("keccak.done")
    builder.branch(loop)
    builder.position_at_end(loop)
    number = builder.phi(_I64)
    old, new = builder.phi(state.type), builder.phi(state.type)
    columns = [builder.phi(_VECTOR) for _ in range(5)]
    iota = _load(builder, builder.gep(constants, [ir.Constant(_I64, 0), number]))
    following = builder.add(number, ir.Constant(_I64, 1))
    incoming = [(number, ir.Constant(_I64, 0), following), (old, state, new), (new, spare, old)]
    after = _round(builder, old, new, columns, iota)
    for phi, first, later in (*incoming, *zip(columns, parities, after, strict=True)):
        phi.add_incoming(first, before)
        phi.add_incoming(later, loop)
    again = builder.icmp_unsigned("<", following, ir.Constant(_I64, 24))
    builder.cbranch(again, loop, done)
    builder.position_at_end(done)


def _round(builder: ir.IRBuilder, old: Any, new: Any, columns: list[Any], iota: Any) -> list[Any]:
    """Emit theta, rho, pi, chi and iota, row by row; return the parities of the new columns."""
    mixed = [
        builder.xor(columns[(x + 4) % 5], _rotated(builder, columns[(x + 1) % 5], 1))
        for x in range(5)
    ]
    parities: list[Any] = [None] * 5
    for row in _ROWS:
        moved = []
        for place in row:
            origin = _ORIGINS[place]
            word = builder.xor(_load(builder, _at(builder, old, origin)), mixed[origin % 5])
            moved.append(_rotated(builder, word, _ROTATIONS[origin]))
        for x, place in enumerate(row):
            rest = builder.and_(builder.not_(moved[(x + 1) % 5]), moved[(x + 2) % 5])
            word = builder.xor(moved[x], rest)
            if place == 0:
                word = builder.xor(word, iota)
            builder.store(word, _at(builder, new, place), align=8)
            parities[x] = builder.xor(parities[x], word) if parities[x] else word
    return parities


def _data(context: Any, builder: ir.IRBuilder, kind: Any, array: Any, pointee: ir.Type) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(data, pointee.as_pointer())


@intrinsic
def _permute(typing: Any, state: Any) -> Any:
    """Permute as many states as there are lanes; word w of lane l is ``state[LANES * w + l]``.

    What follows the states in the array, as much again, is overwritten.
    """

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        data = _data(context, builder, signature.args[0], args[0], _VECTOR)
        _rounds(builder, data, _at(builder, data, _STATE))
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
    state = np.zeros(2 * _STATE * LANES, np.uint64)
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
            for word in range(_STATE):
                state[LANES * word + lane] = 0
            message[lane] = following
            position[lane] = offsets[following]
            following += 1

"""BLS12-381 by blst, through the C functions that the ckzg wheel carries and exports.

Nobody promises that ckzg goes on exporting them, so only releases that were looked at are used, the
sizes of all structures are compared, and `bls_backend` compares answers before the first use.
Calls release the interpreter's lock.

Points are bytes: the affine structures of blst, 96 and 192 bytes, all zero for infinity. Source of
the signatures: `bindings/blst.h` of blst 0.3.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import c_bool, c_char_p, c_int, c_size_t, c_void_p
from importlib.metadata import version

from ..refusals import NotInSubgroup, NotOnCurve
from .bls_backend import Backend, Point, SelfTestFailed

CHECKED_RELEASES = frozenset({"2.1.8"})
"""Releases of ckzg whose exported blst was compared with the reference."""

_SIZES = {"p1": 144, "p1_affine": 96, "p2": 288, "p2_affine": 192, "fp12": 576}
_OK, _NOT_IN_GROUP = 0, 3
_BYTES, _LIST = c_char_p, c_char_p * 2
_OUT = c_void_p
_FUNCTIONS: dict[str, tuple[object, tuple[object, ...]]] = {
    "p1_uncompress": (c_int, (_OUT, _BYTES)),
    "p2_uncompress": (c_int, (_OUT, _BYTES)),
    "p1_affine_in_g1": (c_bool, (_BYTES,)),
    "p2_affine_in_g2": (c_bool, (_BYTES,)),
    "p1_affine_compress": (None, (_OUT, _BYTES)),
    "p2_affine_compress": (None, (_OUT, _BYTES)),
    "p1_from_affine": (None, (_OUT, _BYTES)),
    "p2_from_affine": (None, (_OUT, _BYTES)),
    "p1_to_affine": (None, (_OUT, _OUT)),
    "p2_to_affine": (None, (_OUT, _OUT)),
    "p1s_add": (None, (_OUT, _LIST, c_size_t)),
    "p2s_add": (None, (_OUT, _LIST, c_size_t)),
    "p1_cneg": (None, (_OUT, c_bool)),
    "p1_mult": (None, (_OUT, _OUT, _BYTES, c_size_t)),
    "p2_mult": (None, (_OUT, _OUT, _BYTES, c_size_t)),
    "hash_to_g2": (None, (_OUT, _BYTES, c_size_t, _BYTES, c_size_t, _BYTES, c_size_t)),
    "miller_loop_n": (None, (_OUT, _LIST, _LIST, c_size_t)),
    "final_exp": (None, (_OUT, _OUT)),
    "fp12_is_one": (c_bool, (_OUT,)),
}


class Blst:
    """The exported functions with their types; every buffer is made here, at its full size."""

    name = "blst"

    def __init__(self, library: ctypes.CDLL) -> None:
        for structure, size in _SIZES.items():
            measure = getattr(library, f"blst_{structure}_sizeof")
            measure.restype = c_size_t
            if measure() != size:
                raise SelfTestFailed(f"blst_{structure} has {measure()} bytes, not {size}.")
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, f"blst_{name}")
            function.restype, function.argtypes = result, arguments
        self._c = library

    def g1(self, data: bytes) -> Point:
        point = _new("p1_affine")
        _refuse(self._c.blst_p1_uncompress(point, data), data)
        if not self._c.blst_p1_affine_in_g1(point.raw):
            _refuse(_NOT_IN_GROUP, data)
        return point.raw

    def g2(self, data: bytes) -> Point:
        point = _new("p2_affine")
        _refuse(self._c.blst_p2_uncompress(point, data), data)
        if not self._c.blst_p2_affine_in_g2(point.raw):
            _refuse(_NOT_IN_GROUP, data)
        return point.raw

    def g1_bytes(self, point: Point) -> bytes:
        out = ctypes.create_string_buffer(48)
        self._c.blst_p1_affine_compress(out, point)
        return out.raw

    def g2_bytes(self, point: Point) -> bytes:
        out = ctypes.create_string_buffer(96)
        self._c.blst_p2_affine_compress(out, point)
        return out.raw

    def g1_sum(self, points: Sequence[Point]) -> Point:
        total = _new("p1")
        if points:
            self._c.blst_p1s_add(total, _list(points), len(points))
        return self._g1_affine(total)

    def g2_sum(self, points: Sequence[Point]) -> Point:
        total = _new("p2")
        if points:
            self._c.blst_p2s_add(total, _list(points), len(points))
        return self._g2_affine(total)

    def g1_negated(self, point: Point) -> Point:
        wide = _new("p1")
        self._c.blst_p1_from_affine(wide, point)
        self._c.blst_p1_cneg(wide, True)
        return self._g1_affine(wide)

    def g1_times(self, point: Point, scalar: int) -> Point:
        wide, product = _new("p1"), _new("p1")
        self._c.blst_p1_from_affine(wide, point)
        self._c.blst_p1_mult(product, wide, scalar.to_bytes(32, "little"), scalar.bit_length() or 1)
        return self._g1_affine(product)

    def g2_times(self, point: Point, scalar: int) -> Point:
        wide, product = _new("p2"), _new("p2")
        self._c.blst_p2_from_affine(wide, point)
        self._c.blst_p2_mult(product, wide, scalar.to_bytes(32, "little"), scalar.bit_length() or 1)
        return self._g2_affine(product)

    def g1_is_infinity(self, point: Point) -> bool:
        return not any(point)

    def hash_to_g2(self, message: bytes, domain: bytes) -> Point:
        wide = _new("p2")
        self._c.blst_hash_to_g2(wide, message, len(message), domain, len(domain), None, 0)
        return self._g2_affine(wide)

    def pairings_cancel(self, pairs: Sequence[tuple[Point, Point]]) -> bool:
        # A pair with infinity contributes one, and blst's loop is not made for it.
        pairs = [(p, q) for p, q in pairs if any(p) and any(q)]
        if not pairs:
            return True
        product, power = _new("fp12"), _new("fp12")
        qs, ps = _list([q for _, q in pairs]), _list([p for p, _ in pairs])
        self._c.blst_miller_loop_n(product, qs, ps, len(pairs))
        self._c.blst_final_exp(power, product)
        return bool(self._c.blst_fp12_is_one(power))

    def _g1_affine(self, wide: ctypes.Array[ctypes.c_char]) -> bytes:
        point = _new("p1_affine")
        self._c.blst_p1_to_affine(point, wide)
        return point.raw

    def _g2_affine(self, wide: ctypes.Array[ctypes.c_char]) -> bytes:
        point = _new("p2_affine")
        self._c.blst_p2_to_affine(point, wide)
        return point.raw


def _new(structure: str) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(_SIZES[structure])


def _list(points: Sequence[bytes]) -> ctypes.Array[c_char_p]:
    """A list as blst takes it: one block of points and a null pointer."""
    return _LIST(b"".join(points), None)


def _refuse(code: int, data: bytes) -> None:
    if code == _NOT_IN_GROUP:
        raise NotInSubgroup("The point is outside the subgroup.", data=data)
    if code != _OK:
        raise NotOnCurve(f"There is no such point (blst says {code}).", data=data)


def load() -> Backend:
    """blst, where the installed ckzg is one that was checked; else an exception that says why."""
    import ckzg

    found = version("ckzg")
    if found not in CHECKED_RELEASES:
        raise SelfTestFailed(f"the blst of ckzg {found} was not checked")
    return Blst(ctypes.CDLL(ckzg.__file__))

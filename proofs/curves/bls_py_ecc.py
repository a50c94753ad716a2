"""BLS12-381 by py_ecc: the readable reference, seconds slow, and the last resort."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import reduce

from py_ecc.bls.g2_primitives import (
    G1_to_pubkey,
    G2_to_signature,
    pubkey_to_G1,
    signature_to_G2,
    subgroup_check,
)
from py_ecc.bls.hash_to_curve import hash_to_G2
from py_ecc.optimized_bls12_381 import FQ12, Z1, Z2, add, final_exponentiate, is_inf, multiply, neg
from py_ecc.optimized_bls12_381.optimized_pairing import pairing

from ..refusals import NotInSubgroup, NotOnCurve
from .bls_backend import Backend, Point


class PyEcc:
    """Points in Jacobian coordinates, as tuples of py_ecc's field elements."""

    name = "py_ecc"

    def g1(self, data: bytes) -> Point:
        return self._checked(pubkey_to_G1, data)

    def g2(self, data: bytes) -> Point:
        return self._checked(signature_to_G2, data)

    def _checked(self, decompress: Point, data: bytes) -> Point:
        try:
            point = decompress(data)
        except ValueError as reason:
            raise NotOnCurve(f"There is no such point: {reason}.", data=data) from None
        if not subgroup_check(point):
            raise NotInSubgroup("The point is outside the subgroup.", data=data)
        return point

    def g1_bytes(self, point: Point) -> bytes:
        return bytes(G1_to_pubkey(point))

    def g2_bytes(self, point: Point) -> bytes:
        return bytes(G2_to_signature(point))

    def g1_sum(self, points: Sequence[Point]) -> Point:
        return reduce(add, points, Z1)

    def g2_sum(self, points: Sequence[Point]) -> Point:
        return reduce(add, points, Z2)

    def g1_negated(self, point: Point) -> Point:
        return neg(point)

    def g1_times(self, point: Point, scalar: int) -> Point:
        return multiply(point, scalar)

    def g2_times(self, point: Point, scalar: int) -> Point:
        return multiply(point, scalar)

    def g1_is_infinity(self, point: Point) -> bool:
        return bool(is_inf(point))

    def hash_to_g2(self, message: bytes, domain: bytes) -> Point:
        return hash_to_G2(message, domain, hashlib.sha256)  # type: ignore[arg-type]

    def pairings_cancel(self, pairs: Sequence[tuple[Point, Point]]) -> bool:
        product = FQ12.one()
        for p, q in pairs:
            product *= pairing(q, p, final_exponentiate=False)
        return bool(final_exponentiate(product) == FQ12.one())


def load() -> Backend:
    """The reference; it is always there."""
    return PyEcc()

"""BN254 by py_ecc: the reference, in Python alone."""

from __future__ import annotations

from collections.abc import Sequence

from py_ecc import optimized_bn128 as curve

from ..refusals import NotInSubgroup
from .bn254 import FIELD, ORDER, G1Point, G2Point
from .bn254_backend import Backend, Point


class PyEcc:
    """Points are the library's projective triples."""

    name = "py_ecc"

    def g1(self, point: G1Point) -> Point:
        return curve.FQ(point.x), curve.FQ(point.y), curve.FQ(1)

    def g2(self, point: G2Point) -> Point:
        found = curve.FQ2(point.x), curve.FQ2(point.y), curve.FQ2.one()
        if not curve.is_inf(curve.multiply(found, ORDER)):
            raise NotInSubgroup("The point lies outside G2.", x=point.x)
        return found

    def g1_negated(self, point: Point) -> Point:
        return curve.neg(point)

    def g1_times(self, point: Point, scalar: int) -> Point:
        return curve.multiply(point, scalar)

    def g1_combined(self, points: Sequence[Point], scalars: Sequence[int]) -> Point:
        total = curve.Z1
        for point, scalar in zip(points, scalars, strict=True):
            total = curve.add(total, curve.multiply(point, scalar))
        return total

    def g1_coordinates(self, point: Point) -> tuple[int, int]:
        if curve.is_inf(point):
            return 0, 0
        x, y = curve.normalize(point)
        return int(x) % FIELD, int(y) % FIELD

    def pairings_cancel(self, pairs: Sequence[tuple[Point, Point]]) -> bool:
        product = curve.FQ12.one()
        for p, q in pairs:
            product = product * curve.pairing(q, p, final_exponentiate=False)
        return bool(curve.final_exponentiate(product) == curve.FQ12.one())


def load() -> Backend:
    """The backend."""
    return PyEcc()

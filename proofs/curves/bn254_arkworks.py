"""BN254 by arkworks, through the compiled module of zksnake.

Its constructors panic on points off the curve or outside the subgroup. So G1 is built only from
coordinates on the curve, and G2 through deserialization, which checks the subgroup and fails as
ordinary code does. What panics all the same is contained. The module holds the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Sequence

from zksnake._algebra import ec_bn254 as curve

from ..refusals import NotInSubgroup
from .bls_backend import contained
from .bn254 import FIELD, G1_GENERATOR, G2_GENERATOR, ORDER, G1Point, G2Point
from .bn254_backend import Backend, Point

_HALF = FIELD // 2


class Arkworks:
    """Points are the library's own objects."""

    name = "arkworks"

    def __init__(self) -> None:
        with contained(self.name):
            self._one = curve.pairing(
                self._infinity(), curve.PointG2(*G2_GENERATOR.x, *G2_GENERATOR.y)
            )

    def _infinity(self) -> Point:
        point = curve.PointG1(G1_GENERATOR.x, G1_GENERATOR.y)
        return point + -point

    def g1(self, point: G1Point) -> Point:
        with contained(self.name):
            return curve.PointG1(point.x, point.y)

    def g2(self, point: G2Point) -> Point:
        real, imaginary = point.y
        # Of the two points of an x the one with the greater y is flagged, imaginary part first.
        greater = imaginary > _HALF if imaginary else real > _HALF
        encoded = bytearray(b"".join(part.to_bytes(32, "little") for part in point.x))
        encoded[-1] |= greater << 7
        with contained(self.name):
            try:
                found = curve.PointG2.from_bytes(bytes(encoded))
            except ValueError:
                raise NotInSubgroup("The point lies outside G2.", x=point.x) from None
            return found

    def g1_negated(self, point: Point) -> Point:
        return -point

    def g1_times(self, point: Point, scalar: int) -> Point:
        with contained(self.name):
            return point * (scalar % ORDER)

    def g1_combined(self, points: Sequence[Point], scalars: Sequence[int]) -> Point:
        with contained(self.name):
            return curve.multiscalar_mul_g1(list(points), [each % ORDER for each in scalars])

    def g1_coordinates(self, point: Point) -> tuple[int, int]:
        return (0, 0) if point.is_zero() else (int(point.x), int(point.y))

    def pairings_cancel(self, pairs: Sequence[tuple[Point, Point]]) -> bool:
        with contained(self.name):
            product = curve.multi_pairing([p for p, _ in pairs], [q for _, q in pairs])
            return bool(product == self._one)


def load() -> Backend:
    """The backend; ImportError where there is no wheel of zksnake for this Python."""
    return Arkworks()

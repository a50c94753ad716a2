"""BLS12-381 by arkworks, through the documented interface of py_arkworks_bls12381.

It holds the interpreter's lock while it computes. Its decompression takes several encodings of
infinity for it, which `bls_encoding` refuses before.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add

from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from ..refusals import NotInSubgroup, NotOnCurve
from .bls_backend import Backend, Point, contained


class Arkworks:
    """Points are the library's own objects."""

    name = "arkworks"

    def g1(self, data: bytes) -> Point:
        return self._checked(G1Point, data)

    def g2(self, data: bytes) -> Point:
        return self._checked(G2Point, data)

    def _checked(self, group: type[G1Point] | type[G2Point], data: bytes) -> Point:
        with contained(self.name):
            try:
                point = group.from_compressed_bytes_unchecked(data)
            except ValueError as reason:
                raise NotOnCurve(f"There is no such point: {reason}.", data=data) from None
            if not point.is_in_subgroup():
                raise NotInSubgroup("The point is outside the subgroup.", data=data)
            return point

    def g1_bytes(self, point: Point) -> bytes:
        return bytes(point.to_compressed_bytes())

    def g2_bytes(self, point: Point) -> bytes:
        return bytes(point.to_compressed_bytes())

    def g1_sum(self, points: Sequence[Point]) -> Point:
        with contained(self.name):
            return reduce(add, points, G1Point.identity())

    def g2_sum(self, points: Sequence[Point]) -> Point:
        with contained(self.name):
            return reduce(add, points, G2Point.identity())

    def g1_negated(self, point: Point) -> Point:
        return -point

    def g1_times(self, point: Point, scalar: int) -> Point:
        with contained(self.name):
            return point * _scalar(scalar)

    def g2_times(self, point: Point, scalar: int) -> Point:
        with contained(self.name):
            return point * _scalar(scalar)

    def g1_is_infinity(self, point: Point) -> bool:
        return bool(point == G1Point.identity())

    def hash_to_g2(self, message: bytes, domain: bytes) -> Point:
        with contained(self.name):
            return G2Point.hash_to_curve(message, domain)

    def pairings_cancel(self, pairs: Sequence[tuple[Point, Point]]) -> bool:
        with contained(self.name):
            return GT.pairing_check([p for p, _ in pairs], [q for _, q in pairs])


def _scalar(value: int) -> Scalar:
    return Scalar.from_le_bytes(value.to_bytes(32, "little"))


def load() -> Backend:
    """The library, if it can be imported here; ImportError says why not."""
    return Arkworks()

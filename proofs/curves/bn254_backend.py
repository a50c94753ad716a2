"""One small interface to the arithmetic of BN254, and who computes behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from ..refusals import NotInSubgroup
from .bls_backend import SelfTestFailed
from .bn254 import FIELD, G1_GENERATOR, G2_GENERATOR, ORDER, G1Point, G2Point
from .choosing import choose

Point = Any
"""A point of G1 or of G2 as its backend holds it."""

CANDIDATES = ("bn254_arkworks", "bn254_py_ecc")
"""Modules with a `load() -> Backend`, the fastest first; the last is the reference."""


class Backend(Protocol):
    """What Groth16 needs of the curve. It is given points that `bn254` let pass.

    ``g2`` raises NotInSubgroup. Any function may raise BackendFault when the library gives up.
    """

    name: str

    def g1(self, point: G1Point) -> Point: ...
    def g2(self, point: G2Point) -> Point: ...
    def g1_negated(self, point: Point) -> Point: ...
    def g1_times(self, point: Point, scalar: int) -> Point:
        """The multiple by 0 <= scalar < ORDER."""
        ...

    def g1_combined(self, points: Sequence[Point], scalars: Sequence[int]) -> Point:
        """The sum of the multiples, at least one; scalars as above."""
        ...

    def g1_coordinates(self, point: Point) -> tuple[int, int]:
        """Affine coordinates, (0, 0) for infinity."""
        ...

    def pairings_cancel(self, pairs: Sequence[tuple[Point, Point]]) -> bool:
        """Whether the product of e(P, Q) over the pairs (P of G1, Q of G2) is one."""
        ...


@cache
def default() -> Backend:
    """The fastest backend that passes its self-test on this machine; chosen once a process."""
    return choose("BN254", [_loader(name) for name in CANDIDATES], self_test)


def _loader(module: str) -> Callable[[], Backend]:
    def load() -> Backend:
        made: Backend = import_module(f"{__package__}.{module}").load()
        return made

    return load


# Known answers, computed with py_ecc: seven times the generator; a point of the twist that lies
# outside G2; three times the generator of G2.
_SEVEN = (
    10415861484417082502655338383609494480414113902179649885744799961447382638712,
    10196215078179488638353184030336251401353352596818396260819493263908881608606,
)
_OUTSIDE = G2Point(
    (2, 7),
    (
        19501835996978593742558863227001277385527358431177367368443328323787999615754,
        2747918525772306606553631039800176165902901190021649251207689020039267769845,
    ),
)
_TRIPLE = G2Point(
    (
        2725019753478801796453339367788033689375851816420509565303521482350756874229,
        7273165102799931111715871471550377909735733521218303035754523677688038059653,
    ),
    (
        2512659008974376214222774206987427162027254181373325676825515531566330959255,
        957874124722006818841961785324909313781880061366718538693995380805373202866,
    ),
)


def self_test(backend: Backend) -> None:
    """Compare with known answers, also at infinity and outside the subgroup.

    Raises SelfTestFailed.
    """
    one, many = backend.g1(G1_GENERATOR), backend.g1(G1Point(*_SEVEN))
    two = backend.g2(G2_GENERATOR)
    flipped = G2Point(G2_GENERATOR.x, (FIELD - G2_GENERATOR.y[0], FIELD - G2_GENERATOR.y[1]))
    opposite, triple = backend.g2(flipped), backend.g2(_TRIPLE)
    nothing = backend.g1_times(one, 0)
    combined = backend.g1_combined([one, many, nothing], [2**128, ORDER - 1, 5])
    answers = {
        "coordinates": backend.g1_coordinates(many) == _SEVEN,
        "product": backend.g1_coordinates(backend.g1_times(one, 7)) == _SEVEN,
        "infinity": backend.g1_coordinates(nothing) == (0, 0),
        "combination": backend.g1_coordinates(combined)
        == backend.g1_coordinates(backend.g1_times(one, 2**128 - 7)),
        "negation": backend.g1_coordinates(backend.g1_negated(one)) == (1, FIELD - 2),
        "opposite": backend.pairings_cancel([(one, two), (one, opposite)]),
        "multiples": backend.pairings_cancel(
            [(backend.g1_times(one, 21), opposite), (many, triple), (nothing, triple)]
        ),
        "pairing of another": not backend.pairings_cancel([(one, two), (many, opposite)]),
        "pairing alone": not backend.pairings_cancel([(one, two)]),
        "subgroup": _refuses_outside(backend),
    }
    wrong = [name for name, right in answers.items() if not right]
    if wrong:
        raise SelfTestFailed(f"{backend.name} computes wrongly: {', '.join(wrong)}")


def _refuses_outside(backend: Backend) -> bool:
    try:
        backend.g2(_OUTSIDE)
    except NotInSubgroup:
        return True
    return False

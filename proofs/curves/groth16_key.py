"""Verifying keys of Groth16, and what makes one worthless.

A key is checked once, when it is registered. The equation of a proof holds for proofs that anybody
can make when certain points of the key coincide; known failures left gamma and delta equal because
the last step of a set-up was skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from ..refusals import DegenerateKey
from .bn254 import G1Point, G2Point

MOST_INPUTS = 1_024
"""Keys with more public inputs are refused: no circuit of this field's projects has so many."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """alpha in G1, beta, gamma and delta in G2, and one point of ``ic`` more than public inputs."""

    alpha: G1Point
    beta: G2Point
    gamma: G2Point
    delta: G2Point
    ic: tuple[G1Point, ...]


def check_key(key: VerifyingKey) -> None:
    """Refuse a key under which proofs can be forged or public inputs mean nothing.

    That no point is infinity, and that all are on their curves, was checked when they were read;
    whether the points of G2 lie in the subgroup a backend checks. Raises DegenerateKey.
    """
    if not key.ic:
        raise DegenerateKey("The key has no point for its constant input.", reason="no inputs")
    if len(key.ic) > MOST_INPUTS + 1:
        raise DegenerateKey(
            f"The key has {len(key.ic) - 1} public inputs.", reason="too many inputs"
        )
    for first, second in combinations(("beta", "gamma", "delta"), 2):
        # Points of one x are alike or opposite: either way A, B, C follow from the key alone.
        if getattr(key, first).x == getattr(key, second).x:
            raise DegenerateKey(
                f"{first} and {second} are one point up to its sign: anybody can make proofs.",
                reason=f"{first} = {second}",
            )
    _check_inputs(key.ic)


def _check_inputs(ic: Sequence[G1Point]) -> None:
    seen: dict[int, int] = {}
    for index, point in enumerate(ic[1:]):
        if point.x in seen:
            # Then only the sum, or the difference, of the two is bound.
            raise DegenerateKey(
                f"Public inputs {seen[point.x]} and {index} share a point: "
                "one can be traded for the other.",
                reason="inputs alike",
                inputs=(seen[point.x], index),
            )
        seen[point.x] = index

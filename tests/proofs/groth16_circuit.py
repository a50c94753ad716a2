"""Keys and proofs of a circuit that does not exist, made from the secrets of its set-up."""

from __future__ import annotations

import random
from functools import cache

from py_ecc import optimized_bn128 as curve

from proofs.curves.bn254 import ORDER, G1Point, G2Point
from proofs.curves.groth16 import Proof
from proofs.curves.groth16_key import VerifyingKey


def g1(scalar: int) -> G1Point:
    x, y = curve.normalize(curve.multiply(curve.G1, scalar % ORDER))
    return G1Point(int(x), int(y))


@cache
def g2(scalar: int) -> G2Point:
    x, y = curve.normalize(curve.multiply(curve.G2, scalar % ORDER))
    real, imaginary = ((int(part) for part in each.coeffs) for each in (x, y))
    return G2Point(tuple(real), tuple(imaginary))  # type: ignore[arg-type]


class Setup:
    """A set-up whose toxic waste was kept: alpha, beta, gamma, delta and the inputs' scalars."""

    def __init__(self, inputs: int, seed: int = 1, **secrets: int) -> None:
        drawn = random.Random(seed)
        self.secrets = {
            name: secrets.get(name, drawn.randrange(1, ORDER))
            for name in ("alpha", "beta", "gamma", "delta")
        }
        self.ic = [drawn.randrange(1, ORDER) for _ in range(inputs + 1)]
        self.drawn = drawn

    def key(self) -> VerifyingKey:
        alpha, beta, gamma, delta = self.secrets.values()
        return VerifyingKey(
            g1(alpha), g2(beta), g2(gamma), g2(delta), tuple(g1(each) for each in self.ic)
        )

    def bound(self, inputs: list[int]) -> int:
        return sum(map(int.__mul__, self.ic, [1, *inputs])) % ORDER

    def proof(self, inputs: list[int]) -> Proof:
        """A valid proof. Few different B, since the reference takes its time for each."""
        alpha, beta, gamma, delta = self.secrets.values()
        a, b = self.drawn.randrange(1, ORDER), self.drawn.randrange(2, 6)
        c = (a * b - alpha * beta - self.bound(inputs) * gamma) * pow(delta, -1, ORDER)
        return Proof(g1(a), g2(b), g1(c))


def as_bytes(proof: Proof) -> bytes:
    """The 256 bytes that contracts take."""
    (bx, by) = proof.b.x, proof.b.y
    numbers = (proof.a.x, proof.a.y, bx[1], bx[0], by[1], by[0], proof.c.x, proof.c.y)
    return b"".join(number.to_bytes(32, "big") for number in numbers)

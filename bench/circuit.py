"""Valid Groth16 proofs of a circuit that does not exist, made from the secrets of its set-up."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from py_ecc import optimized_bn128 as curve

from proofs.curves.bn254 import ORDER, G1Point, G2Point
from proofs.curves.groth16 import Proof
from proofs.curves.groth16_key import VerifyingKey

Item = tuple[Proof, list[int]]


def made(count: int, inputs: int, seed: int = 1) -> tuple[VerifyingKey, list[Item]]:
    """A key and as many proofs, each with public inputs of its own."""
    drawn = random.Random(seed)  # noqa: S311
    alpha, beta, gamma, delta = (drawn.randrange(1, ORDER) for _ in range(4))
    ic = [drawn.randrange(1, ORDER) for _ in range(inputs + 1)]
    key = VerifyingKey(_g1(alpha), _g2(beta), _g2(gamma), _g2(delta), tuple(map(_g1, ic)))
    items = []
    for _ in range(count):
        public = [drawn.randrange(ORDER) for _ in range(inputs)]
        bound = sum(map(int.__mul__, ic, [1, *public]))
        a, b = drawn.randrange(1, ORDER), drawn.randrange(1, ORDER)
        c = (a * b - alpha * beta - bound * gamma) * pow(delta, -1, ORDER)
        items.append((Proof(_g1(a), _g2(b), _g1(c)), public))
    return key, items


def key_of_snarkjs(key: VerifyingKey) -> dict[str, Any]:
    """The key as snarkjs reads it."""
    return {
        "protocol": "groth16",
        "curve": "bn128",
        "nPublic": len(key.ic) - 1,
        "vk_alpha_1": _one(key.alpha),
        "vk_beta_2": _two(key.beta),
        "vk_gamma_2": _two(key.gamma),
        "vk_delta_2": _two(key.delta),
        "IC": [_one(point) for point in key.ic],
    }


def proof_of_snarkjs(proof: Proof) -> dict[str, Any]:
    """The proof as snarkjs reads it."""
    kind = {"protocol": "groth16", "curve": "bn128"}
    return kind | {"pi_a": _one(proof.a), "pi_b": _two(proof.b), "pi_c": _one(proof.c)}


def as_bytes(proof: Proof) -> bytes:
    """The 256 bytes that contracts take."""
    x, y = proof.b.x, proof.b.y
    numbers = (proof.a.x, proof.a.y, x[1], x[0], y[1], y[0], proof.c.x, proof.c.y)
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def decimals(numbers: Sequence[int]) -> list[str]:
    """Numbers as texts."""
    return [str(number) for number in numbers]


def _g1(scalar: int) -> G1Point:
    x, y = curve.normalize(curve.multiply(curve.G1, scalar % ORDER))
    return G1Point(int(x), int(y))


def _g2(scalar: int) -> G2Point:
    found = curve.normalize(curve.multiply(curve.G2, scalar % ORDER))
    (x0, x1), (y0, y1) = ((int(part) for part in each.coeffs) for each in found)
    return G2Point((x0, x1), (y0, y1))


def _one(point: G1Point) -> list[str]:
    return decimals([point.x, point.y, 1])


def _two(point: G2Point) -> list[list[str]]:
    return [decimals(point.x), decimals(point.y), decimals([1, 0])]

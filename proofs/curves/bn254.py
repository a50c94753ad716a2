"""Points of BN254 (alt_bn128), checked without a backend: range, curve, no infinity.

After EIP-196 and EIP-197. G1 has no subgroup but itself; whether a point of the twist lies in G2 a
backend decides, see `bn254_backend`. Elements of the quadratic field are (real, imaginary).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..inputs import fixed, unsigned
from ..refusals import MalformedPoint, NotOnCurve, PointAtInfinity

FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583
"""The prime p of the base field."""

ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""The prime r, order of G1 and G2; scalars and public inputs lie below it."""

G1_SIZE, G2_SIZE = 64, 128

Fp2 = tuple[int, int]

# 3 / (9 + i), the constant of the twist.
_TWIST_B = (
    19485874751759354771024239261021720505790618469301721065564631296452457478373,
    266929791119991161246907387137283842545076965332900288569378510910307636690,
)


@dataclass(frozen=True, slots=True)
class G1Point:
    """A point of G1 other than infinity, checked by :func:`g1`."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class G2Point:
    """A point of the twist other than infinity, checked by :func:`g2`; (real, imaginary) each."""

    x: Fp2
    y: Fp2


G1_GENERATOR = G1Point(1, 2)
G2_GENERATOR = G2Point(
    (
        10857046999023057135944570762232829481370756359578518086990519993285655852781,
        11559732032986387107991004021392285783925812861821192530917403151452391805634,
    ),
    (
        8495653923123431417604973247489272438418190587263600148770280649306958101930,
        4082367875863433681332203403145435568316851327593401208105741076214120093531,
    ),
)


def g1(name: str, x: int, y: int) -> G1Point:
    """Check the coordinates of the point called ``name``.

    Raises MalformedPoint (not below the field's prime), PointAtInfinity, NotOnCurve, NotAnInteger,
    OutOfRange.
    """
    _in_field(name, x, y)
    if x == y == 0:
        raise PointAtInfinity(f"{name} is the point at infinity.", name=name)
    if (y * y - x * x * x - 3) % FIELD:
        raise NotOnCurve(f"{name} is not on the curve.", name=name, x=x, y=y)
    return G1Point(x, y)


def g2(name: str, x: Fp2, y: Fp2) -> G2Point:
    """Check the coordinates of a point of the twist. Raises as :func:`g1`."""
    _in_field(name, *x, *y)
    if x == y == (0, 0):
        raise PointAtInfinity(f"{name} is the point at infinity.", name=name)
    cube = _times(_times(x, x), x)
    square = _times(y, y)
    if any((square[i] - cube[i] - _TWIST_B[i]) % FIELD for i in (0, 1)):
        raise NotOnCurve(f"{name} is not on the twist.", name=name, x=x, y=y)
    return G2Point(x, y)


def g1_from_bytes(name: str, data: bytes) -> G1Point:
    """Read x and y, 32 bytes each, as the precompiles do. Raises as :func:`g1`, WrongLength."""
    x, y = _words(fixed(name, data, G1_SIZE))
    return g1(name, x, y)


def g2_from_bytes(name: str, data: bytes) -> G2Point:
    """Read x and y as the precompiles do, imaginary part first. Raises as :func:`g1`."""
    x_imaginary, x_real, y_imaginary, y_real = _words(fixed(name, data, G2_SIZE))
    return g2(name, (x_real, x_imaginary), (y_real, y_imaginary))


def _in_field(name: str, *coordinates: int) -> None:
    for value in coordinates:
        if unsigned(name, value) >= FIELD:
            raise MalformedPoint(f"A coordinate of {name} is not below the field.", name=name)


def _times(a: Fp2, b: Fp2) -> Fp2:
    return (a[0] * b[0] - a[1] * b[1]) % FIELD, (a[0] * b[1] + a[1] * b[0]) % FIELD


def _words(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 32]) for at in range(0, len(data), 32)]

"""The one encoding of each BLS12-381 point, checked without touching the curve.

Source: the ZCash serialization that Ethereum and draft-irtf-cfrg-bls-signature (appendix A) use:
big-endian x with three flags in the highest bits, *compressed*, *infinity* and *larger y*. Some
backends take several encodings of infinity for it, so none is asked before this passed.
"""

from __future__ import annotations

from ..inputs import fixed
from ..refusals import MalformedPoint

FIELD = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab",
    16,
)
"""The prime of the base field."""
G1_SIZE, G2_SIZE = 48, 96
G1_INFINITY = b"\xc0" + bytes(G1_SIZE - 1)
G2_INFINITY = b"\xc0" + bytes(G2_SIZE - 1)


def check_g1(name: str, data: object) -> bytes:
    """48 bytes that may be a point of G1: flags and range are right.

    Raises NotBytes, WrongLength, MalformedPoint.
    """
    return _check(name, fixed(name, data, G1_SIZE))


def check_g2(name: str, data: object) -> bytes:
    """96 bytes that may be a point of G2: imaginary part of x first. Raises as `check_g1`."""
    return _check(name, fixed(name, data, G2_SIZE))


def _check(name: str, data: bytes) -> bytes:
    compressed, infinity, larger = data[0] & 0x80, data[0] & 0x40, data[0] & 0x20
    if not compressed:
        raise MalformedPoint(f"{name} is not compressed.", name=name)
    if infinity:
        if larger or data[0] & 0x1F or any(data[1:]):
            raise MalformedPoint(f"{name} is infinity with more bits set.", name=name)
        return data
    parts = [bytes((data[0] & 0x1F,)) + data[1:G1_SIZE], data[G1_SIZE:]]
    if any(int.from_bytes(part, "big") >= FIELD for part in parts):
        raise MalformedPoint(f"{name} has a coordinate beyond the field.", name=name)
    if not any(any(part) for part in parts):
        # On the curve, but never in the subgroup; the encoding means infinity without its flag.
        raise MalformedPoint(f"{name} is zero without being infinity.", name=name)
    return data

"""BLS signatures of keys that are all ours: one aggregate is one signature by the sum of keys."""

from __future__ import annotations

from collections.abc import Iterable

from py_arkworks_bls12381 import G1Point, G2Point, Scalar

ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
CIPHERSUITE = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"


def public_key(secrets: Iterable[int]) -> bytes:
    """The aggregate of these keys' public keys, compressed, 48 bytes."""
    return bytes((G1Point() * _sum(secrets)).to_compressed_bytes())


def sign(secrets: Iterable[int], message: bytes) -> bytes:
    """The aggregate of these keys' signatures of a message, compressed, 96 bytes.

    Of no keys it is the point at infinity, as in the beacon chain.
    """
    hashed = G2Point.hash_to_curve(message, CIPHERSUITE)
    return bytes((hashed * _sum(secrets)).to_compressed_bytes())


def _sum(secrets: Iterable[int]) -> Scalar:
    return Scalar.from_le_bytes((sum(secrets) % ORDER).to_bytes(32, "little"))

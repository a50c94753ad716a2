"""Keccak-256, the hash of the EVM (not the later SHA3-256 of FIPS 202)."""

from __future__ import annotations

import sha3


def keccak256(data: bytes) -> bytes:
    """Return the 32-byte Keccak-256 digest of ``data``."""
    digest: bytes = sha3.keccak_256(data).digest()
    return digest

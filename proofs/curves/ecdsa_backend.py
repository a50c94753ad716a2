"""One small interface to secp256k1 recovery, and who computes behind it.

libsecp256k1 comes with coincurve: through its cffi module, whose calls let go of the interpreter,
so threads help; else through its public interface; else py_ecc, the reference, which is slower by
a factor of some hundred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Protocol

from .bls_backend import SelfTestFailed
from .choosing import choose


class Backend(Protocol):
    """Recovery in batch. Digests have 32 bytes each, signatures 64 (r and s), parities one."""

    name: str

    def recover(
        self, digests: bytes, signatures: bytes, parities: bytes, threads: int = 1
    ) -> list[bytes | None]:
        """Return each public key as 64 bytes, None where no key gives the signature.

        r and s were checked to lie between 1 and the order of the group, parities to be 0 or 1.
        """
        ...


class Libsecp256k1:
    """The C library itself, through the cffi module inside coincurve."""

    name = "libsecp256k1"

    def __init__(self) -> None:
        from coincurve._libsecp256k1 import ffi, lib

        self._ffi: Any = ffi
        self._lib: Any = lib

    def recover(
        self, digests: bytes, signatures: bytes, parities: bytes, threads: int = 1
    ) -> list[bytes | None]:
        """See :class:`Backend`."""
        many = len(parities)
        part = -(-many // max(threads, 1)) or 1
        ranges = [range(low, min(low + part, many)) for low in range(0, many, part)]

        def work(places: range) -> list[bytes | None]:
            return list(self._keys(digests, signatures, parities, places))

        if len(ranges) < 2:
            return [key for places in ranges for key in work(places)]
        with ThreadPoolExecutor(len(ranges)) as pool:
            return [key for keys in pool.map(work, ranges) for key in keys]

    def _keys(
        self, digests: bytes, signatures: bytes, parities: bytes, places: range
    ) -> Iterator[bytes | None]:
        ffi, lib = self._ffi, self._lib
        context = lib.secp256k1_context_static
        parse = lib.secp256k1_ecdsa_recoverable_signature_parse_compact
        recover, serialize = lib.secp256k1_ecdsa_recover, lib.secp256k1_ec_pubkey_serialize
        digest_at, signature_at = ffi.from_buffer(digests), ffi.from_buffer(signatures)
        parsed = ffi.new("secp256k1_ecdsa_recoverable_signature *")
        key = ffi.new("secp256k1_pubkey *")
        size, raw = ffi.new("size_t *", 65), ffi.new("unsigned char[65]")
        view = ffi.buffer(raw)
        for i in places:
            if not (
                parse(context, parsed, signature_at + 64 * i, parities[i])
                and recover(context, key, parsed, digest_at + 32 * i)
            ):
                yield None
                continue
            serialize(context, raw, size, key, lib.SECP256K1_EC_UNCOMPRESSED)
            yield view[1:65]


class Coincurve:
    """The same library through coincurve's documented interface."""

    name = "coincurve"

    def __init__(self) -> None:
        from coincurve import PublicKey

        self._recover = PublicKey.from_signature_and_message

    def recover(
        self, digests: bytes, signatures: bytes, parities: bytes, threads: int = 1
    ) -> list[bytes | None]:
        """See :class:`Backend`; one thread whatever is asked for."""
        keys: list[bytes | None] = []
        for i, parity in enumerate(parities):
            signature = signatures[64 * i : 64 * i + 64] + bytes([parity])
            try:
                key = self._recover(signature, digests[32 * i : 32 * i + 32], hasher=None)
            except Exception:
                keys.append(None)
            else:
                keys.append(key.format(compressed=False)[1:])
        return keys


class PyEcc:
    """The reference, in Python alone."""

    name = "py_ecc"

    def recover(
        self, digests: bytes, signatures: bytes, parities: bytes, threads: int = 1
    ) -> list[bytes | None]:
        """See :class:`Backend`; one thread whatever is asked for."""
        from py_ecc.secp256k1 import ecdsa_raw_recover

        keys: list[bytes | None] = []
        for i, parity in enumerate(parities):
            r, s = (int.from_bytes(signatures[at : at + 32]) for at in (64 * i, 64 * i + 32))
            try:
                found = ecdsa_raw_recover(digests[32 * i : 32 * i + 32], (27 + parity, r, s))
            except ValueError:
                keys.append(None)
                continue
            x, y = int(found[0]), int(found[1])
            keys.append(x.to_bytes(32, "big") + y.to_bytes(32, "big") if (x, y) != (0, 0) else None)
        return keys


@cache
def default() -> Backend:
    """The fastest backend that passes its self-test here; chosen once a process."""
    loaders: list[Callable[[], Backend]] = [Libsecp256k1, Coincurve, PyEcc]
    return choose("secp256k1", loaders, self_test)


# Known answers, computed with py_ecc: the key 0x01…01 over the digest 0x11…11, an r that is no
# point's x, and an s by which the key would be the point at infinity.
_DIGEST = b"\x11" * 32
_R = bytes.fromhex("f5e5ac73e901121dc46e35485dadf2273d75aa201258ecb3be31f64127b38469")
_S = bytes.fromhex("23309f9481d9be7c6ff21499f014afaa54e39b18cdf106cc9a824f1bfbf11439")
_KEY = bytes.fromhex(
    "1b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f"
    "70beaf8f588b541507fed6a642c5ab42dfdf8120a7f639de5122d47a69a8e8d1"
)
_NOWHERE = (5).to_bytes(32, "big") + _S
_INFINITY = bytes.fromhex(
    "5cbdf0646e5db4eaa398f365f2ea7a0e3d419b7e0330e39ce92bddedcac4f9bc"
    "4b94b94b94b94b94b94b94b94b94b94b37c6af445917303814ac4206195b1515"
)


def self_test(backend: Backend) -> None:
    """Compare with known answers, among them those that name no key. Raises SelfTestFailed."""
    signatures = [_R + _S, _NOWHERE, _INFINITY, _R + _S]
    for threads in (1, 2):
        keys = backend.recover(_DIGEST * 4, b"".join(signatures), bytes(4), threads)
        if keys != [_KEY, None, None, _KEY]:
            raise SelfTestFailed(f"{backend.name} recovers other keys")
    (other,) = backend.recover(_DIGEST, _R + _S, b"\x01", 1)
    if other is None or other == _KEY:
        raise SelfTestFailed(f"{backend.name} takes no notice of parity")

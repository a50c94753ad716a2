"""One small interface to BLS12-381, and the choice of who computes behind it.

Points are opaque to callers. A backend is given only encodings that `bls_encoding` let pass, and
messages and scalars that this package made.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from ..refusals import BackendFault, NotInSubgroup, NotOnCurve, Refusal
from . import bls_encoding

Point = Any
"""A point of G1 or of G2 as its backend holds it."""

CIPHERSUITE = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"
"""Domain of Ethereum's signatures when a message is hashed to G2."""
GENERATOR = bytes.fromhex(
    "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58"
    "6c55e83ff97a1aeffb3af00adb22c6bb"
)
"""The generator of G1, compressed."""

CANDIDATES = ("bls_blst", "bls_arkworks", "bls_py_ecc")
"""Modules with a `load() -> Backend`, the fastest first; the last is the reference."""


class Backend(Protocol):
    """What the signatures need of the curve. Sums of nothing are the point at infinity.

    `g1` and `g2` decompress and raise NotOnCurve, NotInSubgroup. Any function may raise
    BackendFault when the library behind it gives up.
    """

    name: str

    def __hash__(self) -> int: ...
    def g1(self, data: bytes) -> Point: ...
    def g2(self, data: bytes) -> Point: ...
    def g1_bytes(self, point: Point) -> bytes: ...
    def g2_bytes(self, point: Point) -> bytes: ...
    def g1_sum(self, points: Sequence[Point]) -> Point: ...
    def g2_sum(self, points: Sequence[Point]) -> Point: ...
    def g1_negated(self, point: Point) -> Point: ...
    def g1_times(self, point: Point, scalar: int) -> Point: ...
    def g2_times(self, point: Point, scalar: int) -> Point: ...
    def g1_is_infinity(self, point: Point) -> bool: ...
    def hash_to_g2(self, message: bytes, domain: bytes) -> Point: ...
    def pairings_cancel(self, pairs: Sequence[tuple[Point, Point]]) -> bool:
        """Whether the product of e(P, Q) over the pairs (P of G1, Q of G2) is one."""
        ...


class SlowBackend(RuntimeWarning):
    """A faster backend of a curve cannot be used, and why."""


class SelfTestFailed(Exception):
    """A backend that computes something else than the known answers."""


@contextmanager
def contained(name: str) -> Iterator[None]:
    """Turn the panic of a native library into BackendFault.

    Rust's bindings raise panics past `except Exception`, as BaseException; what ends a process on
    purpose (KeyboardInterrupt, SystemExit) goes through.
    """
    try:
        yield
    except BaseException as panic:
        if type(panic).__name__ != "PanicException":
            raise
        raise BackendFault(f"{name} gave up on a point.", backend=name, panic=str(panic)) from None


@cache
def default() -> Backend:
    """The fastest backend that passes its self-test on this machine; chosen once a process."""
    return choose([_loader(name) for name in CANDIDATES])


def _loader(module: str) -> Callable[[], Backend]:
    def load() -> Backend:
        made: Backend = import_module(f"{__package__}.{module}").load()
        return made

    return load


def choose(loaders: Iterable[Callable[[], Backend]]) -> Backend:
    """The first that loads and passes; a SlowBackend warning names each that does not.

    The last one is the reference and is not tested: nothing is left to fall back to.
    """
    *fast, reference = loaders
    for load in fast:
        try:
            backend = load()
            self_test(backend)
        except Exception as reason:
            warnings.warn(f"BLS12-381 will be slower: {reason}", SlowBackend, stacklevel=2)
        else:
            return backend
    return reference()


# Known answers, computed with py_ecc; the keys and the signature are among the published vectors.
_KEY = bytes.fromhex(
    "a491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20f"
    "d6e10c1b77654d067c0618f6e5a7f79a"
)
_THREE_TIMES = bytes.fromhex(
    "a59a87617cac4e94dd15eac94c7e4620ce912c8e62a714a5a5d01364d07b9b6d"
    "13fa529a2ac3d2f3ea01502c9aa8bc90"
)
_SIGNATURE = bytes.fromhex(
    "b6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6"
    "076334f91e2366c96e9ab279fb5158090352ea1c5b0c9274504f4f0e7053af24"
    "802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55"
)
_MESSAGE = bytes(32)
_DIGITS = "8" + "123456789abcdef0" * 12
_OUTSIDE = {48: bytes.fromhex(_DIGITS[:95] + "f"), 96: bytes.fromhex(_DIGITS[:191] + "f")}
_NOWHERE = {48: bytes.fromhex(_DIGITS[:95] + "0"), 96: bytes.fromhex(_DIGITS[:191] + "0")}


def self_test(backend: Backend) -> None:
    """Compare a backend with known answers, also where libraries differ: infinity, doubling,
    points outside the subgroup or the curve. Raises SelfTestFailed."""
    key, signature = backend.g1(_KEY), backend.g2(_SIGNATURE)
    lost = backend.g1_sum([key, backend.g1_negated(key)])
    hashed = backend.hash_to_g2(_MESSAGE, CIPHERSUITE)
    base = backend.g1_negated(backend.g1(GENERATOR))
    twice = backend.g2_sum([signature, signature])
    answers = {
        "compression": backend.g1_bytes(key) == _KEY,
        "compression in G2": backend.g2_bytes(signature) == _SIGNATURE,
        "sum": backend.g1_bytes(backend.g1_sum([key, key, lost, key])) == _THREE_TIMES,
        "product": backend.g1_bytes(backend.g1_times(key, 3)) == _THREE_TIMES,
        "infinity": backend.g1_is_infinity(lost) and not backend.g1_is_infinity(key),
        "infinity in bytes": backend.g1_bytes(lost) == bls_encoding.G1_INFINITY,
        "empty sum": backend.g2_bytes(backend.g2_sum([])) == bls_encoding.G2_INFINITY,
        "pairing": backend.pairings_cancel([(base, signature), (key, hashed)]),
        "pairing of another": not backend.pairings_cancel([(base, twice), (key, hashed)]),
        "pairing of multiples": backend.pairings_cancel(
            [(base, backend.g2_times(signature, 2**70)), (backend.g1_times(key, 2**70), hashed)]
        ),
        "subgroup of G1": _refuses(backend.g1, _OUTSIDE[48], NotInSubgroup),
        "subgroup of G2": _refuses(backend.g2, _OUTSIDE[96], NotInSubgroup),
        "curve of G1": _refuses(backend.g1, _NOWHERE[48], NotOnCurve),
        "curve of G2": _refuses(backend.g2, _NOWHERE[96], NotOnCurve),
    }
    wrong = [name for name, right in answers.items() if not right]
    if wrong:
        raise SelfTestFailed(f"{backend.name} computes wrongly: {', '.join(wrong)}")


def _refuses(decompress: Callable[[bytes], Point], data: bytes, refusal: type[Refusal]) -> bool:
    try:
        decompress(data)
    except refusal:
        return True
    return False

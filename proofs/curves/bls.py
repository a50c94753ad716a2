"""BLS signatures over BLS12-381 as Ethereum uses them: keys in G1, signatures in G2.

Source: draft-irtf-cfrg-bls-signature-05, ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_.
Keys are 48 bytes and signatures 96, compressed. A function returns, or raises: WrongLength,
MalformedPoint, NotOnCurve, NotInSubgroup for encodings; PointAtInfinity for a key or a sum of keys
that is infinity; NothingToVerify; InvalidSignature.

**Proof of possession.** Whoever may choose a key after seeing the others can choose one that
cancels them, and then sign for all alone. So `fast_aggregate_verify`, `Committee` and a `Claim` of
several keys mean something only for keys whose owners each proved to hold the secret before: by a
signature over the key under the domain BLS_POP_…, or, for validators of the beacon chain, by the
signature of their deposit. `aggregate_verify` is safe without, as long as its messages are all
different; `verify` always is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from ..inputs import fixed, octets
from ..refusals import (
    BatchRefused,
    InvalidSignature,
    NothingToVerify,
    PointAtInfinity,
    Refusal,
    WrongLength,
)
from .bls_backend import CIPHERSUITE, GENERATOR, Backend, Point, default
from .bls_encoding import G1_INFINITY, check_g1, check_g2

T = TypeVar("T")
COEFFICIENT_SIZE = 9
"""Bytes of a random coefficient of a batch: 71 random bits and a last one that is set."""


@dataclass(frozen=True)
class Key:
    """A public key, or a sum of keys: in the subgroup, on `curve`, and not infinity."""

    point: Point
    curve: Backend

    @classmethod
    def read(cls, data: bytes, curve: Backend | None = None) -> Key:
        """The key that these 48 bytes are (KeyValidate). Raises as the module says."""
        if check_g1("A public key", data) == G1_INFINITY:
            raise PointAtInfinity("A public key is the point at infinity.")
        curve = curve or default()
        return cls(curve.g1(data), curve)

    @classmethod
    def total(cls, keys: Sequence[Key]) -> Key:
        """The sum of keys. Raises NothingToVerify, PointAtInfinity."""
        if not keys:
            raise NothingToVerify("There are no keys.")
        curve = keys[0].curve
        return cls._of(curve, [key.point for key in keys])

    @classmethod
    def _of(cls, curve: Backend, points: Sequence[Point]) -> Key:
        point = points[0] if len(points) == 1 else curve.g1_sum(points)
        if curve.g1_is_infinity(point):
            raise PointAtInfinity("The sum of the keys is the point at infinity.")
        return cls(point, curve)


@dataclass(frozen=True)
class Claim:
    """That `signature` (96 bytes) is of the owners of all keys in `key` over `message`."""

    key: Key
    message: bytes
    signature: bytes


class Committee:
    """Keys decompressed once, for signatures of most of them: sums start from the total.

    A key may stand in it several times, as in the beacon chain's sync committees.
    """

    def __init__(self, keys: Iterable[bytes], curve: Backend | None = None) -> None:
        """Decompress and check 48-byte keys; some 40 µs each. Raises as the module says, naming
        the first bad one by its position."""
        self._curve = curve or default()
        self._points = _each(keys, lambda data: Key.read(data, self._curve).point)
        self._total = self._curve.g1_sum(self._points)

    def __len__(self) -> int:
        return len(self._points)

    def participants(self, bits: Sequence[bool]) -> Key:
        """The sum of the keys whose bits are set, in order.

        Raises WrongLength when there is not one bit a key, NothingToVerify, PointAtInfinity.
        """
        if len(bits) != len(self):
            raise WrongLength(
                f"A committee of {len(self)} has {len(bits)} bits.",
                length=len(bits),
                expected=len(self),
            )
        present = [point for point, bit in zip(self._points, bits, strict=True) if bit]
        if not present:
            raise NothingToVerify("No member takes part.")
        if 2 * len(present) > len(self):
            absent = [point for point, bit in zip(self._points, bits, strict=True) if not bit]
            less = [self._curve.g1_negated(self._curve.g1_sum(absent))] if absent else []
            present = [self._total, *less]
        return Key._of(self._curve, present)


def verify(key: bytes, message: bytes, signature: bytes, curve: Backend | None = None) -> None:
    """Check one signature of one key."""
    check(Claim(Key.read(key, curve), message, signature))


def fast_aggregate_verify(
    keys: Sequence[bytes], message: bytes, signature: bytes, curve: Backend | None = None
) -> None:
    """Check an aggregate of signatures by all keys over one message. Needs proofs of possession."""
    check(Claim(Key.total(_each(keys, lambda data: Key.read(data, curve))), message, signature))


def aggregate_verify(
    keys: Sequence[bytes],
    messages: Sequence[bytes],
    signature: bytes,
    curve: Backend | None = None,
) -> None:
    """Check an aggregate of signatures, each key's over the message at the same position.

    Raises WrongLength when there are not as many messages as keys.
    """
    if not keys:
        raise NothingToVerify("There are no keys.")
    if len(keys) != len(messages):
        raise WrongLength(
            f"{len(keys)} keys have {len(messages)} messages.",
            length=len(messages),
            expected=len(keys),
        )
    curve = curve or default()
    signed = _signature(signature, curve)
    points = _each(keys, lambda data: Key.read(data, curve).point)
    hashes = [curve.hash_to_g2(octets("A message", each), CIPHERSUITE) for each in messages]
    _pairings(curve, signed, zip(points, hashes, strict=True))


def aggregate(signatures: Sequence[bytes], curve: Backend | None = None) -> bytes:
    """The sum of signatures, 96 bytes. It verifies nothing, but each is in the subgroup."""
    if not signatures:
        raise NothingToVerify("There are no signatures.")
    curve = curve or default()
    return curve.g2_bytes(curve.g2_sum(_each(signatures, lambda data: _signature(data, curve))))


def check(claim: Claim) -> None:
    """Check one claim: one hash to the curve and two pairings."""
    curve = claim.key.curve
    signed = _signature(claim.signature, curve)
    hashed = curve.hash_to_g2(octets("A message", claim.message), CIPHERSUITE)
    _pairings(curve, signed, [(claim.key.point, hashed)])


def check_batch(claims: Sequence[Claim], entropy: Callable[[int], bytes] = os.urandom) -> None:
    """Check claims together by a random linear combination; no bad one hides or hurts another.

    `entropy(n)` gives n bytes that whoever made the claims could not foresee: with coefficients
    known beforehand two forgeries can cancel. All keys must be of one backend. Raises BatchRefused,
    whose `refusals` has the refusal of each bad claim by its position, found by bisection.
    """
    if not claims:
        return
    curve = claims[0].key.curve
    drawn = fixed(
        "entropy", entropy(COEFFICIENT_SIZE * len(claims)), COEFFICIENT_SIZE * len(claims)
    )
    refusals: dict[int, Refusal] = {}
    ready: list[tuple[int, Point, Point, Point]] = []
    for position, claim in enumerate(claims):
        at = COEFFICIENT_SIZE * position
        factor = int.from_bytes(drawn[at : at + COEFFICIENT_SIZE], "big") | 1
        try:
            signed = curve.g2_times(_signature(claim.signature, curve), factor)
            hashed = curve.hash_to_g2(octets("A message", claim.message), CIPHERSUITE)
            ready.append((position, signed, curve.g1_times(claim.key.point, factor), hashed))
        except Refusal as refusal:
            refusals[position] = refusal
    refusals |= _blame(curve, ready)
    if refusals:
        good = {at: None for at in range(len(claims)) if at not in refusals}
        raise BatchRefused(dict(sorted(refusals.items())), good)


def _blame(curve: Backend, ready: list[tuple[int, Point, Point, Point]]) -> dict[int, Refusal]:
    if not ready:
        return {}
    try:
        signed = curve.g2_sum([each[1] for each in ready])
        _pairings(curve, signed, [(key, hashed) for _, _, key, hashed in ready])
    except Refusal as refusal:
        if len(ready) == 1:
            return {ready[0][0]: refusal}
        half = len(ready) // 2
        return _blame(curve, ready[:half]) | _blame(curve, ready[half:])
    return {}


def _pairings(curve: Backend, signed: Point, pairs: Iterable[tuple[Point, Point]]) -> None:
    if not curve.pairings_cancel([(_minus_base(curve), signed), *pairs]):
        raise InvalidSignature("The signature is not the one of these keys over this message.")


@cache
def _minus_base(curve: Backend) -> Point:
    return curve.g1_negated(curve.g1(GENERATOR))


def _signature(data: bytes, curve: Backend) -> Point:
    """A signature may be infinity: no keys make it pass, since their sum may not be."""
    return curve.g2(check_g2("A signature", data))


def _each(items: Iterable[bytes], read: Callable[[bytes], T]) -> list[T]:
    """Read all; a refusal gets the position of its item."""
    found = []
    for position, item in enumerate(items):
        try:
            found.append(read(item))
        except Refusal as refusal:
            refusal.facts["position"] = position
            raise
    return found

"""BLS signatures: the published vectors by every backend, committees, and batches that blame."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from py_ecc.bls import G2ProofOfPossession as reference

from proofs.curves import bls, bls_arkworks, bls_blst, bls_py_ecc
from proofs.curves.bls_backend import CIPHERSUITE, GENERATOR, Backend
from proofs.curves.bls_encoding import G1_INFINITY, G2_INFINITY
from proofs.refusals import (
    BatchRefused,
    InvalidSignature,
    MalformedPoint,
    NothingToVerify,
    NotInSubgroup,
    NotOnCurve,
    PointAtInfinity,
    Refusal,
    WrongLength,
)

ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
FAST = [bls_blst, bls_arkworks]


@pytest.fixture(
    params=[*FAST, pytest.param(bls_py_ecc, marks=pytest.mark.slow)],
    ids=lambda module: module.__name__.rpartition("_")[2],
)
def curve(request: pytest.FixtureRequest) -> Backend:
    made: Backend = request.param.load()
    return made


@pytest.fixture(params=FAST, ids=lambda module: module.__name__.rpartition("_")[2])
def fast(request: pytest.FixtureRequest) -> Backend:
    made: Backend = request.param.load()
    return made


def raw(value: Any) -> Any:
    """Bytes of the hex strings of a vector, in lists too."""
    return [raw(each) for each in value] if isinstance(value, list) else bytes.fromhex(value[2:])


def cases(vectors: Path, kind: str) -> list[tuple[str, dict[str, Any], Any]]:
    found = []
    for path in sorted((vectors / "bls" / kind).glob("*.json")):
        case = json.loads(path.read_text())
        found.append((path.stem, case["input"], case["output"]))
    assert found
    return found


def accepted(act: Any, *given: Any) -> bool:
    try:
        act(*given)
    except Refusal:
        return False
    return True


def test_the_vectors_of_one_key(vectors: Path, curve: Backend) -> None:
    for name, given, valid in cases(vectors, "verify"):
        triple = [raw(given[part]) for part in ("pubkey", "message", "signature")]
        assert accepted(bls.verify, *triple, curve) is valid, name


def test_the_vectors_of_many_keys_and_one_message(vectors: Path, curve: Backend) -> None:
    for name, given, valid in cases(vectors, "fast_aggregate_verify"):
        triple = [raw(given[part]) for part in ("pubkeys", "message", "signature")]
        assert accepted(bls.fast_aggregate_verify, *triple, curve) is valid, name


def test_the_vectors_of_many_keys_and_messages(vectors: Path, curve: Backend) -> None:
    for name, given, valid in cases(vectors, "aggregate_verify"):
        triple = [raw(given[part]) for part in ("pubkeys", "messages", "signature")]
        assert accepted(bls.aggregate_verify, *triple, curve) is valid, name


def test_the_vectors_of_batches(vectors: Path, curve: Backend) -> None:
    def batch(keys: list[bytes], messages: list[bytes], signatures: list[bytes]) -> None:
        rows = zip(keys, messages, signatures, strict=True)
        bls.check_batch([bls.Claim(bls.Key.read(k, curve), m, s) for k, m, s in rows])

    for name, given, valid in cases(vectors, "batch_verify"):
        columns = [raw(given[part]) for part in ("pubkeys", "messages", "signatures")]
        assert accepted(batch, *columns) is valid, name


def test_the_vectors_of_aggregation(vectors: Path, curve: Backend) -> None:
    for name, given, expected in cases(vectors, "aggregate"):
        if expected is None:
            with pytest.raises(NothingToVerify):
                bls.aggregate(raw(given), curve)
        else:
            assert bls.aggregate(raw(given), curve) == raw(expected), name


# What each vector of a bad encoding must be refused as; all others are MalformedPoint.
REFUSED_AS = {
    "too_few_bytes": WrongLength,
    "too_many_bytes": WrongLength,
    "not_in_curve": NotOnCurve,
    "not_in_G1": NotInSubgroup,
    "not_in_G2": NotInSubgroup,
}


def test_the_vectors_of_encodings(vectors: Path, curve: Backend) -> None:
    def read_key(data: bytes) -> None:
        bls.Key.read(data, curve)

    def read_signature(data: bytes) -> None:
        assert bls.aggregate([data], curve) == data

    for kind, part, read in (
        ("deserialization_G1", "pubkey", read_key),
        ("deserialization_G2", "signature", read_signature),
    ):
        for name, given, valid in cases(vectors, kind):
            data = raw(given[part])
            if valid and data == G1_INFINITY:
                with pytest.raises(PointAtInfinity):  # a point, but no key
                    read(data)
            elif valid:
                read(data)
            else:
                with pytest.raises(Refusal) as refused:
                    read(data)
                expected = REFUSED_AS.get(name.partition("_fails_")[2], MalformedPoint)
                assert type(refused.value) is expected, name


def test_the_vectors_of_hashing_to_the_curve(vectors: Path, curve: Backend) -> None:
    domain = b"QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_"
    for name, given, expected in cases(vectors, "hash_to_G2"):
        data = curve.g2_bytes(curve.hash_to_g2(given["msg"].encode(), domain))
        real, imaginary = (int(part, 16) for part in expected["x"].split(","))
        first = bytes((data[0] & 0x1F,)) + data[1:48]
        assert (int.from_bytes(data[48:]), int.from_bytes(first)) == (real, imaginary), name


def signed(curve: Backend, secret: int, message: bytes) -> bytes:
    return curve.g2_bytes(curve.g2_times(curve.hash_to_g2(message, CIPHERSUITE), secret))


def key_of(curve: Backend, secret: int) -> bytes:
    return curve.g1_bytes(curve.g1_times(curve.g1(GENERATOR), secret))


def test_what_the_reference_signs_is_accepted(fast: Backend) -> None:
    key, signature = reference.SkToPk(77), reference.Sign(77, b"seventy-seven")
    bls.verify(key, b"seventy-seven", signature, fast)
    assert (key_of(fast, 77), signed(fast, 77, b"seventy-seven")) == (key, signature)
    with pytest.raises(InvalidSignature):
        bls.verify(key, b"seventy-eight", signature, fast)


def test_each_key_signs_the_message_at_its_place(fast: Backend) -> None:
    messages = [b"one", b"two"]
    keys = [key_of(fast, 7), key_of(fast, 8)]
    both = bls.aggregate([signed(fast, 7, b"one"), signed(fast, 8, b"two")], fast)
    bls.aggregate_verify(keys, messages, both, fast)
    with pytest.raises(InvalidSignature):
        bls.aggregate_verify(keys, messages[::-1], both, fast)
    for others in (messages[:1], [*messages, b"three"]):
        with pytest.raises(WrongLength) as refused:
            bls.aggregate_verify(keys, others, both, fast)
        assert refused.value.facts == {"length": len(others), "expected": 2}


@pytest.mark.parametrize("absent", [set(), {0}, {1, 5}, {0, 1, 2, 3}, {0, 1, 2, 3, 4}, {2, 3}])
def test_a_committee_sums_its_participants(fast: Backend, absent: set[int]) -> None:
    secrets = [11, 12, 13, 13, 14, 15]  # one key stands in it twice
    committee = bls.Committee([key_of(fast, secret) for secret in secrets], fast)
    bits = [position not in absent for position in range(len(secrets))]
    key = committee.participants(bits)
    total = sum(secret for secret, bit in zip(secrets, bits, strict=True) if bit)
    assert fast.g1_bytes(key.point) == key_of(fast, total)
    bls.check(bls.Claim(key, b"block", signed(fast, total, b"block")))
    with pytest.raises(InvalidSignature):
        bls.check(bls.Claim(key, b"block", signed(fast, total + 1, b"block")))


def test_a_committee_is_as_long_as_its_bits_and_never_empty(fast: Backend) -> None:
    committee = bls.Committee([key_of(fast, 3), key_of(fast, ORDER - 3)], fast)
    for bits in ([True], [True] * 3):
        with pytest.raises(WrongLength):
            committee.participants(bits)
    with pytest.raises(NothingToVerify):
        committee.participants([False, False])
    with pytest.raises(PointAtInfinity):
        committee.participants([True, True])


def test_a_bad_member_is_named(fast: Backend) -> None:
    with pytest.raises(PointAtInfinity) as refused:
        bls.Committee([key_of(fast, 3), G1_INFINITY], fast)
    assert refused.value.facts["position"] == 1


def test_keys_that_cancel_sign_nothing(fast: Backend) -> None:
    keys = [key_of(fast, 9), key_of(fast, ORDER - 9)]
    with pytest.raises(PointAtInfinity):
        bls.fast_aggregate_verify(keys, b"anything", G2_INFINITY, fast)


def claims(curve: Backend, count: int) -> list[bls.Claim]:
    return [
        bls.Claim(
            bls.Key.read(key_of(curve, secret), curve),
            b"message %d" % (secret % 5),
            signed(curve, secret, b"message %d" % (secret % 5)),
        )
        for secret in range(1, count + 1)
    ]


@pytest.mark.parametrize("bad", [{0}, {12}, {3, 4}, {0, 6, 12}, set(range(13))])
def test_a_batch_names_the_bad_and_only_the_bad(fast: Backend, bad: set[int]) -> None:
    batch = claims(fast, 13)
    bls.check_batch(batch)
    for position in bad:
        batch[position] = bls.Claim(
            batch[position].key, b"something else", batch[position].signature
        )
    with pytest.raises(BatchRefused) as refused:
        bls.check_batch(batch)
    assert set(refused.value.refusals) == bad
    assert set(refused.value.answers) == set(range(13)) - bad
    assert {type(each) for each in refused.value.refusals.values()} == {InvalidSignature}


def test_a_signature_that_is_no_point_hurts_no_other(fast: Backend) -> None:
    batch = claims(fast, 4)
    batch[2] = bls.Claim(batch[2].key, batch[2].message, b"\xff" * 96)
    batch[3] = bls.Claim(batch[3].key, batch[3].message, batch[0].signature)
    with pytest.raises(BatchRefused) as refused:
        bls.check_batch(batch)
    assert {at: type(each) for at, each in refused.value.refusals.items()} == {
        2: MalformedPoint,
        3: InvalidSignature,
    }


def test_errors_that_cancel_each_other_are_found(fast: Backend) -> None:
    """The sum of these two signatures is right, so only coefficients tell."""
    batch = claims(fast, 2)
    shift = fast.hash_to_g2(b"shift", CIPHERSUITE)
    for position, factor in ((0, 1), (1, ORDER - 1)):
        point = fast.g2(batch[position].signature)
        moved = fast.g2_sum([point, fast.g2_times(shift, factor)])
        batch[position] = bls.Claim(
            batch[position].key, batch[position].message, fast.g2_bytes(moved)
        )
    with pytest.raises(BatchRefused) as refused:
        bls.check_batch(batch)
    assert set(refused.value.refusals) == {0, 1}


def test_coefficients_are_drawn_apart_and_wide_enough(fast: Backend) -> None:
    asked: list[int] = []
    factors: list[int] = []

    class Watched(type(fast)):  # type: ignore[misc]
        def g1_times(self, point: Any, scalar: int) -> Any:
            factors.append(scalar)
            return super().g1_times(point, scalar)

    def entropy(size: int) -> bytes:
        asked.append(size)
        return bytes(range(256))[:size]

    watched = Watched.__new__(Watched)
    watched.__dict__.update(getattr(fast, "__dict__", {}))
    bls.check_batch(claims(watched, 0), entropy)
    batch = claims(watched, 3)
    factors.clear()
    bls.check_batch(batch, entropy)
    assert asked == [27]
    assert factors == [int.from_bytes(bytes(range(at, at + 9)), "big") | 1 for at in (0, 9, 18)]
    factors.clear()
    bls.check_batch(batch, bytes)  # a source of zeros still gives no coefficient of zero
    assert factors == [1, 1, 1]
    with pytest.raises(WrongLength):
        bls.check_batch(batch, lambda size: b"short")

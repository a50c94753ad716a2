"""Backends of BLS12-381: they agree with each other, are tested before use, and contain panics."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs.curves import bls, bls_arkworks, bls_blst, bls_py_ecc
from proofs.curves.bls_backend import (
    CIPHERSUITE,
    GENERATOR,
    Backend,
    SelfTestFailed,
    SlowBackend,
    choose,
    contained,
    default,
    self_test,
)
from proofs.curves.bls_encoding import FIELD, check_g1, check_g2
from proofs.refusals import BackendFault, NotInSubgroup, NotOnCurve, Refusal

BLST, ARKWORKS, REFERENCE = bls_blst.load(), bls_arkworks.load(), bls_py_ecc.load()


@pytest.mark.skipif(sys.platform != "linux", reason="wheels elsewhere may export less")
def test_the_fastest_is_used_without_a_warning() -> None:
    """Fails when the pinned ckzg is one whose blst nobody has looked at."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choose([bls_blst.load, bls_py_ecc.load]).name == "blst"
        assert default() is default()


def test_every_backend_passes_its_own_test() -> None:
    for backend in (BLST, ARKWORKS):
        self_test(backend)


@pytest.mark.slow
def test_the_reference_gives_the_known_answers() -> None:
    self_test(REFERENCE)


def test_what_cannot_be_loaded_is_said_and_passed_over() -> None:
    def broken() -> Backend:
        raise ImportError("no such wheel")

    with pytest.warns(SlowBackend, match="no such wheel"):
        assert choose([broken, bls_arkworks.load, bls_py_ecc.load]).name == "arkworks"
    with pytest.warns(SlowBackend, match="no such wheel"):
        assert choose([broken, broken, bls_py_ecc.load]).name == "py_ecc"


def test_an_unknown_release_of_ckzg_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bls_blst, "version", lambda name: "99.0")
    with pytest.warns(SlowBackend, match=r"ckzg 99\.0"):
        assert choose([bls_blst.load, bls_arkworks.load, bls_py_ecc.load]).name == "arkworks"


WRONG: dict[str, Any] = {
    "g1": lambda self, data: ARKWORKS.g1(GENERATOR),
    "g2": lambda self, data: ARKWORKS.hash_to_g2(data, CIPHERSUITE),
    "g1_bytes": lambda self, point: bytes(48),
    "g2_bytes": lambda self, point: bytes(96),
    "g1_sum": lambda self, points: points[0],
    "g2_sum": lambda self, points: points[0] if points else ARKWORKS.g2_sum([]),
    "g1_negated": lambda self, point: point,
    "g1_times": lambda self, point, scalar: point,
    "g2_times": lambda self, point, scalar: point,
    "g1_is_infinity": lambda self, point: False,
    "hash_to_g2": lambda self, message, domain: ARKWORKS.g2_sum([]),
    "pairings_cancel": lambda self, pairs: True,
}


@pytest.mark.parametrize("function", WRONG)
def test_a_backend_that_is_wrong_in_one_function_is_not_used(function: str) -> None:
    liar = type("Liar", (bls_arkworks.Arkworks,), {"name": "liar", function: WRONG[function]})
    with pytest.warns(SlowBackend, match="liar computes wrongly"):
        assert choose([liar, bls_py_ecc.load]).name == "py_ecc"


def test_structures_of_another_size_are_noticed() -> None:
    class Measure:
        def __call__(self) -> int:
            return 0

    class Library:
        blst_p1_sizeof = Measure()

    with pytest.raises(SelfTestFailed, match="blst_p1 has 0 bytes"):
        bls_blst.Blst(Library())  # type: ignore[arg-type]


class PanicException(BaseException):
    """Named as the bindings of Rust name it."""


def test_a_panic_becomes_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Panicking:
        @staticmethod
        def from_compressed_bytes_unchecked(data: bytes) -> Any:
            raise PanicException("index out of bounds")

    monkeypatch.setattr(bls_arkworks, "G1Point", Panicking)
    with pytest.raises(BackendFault, match="arkworks gave up") as refused:
        bls.Key.read(GENERATOR, ARKWORKS)
    assert refused.value.facts["panic"] == "index out of bounds"


def test_what_ends_a_process_on_purpose_still_does() -> None:
    for deliberate in (KeyboardInterrupt, SystemExit):
        with pytest.raises(deliberate), contained("a library"):
            raise deliberate


def outcome(read: Any, check: Any, data: bytes) -> Any:
    """Compressed form of what was read, or the type of the refusal."""
    try:
        return read(check("a point", data))
    except Refusal as refusal:
        return type(refusal)


def agree(data: bytes, backends: list[Backend]) -> Any:
    """The one answer that all backends give on 48 or 96 bytes."""
    if len(data) == 48:
        answers = [outcome(lambda d, b=b: b.g1_bytes(b.g1(d)), check_g1, data) for b in backends]
    else:
        answers = [outcome(lambda d, b=b: b.g2_bytes(b.g2(d)), check_g2, data) for b in backends]
    assert all(answer == answers[0] for answer in answers), answers
    return answers[0]


SIGNATURE = BLST.g2_bytes(BLST.hash_to_g2(b"", CIPHERSUITE))
VALID = st.sampled_from([GENERATOR, SIGNATURE, b"\xc0" + bytes(47), b"\xc0" + bytes(95)])


@settings(max_examples=300, deadline=None)
@given(point=VALID, flips=st.lists(st.integers(0, 767), max_size=3))
def test_backends_agree_on_points_with_flipped_bits(point: bytes, flips: list[int]) -> None:
    data = bytearray(point)
    for flip in flips:
        data[flip // 8 % len(data)] ^= 1 << flip % 8
    answer = agree(bytes(data), [BLST, ARKWORKS])
    assert isinstance(answer, type) or answer == bytes(data)


@settings(max_examples=300, deadline=None)
@given(size=st.sampled_from([48, 96]), data=st.data())
def test_backends_agree_on_any_x(size: int, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, FIELD + 2))
    flags = data.draw(st.sampled_from([0x80, 0xA0]))
    body = bytearray(x.to_bytes(48) + data.draw(st.binary(min_size=size - 48, max_size=size - 48)))
    body[0] |= flags
    agree(bytes(body), [BLST, ARKWORKS])


@pytest.mark.parametrize("size", [48, 96])
def test_the_reference_agrees_on_points_of_every_kind(size: int) -> None:
    kinds = set()
    for x in range(40):
        data = bytearray(size)
        data[0], data[-1] = 0x80, x
        kinds.add(agree(bytes(data), [REFERENCE, BLST, ARKWORKS]))
        if {NotOnCurve, NotInSubgroup} <= kinds:
            break
    assert {NotOnCurve, NotInSubgroup} <= kinds
    assert agree({48: GENERATOR, 96: SIGNATURE}[size], [REFERENCE, BLST, ARKWORKS])

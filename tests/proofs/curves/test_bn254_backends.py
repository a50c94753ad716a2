"""Backends of BN254: known answers, panics that end nothing, a fallback that is said."""

from __future__ import annotations

import contextlib
import warnings

import pytest
from groth16_circuit import g1, g2
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs.curves import bn254_arkworks, bn254_backend, bn254_py_ecc
from proofs.curves.bls_backend import SelfTestFailed, SlowBackend
from proofs.curves.bn254 import (
    FIELD,
    G1_GENERATOR,
    G2_GENERATOR,
    ORDER,
    G1Point,
    G2Point,
    g1_from_bytes,
    g2_from_bytes,
)
from proofs.curves.choosing import choose
from proofs.refusals import (
    BackendFault,
    MalformedPoint,
    NotInSubgroup,
    NotOnCurve,
    PointAtInfinity,
    Refusal,
)

ARKWORKS, PY_ECC = bn254_arkworks.load(), bn254_py_ecc.load()


@pytest.mark.parametrize("backend", [ARKWORKS, PY_ECC], ids=lambda each: each.name)
def test_a_backend_gives_the_known_answers(backend) -> None:
    bn254_backend.self_test(backend)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, ORDER - 1), st.integers(0, ORDER - 1), st.integers(1, ORDER - 1))
def test_backends_agree_on_sums_of_multiples(first: int, second: int, base: int) -> None:
    found = []
    for backend in (ARKWORKS, PY_ECC):
        points = [backend.g1(G1_GENERATOR), backend.g1(g1(base))]
        total = backend.g1_combined(points, [first, second])
        once = backend.g1_times(backend.g1_negated(points[1]), first)
        found.append((backend.g1_coordinates(total), backend.g1_coordinates(once)))
    assert found[0] == found[1]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, ORDER - 1))
def test_points_of_g2_keep_their_sign(scalar: int) -> None:
    point = g2(scalar)
    opposite = G2Point(point.x, (FIELD - point.y[0], FIELD - point.y[1]))
    one, many = ARKWORKS.g1(G1_GENERATOR), ARKWORKS.g1(g1(scalar))
    assert ARKWORKS.pairings_cancel(
        [(one, ARKWORKS.g2(opposite)), (many, ARKWORKS.g2(G2_GENERATOR))]
    )
    assert not ARKWORKS.pairings_cancel(
        [(one, ARKWORKS.g2(point)), (many, ARKWORKS.g2(G2_GENERATOR))]
    )


def test_a_panic_of_the_library_is_a_refusal_and_ends_nothing() -> None:
    # Past every check of ours: a point off the curve, which its constructor asserts against.
    with pytest.raises(BackendFault) as refused:
        ARKWORKS.g1(G1Point(1, 3))
    assert isinstance(refused.value, Refusal)
    assert "on_curve" in str(refused.value.facts["panic"])
    # And it goes on computing rightly.
    bn254_backend.self_test(ARKWORKS)


def test_points_that_are_nowhere_do_not_even_panic(capfd: pytest.CaptureFixture[str]) -> None:
    for x in range(2, 40):
        with pytest.raises(NotInSubgroup):
            ARKWORKS.g2(G2Point((x, 7), (1, 1)))
    assert capfd.readouterr().err == ""


@settings(max_examples=300)
@given(st.binary(min_size=128, max_size=128))
def test_bytes_that_nobody_made_are_points_or_typed_refusals(data: bytes) -> None:
    for read, length in ((g1_from_bytes, 64), (g2_from_bytes, 128)):
        with contextlib.suppress(MalformedPoint, NotOnCurve, PointAtInfinity):
            read("P", data[:length])


class Wrong(bn254_arkworks.Arkworks):
    """Takes every pairing equation for true."""

    name = "wrong"

    def pairings_cancel(self, pairs) -> bool:
        return True


class Lax(bn254_arkworks.Arkworks):
    """Takes points outside the subgroup, as some libraries do by default."""

    name = "lax"

    def g2(self, point: G2Point):
        try:
            return super().g2(point)
        except NotInSubgroup:
            return super().g2(G2_GENERATOR)


@pytest.mark.parametrize(("backend", "word"), [(Wrong(), "pairing"), (Lax(), "subgroup")])
def test_a_backend_that_computes_wrongly_is_found_out(backend, word: str) -> None:
    with pytest.raises(SelfTestFailed, match=word):
        bn254_backend.self_test(backend)


def panicking() -> bn254_backend.Backend:
    ARKWORKS.g1(G1Point(1, 3))
    raise AssertionError("that should have panicked")


def absent() -> bn254_backend.Backend:
    raise ImportError("no wheel for this Python")


def test_the_fallback_to_the_reference_is_said_and_why() -> None:
    loaders = [absent, panicking, Wrong, lambda: PY_ECC]
    with pytest.warns(SlowBackend) as warned:
        chosen = choose("BN254", loaders, bn254_backend.self_test)
    assert chosen is PY_ECC
    said = [str(each.message) for each in warned]
    assert len(said) == 3
    assert all(text.startswith("BN254 will be slower: ") for text in said)
    assert "no wheel" in said[0]


def test_the_default_is_the_fast_one_and_says_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bn254_backend.default.__wrapped__().name == "arkworks"

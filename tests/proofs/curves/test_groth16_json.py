"""Keys and proofs in the form of snarkjs: read strictly, or refused by name."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from groth16_circuit import Setup

from proofs.curves import bn254_arkworks
from proofs.curves.bn254 import FIELD, G1Point, G2Point
from proofs.curves.groth16 import Verifier
from proofs.curves.groth16_json import read_key, read_proof
from proofs.refusals import (
    DegenerateKey,
    MalformedPoint,
    NotOnCurve,
    PointAtInfinity,
    Refusal,
    WrongLength,
)

SETUP = Setup(inputs=2)
KIND = {"protocol": "groth16", "curve": "bn128"}


def one(point: G1Point) -> list[str]:
    return [str(point.x), str(point.y), "1"]


def two(point: G2Point) -> list[list[str]]:
    return [[str(part) for part in point.x], [str(part) for part in point.y], ["1", "0"]]


def a_key() -> dict[str, Any]:
    key = SETUP.key()
    return KIND | {
        "nPublic": 2,
        "vk_alpha_1": one(key.alpha),
        "vk_beta_2": two(key.beta),
        "vk_gamma_2": two(key.gamma),
        "vk_delta_2": two(key.delta),
        "vk_alphabeta_12": [],
        "IC": [one(point) for point in key.ic],
    }


def a_proof() -> dict[str, Any]:
    proof = SETUP.proof([3, 4])
    return KIND | {"pi_a": one(proof.a), "pi_b": two(proof.b), "pi_c": one(proof.c)}


def test_a_key_and_a_proof_are_read_as_they_were_written() -> None:
    assert read_key(a_key()) == SETUP.key()
    Verifier(read_key(a_key()), backend=bn254_arkworks.load()).verify(read_proof(a_proof()), [3, 4])


@pytest.mark.parametrize(
    ("path", "value", "refusal"),
    [
        (["protocol"], "plonk", MalformedPoint),
        (["curve"], "bls12381", MalformedPoint),
        (["pi_a"], None, MalformedPoint),
        (["pi_a"], ["1", "2"], MalformedPoint),
        (["pi_a"], ["1", "2", "2"], MalformedPoint),
        (["pi_a"], ["1", "3", "1"], NotOnCurve),
        (["pi_a"], ["0", "1", "0"], PointAtInfinity),
        (["pi_a"], ["0", "0", "1"], PointAtInfinity),
        (["pi_a"], [1, 2, 1], MalformedPoint),
        (["pi_a"], ["01", "2", "1"], MalformedPoint),
        (["pi_a"], ["+1", "2", "1"], MalformedPoint),
        (["pi_a"], ["１", "2", "1"], MalformedPoint),
        (["pi_a"], ["9" * 5_000, "2", "1"], MalformedPoint),
        (["pi_a"], [str(FIELD + 1), "2", "1"], MalformedPoint),
        (["pi_b", 0], ["1"], MalformedPoint),
        (["pi_b", 2], ["1", "1"], MalformedPoint),
        (["pi_b"], [["0", "0"], ["1", "0"], ["0", "0"]], PointAtInfinity),
        (["pi_b", 1], ["1", "0"], NotOnCurve),
    ],
)
def test_a_proof_in_any_other_form_is_refused(path, value, refusal: type[Refusal]) -> None:
    fields = a_proof()
    place = fields
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(refusal):
        read_proof(fields)


def test_a_key_whose_points_are_infinity_is_degenerate_and_says_which() -> None:
    nowhere = [["0", "0"], ["1", "0"], ["0", "0"]]
    for name, blank in (("vk_alpha_1", ["0", "1", "0"]), ("vk_delta_2", nowhere)):
        fields = a_key()
        fields[name] = blank
        with pytest.raises(DegenerateKey) as refused:
            read_key(fields)
        assert refused.value.facts["name"] == name
    unbound = copy.deepcopy(a_key())
    unbound["IC"][2] = ["0", "1", "0"]
    with pytest.raises(DegenerateKey) as refused:
        read_key(unbound)
    assert refused.value.facts["name"] == "IC[2]"


def test_a_key_counts_its_inputs() -> None:
    with pytest.raises(DegenerateKey, match="1025 public"):
        read_key(a_key() | {"IC": [None] * 1_026, "nPublic": 1_025})
    with pytest.raises(WrongLength):
        read_key(a_key() | {"nPublic": 3})
    with pytest.raises(MalformedPoint):
        read_key(a_key() | {"IC": "many"})


@pytest.mark.parametrize("kind", [{"protocol": "plonk"}, {"curve": "bls12381"}, {"curve": None}])
def test_a_key_of_another_protocol_or_curve_is_refused(kind: dict[str, Any]) -> None:
    with pytest.raises(MalformedPoint, match="Not Groth16 on bn128"):
        read_key(a_key() | kind)

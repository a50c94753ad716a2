"""Groth16: published proofs, forgeries that a degenerate key would let pass, batches that blame."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
from groth16_circuit import Setup, as_bytes, g1, g2

from proofs.curves import bn254_arkworks, bn254_py_ecc, groth16
from proofs.curves.bn254 import FIELD, ORDER, G1Point, G2Point
from proofs.curves.bn254 import g1 as read_g1
from proofs.curves.bn254 import g2 as read_g2
from proofs.curves.groth16 import Proof, Verifier
from proofs.curves.groth16_key import MOST_INPUTS, VerifyingKey
from proofs.refusals import (
    AliasedInput,
    BackendFault,
    DegenerateKey,
    InvalidProof,
    MalformedPoint,
    NotInSubgroup,
    NotOnCurve,
    OutOfRange,
    PointAtInfinity,
    Refusal,
    WrongLength,
)

ARKWORKS, PY_ECC = bn254_arkworks.load(), bn254_py_ecc.load()
backends = pytest.mark.parametrize("backend", [ARKWORKS, PY_ECC], ids=lambda each: each.name)
OUTSIDE = G2Point(
    (2, 7),
    (
        19501835996978593742558863227001277385527358431177367368443328323787999615754,
        2747918525772306606553631039800176165902901190021649251207689020039267769845,
    ),
)


def number(text: str) -> int:
    return int(text, 0)


def point(row: dict[str, Any], name: str = "point") -> Any:
    if isinstance(row["x"], str):
        return read_g1(name, number(row["x"]), number(row["y"]))
    return read_g2(name, *(tuple(map(number, row[axis])) for axis in ("x", "y")))


def published_key(path: Path) -> VerifyingKey:
    rows = json.loads(path.read_text())["verifying_key"]
    parts = [point(rows[name]) for name in ("alpha_g1", "beta_g2", "gamma_g2", "delta_g2")]
    return VerifyingKey(*parts, tuple(point(row) for row in rows["ic"]))


@backends
def test_a_published_proof_of_a_plain_circuit_holds(vectors: Path, backend) -> None:
    verifier = Verifier(published_key(vectors / "groth16" / "vk_bn254.json"), backend=backend)
    rows = json.loads((vectors / "groth16" / "proof_bn254.json").read_text())
    proof = Proof(*(point(rows["proof"][name]) for name in "abc"))
    inputs = [number(text) for text in rows["public_inputs"]]
    verifier.verify(proof, inputs)
    verifier.verify(as_bytes(proof), inputs)
    with pytest.raises(InvalidProof):
        verifier.verify(proof, [inputs[0] ^ 1])


@backends
def test_a_published_proof_of_a_virtual_machine_holds(vectors: Path, backend) -> None:
    verifier = Verifier(published_key(vectors / "groth16" / "vk_sp1.json"), backend=backend)
    rows = json.loads((vectors / "groth16" / "proof_sp1.json").read_text())
    digest = int.from_bytes(hashlib.sha256(bytes.fromhex(rows["publicValues"][2:])).digest())
    inputs = [number(rows["vkey"]), digest % 2**253]
    # Four bytes that name the verifier stand before the proof.
    proof = bytes.fromhex(rows["proof"][2:])[4:]
    verifier.verify(proof, inputs)
    with pytest.raises(InvalidProof):
        verifier.verify(proof, inputs[::-1])


SETUP = Setup(inputs=3)
VERIFIER = Verifier(SETUP.key(), backend=ARKWORKS)
INPUTS = [5, 0, ORDER - 1]
PROOF = SETUP.proof(INPUTS)


def test_a_proof_holds_for_its_own_inputs_and_key_alone() -> None:
    VERIFIER.verify(PROOF, INPUTS)
    for index in range(3):
        changed = list(INPUTS)
        changed[index] = (changed[index] + 1) % ORDER
        with pytest.raises(InvalidProof):
            VERIFIER.verify(PROOF, changed)
    with pytest.raises(InvalidProof):
        Verifier(Setup(inputs=3, seed=2).key(), backend=ARKWORKS).verify(PROOF, INPUTS)


@pytest.mark.parametrize("part", ["a", "b", "c"])
def test_no_part_of_a_proof_can_be_swapped(part: str) -> None:
    other = g2(11) if part == "b" else g1(11)
    with pytest.raises(InvalidProof):
        VERIFIER.verify(dataclasses.replace(PROOF, **{part: other}), INPUTS)


@pytest.mark.parametrize("index", range(3))
def test_an_input_that_means_the_same_by_another_number_is_refused(index: int) -> None:
    aliased = list(INPUTS)
    aliased[index] += ORDER
    with pytest.raises(AliasedInput) as refused:
        VERIFIER.verify(PROOF, aliased)
    assert refused.value.facts["index"] == index
    with pytest.raises(OutOfRange):
        VERIFIER.verify(PROOF, [-1, 0, 0])


@pytest.mark.parametrize("inputs", [[], [5, 0], [5, 0, 1, 0]])
def test_the_number_of_inputs_is_the_keys(inputs: list[int]) -> None:
    with pytest.raises(WrongLength):
        VERIFIER.verify(PROOF, inputs)


def replaced(data: bytes, at: int, value: int) -> bytes:
    return data[: 32 * at] + value.to_bytes(32, "big") + data[32 * at + 32 :]


@pytest.mark.parametrize("at", range(8))
def test_each_coordinate_lies_below_the_field_and_on_the_curve(at: int) -> None:
    data = as_bytes(PROOF)
    old = int.from_bytes(data[32 * at : 32 * at + 32])
    with pytest.raises(MalformedPoint):
        Proof.from_bytes(replaced(data, at, old + FIELD))
    with pytest.raises(MalformedPoint):
        Proof.from_bytes(replaced(data, at, FIELD))
    with pytest.raises(NotOnCurve):
        Proof.from_bytes(replaced(data, at, old ^ 1))


@pytest.mark.parametrize("span", [(0, 2), (2, 6), (6, 8)])
def test_infinity_is_no_part_of_a_proof(span: tuple[int, int]) -> None:
    data = as_bytes(PROOF)
    first, last = span
    blank = data[: 32 * first] + bytes(32 * (last - first)) + data[32 * last :]
    with pytest.raises(PointAtInfinity):
        Proof.from_bytes(blank)


@pytest.mark.parametrize("length", [0, 255, 257, 260])
def test_a_proof_has_its_length(length: int) -> None:
    with pytest.raises(WrongLength):
        Proof.from_bytes(bytes(length))


@backends
def test_a_point_outside_the_subgroup_is_refused_before_any_pairing(backend) -> None:
    read_g2("B", OUTSIDE.x, OUTSIDE.y)
    verifier = Verifier(SETUP.key(), backend=backend)
    with pytest.raises(NotInSubgroup):
        verifier.verify(dataclasses.replace(PROOF, b=OUTSIDE), INPUTS)
    with pytest.raises(NotInSubgroup):
        Verifier(dataclasses.replace(SETUP.key(), gamma=OUTSIDE), backend=backend)


def forged(setup: Setup, first: str, second: str, inputs: list[int]) -> Proof:
    """A proof of anything, from points of the key alone, where two of its points are one."""
    alpha, beta, gamma, delta = setup.secrets.values()
    sum_ = setup.bound(inputs)
    if (first, second) == ("gamma", "delta"):
        return Proof(g1(alpha), g2(beta), g1(-sum_))
    if (first, second) == ("beta", "gamma"):
        return Proof(g1(alpha + sum_), g2(gamma + delta), g1(alpha + sum_))
    return Proof(g1(sum_), g2(gamma), g1(-alpha))


@pytest.mark.parametrize("pair", [("gamma", "delta"), ("beta", "gamma"), ("beta", "delta")])
def test_keys_with_two_points_alike_let_anybody_prove_and_are_refused(
    pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = Setup(inputs=2, **dict.fromkeys(pair, 77))
    with pytest.raises(DegenerateKey) as refused:
        Verifier(setup.key(), backend=ARKWORKS)
    assert refused.value.facts["reason"] == " = ".join(pair)
    opposite = Setup(inputs=2, **{pair[0]: 77, pair[1]: ORDER - 77})
    with pytest.raises(DegenerateKey):
        Verifier(opposite.key(), backend=ARKWORKS)
    # Why: without that check a proof made without any witness passes.
    monkeypatch.setattr(groth16, "check_key", lambda key: None)
    inputs = [123, 456]
    Verifier(setup.key(), backend=ARKWORKS).verify(forged(setup, *pair, inputs), inputs)


def test_inputs_that_share_a_point_could_be_traded() -> None:
    setup = Setup(inputs=3)
    for twin in (setup.ic[1], ORDER - setup.ic[1]):
        setup.ic[3] = twin
        with pytest.raises(DegenerateKey) as refused:
            Verifier(setup.key(), backend=ARKWORKS)
        assert refused.value.facts["inputs"] == (0, 2)
    # The constant point is no input: sharing it trades nothing.
    setup.ic[3] = setup.ic[0]
    Verifier(setup.key(), backend=ARKWORKS)


def test_a_key_has_inputs_and_not_too_many() -> None:
    key = SETUP.key()
    with pytest.raises(DegenerateKey):
        Verifier(dataclasses.replace(key, ic=()), backend=ARKWORKS)
    many = dataclasses.replace(key, ic=key.ic[:1] * (MOST_INPUTS + 2))
    with pytest.raises(DegenerateKey, match="1025"):
        Verifier(many, backend=ARKWORKS)


def randomness(seed: int):
    return random.Random(seed).randbytes


def batch(size: int, bad: dict[int, str]) -> list[tuple[Proof | bytes, list[int]]]:
    items: list[tuple[Proof | bytes, list[int]]] = []
    for place in range(size):
        inputs = [place, 2 * place, 7]
        proof: Proof | bytes = SETUP.proof(inputs)
        match bad.get(place):
            case "false":
                inputs[0] += 1
            case "bytes":
                proof = as_bytes(proof)[:-1]
            case "alias":
                inputs[2] += ORDER
            case "outside":
                proof = dataclasses.replace(proof, b=OUTSIDE)
        items.append((proof, inputs))
    return items


EXPECTED = {
    "false": InvalidProof,
    "bytes": WrongLength,
    "alias": AliasedInput,
    "outside": NotInSubgroup,
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "bad",
    [
        {},
        {0: "false"},
        {12: "false"},
        {5: "false", 6: "false"},
        {1: "bytes", 4: "alias", 9: "outside"},
        {0: "bytes", 3: "false", 7: "false", 8: "outside", 11: "alias", 12: "false"},
        dict.fromkeys(range(13), "false"),
        dict.fromkeys(range(13), "bytes"),
    ],
)
def test_a_batch_blames_exactly_the_bad_ones(bad: dict[int, str], seed: int) -> None:
    results = VERIFIER.verify_batch(batch(13, bad), randomness(seed))
    assert {place: type(result) for place, result in enumerate(results) if result is not None} == {
        place: EXPECTED[kind] for place, kind in bad.items()
    }
    for place in bad:
        assert results[place].facts["item"] == place


def test_false_proofs_that_cancel_each_other_do_not_hide_in_a_batch() -> None:
    # Errors of opposite sign in C: a plain sum of the equations would hold.
    items = batch(4, {})
    for place, shift in ((1, 9), (2, -9)):
        proof, inputs = items[place]
        c = ARKWORKS.g1(proof.c) + ARKWORKS.g1(g1(shift))
        items[place] = (dataclasses.replace(proof, c=G1Point(int(c.x), int(c.y))), inputs)
    kinds = [type(result) for result in VERIFIER.verify_batch(items, randomness(5))]
    assert kinds == [type(None), InvalidProof, InvalidProof, type(None)]
    # Why: with weights that are all one, they do.
    assert VERIFIER.verify_batch(items, bytes) == [None] * 4


def test_an_empty_batch_and_a_batch_of_one() -> None:
    assert VERIFIER.verify_batch([], randomness(1)) == []
    assert VERIFIER.verify_batch([(PROOF, INPUTS)], randomness(1)) == [None]
    (found,) = VERIFIER.verify_batch([(PROOF, [1, 2, 3])], randomness(1))
    assert isinstance(found, InvalidProof)


def test_randomness_that_is_too_short_is_refused() -> None:
    with pytest.raises(WrongLength):
        VERIFIER.verify_batch(batch(3, {}), lambda size: bytes(size - 1))


def test_both_backends_decide_a_batch_alike() -> None:
    items = batch(3, {1: "false"})
    slow = Verifier(SETUP.key(), backend=PY_ECC)
    assert [type(result) for result in slow.verify_batch(items, randomness(1))] == [
        type(result) for result in VERIFIER.verify_batch(items, randomness(1))
    ]


class Counting:
    """Counts pairings."""

    def __init__(self) -> None:
        self.pairs = 0

    def __getattr__(self, name: str):
        return getattr(ARKWORKS, name)

    def pairings_cancel(self, pairs) -> bool:
        self.pairs += len(pairs)
        return ARKWORKS.pairings_cancel(pairs)


@pytest.mark.parametrize("bad", [range(0), range(1), range(40, 43), range(0, 64, 7), range(64)])
def test_a_hostile_batch_costs_a_bounded_multiple_of_a_good_one(bad: range) -> None:
    curve = Counting()
    verifier = Verifier(SETUP.key(), backend=curve)
    results = verifier.verify_batch(batch(64, dict.fromkeys(bad, "false")), randomness(2))
    assert [place for place, result in enumerate(results) if result] == list(bad)
    assert curve.pairs <= 8 * (64 + 3)


class Breaking(Counting):
    """A library that gives up on one proof, alone or in company."""

    def __init__(self, on: G2Point) -> None:
        super().__init__()
        self.on = ARKWORKS.g2(on)

    def pairings_cancel(self, pairs) -> bool:
        if any(q == self.on for _, q in pairs):
            raise BackendFault("gave up", backend="breaking")
        return ARKWORKS.pairings_cancel(pairs)


def test_a_library_that_gives_up_on_one_item_spoils_no_other() -> None:
    items = batch(6, {})
    strange = dataclasses.replace(items[2][0], b=g2(99))
    items[2] = (strange, items[2][1])
    results = Verifier(SETUP.key(), backend=Breaking(strange.b)).verify_batch(items, randomness(1))
    assert [type(result) for result in results] == [
        BackendFault if place == 2 else type(None) for place in range(6)
    ]
    assert isinstance(results[2], Refusal)

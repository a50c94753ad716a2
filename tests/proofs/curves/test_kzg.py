"""KZG: the published vectors, blobs alone and in batch, each refusal by its name."""

from __future__ import annotations

import random
from importlib import resources
from pathlib import Path

import ckzg
import pytest
import yaml

from proofs.curves import kzg
from proofs.curves.kzg import BLOB_SIZE, ORDER, Blob
from proofs.refusals import (
    AliasedInput,
    BackendFault,
    HashMismatch,
    InvalidProof,
    MalformedPoint,
    NotInSubgroup,
    NotOnCurve,
    Refusal,
    WrongLength,
)

INFINITY = b"\xc0" + bytes(47)
NOWHERE = bytes.fromhex("8" + ("123456789abcdef0" * 12)[:94] + "0")
OUTSIDE = bytes.fromhex("8" + ("123456789abcdef0" * 12)[:94] + "f")


def test_the_published_vectors_of_point_evaluation(vectors: Path) -> None:
    met = {"true": 0, "false": 0, "null": 0}
    for path in sorted((vectors / "kzg").rglob("data.yaml")):
        case = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
        given = [
            bytes.fromhex(case["input"][name][2:]) for name in ("commitment", "z", "y", "proof")
        ]
        met[case["output"]] += 1
        if case["output"] == "true":
            kzg.verify_value(*given)
            continue
        with pytest.raises(Refusal) as refused:
            kzg.verify_value(*given)
        assert isinstance(refused.value, InvalidProof) == (case["output"] == "false"), path
    assert sum(met.values()) == 122
    assert all(met.values())


def a_blob(seed: int) -> Blob:
    drawn = random.Random(seed)
    data = b"".join(drawn.randrange(ORDER).to_bytes(32, "big") for _ in range(BLOB_SIZE // 32))
    commitment = ckzg.blob_to_kzg_commitment(data, kzg.setup())
    return Blob(data, commitment, ckzg.compute_blob_kzg_proof(data, commitment, kzg.setup()))


@pytest.fixture(scope="module")
def blobs() -> list[Blob]:
    return [a_blob(seed) for seed in range(3)]


def test_a_blob_is_bound_by_its_commitment(blobs: list[Blob]) -> None:
    blob = blobs[0]
    kzg.verify_blob(blob)
    changed = blob.data[:31] + bytes([blob.data[31] ^ 1]) + blob.data[32:]
    for other in (
        blob._replace(data=changed),
        blob._replace(commitment=blobs[1].commitment),
        blob._replace(proof=blobs[1].proof),
    ):
        with pytest.raises(InvalidProof):
            kzg.verify_blob(other)


@pytest.mark.parametrize("index", [0, 17, 4_095])
def test_an_element_beyond_the_order_is_named(blobs: list[Blob], index: int) -> None:
    data = blobs[0].data
    for value in (ORDER, 2**256 - 1):
        word = value.to_bytes(32, "big")
        large = data[: 32 * index] + word + data[32 * index + 32 :]
        with pytest.raises(AliasedInput) as refused:
            kzg.verify_blob(blobs[0]._replace(data=large))
        assert refused.value.facts["name"] == f"element {index}"


@pytest.mark.parametrize(
    ("point", "refusal"),
    [
        (NOWHERE, NotOnCurve),
        (OUTSIDE, NotInSubgroup),
        (b"\x40" + bytes(47), MalformedPoint),
        (INFINITY[:47], WrongLength),
    ],
)
def test_a_point_that_is_none_says_why(blobs: list[Blob], point: bytes, refusal) -> None:
    for name in ("commitment", "proof"):
        with pytest.raises(refusal):
            kzg.verify_blob(blobs[0]._replace(**{name: point}))
        pair = {"commitment": INFINITY, "proof": INFINITY} | {name: point}
        with pytest.raises(refusal):
            kzg.verify_value(z=bytes(32), y=bytes(32), **pair)


def test_a_batch_blames_exactly_the_bad_ones(blobs: list[Blob]) -> None:
    assert kzg.verify_blobs([]) == []
    assert kzg.verify_blobs(blobs) == [None] * 3
    swapped = blobs[1]._replace(proof=blobs[2].proof)
    short = blobs[0]._replace(data=b"")
    outside = blobs[0]._replace(proof=OUTSIDE)
    results = kzg.verify_blobs([blobs[0], swapped, short, blobs[2], outside])
    kinds = [type(result) for result in results]
    assert kinds == [type(None), InvalidProof, WrongLength, type(None), NotInSubgroup]
    assert [result.facts["item"] for result in results if result] == [1, 2, 4]


def test_the_precompiles_input_is_bound_to_its_hash(blobs: list[Blob]) -> None:
    blob, z = blobs[0], (5).to_bytes(32, "big")
    proof, y = ckzg.compute_kzg_proof(blob.data, z, kzg.setup())
    data = kzg.versioned_hash(blob.commitment) + z + y + blob.commitment + proof
    kzg.verify_point_evaluation(data)
    with pytest.raises(HashMismatch):
        kzg.verify_point_evaluation(b"\x02" + data[1:])
    with pytest.raises(InvalidProof):
        kzg.verify_point_evaluation(data[:63] + bytes([data[63] ^ 1]) + data[64:])
    # What stands behind the proof, or in front of it, would be read as a part of it.
    for other in (data + b"\x00", data[:-1]):
        with pytest.raises(WrongLength, match="data must be 192 bytes long"):
            kzg.verify_point_evaluation(other)


def test_a_library_that_gives_up_on_sound_points_is_named(
    blobs: list[Blob], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gives_up(*arguments: object) -> bool:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(ckzg, "verify_blob_kzg_proof", gives_up)
    with pytest.raises(BackendFault, match="ckzg gave up") as refused:
        kzg.verify_blob(blobs[0])
    assert refused.value.facts == {"backend": "ckzg", "failure": "out of memory"}


def test_numbers_of_the_precompile_are_below_the_order(blobs: list[Blob]) -> None:
    blob, z = blobs[0], (5).to_bytes(32, "big")
    proof, y = ckzg.compute_kzg_proof(blob.data, z, kzg.setup())
    data = kzg.versioned_hash(blob.commitment) + z + y + blob.commitment + proof
    for at in (32, 64):
        with pytest.raises(AliasedInput):
            kzg.verify_point_evaluation(data[:at] + b"\xff" * 32 + data[at + 32 :])


def test_another_trusted_setup_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resources, "files", lambda package: tmp_path)
    folder = tmp_path / "typed_transactions" / "blob_transactions"
    folder.mkdir(parents=True)
    with pytest.raises(kzg.NoTrustedSetup, match="no trusted"):
        kzg.setup.__wrapped__()
    (folder / "kzg_trusted_setup.txt").write_text("4096\n65\n")
    with pytest.raises(kzg.NoTrustedSetup, match="ceremony"):
        kzg.setup.__wrapped__()

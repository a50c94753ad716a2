"""KZG commitments of blobs: values at a point, whole blobs, batches; by c-kzg-4844 (ckzg).

After EIP-4844. The library checks subgroups and pairings; lengths, ranges and encodings are checked
here before, so that every refusal says what is wrong. It holds the interpreter's lock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import ckzg

from ..inputs import fixed
from ..refusals import AliasedInput, BackendFault, HashMismatch, InvalidProof, Refusal
from . import bls_backend
from .bls_encoding import check_g1

ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""Order of the groups of BLS12-381; field elements of a blob lie below it."""

BLOB_SIZE = 4_096 * 32
VERSION = b"\x01"

SETUP_DIGEST = "d39b9f2d047cc9dca2de58f264b6a09448ccd34db967881a6713eacacf0f26b7"
"""SHA-256 of the outcome of Ethereum's ceremony, as published with the consensus specifications."""


class NoTrustedSetup(RuntimeError):
    """The outcome of the ceremony is not where it should be, or is another one."""


class Blob(NamedTuple):
    """A blob of 131,072 bytes with its commitment and proof, 48 bytes each."""

    data: bytes
    commitment: bytes
    proof: bytes


@cache
def setup() -> Any:
    """Ethereum's trusted set-up, loaded once a process (a second or two); checked by its digest.

    The file comes with eth_account. Raises NoTrustedSetup.
    """
    folder = resources.files("eth_account") / "typed_transactions" / "blob_transactions"
    with resources.as_file(folder / "kzg_trusted_setup.txt") as path:
        if not path.is_file():
            raise NoTrustedSetup("eth_account brings no trusted set-up any more.")
        if hashlib.sha256(path.read_bytes()).hexdigest() != SETUP_DIGEST:
            raise NoTrustedSetup("The trusted set-up is not that of Ethereum's ceremony.")
        return ckzg.load_trusted_setup(str(path), 0)


def versioned_hash(commitment: bytes) -> bytes:
    """Return the hash by which transactions name a blob. Raises NotBytes, WrongLength."""
    return VERSION + hashlib.sha256(fixed("commitment", commitment, 48)).digest()[1:]


def verify_value(commitment: bytes, z: bytes, y: bytes, proof: bytes) -> None:
    """Return if the committed polynomial has the value ``y`` at ``z`` (32 bytes each, big-endian).

    Raises InvalidProof, AliasedInput (z or y not below the order), MalformedPoint, NotOnCurve,
    NotInSubgroup, NotBytes, WrongLength, BackendFault.
    """
    check_g1("commitment", commitment)
    check_g1("proof", proof)
    for name, value in (("z", z), ("y", y)):
        _check_element(name, fixed(name, value, 32))
    if not _decided(ckzg.verify_kzg_proof, [commitment, z, y, proof], [commitment, proof]):
        raise InvalidProof("The committed polynomial does not have this value at this point.")


def verify_point_evaluation(data: bytes) -> None:
    """Return if the precompile 0x0a accepts ``data``: versioned hash, z, y, commitment, proof.

    Raises HashMismatch when the hash is not the commitment's, and what :func:`verify_value` raises.
    """
    fixed("data", data, 192)
    commitment = data[96:144]
    if data[:32] != versioned_hash(commitment):
        raise HashMismatch("The versioned hash is not that of the commitment.", hash=data[:32])
    verify_value(commitment, data[32:64], data[64:96], data[144:])


def verify_blob(blob: Blob) -> None:
    """Return if the commitment is that of the blob. Raises as :func:`verify_value`."""
    _check_blob(blob)
    if not _decided(ckzg.verify_blob_kzg_proof, [*blob], [blob.commitment, blob.proof]):
        raise InvalidProof("The commitment is not that of the blob, by this proof.")


def verify_blobs(blobs: Sequence[Blob]) -> list[Refusal | None]:
    """Return for each blob None, or what :func:`verify_blob` would raise, with its place as item.

    Verified together; a failing batch is halved until each bad blob is alone.
    """
    results: list[Refusal | None] = [None] * len(blobs)
    sound = []
    for place, blob in enumerate(blobs):
        try:
            _check_blob(blob)
            sound.append(place)
        except Refusal as refusal:
            results[place] = refusal
    _halve(blobs, sound, results)
    for place, found in enumerate(results):
        if found is not None:
            found.facts["item"] = place
    return results


def _halve(blobs: Sequence[Blob], places: list[int], results: list[Refusal | None]) -> None:
    if len(places) == 1:
        try:
            verify_blob(blobs[places[0]])
        except Refusal as refusal:
            results[places[0]] = refusal
    elif places and not _together([blobs[place] for place in places]):
        half = len(places) // 2
        _halve(blobs, places[:half], results)
        _halve(blobs, places[half:], results)


def _together(blobs: list[Blob]) -> bool:
    try:
        joined = [b"".join(parts) for parts in zip(*blobs, strict=True)]
        return bool(ckzg.verify_blob_kzg_proof_batch(*joined, setup()))
    except RuntimeError:
        # One of the points is none of the subgroup's: alone, each blob says for itself.
        return False


def _check_blob(blob: Blob) -> None:
    check_g1("commitment", blob.commitment)
    check_g1("proof", blob.proof)
    data = fixed("blob", blob.data, BLOB_SIZE)
    # Below the order's first byte an element needs no closer look.
    for index, first in enumerate(data[::32]):
        if first >= ORDER >> 248:
            _check_element(f"element {index}", data[32 * index : 32 * index + 32])


def _check_element(name: str, value: bytes) -> None:
    if int.from_bytes(value) >= ORDER:
        raise AliasedInput(f"{name} is not below the order of the group.", name=name)


def _decided(verify: Any, arguments: list[bytes], points: list[bytes]) -> bool:
    try:
        return bool(verify(*arguments, setup()))
    except RuntimeError as failure:
        # It does not say why. A point off the curve or outside the subgroup says so itself.
        for point in points:
            bls_backend.default().g1(point)
        raise BackendFault("ckzg gave up.", backend="ckzg", failure=str(failure)) from failure

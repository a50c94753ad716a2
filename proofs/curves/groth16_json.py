"""Keys and proofs as snarkjs writes them: JSON objects of decimal texts, projective with z = 1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..refusals import DegenerateKey, MalformedPoint, PointAtInfinity, WrongLength
from .bn254 import G1Point, G2Point, g1, g2
from .groth16 import Proof
from .groth16_key import MOST_INPUTS, VerifyingKey

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)


def read_proof(fields: Mapping[str, object]) -> Proof:
    """Read ``pi_a``, ``pi_b``, ``pi_c`` of a decoded ``proof.json``.

    Raises MalformedPoint (also for any other protocol or curve), PointAtInfinity, NotOnCurve,
    OutOfRange.
    """
    _require_kind(fields)
    return Proof(
        _g1("pi_a", fields.get("pi_a")),
        _g2("pi_b", fields.get("pi_b")),
        _g1("pi_c", fields.get("pi_c")),
    )


def read_key(fields: Mapping[str, object]) -> VerifyingKey:
    """Read a decoded ``verification_key.json``.

    Raises DegenerateKey for too many inputs and for a point at infinity, which binds nothing;
    WrongLength when ``nPublic`` is not that of ``IC``; MalformedPoint, NotOnCurve, OutOfRange.
    """
    _require_kind(fields)
    listed = fields.get("IC")
    if not isinstance(listed, list):
        raise MalformedPoint("IC must be a list of points.", name="IC")
    if len(listed) > MOST_INPUTS + 1:
        raise DegenerateKey(
            f"The key has {len(listed) - 1} public inputs.", reason="too many inputs"
        )
    if fields.get("nPublic") != len(listed) - 1:
        raise WrongLength(
            "nPublic is not the number of points in IC, less one.",
            length=len(listed),
            expected=fields.get("nPublic"),
        )
    try:
        return VerifyingKey(
            _g1("vk_alpha_1", fields.get("vk_alpha_1")),
            _g2("vk_beta_2", fields.get("vk_beta_2")),
            _g2("vk_gamma_2", fields.get("vk_gamma_2")),
            _g2("vk_delta_2", fields.get("vk_delta_2")),
            tuple(_g1(f"IC[{i}]", each) for i, each in enumerate(listed)),
        )
    except PointAtInfinity as refusal:
        raise DegenerateKey(str(refusal), reason="infinity", **refusal.facts) from refusal


def _require_kind(fields: Mapping[str, object]) -> None:
    kind = fields.get("protocol"), fields.get("curve")
    if kind != ("groth16", "bn128"):
        raise MalformedPoint("Not Groth16 on bn128, as snarkjs calls BN254.", kind=kind)


def _g1(name: str, value: object) -> G1Point:
    x, y, z = _parts(name, value)
    x, y, z = (_number(name, each) for each in (x, y, z))
    return g1(name, *_affine(name, (x, y), z == 1, (x, y, z) == (0, 1, 0)))


def _g2(name: str, value: object) -> G2Point:
    x, y, z = (
        (_number(name, real), _number(name, imaginary))
        for real, imaginary in (_parts(name, each, 2) for each in _parts(name, value))
    )
    infinity = (x, y, z) == ((0, 0), (1, 0), (0, 0))
    return g2(name, *_affine(name, (x, y), z == (1, 0), infinity, (0, 0)))


def _affine(name: str, xy: tuple[Any, Any], one: bool, infinity: bool, zero: Any = 0) -> Any:
    if infinity:
        return zero, zero
    if not one:
        raise MalformedPoint(f"{name} is not in affine form.", name=name)
    return xy


def _parts(name: str, value: object, length: int = 3) -> list[Any]:
    if not isinstance(value, list) or len(value) != length:
        raise MalformedPoint(f"{name} must be a list of {length}.", name=name)
    return value


def _number(name: str, text: object) -> int:
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise MalformedPoint(f"A coordinate of {name} is not a plain decimal.", name=name)
    return int(text)

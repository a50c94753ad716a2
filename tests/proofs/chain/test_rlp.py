"""RLP against the official tests, against another library, and against itself."""

import json
from pathlib import Path
from typing import Any

import pytest
import rlp as other
from hypothesis import given
from hypothesis import strategies as st

from proofs.chain import rlp
from proofs.refusals import NotAnInteger, NotBytes, NotRlp, OutOfRange

ITEMS = st.recursive(st.binary(max_size=80), lambda items: st.lists(items, max_size=6))


def official(value: Any) -> Any:
    """An input of the official tests as the bytes and lists that it stands for."""
    if isinstance(value, list):
        return [official(part) for part in value]
    if isinstance(value, str) and value.startswith("#"):
        value = int(value[1:])
    if isinstance(value, int):
        return value.to_bytes((value.bit_length() + 7) // 8, "big")
    return value.encode()


def test_the_official_tests_hold(vectors: Path) -> None:
    cases = json.loads((vectors / "trie/rlptest.json").read_text())
    assert len(cases) > 25
    for name, case in cases.items():
        item, encoded = official(case["in"]), bytes.fromhex(case["out"].removeprefix("0x"))
        assert rlp.encode(item) == encoded, name
        assert rlp.decode(encoded) == item, name


def test_the_official_invalid_ones_are_refused(vectors: Path) -> None:
    cases = json.loads((vectors / "trie/invalidRLPTest.json").read_text())
    assert len(cases) > 20
    for name, case in cases.items():
        with pytest.raises(NotRlp):
            pytest.fail(f"{name}: {rlp.decode(bytes.fromhex(case['out'].removeprefix('0x')))!r}")


@given(ITEMS)
def test_what_is_encoded_decodes_to_itself(item: Any) -> None:
    encoded = rlp.encode(item)
    assert encoded == other.encode(item)
    assert rlp.decode(encoded) == item


@given(st.binary(max_size=120))
def test_what_decodes_is_canonical(data: bytes) -> None:
    try:
        item = rlp.decode(data)
    except NotRlp:
        with pytest.raises(other.exceptions.DecodingError):
            other.decode(data)
    else:
        assert rlp.encode(item) == data


@given(st.integers(0, 2**256 - 1))
def test_numbers_have_no_leading_zeros(value: int) -> None:
    assert rlp.number(value) == other.encode(value)


def test_what_is_no_rlp_item_is_refused() -> None:
    with pytest.raises(NotBytes):
        rlp.encode(["text"])  # type: ignore[list-item]
    with pytest.raises(NotBytes):
        rlp.decode("0x80")  # type: ignore[arg-type]
    for value, refusal in ((True, NotAnInteger), (-1, OutOfRange), (2**256, OutOfRange)):
        with pytest.raises(refusal):
            rlp.number(value)


def test_a_tower_of_lists_does_not_exhaust_the_stack() -> None:
    tower = b"\xc0"
    for _ in range(5_000):
        tower = rlp.sequence([tower])
    with pytest.raises(NotRlp, match="nested"):
        rlp.decode(tower)

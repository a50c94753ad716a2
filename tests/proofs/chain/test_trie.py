"""Roots of tries against the official tests and against what every block without content has."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.chain import rlp
from proofs.chain.trie import EMPTY_ROOT, ordered_root, root
from proofs.keccak import keccak256
from proofs.refusals import NotBytes, WrongLength


def octets(text: str) -> bytes:
    return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()


@pytest.mark.parametrize(
    ("name", "secure"),
    [
        ("trieanyorder", False),
        ("trietest", False),
        ("trieanyorder_secureTrie", True),
        ("trietest_secureTrie", True),
        ("hex_encoded_securetrie_test", True),
    ],
)
def test_the_official_roots_come_out(vectors: Path, name: str, secure: bool) -> None:
    cases = json.loads((vectors / f"trie/{name}.json").read_text())
    assert cases
    for label, case in cases.items():
        steps: Any = case["in"].items() if isinstance(case["in"], dict) else case["in"]
        content: dict[bytes, bytes] = {}
        for key, value in steps:
            path = keccak256(octets(key)) if secure else octets(key)
            content[path] = octets(value) if value else b""
        assert "0x" + root(content).hex() == case["root"], label


def test_nothing_has_the_root_that_every_empty_block_has() -> None:
    assert EMPTY_ROOT.hex().startswith("56e81f171bcc55a6ff8345e692c0f86e")
    assert ordered_root([]) == root({}) == root({b"gone": b""}) == EMPTY_ROOT


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=300))
def test_an_ordered_trie_is_the_trie_of_its_positions(values: list[bytes]) -> None:
    assert ordered_root(values) == root({rlp.number(i): v for i, v in enumerate(values)})


@given(
    st.dictionaries(st.binary(min_size=1, max_size=3), st.binary(min_size=1, max_size=8)),
    st.binary(min_size=1, max_size=3),
    st.binary(min_size=1, max_size=8),
)
def test_any_change_changes_the_root(content: dict[bytes, bytes], key: bytes, value: bytes) -> None:
    changed = {**content, key: value}
    assert (root(content) == root(changed)) == (content == changed)


def test_what_no_trie_holds_is_refused() -> None:
    with pytest.raises(WrongLength):
        ordered_root([b"one", b""])
    with pytest.raises(NotBytes):
        root({b"key": "value"})  # type: ignore[dict-item]

"""A bloom knows all of its logs, denies what is certainly absent, and says when it is full."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.chain import bloom
from proofs.refusals import WrongLength

VALUES = st.lists(st.binary(min_size=20, max_size=32), max_size=30)


@given(VALUES, st.binary(min_size=32, max_size=32))
def test_what_is_in_it_is_never_denied(values: list[bytes], other: bytes) -> None:
    raw = bloom.of_logs([(value, [value]) for value in values])
    read = bloom.read(raw)
    assert all(bloom.may_hold(read, value) for value in values)
    assert bloom.of_logs([]) == bytes(256)
    assert not bloom.may_hold(0, other)


def test_a_real_block_denies_what_it_does_not_hold(vectors: Path) -> None:
    folder = vectors / "receipts/snowbridge_11408438"
    head = json.loads((folder / "header11408438.json").read_text())
    read = bloom.read(bytes.fromhex(head["logsBloom"][2:]))
    denied = sum(not bloom.may_hold(read, number.to_bytes(20, "big")) for number in range(1000))
    assert denied > 900
    assert not bloom.saturated(read)


def test_many_are_denied_as_each_of_them_is(vectors: Path) -> None:
    folder = vectors / "receipts/snowbridge_11408438"
    head = json.loads((folder / "header11408438.json").read_text())
    read = bloom.read(bytes.fromhex(head["logsBloom"][2:]))
    values = [number.to_bytes(32, "big") for number in range(3000)]
    denied = [value for value in values if not bloom.may_hold(read, value)]
    assert bloom.absent(read, values) == denied
    assert 0 < len(denied) < len(values)
    assert bloom.absent(read, []) == []


def test_a_full_bloom_tells_nothing() -> None:
    assert bloom.saturated(bloom.read(b"\xff" * 256))


def test_a_bloom_has_256_bytes() -> None:
    with pytest.raises(WrongLength):
        bloom.read(bytes(255))

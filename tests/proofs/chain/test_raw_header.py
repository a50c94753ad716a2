"""Headers are read from their RLP, whatever a fork to come may append."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_blocks import octets, published

from proofs.chain import header, raw_header, rlp
from proofs.keccak import keccak256
from proofs.refusals import HashMismatch, MalformedHeader, NotBytes, WrongLength

WORD = b"\x11" * 32
FIELDS: list[rlp.Item] = [
    *(WORD, WORD, b"\x22" * 20, WORD, WORD, WORD, bytes(256), b"", b"\x07", b"\x05"),
    *(b"", b"\x64", b"extra", WORD, bytes(8), b"\x09", WORD, b"", b"", WORD, WORD),
]
REAL = [
    "eip1186/ethereumjs/block0x7a11f.json",
    "eip1186/helios_21925176_header.json",
    "receipts/snowbridge_11408438/header11408438.json",
    "receipts/op_service/post-shanghai-success_data.json",
]


def read(fields: list[rlp.Item]) -> raw_header.Header:
    raw = rlp.encode(fields)
    return raw_header.read(raw, keccak256(raw))


def compare(fields: dict[str, Any]) -> None:
    found = raw_header.read(header.encode(fields), octets(fields["hash"]))
    names = ("parentHash", "stateRoot", "receiptsRoot", "extraData", "mixHash", "nonce")
    parts = (found.parent_hash, found.state_root, found.receipts_root, found.extra_data)
    assert [*parts, found.mix_hash, found.nonce] == [octets(fields[name]) for name in names]
    numbers = (found.difficulty, found.number, found.timestamp)
    assert numbers == tuple(int(fields[n], 16) for n in ("difficulty", "number", "timestamp"))
    base_fee = fields.get("baseFeePerGas")
    assert found.base_fee == (None if base_fee is None else int(base_fee, 16))
    for name, root in (
        ("withdrawalsRoot", found.withdrawals_root),
        ("requestsHash", found.requests_hash),
    ):
        assert root == (octets(fields[name]) if fields.get(name) else None)


@pytest.mark.parametrize("name", REAL)
def test_real_headers_say_what_their_answers_say(vectors: Path, name: str) -> None:
    content = json.loads((vectors / name).read_text())
    compare(content.get("block", content))


@pytest.mark.parametrize("name", ["op_mainnet", "arbitrum_one", "arbitrum_one_2023"])
def test_so_do_headers_of_rollups(name: str) -> None:
    fields = published("l2_blocks")[name]
    assert header.check(fields) == octets(fields["hash"])
    compare(fields)


@pytest.mark.parametrize("count", [15, 16, 17, 20, 21])
def test_the_fields_of_later_forks_are_none_before_them(count: int) -> None:
    found = read(FIELDS[:count])
    assert (found.base_fee, found.withdrawals_root, found.requests_hash) == (
        9 if count > 15 else None,
        WORD if count > 16 else None,
        WORD if count > 20 else None,
    )


TAILS = st.lists(st.one_of(st.binary(max_size=40), st.lists(st.binary(max_size=4), max_size=3)))


@given(TAILS)
def test_a_tail_of_forks_to_come_is_accepted_and_covered_by_the_hash(tail: list[rlp.Item]) -> None:
    raw = rlp.encode([*FIELDS, *tail])
    found = raw_header.read(raw, keccak256(raw))
    assert found._replace(hash=b"") == read(FIELDS)._replace(hash=b"")
    other = rlp.encode([*FIELDS, *tail, b"one more"])
    with pytest.raises(HashMismatch):
        raw_header.read(other, keccak256(raw))


@given(st.data())
def test_a_changed_byte_is_refused(data: st.DataObject) -> None:
    raw = bytearray(rlp.encode(FIELDS))
    expected = keccak256(bytes(raw))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(HashMismatch):
        raw_header.read(bytes(raw), expected)


def test_the_state_root_of_another_block_does_not_pass() -> None:
    raw = rlp.encode(FIELDS)
    forged = rlp.encode([*FIELDS[:3], b"\x66" * 32, *FIELDS[4:]])
    with pytest.raises(HashMismatch) as refused:
        raw_header.read(forged, keccak256(raw))
    assert refused.value.facts["expected"] == keccak256(raw)


@pytest.mark.parametrize(
    ("at", "part", "says"),
    [
        (0, WORD[1:], "parent hash"),
        (3, [], "state root"),
        (5, WORD + b"\x00", "receipts root"),
        (7, b"\x00", "difficulty"),
        (7, b"\x01" * 33, "difficulty"),
        (8, b"\x00\x01", "number"),
        (8, b"\x01" * 9, "number"),
        (11, [b"\x01"], "timestamp"),
        (12, [], "extra data"),
        (13, b"", "mix hash"),
        (14, bytes(7), "nonce"),
        (15, b"\x01" * 33, "base fee"),
        (16, b"", "withdrawals root"),
        (20, WORD[1:], "requests hash"),
    ],
)
def test_a_field_that_no_header_has_is_named(at: int, part: rlp.Item, says: str) -> None:
    with pytest.raises(MalformedHeader, match=says) as refused:
        read([*FIELDS[:at], part, *FIELDS[at + 1 :]])
    assert refused.value.facts["field"] == says


@pytest.mark.parametrize("raw", [b"", b"\x80", rlp.encode(FIELDS[:14]), rlp.encode(FIELDS) + b"\0"])
def test_what_is_no_header_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedHeader):
        raw_header.read(raw, keccak256(raw))


def test_the_hash_must_be_one() -> None:
    with pytest.raises(WrongLength):
        raw_header.read(rlp.encode(FIELDS), WORD[1:])
    with pytest.raises(NotBytes):
        raw_header.read(rlp.encode(FIELDS), "0x11")  # type: ignore[arg-type]

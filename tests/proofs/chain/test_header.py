"""Real headers of many forks hash to their hashes; anything changed in them does not."""

import json
from pathlib import Path
from typing import Any

import pytest
import rlp as other
from hypothesis import given
from hypothesis import strategies as st

from proofs.chain import header, rlp
from proofs.keccak import keccak256
from proofs.refusals import HashMismatch, NotHex, OutOfRange, Refusal, UnknownHeader, WrongLength

ROOT = "eip1186/ethereumjs"
REAL = [
    f"{ROOT}/block0x7a11f.json",
    f"{ROOT}/block0x7a120.json",
    "eip1186/helios_21925176_header.json",
    "receipts/snowbridge_11408438/header11408438.json",
    "receipts/op_service/post-shanghai-success_data.json",
    "receipts/op_service/pre-shanghai-success_data.json",
]
WORD = "0x" + "11" * 32


def load(path: Path) -> dict[str, Any]:
    content = json.loads(path.read_text())
    return content.get("block", content)


def made(**extra: str) -> dict[str, Any]:
    """A header of Prague, made up, under its own hash."""
    fields: dict[str, Any] = {
        **dict.fromkeys(("parentHash", "sha3Uncles", "stateRoot", "mixHash"), WORD),
        **dict.fromkeys(("transactionsRoot", "receiptsRoot", "withdrawalsRoot"), WORD),
        **dict.fromkeys(("difficulty", "number", "gasLimit", "gasUsed", "timestamp"), "0x5"),
        **dict.fromkeys(("baseFeePerGas", "blobGasUsed", "excessBlobGas"), "0x0"),
        "miner": "0x" + "22" * 20,
        "logsBloom": "0x" + "00" * 256,
        "extraData": "0x",
        "nonce": "0x" + "00" * 8,
        "parentBeaconBlockRoot": WORD,
        "requestsHash": WORD,
        **extra,
    }
    return {**fields, "hash": "0x" + header.hash_of(fields).hex()}


@pytest.mark.parametrize("name", REAL)
def test_real_headers_hash_to_their_hashes(vectors: Path, name: str) -> None:
    fields = load(vectors / name)
    assert header.check(fields).hex() == fields["hash"][2:]


def test_a_header_is_what_another_library_encodes(vectors: Path) -> None:
    fields = load(vectors / "eip1186/helios_21925176_header.json")
    parts = other.decode(header.encode(fields))
    assert len(parts) == 20
    assert keccak256(other.encode(parts)).hex() == fields["hash"][2:]


def test_blocks_of_a_whole_chain_hash_alike(vectors: Path) -> None:
    """The RLP of a chain from genesis on: what is decoded is encoded to the same bytes."""
    raw = (vectors / "eip1186/execution_apis/chain.rlp").read_bytes()
    count, position, parent = 0, 0, b""
    while position < len(raw):
        size = len(other.encode(other.codec.decode(raw[position:], strict=False)))
        (head, *_body) = rlp.decode(raw[position : position + size])
        assert isinstance(head, list)
        assert not parent or head[0] == parent
        parent = keccak256(rlp.encode(head))
        count, position = count + 1, position + size
    assert count > 20


@pytest.mark.parametrize("name", ["bad-receipts-hash", "bad-transactions-hash"])
def test_tampered_blocks_are_refused(vectors: Path, name: str) -> None:
    for era in ("pre-shanghai", "post-shanghai"):
        fields = load(vectors / f"receipts/op_service/{era}-{name}_data.json")
        with pytest.raises(HashMismatch):
            header.check(fields)


@given(st.data())
def test_any_changed_field_is_noticed(data: st.DataObject) -> None:
    fields = made()
    name = data.draw(st.sampled_from(sorted(set(fields) - {"hash"})))
    text = fields[name]
    place = data.draw(st.integers(2, len(text) - 1)) if len(text) > 2 else None
    if place is None:
        changed = text + "00"
    else:
        digit = data.draw(st.sampled_from("0123456789abcdef"))
        changed = text[:place] + digit + text[place + 1 :]
    if changed != text:
        with pytest.raises(Refusal):
            header.check({**fields, name: changed})


def test_forks_to_come_are_known_in_their_order() -> None:
    header.check(made(blockAccessListHash=WORD))
    header.check(made(blockAccessListHash=WORD, slotNumber="0x7"))


@pytest.mark.parametrize(
    "gone", ["baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "parentBeaconBlockRoot"]
)
def test_a_gap_between_forks_is_no_known_header(gone: str) -> None:
    fields = made()
    for absent in ({}, {gone: None}):
        with pytest.raises(UnknownHeader):
            header.check({k: v for k, v in fields.items() if k != gone} | absent)


def test_a_mismatch_with_strange_fields_may_be_a_new_fork() -> None:
    strange = {**made(), "inventedRoot": WORD}
    header.check(strange)
    with pytest.raises(UnknownHeader) as refused:
        header.check({**strange, "gasUsed": "0x6"})
    assert refused.value.facts["fields"] == ["inventedRoot"]


@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        ("number", None, NotHex),
        ("number", 5, NotHex),
        ("number", "0x", NotHex),
        ("number", "0x_5", NotHex),
        ("number", "0x" + "f" * 65, NotHex),
        ("parentHash", "0x11", WrongLength),
        ("parentHash", "11" * 32, NotHex),
        ("parentHash", "0x" + "1 " * 32, NotHex),
        ("parentHash", "0x" + "zz" * 32, NotHex),
        ("logsBloom", "0x" + "00" * 255, WrongLength),
        ("hash", "0x" + "00" * 31, WrongLength),
    ],
)
def test_fields_that_cannot_be_are_named(name: str, value: object, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal) as refused:
        header.check({**made(), name: value})
    assert refused.value.facts["name"] == name


def test_numbers_are_bounded() -> None:
    from proofs.chain.answers import quantity

    with pytest.raises(OutOfRange):
        quantity({"n": "0x10000"}, "n", 16)

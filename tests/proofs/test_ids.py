"""Identifiers: against real payloads, published constants, and encodings written out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_abi.abi import decode
from hypothesis import given
from hypothesis import strategies as st

from proofs.keccak import keccak256
from proofs.refusals import NotAnInteger, NotBytes, NotUtf8, OutOfRange, WrongLength
from proofs.statements import ids
from proofs.statements.family import Family

GOVERNOR = bytes.fromhex("f07ded9dc292157749b6fd268e37df6ea38395b9")
TARGET = bytes.fromhex("a723c008e76e379c55599d2e4d93879beafda79c")
WORD = 32


def word(value: int) -> bytes:
    return value.to_bytes(WORD, "big")


def padded(data: bytes) -> bytes:
    return word(len(data)) + data + bytes(-len(data) % WORD)


def scheduled(payload: Path) -> tuple[bytes, tuple]:
    """Arguments of the scheduleBatch call in a real proposal: encoded, and decoded."""
    call = json.loads(payload.read_text())["arbSysSendTxToL1Args"]["calldata"]
    arguments = bytes.fromhex(call.removeprefix("0x"))[4:]
    types = ["address[]", "uint256[]", "bytes[]", "bytes32", "bytes32", "uint256"]
    return arguments, decode(types, arguments)


@pytest.mark.parametrize("name", ["AIP7", "ArbOS11AIP"])
def test_real_proposals_are_scheduled_under_the_hash_of_their_description(
    governance_vectors: Path, name: str
) -> None:
    payload = governance_vectors / "arbitrum" / f"{name}.json"
    description = json.loads(payload.read_text())["description"]
    salt = scheduled(payload)[1][4]
    assert ids.salt_oz4(ids.description_hash(description)) == salt


@pytest.mark.parametrize("name", ["AIP4844", "AIP6", "AIP7", "ArbOS11AIP", "ArbOS40AIP", "BOLD"])
def test_batch_ids_are_the_hash_of_the_real_arguments_without_the_delay(
    governance_vectors: Path, name: str
) -> None:
    arguments, decoded = scheduled(governance_vectors / "arbitrum" / f"{name}.json")
    targets, values, payloads, predecessor, salt, _delay = decoded
    # Dropping the sixth word, the delay, moves the three arrays up by one word and nothing else.
    offsets = [int.from_bytes(arguments[at : at + WORD], "big") - WORD for at in (0, 32, 64)]
    encoded = b"".join(map(word, offsets)) + arguments[96:160] + arguments[192:]

    operation = ids.batch_operation_id(
        [bytes.fromhex(target[2:]) for target in targets],
        values,
        payloads,
        predecessor=predecessor,
        salt=salt,
    )

    assert operation == keccak256(encoded)


def test_a_proposal_id_hashes_targets_values_calldatas_and_description() -> None:
    text = ids.description_hash("Raise the fee to 0.05 %")
    data = bytes.fromhex("a9059cbb") + word(7)
    encoded = b"".join(
        [
            *(word(128), word(192), word(256), text),
            *(word(1), bytes(12) + TARGET),
            *(word(1), word(5)),
            *(word(1), word(32), padded(data)),
        ]
    )
    expected = int.from_bytes(keccak256(encoded), "big")
    assert ids.proposal_id([TARGET], [5], [data], text) == expected


def test_a_single_operation_has_another_id_than_a_batch_of_one() -> None:
    salt, predecessor, data = bytes([1]) * 32, bytes([2]) * 32, b"\x01\x02\x03"
    encoded = b"".join(
        [bytes(12), TARGET, word(9), word(160), predecessor, salt, padded(data)],
    )
    single = ids.operation_id(TARGET, 9, data, predecessor=predecessor, salt=salt)
    batch = ids.batch_operation_id([TARGET], [9], [data], predecessor=predecessor, salt=salt)
    assert single == keccak256(encoded)
    assert single != batch


def test_openzeppelin_5_salts_with_the_governor_in_the_high_bytes() -> None:
    text = bytes(range(32))
    salt = ids.salt_oz5(GOVERNOR, text)
    assert salt[:20] == bytes(a ^ b for a, b in zip(GOVERNOR, text, strict=False))
    assert salt[20:] == text[20:]
    assert ids.salt_oz4(text) == text


def test_each_family_finds_the_operation_of_its_proposal() -> None:
    text = ids.description_hash("Pause the market")
    calls = ([TARGET], [0], [b"\x12\x34"])
    for family, salt in [
        (Family.OZ4, text),
        (Family.OZ5, ids.salt_oz5(GOVERNOR, text)),
    ]:
        found = ids.proposal_operation_id(family, GOVERNOR, *calls, text)
        assert found == ids.batch_operation_id(*calls, salt=salt)
    assert ids.proposal_operation_id(Family.BRAVO, GOVERNOR, *calls, text) is None


def test_a_compound_timelock_keys_a_call_by_its_signature_text_and_eta() -> None:
    signature, data, eta = "setDelay(uint256)", word(172800), 1_700_000_000
    encoded = b"".join(
        [
            *(bytes(12), TARGET, word(3), word(160), word(224), word(eta)),
            *(padded(signature.encode()), padded(data)),
        ]
    )
    key = ids.compound_transaction_hash(TARGET, 3, signature, data, eta)
    assert key == keccak256(encoded)
    assert ids.compound_transaction_hash(TARGET, 3, signature.encode(), data, eta) == key
    assert ids.compound_transaction_hash(TARGET, 3, signature, data, eta + 1) != key


def test_bravo_puts_the_selector_of_the_signature_before_the_data() -> None:
    call = ids.bravo_calldata("transfer(address,uint256)", word(1))
    assert call == bytes.fromhex("a9059cbb") + word(1)
    assert ids.bravo_calldata("", b"\xa9\x05\x9c\xbb") == b"\xa9\x05\x9c\xbb"


def test_a_proposal_key_separates_chains_and_governors() -> None:
    packed = word(901) + GOVERNOR + word(42)
    key = ids.proposal_key(901, GOVERNOR, 42)
    assert key == keccak256(packed).hex()[:20]
    others = {ids.proposal_key(900, GOVERNOR, 42), ids.proposal_key(901, TARGET, 42)}
    assert len({key, *others}) == 3


@pytest.mark.parametrize(
    "suffix",
    ["a723c008e76e379c55599d2e4d93879beafda79c", "A723C008E76E379C55599D2E4D93879BEAFDA79C"],
)
def test_a_suffix_reserves_a_proposal_for_its_proposer(suffix: str) -> None:
    assert ids.restricted_proposer(f"Title\n\nText #proposer=0x{suffix}") == TARGET
    assert ids.restricted_proposer(f"#proposer=0x{suffix}".encode()) == TARGET
    assert ids.restricted_proposer(b"\xff\xfe#proposer=0x" + suffix.encode()) == TARGET


@pytest.mark.parametrize(
    "description",
    [
        "",
        "Short",
        "#proposer=0x" + "0" * 39,
        "#proposer=0x" + "0" * 39 + "g",
        "#proposer=0X" + "0" * 40,
        "#proposer=" + "0" * 42,
        "#Proposer=0x" + "0" * 40,
        "#proposer=0x" + "0" * 40 + " ",
        "#proposer=0x" + "0" * 40 + "\n",
        "#proposer=0x" + "0" * 41,
        "#proposer=0x" + "０" * 40,
    ],
)
def test_a_malformed_suffix_restricts_nobody(description: str) -> None:
    assert ids.restricted_proposer(description) is None


def test_text_that_utf8_cannot_write_is_refused_and_raw_bytes_are_hashed_as_they_are() -> None:
    raw = b"\xff\xfebroken"
    assert ids.description_hash(raw) == keccak256(raw)
    assert ids.description_hash("Größe") == keccak256("Größe".encode())
    with pytest.raises(NotUtf8) as refused:
        ids.description_hash("ab\ud800")
    assert refused.value.facts == {"position": 2}
    with pytest.raises(NotBytes):
        ids.description_hash(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("calls", "refusal"),
    [
        (([TARGET, TARGET], [0], [b""]), WrongLength),
        (([TARGET], [0], []), WrongLength),
        (([TARGET[:19]], [0], [b""]), WrongLength),
        (([TARGET.hex()], [0], [b""]), NotBytes),
        (([TARGET], [-1], [b""]), OutOfRange),
        (([TARGET], [2**256], [b""]), OutOfRange),
        (([TARGET], ["1"], [b""]), NotAnInteger),
        (([TARGET], [0], ["0x"]), NotBytes),
    ],
)
def test_calls_that_cannot_be_encoded_are_refused(calls, refusal) -> None:
    with pytest.raises(refusal):
        ids.proposal_id(*calls, bytes(32))
    with pytest.raises(refusal):
        ids.batch_operation_id(*calls, salt=bytes(32))
    if len(calls[0]) == len(calls[1]) == len(calls[2]):
        (target,), (value,), (data,) = calls
        with pytest.raises(refusal):
            ids.operation_id(target, value, data, salt=bytes(32))
        with pytest.raises(refusal):
            ids.compound_transaction_hash(target, value, "", data, 0)


def test_hashes_salts_and_addresses_of_the_wrong_length_are_refused() -> None:
    with pytest.raises(WrongLength, match="description hash"):
        ids.proposal_id([], [], [], bytes(31))
    with pytest.raises(WrongLength, match="salt"):
        ids.operation_id(TARGET, 0, b"", salt=b"")
    with pytest.raises(WrongLength, match="predecessor"):
        ids.batch_operation_id([], [], [], salt=bytes(32), predecessor=b"")
    with pytest.raises(WrongLength, match="governor"):
        ids.salt_oz5(bytes(32), bytes(32))
    with pytest.raises(WrongLength, match="description hash"):
        ids.salt_oz5(GOVERNOR, bytes(31))
    with pytest.raises(WrongLength, match="description hash"):
        ids.salt_oz4(b"")
    with pytest.raises(WrongLength, match="governor"):
        ids.proposal_key(1, b"", 1)
    with pytest.raises(OutOfRange, match="proposal id"):
        ids.proposal_key(1, GOVERNOR, 2**256)
    with pytest.raises(OutOfRange, match="eta"):
        ids.compound_transaction_hash(TARGET, 0, "", b"", -1)
    with pytest.raises(NotBytes, match="data"):
        ids.bravo_calldata("f()", "0x")  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.binary(min_size=20, max_size=20), st.binary(max_size=70)), max_size=4))
def test_order_and_content_of_the_calls_decide_the_id(calls) -> None:
    targets, datas = [call[0] for call in calls], [call[1] for call in calls]
    values = list(range(len(calls)))
    one = ids.proposal_id(targets, values, datas, bytes(32))
    assert 0 <= one < 2**256
    assert one != ids.proposal_id([*targets, TARGET], [*values, 0], [*datas, b""], bytes(32))
    assert one != ids.proposal_id(targets, values, datas, b"\x01" * 32)

"""What ArbOS writes into headers, and the hashes by which rollups assert it: real ones, changed."""

from typing import Any

import pytest
from contract_storage import entry
from hypothesis import given
from hypothesis import strategies as st
from real_blocks import block, octets, published

from proofs.keccak import keccak256
from proofs.refusals import (
    CommitmentMismatch,
    HashMismatch,
    NotArbitrum,
    NotHex,
    OutOfRange,
    Refusal,
    ValueMismatch,
    WrongLength,
)
from proofs.statements.arbitrum import (
    GlobalState,
    MachineStatus,
    assertion_hash,
    assertion_state_hash,
    check_answer,
    check_global_state,
    confirm_data,
    global_state_hash,
    header_info,
    node_state_hash,
)

WORD = bytes(range(32))
REAL = {
    # Send count, block of L1, version of ArbOS.
    "arbitrum_one": (166_639, 26_125_271, 61),
    "arbitrum_one_2023": (43_027, 16_581_581, 10),
}
STATE = GlobalState(WORD, WORD[::-1], 607_571, 3)


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_headers_tell_their_send_root(name: str) -> None:
    fields = published("l2_blocks")[name]
    head, info = check_answer(fields)
    assert head.hash == octets(fields["hash"])
    assert info == (octets(fields["sendRoot"]), *REAL[name])


@pytest.mark.parametrize("name", ["sendRoot", "sendCount", "l1BlockNumber"])
def test_what_a_node_says_beside_the_header_must_be_the_headers(name: str) -> None:
    fields = published("l2_blocks")["arbitrum_one"]
    other = "0x" + "22" * 32 if name == "sendRoot" else hex(int(fields[name], 16) + 1)
    with pytest.raises(ValueMismatch) as refused:
        check_answer({**fields, name: other})
    assert refused.value.facts["name"] == name
    # Left out it is no claim at all.
    assert check_answer({**fields, name: None}) == check_answer(fields)
    with pytest.raises((NotHex, WrongLength)):
        check_answer({**fields, name: "0x"})


@given(st.data())
def test_no_field_of_the_header_can_be_changed(data: st.DataObject) -> None:
    fields: dict[str, Any] = published("l2_blocks")["arbitrum_one"]
    covered = [n for n in fields if n not in ("size", "uncles") and len(fields[n]) > 2]
    name = data.draw(st.sampled_from(sorted(covered)))
    text = fields[name]
    place = data.draw(st.integers(2, len(text) - 1))
    digit = data.draw(st.sampled_from("0123456789abcdef"))
    changed = text[:place] + digit + text[place + 1 :]
    if changed != text:
        with pytest.raises((HashMismatch, ValueMismatch)):
            check_answer({**fields, name: changed})


def test_where_arbos_wrote_nothing_nothing_is_read() -> None:
    head = block(published("l2_blocks")["arbitrum_one"])
    for changed in (
        {"base_fee": None},
        {"base_fee": 0},
        {"difficulty": 0},
        {"extra_data": b""},
        {"extra_data": bytes(33)},
    ):
        with pytest.raises(NotArbitrum):
            header_info(head._replace(**changed))
    with pytest.raises(NotArbitrum):
        header_info(block(published("l2_blocks")["op_mainnet"]))


def test_a_real_assertion_has_its_hash() -> None:
    """Of Arbitrum Sepolia, by the slot under which its rollup keeps it."""
    real = published("arbitrum_rollups")["bold"]
    head = block(real["l2_block"])
    state = GlobalState(
        head.hash, octets(real["send_root"]), real["inbox_position"], real["position_in_message"]
    )
    assert check_global_state(state, head).l1_block == 9_450_838
    found = assertion_hash(
        octets(real["parent_assertion"]),
        assertion_state_hash(state, MachineStatus.FINISHED, octets(real["end_history_root"])),
        octets(real["inbox_accumulator"]),
    )
    assert entry(117, found) == int(real["assertion"]["key"], 16)


def test_a_real_node_confirms_its_block() -> None:
    real = published("arbitrum_rollups")["classic"]
    head = block(real["l2_block"])
    found = confirm_data(head.hash, header_info(head).send_root)
    assert int.from_bytes(found, "big") == int(real["confirm_data"]["value"])


def test_hashes_are_of_the_packed_fields() -> None:
    """Beside the encodings of Solidity, put together by hand."""
    inner = keccak256(
        b"Global state:" + WORD + WORD[::-1] + bytes(5) + b"\x09\x45\x53" + b"\0" * 7 + b"\x03"
    )
    assert global_state_hash(STATE) == inner
    counted = inner + bytes(31) + b"\x08" + b"\x01"
    assert node_state_hash(STATE, 8, MachineStatus.FINISHED) == keccak256(counted)


@pytest.mark.parametrize("name", GlobalState._fields)
def test_an_assertion_of_another_state_has_another_hash(name: str) -> None:
    value = getattr(STATE, name)
    other = STATE._replace(**{name: value + 1 if isinstance(value, int) else bytes(32)})
    for hashed in (
        global_state_hash,
        lambda state: node_state_hash(state, 8, MachineStatus.FINISHED),
        lambda state: assertion_state_hash(state, MachineStatus.FINISHED, WORD),
    ):
        assert hashed(STATE) != hashed(other)


def test_other_statuses_roots_and_counts_have_other_hashes() -> None:
    assert len({node_state_hash(STATE, 8, status) for status in MachineStatus}) == 3
    assert node_state_hash(STATE, 8, MachineStatus.FINISHED) != node_state_hash(
        STATE, 9, MachineStatus.FINISHED
    )
    hashes = {assertion_state_hash(STATE, status, WORD) for status in MachineStatus}
    assert len(hashes | {assertion_state_hash(STATE, MachineStatus.FINISHED, bytes(32))}) == 4
    parts = (WORD, bytes(32), WORD[::-1])
    assert len({assertion_hash(*parts), assertion_hash(*parts[::-1])}) == 2


@pytest.mark.parametrize("name", ["block_hash", "send_root"])
def test_an_asserted_state_of_another_block_is_refused(name: str) -> None:
    head = block(published("l2_blocks")["arbitrum_one"])
    state = GlobalState(head.hash, header_info(head).send_root, 1, 0)
    check_global_state(state, head)
    with pytest.raises(CommitmentMismatch) as refused:
        check_global_state(state._replace(**{name: WORD}), head)
    assert refused.value.facts["claimed"] == WORD


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"block_hash": b""}, WrongLength),
        ({"send_root": b""}, WrongLength),
        ({"inbox_position": 2**64}, OutOfRange),
        ({"position_in_message": -1}, OutOfRange),
    ],
)
def test_a_state_that_cannot_be_is_refused(changed: dict[str, Any], refusal: type[Refusal]) -> None:
    state = STATE._replace(**changed)
    for act in (
        lambda: global_state_hash(state),
        lambda: assertion_state_hash(state, MachineStatus.FINISHED, WORD),
        lambda: check_global_state(state, block(published("l2_blocks")["arbitrum_one"])),
    ):
        with pytest.raises(refusal):
            act()


def test_what_is_no_status_no_count_or_no_hash_is_refused() -> None:
    with pytest.raises(OutOfRange):
        node_state_hash(STATE, 8, 3)  # type: ignore[arg-type]
    with pytest.raises(OutOfRange):
        assertion_state_hash(STATE, 7, WORD)  # type: ignore[arg-type]
    with pytest.raises(OutOfRange):
        node_state_hash(STATE, -1, MachineStatus.FINISHED)
    with pytest.raises(WrongLength):
        assertion_state_hash(STATE, MachineStatus.FINISHED, b"")
    for at in range(3):
        parts = [WORD] * 3
        parts[at] = b""
        with pytest.raises(WrongLength):
            assertion_hash(*parts)
    with pytest.raises(WrongLength):
        confirm_data(b"", WORD)
    with pytest.raises(WrongLength):
        confirm_data(WORD, b"")

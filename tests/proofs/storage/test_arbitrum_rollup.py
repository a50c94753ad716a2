"""Rollups of Arbitrum chains on L1: a real assertion and a real node, outboxes, changed words."""

from typing import Any

import pytest
from contract_storage import entry
from hypothesis import given
from hypothesis import strategies as st
from real_blocks import block, octets, proven_word, published

from proofs.refusals import (
    CommitmentMismatch,
    HashMismatch,
    ImpossibleWord,
    NoCommitment,
    OutOfRange,
    UnprovenSlot,
    WrongLength,
)
from proofs.statements.arbitrum import (
    GlobalState,
    MachineStatus,
    assertion_hash,
    assertion_state_hash,
    confirm_data,
    header_info,
)
from proofs.statements.storage.arbitrum_rollup import (
    LATEST_ASSERTION,
    LATEST_NODE,
    Assertion,
    AssertionStatus,
    Node,
    assertion_slots,
    check_confirmed,
    confirmed_slot,
    node_slots,
    proven_assertion,
    proven_latest_assertion,
    proven_latest_node,
    proven_node,
)

WORD, OTHER = bytes(range(32)), bytes(range(32, 64))


def word(*parts: tuple[int, int]) -> bytes:
    """Values and their widths in bits, lowest first."""
    found = place = 0
    for value, width in parts:
        found |= value << place
        place += width
    return found.to_bytes(32, "big")


def proven(real: dict[str, Any], name: str, slot: int) -> bytes:
    return proven_word(
        octets(real["state_root"]), real["rollup"], real["account_proof"], slot, real[name]["proof"]
    )


def test_a_real_assertion_is_proven_from_the_state_of_l1_to_the_block_of_the_l2() -> None:
    """Block 206,533,998 of Arbitrum Sepolia, asserted on Sepolia."""
    real = published("arbitrum_rollups")["bold"]
    head = block(real["l2_block"])
    state = GlobalState(
        head.hash, header_info(head).send_root, real["inbox_position"], real["position_in_message"]
    )
    name = assertion_hash(
        octets(real["parent_assertion"]),
        assertion_state_hash(state, MachineStatus.FINISHED, octets(real["end_history_root"])),
        octets(real["inbox_accumulator"]),
    )
    slot, second = assertion_slots(name)
    words = {slot: proven(real, "assertion", slot), second: WORD}
    found = proven_assertion(words, name)
    assert found == Assertion(0, 0, 9_450_982, True, AssertionStatus.PENDING, WORD)
    with pytest.raises(HashMismatch):
        proven(real, "assertion", second)


@pytest.mark.parametrize("name", GlobalState._fields)
def test_a_real_assertion_of_anything_else_is_not_in_the_rollup(name: str) -> None:
    real = published("arbitrum_rollups")["bold"]
    head = block(real["l2_block"])
    state = GlobalState(head.hash, header_info(head).send_root, real["inbox_position"], 0)
    value = getattr(state, name)
    other = state._replace(**{name: value + 1 if isinstance(value, int) else WORD})
    hashed = assertion_hash(
        octets(real["parent_assertion"]),
        assertion_state_hash(other, MachineStatus.FINISHED, octets(real["end_history_root"])),
        octets(real["inbox_accumulator"]),
    )
    with pytest.raises(HashMismatch):
        proven(real, "assertion", assertion_slots(hashed)[0])


def test_a_real_node_confirms_the_block_of_the_l2() -> None:
    """Of a classic rollup: node 3,088, the last one confirmed and created."""
    real = published("arbitrum_rollups")["classic"]
    latest = {LATEST_NODE: proven(real, "latest_nodes", LATEST_NODE)}
    node = proven_latest_node(latest)
    assert node == 3_088
    head = block(real["l2_block"])
    found = proven(real, "confirm_data", node_slots(node)[1])
    assert found == confirm_data(head.hash, header_info(head).send_root)
    with pytest.raises(HashMismatch):
        proven(real, "confirm_data", node_slots(node + 1)[1])


def test_the_outbox_knows_the_block_of_a_send_root() -> None:
    slot = confirmed_slot(WORD)
    assert slot == entry(3, WORD)
    check_confirmed({slot: OTHER}, WORD, OTHER)
    with pytest.raises(NoCommitment):
        check_confirmed({slot: bytes(32)}, WORD, bytes(32))
    with pytest.raises(CommitmentMismatch) as refused:
        check_confirmed({slot: OTHER}, WORD, WORD)
    assert refused.value.facts == {"found": OTHER, "claimed": WORD}
    with pytest.raises(UnprovenSlot):
        check_confirmed({confirmed_slot(OTHER): OTHER}, WORD, OTHER)
    for root, block_hash in ((b"", OTHER), (WORD, b"")):
        with pytest.raises(WrongLength):
            check_confirmed({slot: OTHER}, root, block_hash)


NUMBERS = st.integers(0, 2**64 - 1)


@given(NUMBERS, NUMBERS, NUMBERS, st.booleans(), st.sampled_from(AssertionStatus))
def test_an_assertion_is_read_as_it_is_packed(
    child: int, rival: int, created: int, first: bool, status: AssertionStatus
) -> None:
    slots = assertion_slots(WORD)
    packed = word((child, 64), (rival, 64), (created, 64), (first, 8), (status, 8))
    found = proven_assertion(dict(zip(slots, (packed, OTHER), strict=True)), WORD)
    assert found == Assertion(child, rival, created, first, status, OTHER)


@pytest.mark.parametrize(
    ("first", "status", "rest", "refusal"),
    [
        (0, 0, 0, NoCommitment),
        (0, 3, 0, ImpossibleWord),
        (2, 1, 0, ImpossibleWord),
        (0, 1, 1, ImpossibleWord),
    ],
)
def test_words_that_no_assertion_has_are_refused(
    first: int, status: int, rest: int, refusal: type[Exception]
) -> None:
    slots = assertion_slots(WORD)
    packed = word((0, 64), (0, 64), (7, 64), (first, 8), (status, 8), (rest, 48))
    with pytest.raises(refusal):
        proven_assertion(dict(zip(slots, (packed, OTHER), strict=True)), WORD)


def test_all_of_an_assertion_must_be_proven() -> None:
    slots = assertion_slots(WORD)
    packed = word((0, 64), (0, 64), (7, 64), (1, 8), (1, 8))
    for known in ({slots[0]: packed}, {slots[1]: OTHER}):
        with pytest.raises(UnprovenSlot):
            proven_assertion(known, WORD)
    with pytest.raises(WrongLength):
        assertion_slots(b"")
    assert proven_latest_assertion({LATEST_ASSERTION: WORD}) == WORD


def stored(node: int, created: int) -> dict[int, bytes]:
    deadlines = word((node - 1, 64), (900, 64), (901, 64), (3, 64))
    blocks = word((1, 64), (2, 64), (3, 64), (created, 64))
    return dict(zip(node_slots(node), (WORD, OTHER, deadlines, blocks, WORD[::-1]), strict=True))


@given(st.integers(1, 2**64 - 1), st.integers(1, 2**64 - 1))
def test_a_node_is_read_as_it_is_packed(node: int, created: int) -> None:
    first = entry(118, node)
    assert node_slots(node) == tuple((first + at) % 2**256 for at in (0, 2, 3, 4, 5))
    found = proven_node(stored(node, created), node)
    assert found == Node(WORD, OTHER, node - 1, 900, created, WORD[::-1])


def test_what_is_no_node_is_refused() -> None:
    with pytest.raises(NoCommitment):
        proven_node(stored(5, 0), 5)
    with pytest.raises(OutOfRange):
        node_slots(2**64)
    for slot in node_slots(5):
        words = stored(5, 7)
        del words[slot]
        with pytest.raises(UnprovenSlot):
            proven_node(words, 5)
    assert proven_latest_node({LATEST_NODE: word((4, 64), (5, 64), (6, 64), (7, 64))}) == 4

"""Proposals of an L2OutputOracle: a real one under a real header, deleted ones, changed words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_blocks import block, octets, proven_word, published

from proofs.chain import header
from proofs.refusals import HashMismatch, NoCommitment, OutOfRange, RootMismatch, UnprovenSlot
from proofs.statements.op_stack import output_root
from proofs.statements.storage.output_oracle import Proposal, output_slots, proven_output

ROOT = bytes(range(32))


def stored(
    count: int, index: int, number: int = 7_000, timestamp: int = 1_700_000_000
) -> dict[int, bytes]:
    length, root, rest = output_slots(index)
    packed = timestamp | number << 128
    return {length: count.to_bytes(32, "big"), root: ROOT, rest: packed.to_bytes(32, "big")}


def test_a_real_oracle_holds_the_output_root_of_its_block() -> None:
    """From the header of a block of Sepolia, through account and slot, to the root of the L2."""
    real = published("output_oracle")
    header.check(real["l1_block"])
    _, slot, _ = output_slots(real["index"])
    proof = real["proof"]
    word = proven_word(
        block(real["l1_block"]).state_root,
        proof["address"],
        proof["accountProof"],
        slot,
        proof["storageProof"][0]["proof"],
    )
    # This chain's state has no message passer: zeros stand for its root.
    assert word == output_root(
        octets(real["l2_state_root"]), bytes(32), octets(real["l2_block_hash"])
    )


def test_the_slot_of_another_index_is_not_proven_by_it() -> None:
    real = published("output_oracle")
    proof = real["proof"]
    nodes = proof["storageProof"][0]["proof"]
    under = block(real["l1_block"]).state_root
    address, path = proof["address"], proof["accountProof"]
    _, slot, _ = output_slots(real["index"] + 1)
    with pytest.raises(HashMismatch):
        proven_word(under, address, path, slot, nodes)
    with pytest.raises(RootMismatch):
        proven_word(bytes(32), address, path, slot, nodes)


@given(st.integers(0, 2**40), st.integers(0, 2**128 - 1), st.integers(0, 2**128 - 1))
def test_a_proposal_is_read_as_it_is_packed(index: int, number: int, timestamp: int) -> None:
    found = proven_output(stored(index + 1, index, number, timestamp), index)
    assert found == Proposal(ROOT, timestamp, number)


@pytest.mark.parametrize("count", [0, 4, 5])
def test_deleted_outputs_are_none_though_their_slots_still_hold_them(count: int) -> None:
    with pytest.raises(NoCommitment) as refused:
        proven_output(stored(count, 5), 5)
    assert refused.value.facts == {"index": 5, "count": count}


@pytest.mark.parametrize("at", range(3))
def test_every_slot_must_be_proven(at: int) -> None:
    words = stored(6, 5)
    del words[output_slots(5)[at]]
    with pytest.raises(UnprovenSlot):
        proven_output(words, 5)


def test_slots_are_those_of_an_array_of_two_slots_each() -> None:
    start = 0xC2575A0E9E593C00F959F8C92F12DB2869C3395A3B0502D05E2516446F71F85B
    assert output_slots(0) == (3, start, start + 1)
    assert output_slots(9) == (3, start + 18, start + 19)
    assert output_slots(0, 4)[0] == 4
    with pytest.raises(OutOfRange):
        output_slots(-1)

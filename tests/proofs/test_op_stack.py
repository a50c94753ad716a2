"""Output roots of OP Stack blocks: published ones, and every field that may not be another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_state import Contract, result
from real_blocks import block, many, octets, published

from proofs.chain import raw_header, rlp
from proofs.chain.raw_header import Header
from proofs.keccak import keccak256
from proofs.refusals import (
    CommitmentMismatch,
    MissingNode,
    RootMismatch,
    UnprovenRoot,
    ValueMismatch,
    WrongLength,
)
from proofs.statements.op_stack import MESSAGE_PASSER, check_output, output, output_root

WORDS = st.binary(min_size=32, max_size=32)
# State root, storage root of the message passer, block hash and output root, as nodes of the chains
# answered optimism_outputAtBlock: OP Sepolia 27,982,526 and a chain whose passer was never used.
PUBLISHED = [
    (
        "eef23eb186808bb06e74b915cd0cc028fad7fbff016b9d5f3fb75cd2098b4ff9",
        "086887b2594a26b67d79630404998a03636eb5be95b5422079fff0856cc436e8",
        "2b8e886f2ba10fbb12c56917bd7d645149e80a6b63ed3a22706ff77f4f68b31f",
        "d13f0fb77010a8d8d000694b290607e961a96679a5f95dd2729dbd8449d61f71",
    ),
    (
        "119ba90b2c0086a7e6520cc9ceacba505e10909820dc115b933f37b08343edcc",
        "8ed4baae3a927be3dea54996b4d5899f8c01e7594bf50b17dc1e741388ce3d12",
        "23b4dee9110bcd5e4befdb5b112a91298ed0058bfb933bdcc8abedce8affa3ff",
        "0151d2aa6a406444c37ebb2a155201863f1626018e1b43a16ca7a160380417b1",
    ),
]
STATE = {MESSAGE_PASSER: Contract({0: 7, 5: 1}), b"\x33" * 20: Contract()}


def made(isthmus: bool, passer: bytes | None = None) -> tuple[Header, list[bytes], bytes]:
    """A block over a made-up state, the proof of its message passer, and that one's storage root.

    `passer` is what an Isthmus header says it is, if not the truth.
    """
    state_root, answer = result(STATE, MESSAGE_PASSER, [])
    root = octets(answer["storageHash"])
    word = b"\x11" * 32
    said = (passer or root) if isthmus else word
    fields: list[rlp.Item] = [word, word, bytes(20), state_root, word, word, bytes(256), b""]
    fields += [b"\x09", b"\x05", b"", b"\x64", b"", word, bytes(8), b"\x01", said, b"", b"", word]
    raw = rlp.encode([*fields, word] if isthmus else fields)
    return raw_header.read(raw, keccak256(raw)), many(answer["accountProof"]), root


@pytest.mark.parametrize(("state", "passer", "block_hash", "root"), PUBLISHED)
def test_published_output_roots_are_recomputed(
    state: str, passer: str, block_hash: str, root: str
) -> None:
    parts = [bytes.fromhex(text) for text in (state, passer, block_hash)]
    assert output_root(*parts).hex() == root


def test_a_real_game_claims_the_output_root_of_its_block() -> None:
    """Of a block before Isthmus, whose passer's root is not in the header."""
    real = published("dispute_game")
    head = raw_header.read(octets(real["l2_header"]), octets(real["l2_hash"]))
    found = output_root(head.state_root, octets(real["message_passer_root"]), head.hash)
    assert found == octets(real["claim"])


def test_a_block_since_isthmus_tells_its_output_root_by_itself() -> None:
    fields = published("l2_blocks")["op_mainnet"]
    found = output(block(fields))
    assert found.number == 157_796_868
    assert found.message_passer_root == octets(fields["withdrawalsRoot"])
    assert found.root == output_root(
        octets(fields["stateRoot"]), octets(fields["withdrawalsRoot"]), octets(fields["hash"])
    )
    assert check_output(found.root, block(fields)) == found


@pytest.mark.parametrize("isthmus", [True, False])
def test_the_message_passer_is_proven_under_the_state_root(isthmus: bool) -> None:
    head, nodes, root = made(isthmus)
    assert check_output(output_root(head.state_root, root, head.hash), head, nodes) == output(
        head, nodes
    )


def test_before_isthmus_the_withdrawals_root_is_not_taken_for_the_passers() -> None:
    head, nodes, root = made(isthmus=False)
    assert head.withdrawals_root not in (None, root)
    with pytest.raises(UnprovenRoot, match="Isthmus"):
        output(head)
    assert output(head, nodes).message_passer_root == root


def test_a_header_and_its_state_must_agree() -> None:
    head, nodes, root = made(isthmus=True, passer=b"\x66" * 32)
    with pytest.raises(ValueMismatch) as refused:
        output(head, nodes)
    assert refused.value.facts["proven"] == root


def test_a_state_without_message_passer_is_no_op_stack() -> None:
    state_root, answer = result({b"\x33" * 20: Contract()}, MESSAGE_PASSER, [])
    head = made(isthmus=False)[0]._replace(state_root=state_root)
    with pytest.raises(UnprovenRoot, match="no message passer"):
        output(head, many(answer["accountProof"]))


def test_proofs_of_another_state_are_refused() -> None:
    head, nodes, _ = made(isthmus=False)
    with pytest.raises(RootMismatch):
        output(head._replace(state_root=b"\x44" * 32), nodes)
    with pytest.raises(MissingNode):
        output(head, [])


@pytest.mark.parametrize("name", ["state_root", "hash", "withdrawals_root"])
@given(st.integers(0, 255))
def test_the_root_of_a_block_with_any_field_changed_is_anothers(name: str, bit: int) -> None:
    head, _, _ = made(isthmus=True)
    claimed = output(head).root
    changed = (int.from_bytes(getattr(head, name), "big") ^ 1 << bit).to_bytes(32, "big")
    with pytest.raises(CommitmentMismatch) as refused:
        check_output(claimed, head._replace(**{name: changed}))
    assert refused.value.facts["claimed"] == claimed


@given(WORDS)
def test_another_claim_is_refused(claimed: bytes) -> None:
    head, _, _ = made(isthmus=True)
    if claimed != output(head).root:
        with pytest.raises(CommitmentMismatch):
            check_output(claimed, head)


def test_roots_have_their_length() -> None:
    for parts in ((b"", bytes(32), bytes(32)), (bytes(32), b"", bytes(32)), (bytes(32),) * 2):
        with pytest.raises(WrongLength):
            output_root(*parts, *(b"",) * (3 - len(parts)))
    with pytest.raises(WrongLength):
        check_output(b"", made(isthmus=True)[0])

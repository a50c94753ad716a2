"""Dispute games: a real one from the header of L1 to the block of the L2, and what none can be."""

from typing import Any

import pytest
from contract_storage import entry
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st
from real_blocks import octets, proven_word, published

from proofs.chain import raw_header
from proofs.refusals import (
    HashMismatch,
    ImpossibleWord,
    NoCommitment,
    NotBytes,
    OutOfRange,
    Refusal,
    UnprovenSlot,
    UnusedNode,
    WrongLength,
)
from proofs.statements.op_stack import output_root
from proofs.statements.storage.dispute_games import (
    ANCHOR_REGISTRY,
    PORTAL,
    Game,
    GameState,
    GameStatus,
    GuardianLayout,
    GuardianWord,
    block_extra,
    claim_slot,
    game_slot,
    guardian_slots,
    listed_slot,
    proven_claim,
    proven_game,
    proven_guardian,
    proven_listed,
    proven_state,
)

CLAIM, ADDRESS = bytes(range(32)), b"\x77" * 20
GAME = Game(1, 1_722_565_476, ADDRESS)
WORDS = st.integers(0, 2**256 - 1)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def packed(game: Game) -> bytes:
    return word(game.kind << 224 | game.created_at << 160 | int.from_bytes(game.address, "big"))


def state(created: int, resolved: int, status: int, begun: int = 1, rest: int = 0) -> bytes:
    return word(created | resolved << 64 | status << 128 | begun << 136 | rest << 144)


def test_a_real_game_is_proven_from_the_header_of_l1_to_the_block_of_the_l2() -> None:
    real = published("dispute_game")
    under = raw_header.read(octets(real["l1_header"]), octets(real["l1_hash"])).state_root

    def proven(address: str, path: list[str], slot: int, nodes: list[str]) -> dict[int, bytes]:
        return {slot: proven_word(under, address, path, slot, nodes)}

    slot = listed_slot(real["index"])
    listed = proven(real["factory"], real["factory_proof"], slot, real["listed_proof"])
    game = proven_listed(listed, real["index"])
    assert game == Game(real["kind"], 1_722_565_476, octets(real["game"]))
    found = proven_state(proven(real["game"], real["game_proof"], 0, real["state_proof"]), game)
    assert found == GameState(1_722_565_476, 1_722_867_948, GameStatus.DEFENDER_WINS)
    claim = proven_claim(
        proven(real["game"], real["game_proof"], claim_slot(), real["claim_proof"])
    )
    block = raw_header.read(octets(real["l2_header"]), octets(real["l2_hash"]))
    passer = octets(real["message_passer_root"])
    assert claim == output_root(block.state_root, passer, block.hash)
    assert octets(real["extra"]) == block_extra(block.number)


def test_nothing_of_a_real_game_proves_another() -> None:
    real = published("dispute_game")
    under = raw_header.read(octets(real["l1_header"]), octets(real["l1_hash"])).state_root
    with pytest.raises(HashMismatch):
        proven_word(
            under, real["factory"], real["factory_proof"], listed_slot(233), real["listed_proof"]
        )
    with pytest.raises(UnusedNode):
        proven_word(under, real["game"], real["game_proof"], claim_slot(3), real["claim_proof"])
    with pytest.raises(HashMismatch):
        proven_word(under, real["factory"], real["game_proof"], 0, real["state_proof"])


def test_a_game_is_kept_under_the_hash_of_what_it_is_about() -> None:
    """By the published identifier of a real game."""
    real = published("dispute_game")
    about = (real["kind"], octets(real["claim"]), octets(real["extra"]))
    assert game_slot(*about) == entry(103, octets(real["uuid"]))


@given(st.integers(0, 2**32 - 1), st.binary(min_size=32, max_size=32), st.binary(max_size=70))
def test_that_hash_is_of_the_abi_encoding(kind: int, claim: bytes, extra: bytes) -> None:
    padded = extra + bytes(-len(extra) % 32)
    encoded = word(kind) + claim + word(96) + word(len(extra)) + padded
    assert game_slot(kind, claim, extra) == entry(103, keccak(encoded))


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 2**64 - 1),
    st.integers(1, 2**160 - 1),
)
def test_a_game_is_read_as_it_is_packed(kind: int, created: int, address: int) -> None:
    game = Game(kind, created, address.to_bytes(20, "big"))
    slot = game_slot(kind, CLAIM, b"\x01")
    assert proven_game({slot: packed(game)}, kind, CLAIM, b"\x01") == game
    assert proven_listed({listed_slot(4): packed(game)}, 4) == game


def test_a_claim_that_nobody_made_has_no_game() -> None:
    for act in (
        lambda: proven_game({game_slot(1, CLAIM, b""): bytes(32)}, 1, CLAIM, b""),
        lambda: proven_listed({listed_slot(4): bytes(32)}, 4),
        lambda: proven_claim({claim_slot(): bytes(32)}),
    ):
        with pytest.raises(NoCommitment):
            act()


@pytest.mark.parametrize("changed", [{"kind": 2}, {"created_at": 0}, {"address": bytes(20)}])
def test_words_that_the_factory_never_writes_are_refused(changed: dict[str, Any]) -> None:
    words = {game_slot(1, CLAIM, b""): packed(GAME._replace(**changed))}
    with pytest.raises(ImpossibleWord):
        proven_game(words, 1, CLAIM, b"")


@pytest.mark.parametrize(
    ("resolved", "status"),
    [(0, 0), (GAME.created_at, 1), (GAME.created_at + 5, 2)],
)
def test_states_of_a_game(resolved: int, status: int) -> None:
    for rest in (0, 1):
        found = proven_state({0: state(GAME.created_at, resolved, status, rest=rest)}, GAME)
        assert found == GameState(GAME.created_at, resolved, GameStatus(status))


@pytest.mark.parametrize(
    "found",
    [
        bytes(32),
        state(GAME.created_at + 1, 0, 0),
        state(GAME.created_at, 0, 0, begun=0),
        state(GAME.created_at, 0, 0, begun=2),
        state(GAME.created_at, 0, 2),
        state(GAME.created_at, GAME.created_at + 5, 0),
        state(GAME.created_at, GAME.created_at - 1, 2),
        state(GAME.created_at, GAME.created_at + 5, 3),
        state(GAME.created_at, 0, 0, rest=1 << 8),
    ],
)
def test_states_that_no_game_has_are_refused(found: bytes) -> None:
    with pytest.raises(ImpossibleWord):
        proven_state({0: found}, GAME)


@pytest.mark.parametrize("layout", [PORTAL, ANCHOR_REGISTRY])
def test_what_the_guardian_says(layout: GuardianLayout) -> None:
    black, respected = guardian_slots(layout, GAME)
    assert black == entry(layout.blacklist, ADDRESS)
    for listed in (0, 1):
        words = {black: word(listed), respected: word(8 | 1_740_000_000 << 32)}
        found = proven_guardian(layout, words, GAME)
        assert found == GuardianWord(bool(listed), 8, 1_740_000_000)
    for words in (
        {black: word(2), respected: word(0)},
        {black: word(0), respected: word(1 << 96)},
    ):
        with pytest.raises(ImpossibleWord):
            proven_guardian(layout, words, GAME)
    with pytest.raises(UnprovenSlot):
        proven_guardian(layout, {black: word(0)}, GAME)
    with pytest.raises(UnprovenSlot):
        proven_guardian(layout, {respected: word(0)}, GAME)


@pytest.mark.parametrize(
    ("kind", "claim", "extra", "refusal"),
    [
        (2**32, CLAIM, b"", OutOfRange),
        (1, CLAIM[1:], b"", WrongLength),
        (1, CLAIM, "0x", NotBytes),
    ],
)
def test_questions_that_cannot_be_are_refused(
    kind: int, claim: bytes, extra: Any, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        game_slot(kind, claim, extra)
    with pytest.raises(OutOfRange):
        listed_slot(-1)
    with pytest.raises(OutOfRange):
        block_extra(-1)


@given(WORDS)
def test_no_word_of_any_kind_does_more_than_be_refused(value: int) -> None:
    for act in (
        lambda: proven_listed({listed_slot(0): word(value)}, 0),
        lambda: proven_state({0: word(value)}, GAME),
        lambda: proven_claim({claim_slot(): word(value)}),
    ):
        try:
            act()
        except Refusal:
            continue

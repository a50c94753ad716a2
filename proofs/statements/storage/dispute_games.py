"""Dispute games of the OP Stack in storage: that one was created for a claim, and how it stands.

Source: contracts-bedrock of the OP Stack, DisputeGameFactory, FaultDisputeGame and the two
contracts that have kept what the guardian says of games. A game answers with the claim in its code,
where no storage proof reaches. But the factory keeps games under the hash of type, claim and extra
data, and a fault dispute game keeps the claim once more as the first of its moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from eth_abi.abi import encode

from ...inputs import fixed, octets, unsigned
from ...keccak import keccak256
from ...refusals import ImpossibleWord, NoCommitment
from .slots import array_slot, mapping_slot, offset_slot
from .words import Words, fields, flag, number, word

GAMES, LIST = 103, 104
"""Slots of the factory's mapping from claims to games, and of its list of them."""
MOVES = 2
"""Slot of a fault dispute game's list of moves, of five slots each."""

_STATE = 0
_CLAIM_OF_MOVE = 3


class GameStatus(IntEnum):
    """How a game stands."""

    IN_PROGRESS = 0
    CHALLENGER_WINS = 1
    DEFENDER_WINS = 2


class Game(NamedTuple):
    """A game that the factory created: its type, when, in seconds since 1970 UTC, and its address
    of 20 bytes."""

    kind: int
    created_at: int
    address: bytes


class GameState(NamedTuple):
    """What a game holds: when it was created and resolved (0: not yet), in seconds since 1970 UTC,
    and its status."""

    created_at: int
    resolved_at: int
    status: GameStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianLayout:
    """Slots of what the guardian says: a mapping of blacklisted games, and a word with the
    respected type (low 32 bits) and the time up to which games are retired (next 64)."""

    blacklist: int
    respected: int


PORTAL = GuardianLayout(blacklist=58, respected=59)
"""In the OptimismPortal2, as in 2024."""

ANCHOR_REGISTRY = GuardianLayout(blacklist=5, respected=6)
"""In the AnchorStateRegistry, since 2025."""


class GuardianWord(NamedTuple):
    """What the guardian says of a game: whether it is blacklisted, which type is respected now, and
    up to which time, in seconds since 1970 UTC, games are retired."""

    blacklisted: bool
    respected_kind: int
    retired_until: int


def block_extra(block_number: int) -> bytes:
    """Return the extra data of a fault dispute game about one block of the L2.

    Raises NotAnInteger, OutOfRange.
    """
    return unsigned("a block number", block_number).to_bytes(32, "big")


def game_slot(kind: int, claim: bytes, extra: bytes, games: int = GAMES) -> int:
    """Return where the factory keeps the game of this type about this claim of 32 bytes.

    Raises NotAnInteger, OutOfRange, NotBytes, WrongLength.
    """
    content = (
        unsigned("a game type", kind, 32),
        fixed("a claim", claim, 32),
        octets("extra data", extra),
    )
    return mapping_slot(games, keccak256(encode(("uint32", "bytes32", "bytes"), content)))


def proven_game(words: Words, kind: int, claim: bytes, extra: bytes, games: int = GAMES) -> Game:
    """Return the game about a claim, from the factory's storage.

    Raises NoCommitment where none was created, ImpossibleWord, UnprovenSlot, and as `game_slot`.
    """
    game = _game(words, game_slot(kind, claim, extra, games))
    if game is None:
        raise NoCommitment(
            f"No game of type {kind} was created about 0x{claim.hex()}.", kind=kind, claim=claim
        )
    if game.kind != kind:
        raise ImpossibleWord(
            f"A game of type {kind} cannot have the type {game.kind}.", kind=game.kind
        )
    return game


def listed_slot(index: int, games: int = LIST) -> int:
    """Return where the factory lists the game with this index. Raises NotAnInteger, OutOfRange."""
    return array_slot(games, unsigned("index", index, 64))


def proven_listed(words: Words, index: int, games: int = LIST) -> Game:
    """Return the game with this index; what it claims `proven_claim` tells.

    Raises NoCommitment beyond the end of the list, ImpossibleWord, UnprovenSlot, NotAnInteger,
    OutOfRange, NotBytes, WrongLength.
    """
    game = _game(words, listed_slot(index, games))
    if game is None:
        raise NoCommitment(f"No game has the index {index}.", index=index)
    return game


def claim_slot(moves: int = MOVES) -> int:
    """Return where a fault dispute game keeps its claim, in its own storage."""
    return offset_slot(array_slot(moves), _CLAIM_OF_MOVE)


def proven_claim(words: Words, moves: int = MOVES) -> bytes:
    """Return the claim of a fault dispute game, 32 bytes: an output root.

    Raises NoCommitment where there is none, UnprovenSlot, NotBytes, WrongLength.
    """
    found = word(words, claim_slot(moves), "The game's claim")
    if not found:
        raise NoCommitment("The game has no claim.")
    return found.to_bytes(32, "big")


def proven_state(words: Words, game: Game) -> GameState:
    """Return how a game stands, from its own storage, slot 0.

    Raises ImpossibleWord where it is not the state of that game, UnprovenSlot, NotBytes,
    WrongLength.
    """
    found = word(words, _STATE, "The game's state")
    # Above these lies whether the block number was challenged, in the versions that ask that.
    created_at, resolved_at, status, begun, _ = fields(found, "The game's state", 64, 64, 8, 8, 8)
    resolved = status != GameStatus.IN_PROGRESS
    if (
        created_at != game.created_at
        or begun != 1
        or status > GameStatus.DEFENDER_WINS
        or bool(resolved_at) != resolved
        or (resolved and resolved_at < created_at)
    ):
        raise ImpossibleWord(
            f"The state of a game created at {game.created_at} cannot be 0x{found:064x}.",
            word=found,
        )
    return GameState(created_at, resolved_at, GameStatus(status))


def guardian_slots(layout: GuardianLayout, game: Game) -> tuple[int, int]:
    """Return the slots of ``proven_guardian``."""
    return mapping_slot(layout.blacklist, game.address), layout.respected


def proven_guardian(layout: GuardianLayout, words: Words, game: Game) -> GuardianWord:
    """Return what the guardian says of a game. Raises ImpossibleWord, UnprovenSlot, NotBytes,
    WrongLength."""
    black, respected = guardian_slots(layout, game)
    kind, until = fields(word(words, respected, "The respected type"), "The respected type", 32, 64)
    listed = flag(number(words, black, "The blacklist's word"), "The blacklist's word")
    return GuardianWord(listed, kind, until)


def _game(words: Words, slot: int) -> Game | None:
    found = word(words, slot, "The game's word")
    if not found:
        return None
    address, created_at, kind = fields(found, "The game's word", 160, 64, 32)
    if not address or not created_at:
        raise ImpossibleWord(f"The word of a game cannot be 0x{found:064x}.", word=found)
    return Game(kind, created_at, address.to_bytes(20, "big"))

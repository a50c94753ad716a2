"""What an Arbitrum rollup holds on L1: nodes or assertions, and the blocks that its outbox knows.

Source: nitro-contracts and their storage layouts: version 1 for nodes (called classic here),
version 3 for assertions (BoLD), the Outbox of both. Whose block it is `statements.arbitrum` tells.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from ...inputs import fixed, unsigned
from ...refusals import CommitmentMismatch, ImpossibleWord, NoCommitment
from .slots import mapping_slot, offset_slot
from .words import Words, fields, flag, word

ROOTS = 3
"""Slot of the outbox's mapping from send roots to blocks of the L2."""
NODES, LATEST_NODE = 118, 117
"""Slots of a classic rollup: the mapping from numbers to nodes, the word with the latest ones."""
ASSERTIONS, LATEST_ASSERTION = 117, 116
"""Slots of a BoLD rollup: the mapping from hashes to assertions, the latest one confirmed."""


class AssertionStatus(IntEnum):
    """How a BoLD assertion stands."""

    PENDING = 1
    CONFIRMED = 2


class Assertion(NamedTuple):
    """A BoLD assertion. Blocks are those of L1; the first two are 0 while it has no such child."""

    first_child_block: int
    second_child_block: int
    created_at_block: int
    is_first_child: bool
    status: AssertionStatus
    config_hash: bytes


class Node(NamedTuple):
    """A classic node: hashes of 32 bytes, the number of the one before it, blocks of L1."""

    state_hash: bytes
    confirm_data: bytes
    previous: int
    deadline_block: int
    created_at_block: int
    node_hash: bytes


def confirmed_slot(send_root: bytes, roots: int = ROOTS) -> int:
    """Return where the outbox keeps the block of a send root. Raises NotBytes, WrongLength."""
    return mapping_slot(roots, fixed("a send root", send_root, 32))


def check_confirmed(words: Words, send_root: bytes, block_hash: bytes, roots: int = ROOTS) -> None:
    """Refuse unless the outbox holds this block of the L2, and so was told that it is confirmed.

    A later block with the same send root takes its place there, so a refusal does not say that the
    block was never confirmed. Raises NoCommitment, CommitmentMismatch, UnprovenSlot, NotBytes,
    WrongLength.
    """
    slot = confirmed_slot(send_root, roots)
    found = word(words, slot, "The outbox's word").to_bytes(32, "big")
    if not any(found):
        raise NoCommitment(
            f"The outbox knows no block with the send root 0x{send_root.hex()}.", root=send_root
        )
    if found != fixed("a block hash", block_hash, 32):
        raise CommitmentMismatch(
            f"The outbox holds block 0x{found.hex()} under that send root, not "
            f"0x{block_hash.hex()}.",
            found=found,
            claimed=block_hash,
        )


def assertion_slots(assertion_hash: bytes, assertions: int = ASSERTIONS) -> tuple[int, int]:
    """Return the slots of ``proven_assertion``. Raises NotBytes, WrongLength."""
    first = mapping_slot(assertions, fixed("an assertion hash", assertion_hash, 32))
    return first, offset_slot(first, 1)


def proven_assertion(
    words: Words, assertion_hash: bytes, assertions: int = ASSERTIONS
) -> Assertion:
    """Return a BoLD assertion by its hash, which names the state that it ends in.

    Raises NoCommitment, ImpossibleWord, UnprovenSlot, NotBytes, WrongLength.
    """
    first, second = assertion_slots(assertion_hash, assertions)
    found = word(words, first, "The assertion's word")
    child, rival, created, is_first, status = fields(
        found, "The assertion's word", 64, 64, 64, 8, 8
    )
    if not status:
        raise NoCommitment(
            f"There is no assertion 0x{assertion_hash.hex()}.", assertion=assertion_hash
        )
    if status not in set(AssertionStatus):
        raise ImpossibleWord(f"An assertion has no status {status}.", word=found)
    return Assertion(
        child,
        rival,
        created,
        flag(is_first, "Whether an assertion is the first child"),
        AssertionStatus(status),
        word(words, second, "The assertion's configuration").to_bytes(32, "big"),
    )


def proven_latest_assertion(words: Words, latest: int = LATEST_ASSERTION) -> bytes:
    """Return the hash of the BoLD assertion that was confirmed last. Raises UnprovenSlot."""
    return word(words, latest, "The latest assertion").to_bytes(32, "big")


def node_slots(node: int, nodes: int = NODES) -> tuple[int, ...]:
    """Return the slots of ``proven_node``. Raises NotAnInteger, OutOfRange."""
    first = mapping_slot(nodes, unsigned("a node", node, 64))
    return tuple(offset_slot(first, at) for at in (0, 2, 3, 4, 5))


def proven_node(words: Words, node: int, nodes: int = NODES) -> Node:
    """Return a classic node by its number.

    A node that was rejected stays where it is: that one is there says that it was asserted, no
    more. Raises NoCommitment, UnprovenSlot, NotAnInteger, OutOfRange, NotBytes, WrongLength.
    """
    state, confirm, one, two, name = node_slots(node, nodes)
    previous, deadline, _, _ = _quarters(words, one, "The node's deadlines")
    _, _, _, created = _quarters(words, two, "The node's blocks")
    found = Node(
        word(words, state, "The node's state hash").to_bytes(32, "big"),
        word(words, confirm, "The node's confirm data").to_bytes(32, "big"),
        previous,
        deadline,
        created,
        word(words, name, "The node's hash").to_bytes(32, "big"),
    )
    if not created:
        raise NoCommitment(f"There is no node {node}.", node=node)
    return found


def proven_latest_node(words: Words, latest: int = LATEST_NODE) -> int:
    """Return the number of the classic node that was confirmed last. Of earlier ones those are
    confirmed that it goes back to by ``previous``. Raises UnprovenSlot."""
    return _quarters(words, latest, "The latest nodes")[0]


def _quarters(words: Words, slot: int, what: str) -> tuple[int, ...]:
    return fields(word(words, slot, what), what, 64, 64, 64, 64)

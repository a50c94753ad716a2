"""Accounts and storage slots under a state root (EIP-1186).

Source: the Yellow Paper, sections 4.1 and appendix D. Keys of both tries are hashed: an account
lies under keccak256 of its 20 bytes, a slot under keccak256 of its 32 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..inputs import fixed, octets, unsigned
from ..keccak import keccak256
from ..refusals import MalformedAccount, MalformedWord, NotRlp
from . import rlp
from .proof import Known, verify
from .trie import EMPTY_ROOT

EMPTY_CODE = keccak256(b"")
NONCE_BITS = 64


class Account(NamedTuple):
    """What the state holds of an account: nonce, balance in wei, storage root, hash of its code."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes


ABSENT = Account(0, 0, EMPTY_ROOT, EMPTY_CODE)
"""What an account that the state does not hold counts as."""


def account(state_root: bytes, address: bytes, nodes: Sequence[bytes]) -> Account | None:
    """The account at an address of 20 bytes, or None when it is proven absent.

    Raises as `proof.verify`, and MalformedAccount.
    """
    value = verify(state_root, keccak256(fixed("an address", address, 20)), nodes)
    return None if value is None else read_account(value)


def word(
    storage_root: bytes, slot: int, nodes: Sequence[bytes], known: Known | None = None
) -> bytes:
    """The 32 bytes in a slot; zeros when it is proven absent, as a slot that holds zero is.

    `known` is as in `proof.verify`. Raises as that, NotAnInteger, OutOfRange, MalformedWord.
    """
    key = keccak256(unsigned("a slot", slot).to_bytes(32, "big"))
    value = verify(storage_root, key, nodes, known)
    return bytes(32) if value is None else read_word(value)


def read_account(value: bytes) -> Account:
    """The account whose RLP this is. Raises MalformedAccount, NotBytes."""
    try:
        item = rlp.decode(value)
    except NotRlp as refusal:
        raise MalformedAccount(f"An account is not RLP: {refusal}") from refusal
    if not isinstance(item, list) or len(item) != 4:
        raise MalformedAccount("An account has not exactly four fields.")
    nonce, balance, storage_root, code_hash = item
    for name, part in (("storage root", storage_root), ("code hash", code_hash)):
        if not isinstance(part, bytes) or len(part) != 32:
            raise MalformedAccount(f"The {name} of an account is not 32 bytes long.", field=name)
    return Account(
        _number(nonce, "nonce", NONCE_BITS),
        _number(balance, "balance", 256),
        storage_root,
        code_hash,
    )


def read_word(value: bytes) -> bytes:
    """The 32 bytes of a slot whose trie holds this value: RLP of a number that is not zero.

    Raises MalformedWord, NotBytes.
    """
    try:
        content = rlp.decode(octets("a slot's value", value))
    except NotRlp as refusal:
        raise MalformedWord(f"The value of a slot is not RLP: {refusal}") from refusal
    if not isinstance(content, bytes) or not 1 <= len(content) <= 32:
        raise MalformedWord("The value of a slot is not 1 to 32 bytes long.")
    if content[0] == 0:
        raise MalformedWord("The value of a slot has leading zeros.")
    return content.rjust(32, b"\0")


def _number(part: rlp.Item, name: str, bits: int) -> int:
    if not isinstance(part, bytes) or len(part) > bits // 8 or part[:1] == b"\0":
        raise MalformedAccount(f"The {name} of an account is no number of {bits} bits.", field=name)
    return int.from_bytes(part, "big")

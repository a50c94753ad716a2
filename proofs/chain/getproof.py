"""Answers to eth_getProof, held against a state root (EIP-1186): the plain path.

What the answer claims is compared with what it proves, and what it is about with what was asked.
`getproof_batch` does the same for many answers at once and must agree with this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from .. import inputs
from ..inputs import fixed, unsigned
from ..refusals import AnotherAnswer, BatchRefused, Refusal, UnreadableAnswer, ValueMismatch
from .account import ABSENT, Account, account, word
from .answers import Fields, data, octets, quantity
from .nesting import shallow
from .proof import Known

_NO_HASH = bytes(32)


class Asked(NamedTuple):
    """One question: an address of 20 bytes and the slots of its storage."""

    address: bytes
    slots: Sequence[int]


class Proven(NamedTuple):
    """What an answer proves: the account (None: absent) and the words of its slots.

    `words` has 32 bytes a slot, joined, in the order of `slots`.
    """

    account: Account | None
    slots: Sequence[int]
    words: bytes

    def by_slot(self) -> dict[int, bytes]:
        """The 32 bytes of each slot."""
        return {slot: self.words[32 * at : 32 * at + 32] for at, slot in enumerate(self.slots)}


def check_all(state_root: bytes, asked: Sequence[Asked], bodies: Sequence[bytes]) -> list[Proven]:
    """What each reply proves, from its JSON text, in the order of the questions.

    Raises BatchRefused: an item is (reply, slot), by position, or (reply, None) where nothing of a
    reply holds; `answers` has by reply what is proven of it, without the refused slots. Raises
    AnotherAnswer when there are not as many replies as questions; NotBytes, WrongLength,
    NotAnInteger, OutOfRange for a question that cannot be.
    """
    check_questions(state_root, asked, bodies)
    found: dict[int, Proven] = {}
    refusals: dict[tuple[int, int | None], Refusal] = {}
    for at, (question, body) in enumerate(zip(asked, bodies, strict=True)):
        try:
            found[at], refused = check(state_root, question, read(body))
        except Refusal as refusal:
            refusals[at, None] = refusal.bare()
        else:
            refusals |= {(at, position): refusal for position, refusal in refused.items()}
    if refusals:
        raise BatchRefused(refusals, found)
    return list(found.values())


def check_questions(state_root: bytes, asked: Sequence[Asked], bodies: Sequence[bytes]) -> None:
    """Refuse what cannot have been asked; raises as `check_all`."""
    fixed("a state root", state_root, 32)
    if len(asked) != len(bodies):
        raise AnotherAnswer(f"{len(bodies)} replies came to {len(asked)} questions.")
    for address, slots in asked:
        fixed("an address", address, 20)
        # Looked at one by one only to say which of them it is: there may be very many.
        if slots and (set(map(type, slots)) != {int} or min(slots) < 0 or max(slots) >> 256):
            for slot in slots:
                unsigned("a slot", slot)
    for body in bodies:
        inputs.octets("a reply", body)


def read(body: bytes) -> Fields:
    """The result in the JSON text of a reply. Raises UnreadableAnswer."""
    try:
        reply = msgspec.json.decode(shallow(body))
    except (ValueError, RecursionError) as error:
        raise UnreadableAnswer(f"The reply is no JSON: {error}") from None
    result = reply.get("result") if isinstance(reply, dict) else None
    if not isinstance(result, dict):
        raise UnreadableAnswer("The reply has no result.")
    return result


def check(state_root: bytes, question: Asked, result: Fields) -> tuple[Proven, dict[int, Refusal]]:
    """What one result proves, and by position the slots of which nothing is.

    Raises AnotherAnswer, UnreadableAnswer, ValueMismatch, and as `account.account`, when nothing of
    it holds.
    """
    found = check_account(state_root, question.address, result)
    root = (found or ABSENT).storage_root
    rows = result.get("storageProof")
    if not isinstance(rows, list):
        raise UnreadableAnswer("storageProof is not a list.", name="storageProof")
    if len(rows) != len(question.slots):
        raise AnotherAnswer(
            f"{len(rows)} storage proofs came for {len(question.slots)} slots.", rows=len(rows)
        )
    words: dict[int, bytes] = {}
    refusals: dict[int, Refusal] = {}
    known: Known = {}
    for position, (slot, row) in enumerate(zip(question.slots, rows, strict=True)):
        try:
            words[position] = check_slot(root, slot, row, known)
        except Refusal as refusal:
            refusals[position] = refusal.bare()
    slots = [question.slots[position] for position in words]
    return Proven(found, slots, b"".join(words.values())), refusals


def check_account(state_root: bytes, address: bytes, result: Fields) -> Account | None:
    """The account of a result, once its proof and all claims about it agree. Raises as `check`."""
    if (said := data(result, "address", 20)) != address:
        raise AnotherAnswer(f"The answer is about account 0x{said.hex()}.", address=said)
    found = account(state_root, address, _nodes(result.get("accountProof"), "accountProof"))
    proven = found or ABSENT
    _compare("nonce", quantity(result, "nonce", 64), proven.nonce)
    _compare("balance", quantity(result, "balance"), proven.balance)
    for name, expected in (("storageHash", proven.storage_root), ("codeHash", proven.code_hash)):
        claimed = data(result, name, 32)
        # Of an account that is not there some nodes say the hashes of nothing, some say zero.
        if found is not None or claimed != _NO_HASH:
            _compare(name, claimed.hex(), expected.hex())
    return found


def check_slot(storage_root: bytes, slot: int, row: object, known: Known | None = None) -> bytes:
    """The 32 bytes of a slot, from its row of storageProof. Raises as `check` and `word`."""
    if not isinstance(row, dict):
        raise UnreadableAnswer("A storage proof is not an object.", name="storageProof")
    if (said := quantity(row, "key")) != slot:
        raise another_slot(said)
    found = word(storage_root, slot, _nodes(row.get("proof"), "proof"), known)
    check_value(row, found)
    return found


def check_value(row: Fields, found: bytes) -> None:
    """Refuse a row of storageProof that claims another word than the one found, 32 bytes."""
    _compare("value", quantity(row, "value"), int.from_bytes(found, "big"))


def _nodes(texts: object, name: str) -> list[bytes]:
    if not isinstance(texts, list):
        raise UnreadableAnswer(f"{name} is not a list.", name=name)
    return [octets(text, name) for text in texts]


def _compare(name: str, claimed: int | str, proven: int | str) -> None:
    if claimed != proven:
        raise contradicted(name, claimed, proven)


def another_slot(said: int) -> Refusal:
    """The refusal of a row that is about another slot than the one asked about."""
    return AnotherAnswer(f"A storage proof is about slot 0x{said:064x}.", slot=said)


def contradicted(name: str, claimed: int | str, proven: int | str) -> Refusal:
    """The refusal of a claim that its proof contradicts."""
    return ValueMismatch(
        f"{name} is claimed as {claimed} and proven as {proven}.",
        name=name,
        claimed=claimed,
        proven=proven,
    )

"""Accounts and words are read only in the one form in which a chain writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.chain import rlp
from proofs.chain.account import Account, account, read_account, read_word, word
from proofs.chain.trie import EMPTY_ROOT, prove
from proofs.keccak import keccak256
from proofs.refusals import (
    MalformedAccount,
    MalformedWord,
    MissingNode,
    NotAnInteger,
    NotBytes,
    OutOfRange,
    WrongLength,
)

ROOT, CODE = bytes(31) + b"\x01", bytes(31) + b"\x02"


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**256 - 1))
def test_an_account_is_read_as_written(nonce: int, balance: int) -> None:
    fields = [rlp.number(nonce), rlp.number(balance), rlp.string(ROOT), rlp.string(CODE)]
    assert read_account(rlp.sequence(fields)) == Account(nonce, balance, ROOT, CODE)


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ([b"", b"", ROOT], "four"),
        ([b"", b"", ROOT, CODE, b""], "four"),
        (b"account", "four"),
        ([b"\x00", b"", ROOT, CODE], "nonce"),
        ([b"\x01" + bytes(8), b"", ROOT, CODE], "nonce"),
        ([[], b"", ROOT, CODE], "nonce"),
        ([b"", b"\x00\x01", ROOT, CODE], "balance"),
        ([b"", b"\x01" + bytes(32), ROOT, CODE], "balance"),
        ([b"", [], ROOT, CODE], "balance"),
        ([b"", b"", ROOT[1:], CODE], "storage root"),
        ([b"", b"", [], CODE], "storage root"),
        ([b"", b"", ROOT, CODE + b"\x00"], "code hash"),
        ([b"", b"", ROOT, []], "code hash"),
    ],
)
def test_what_is_no_account_is_refused(item: rlp.Item, says: str) -> None:
    with pytest.raises(MalformedAccount, match=says):
        read_account(rlp.encode(item))
    with pytest.raises(MalformedAccount, match="not RLP"):
        read_account(rlp.encode(item) + b"\x00")


@given(st.integers(1, 2**256 - 1))
def test_a_word_is_read_as_written(value: int) -> None:
    assert read_word(rlp.number(value)) == value.to_bytes(32, "big")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (b"", "not RLP"),
        (b"\x80", "1 to 32"),
        (b"\x00", "leading zeros"),
        (b"\x82\x00\x01", "leading zeros"),
        (b"\xa1\x01" + bytes(32), "1 to 32"),
        (b"\xc1\x01", "1 to 32"),
        (b"\x81\x01", "not RLP"),
        (b"\x82\x01", "not RLP"),
        (b"\x01\x01", "not RLP"),
        (b"\xb8\x01\xff", "not RLP"),
    ],
)
def test_what_no_slot_holds_is_refused(value: bytes, says: str) -> None:
    with pytest.raises(MalformedWord, match=says):
        read_word(value)
    root, (nodes,) = prove({keccak256(bytes(32)): value or b"\xc0"}, [keccak256(bytes(32))])
    with pytest.raises(MalformedWord):
        word(root, 0, nodes)


def test_a_slot_that_is_absent_holds_zero_and_an_account_that_is_absent_nothing() -> None:
    assert word(EMPTY_ROOT, 2**256 - 1, []) == bytes(32)
    assert account(EMPTY_ROOT, bytes(20), []) is None
    root, (nodes,) = prove({keccak256(bytes(32)): b"\x07"}, [keccak256(bytes(32))])
    assert word(root, 0, nodes) == bytes(31) + b"\x07"
    assert word(root, 1, nodes) == bytes(32)
    with pytest.raises(MissingNode):
        word(root, 0, [])


def test_keys_have_their_lengths() -> None:
    with pytest.raises(WrongLength):
        account(EMPTY_ROOT, bytes(32), [])
    for slot, refusal in ((-1, OutOfRange), (2**256, OutOfRange), (True, NotAnInteger)):
        with pytest.raises(refusal):
            word(EMPTY_ROOT, slot, [])
    for read in (read_account, read_word):
        with pytest.raises(NotBytes):
            read("0x")  # type: ignore[arg-type]

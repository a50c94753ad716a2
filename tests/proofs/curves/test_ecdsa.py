"""Signers in batch: each rule as its contracts have it, no bad item touching another."""

from __future__ import annotations

import warnings

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs.curves import ecdsa_backend
from proofs.curves.bls_backend import SelfTestFailed, SlowBackend
from proofs.curves.choosing import choose
from proofs.curves.ecdsa import ORDER, Rule, recover, recover_batch
from proofs.keccak import keccak256
from proofs.refusals import HighS, MalformedSignature, NoSigner, NotBytes, Refusal, WrongLength

BACKENDS = [ecdsa_backend.Libsecp256k1(), ecdsa_backend.Coincurve(), ecdsa_backend.PyEcc()]
backends = pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)


def signed(number: int) -> tuple[bytes, bytes, bytes]:
    """Digest, signature and address of a key of its own."""
    account = Account.from_key(number.to_bytes(32, "big"))
    digest = keccak256(b"vote %d" % number)
    signature = account.unsafe_sign_hash(digest).signature
    return digest, bytes(signature), bytes.fromhex(account.address[2:])


def twin(signature: bytes) -> bytes:
    """The other signature of the same key over the same digest, with a high s."""
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


@backends
def test_every_backend_names_the_signer(backend) -> None:
    rows = [signed(number) for number in range(1, 9)]
    found = recover_batch([(digest, sig) for digest, sig, _ in rows], backend=backend)
    assert found == [address for _, _, address in rows]
    ecdsa_backend.self_test(backend)


@pytest.mark.parametrize("threads", [1, 2, 3, 50])
def test_threads_share_a_batch_without_changing_it(threads: int) -> None:
    rows = [signed(number) for number in range(1, 30)]
    found = recover_batch([(digest, sig) for digest, sig, _ in rows], threads=threads)
    assert found == [address for _, _, address in rows]
    assert recover_batch([], threads=threads) == []


@backends
def test_a_bad_item_is_named_and_poisons_no_other(backend) -> None:
    rows = [signed(number) for number in range(1, 7)]
    items = [(digest, sig) for digest, sig, _ in rows]
    items[1] = (items[1][0], items[1][1][:64])
    items[3] = (items[3][0], (5).to_bytes(32, "big") + items[3][1][32:])
    items[4] = (items[4][0], twin(items[4][1]))
    found = recover_batch(items, backend=backend)
    kinds = [type(each) if isinstance(each, Refusal) else None for each in found]
    assert kinds == [None, MalformedSignature, None, NoSigner, HighS, None]
    for place in (1, 3, 4):
        assert found[place].facts["item"] == place
    for place in (0, 2, 5):
        assert found[place] == rows[place][2]


def test_each_rule_takes_what_its_contracts_take() -> None:
    digest, sig, address = signed(7)
    assert sig[64] in (27, 28)
    zero_one = sig[:64] + bytes([sig[64] - 27])
    takes = {
        (name, rule): not isinstance(recover_batch([(digest, form)], rule)[0], Refusal)
        for name, form in (("plain", sig), ("high", twin(sig)), ("zero-one", zero_one))
        for rule in Rule
    }
    assert {pair for pair, taken in takes.items() if taken} == {
        ("plain", Rule.OPENZEPPELIN),
        ("plain", Rule.PRECOMPILE),
        ("plain", Rule.WALLET),
        ("high", Rule.PRECOMPILE),
        ("zero-one", Rule.WALLET),
    }
    assert recover(digest, twin(sig), Rule.PRECOMPILE) == address
    assert recover(digest, zero_one, Rule.WALLET) == address


@pytest.mark.parametrize("v", [0, 1, 26, 29, 31, 37, 255])
def test_no_other_v_is_taken_by_contracts(v: int) -> None:
    digest, sig, _ = signed(7)
    for rule in (Rule.OPENZEPPELIN, Rule.PRECOMPILE):
        with pytest.raises(MalformedSignature, match="v may not be"):
            recover(digest, sig[:64] + bytes([v]), rule)


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("value", [0, ORDER, 2**256 - 1])
def test_r_and_s_stay_below_the_order(half: int, value: int) -> None:
    digest, sig, _ = signed(7)
    parts = [sig[:32], sig[32:64]]
    parts[half] = value.to_bytes(32, "big")
    with pytest.raises(MalformedSignature, match="order"):
        recover(digest, b"".join(parts) + sig[64:], Rule.PRECOMPILE)


def test_digests_and_signatures_are_bytes_of_their_length() -> None:
    digest, sig, _ = signed(7)
    with pytest.raises(WrongLength):
        recover(digest[:31], sig)
    with pytest.raises(NotBytes):
        recover(digest, sig.hex())  # type: ignore[arg-type]
    with pytest.raises(MalformedSignature):
        recover(digest, sig + b"\x00")


@settings(max_examples=25, deadline=None)
@given(
    digest=st.binary(min_size=32, max_size=32),
    r=st.integers(1, ORDER - 1),
    s=st.integers(1, ORDER - 1),
    v=st.sampled_from([27, 28]),
)
def test_backends_agree_on_signatures_that_nobody_made(digest, r, s, v) -> None:
    item = (digest, r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v]))
    outcomes = [recover_batch([item], Rule.PRECOMPILE, backend=backend)[0] for backend in BACKENDS]
    plain = [str(each) if isinstance(each, Refusal) else each for each in outcomes]
    assert plain[0] == plain[1] == plain[2]


class Liar(ecdsa_backend.Coincurve):
    name = "liar"

    def recover(self, digests, signatures, parities, threads=1):
        return super().recover(digests, signatures, bytes(len(parities)), threads)


class Credulous(ecdsa_backend.Coincurve):
    name = "credulous"

    def recover(self, digests, signatures, parities, threads=1):
        return [key or bytes(64) for key in super().recover(digests, signatures, parities, threads)]


class Absent:
    def __init__(self) -> None:
        raise ImportError("no such wheel")


def test_a_backend_that_fails_its_test_is_passed_over_with_a_warning() -> None:
    for backend, word in ((Liar(), "parity"), (Credulous(), "other keys")):
        with pytest.raises(SelfTestFailed, match=word):
            ecdsa_backend.self_test(backend)
    loaders = [Absent, Liar, ecdsa_backend.PyEcc]
    with pytest.warns(SlowBackend) as warned:
        chosen = choose("secp256k1", loaders, ecdsa_backend.self_test)
    assert chosen.name == "py_ecc"
    assert [str(each.message).partition(":")[2][:5] for each in warned] == [" no s", " liar"]


def test_the_default_is_the_fastest_and_says_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ecdsa_backend.default.__wrapped__().name == "libsecp256k1"

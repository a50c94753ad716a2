"""A sign-in message is taken in exactly one form, and only from whom it names."""

from datetime import UTC, datetime, timedelta

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from hypothesis import given
from hypothesis import strategies as st

from charter.siwe import Message, SignInRefused, check, check_signature, parse

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ADA = Account.from_key("0x" + "11" * 32)
EVE = Account.from_key("0x" + "22" * 32)
MESSAGE = Message(
    domain="venue.example:8000",
    address=ADA.address,
    statement="Sign in to this venue.",
    uri="https://venue.example:8000/sign-in/",
    chain_id=901,
    nonce="0123456789abcdef",
    issued_at=NOW,
    expiration_time=NOW + timedelta(minutes=10),
)
TEXT = MESSAGE.text()


def sign(text: str, account=ADA) -> str:
    return "0x" + account.sign_message(encode_defunct(text=text)).signature.hex()


def accept(text: str, **changed: object) -> None:
    circumstances: dict = {
        "scheme": "https",
        "domain": "venue.example:8000",
        "statement": MESSAGE.statement,
        "chain_ids": [900, 901],
        "nonce": MESSAGE.nonce,
        "now": NOW + timedelta(minutes=1),
    }
    check(parse(text), **(circumstances | changed))


def refusal(text: str, **changed: object) -> str:
    with pytest.raises(SignInRefused) as refused:
        accept(text, **changed)
    assert len(str(refused.value)) > 20
    return refused.value.code


def test_the_message_has_the_form_of_the_standard() -> None:
    assert TEXT == (
        "venue.example:8000 wants you to sign in with your Ethereum account:\n"
        f"{ADA.address}\n"
        "\n"
        "Sign in to this venue.\n"
        "\n"
        "URI: https://venue.example:8000/sign-in/\n"
        "Version: 1\n"
        "Chain ID: 901\n"
        "Nonce: 0123456789abcdef\n"
        "Issued At: 2026-03-01T12:00:00Z\n"
        "Expiration Time: 2026-03-01T12:10:00Z"
    )
    assert parse(TEXT) == MESSAGE
    accept(TEXT)


@pytest.mark.parametrize(
    "text",
    [
        "https://" + TEXT,
        TEXT + "\nRequest ID: 7",
        TEXT + "\nResources:\n- https://venue.example/terms",
        TEXT.replace("12:00:00Z", "12:00:00.123456789Z"),
        TEXT.replace("12:00:00Z", "14:00:00+02:00"),
        TEXT[: TEXT.index("\nExpiration")],
    ],
)
def test_what_the_standard_leaves_open_is_accepted(text: str) -> None:
    accept(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT + "\n",
        " " + TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("Version: 1", "Version: 2"),
        TEXT.replace("Nonce: ", "Nonce:"),
        TEXT.replace("0123456789abcdef", "short"),
        TEXT.replace("Chain ID: 901", "Chain ID: 0901"),
        TEXT.replace("Chain ID: 901", "Chain ID: ٩"),
        TEXT.replace(ADA.address, ADA.address.lower()),
        TEXT.replace("Sign in", "Sign\nin"),
        TEXT.replace("Sign in to", "Sign \u202ein to"),
        TEXT.replace("2026-03-01T12:00:00Z", "2026-13-01T12:00:00Z"),
        TEXT.replace("2026-03-01T12:00:00Z", "2026-03-01T12:00:00"),
        TEXT.replace("2026-03-01T12:00:00Z", "0001-01-01T00:00:00+23:00"),
        TEXT.replace("Expiration Time", "Expires"),
        TEXT.replace("\nExpiration", "\nNot Before: 2026-03-01T12:00:00Z\nExpiration"),
        TEXT.replace("venue.example:8000 ", "ada@venue.example:8000 "),
        TEXT.replace("Sign in to", "x" * 5000),
        TEXT.replace("Sign in to", "\ud800"),
    ],
)
def test_anything_else_is_malformed(text: str) -> None:
    assert refusal(text) == "malformed"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"domain": "venue.example"}, "other-site"),
        ({"scheme": "http"}, "other-site"),
        ({"chain_ids": [1]}, "other-chain"),
        ({"chain_ids": []}, "other-chain"),
        ({"nonce": None}, "used"),
        ({"nonce": "fedcba9876543210"}, "used"),
        ({"now": NOW - timedelta(minutes=2)}, "too-early"),
        ({"now": NOW + timedelta(minutes=10)}, "expired"),
    ],
)
def test_another_place_or_time_is_refused(changed: dict[str, object], code: str) -> None:
    assert refusal(TEXT, **changed) == code


def test_a_message_cannot_give_itself_more_time_or_another_page() -> None:
    for_ever = TEXT.replace("12:10:00Z", "23:59:59Z")
    assert refusal(for_ever, now=NOW + timedelta(minutes=12)) == "expired"
    assert refusal(TEXT.replace("URI: https://venue", "URI: https://evil")) == "other-site"
    assert refusal("http://" + TEXT) == "other-site"
    later = TEXT + "\nNot Before: 2026-03-01T12:05:00Z"
    assert refusal(later) == "too-early"
    accept(later, now=NOW + timedelta(minutes=6))


def test_the_signature_must_be_of_the_account_and_of_this_very_text() -> None:
    good = sign(TEXT)
    check_signature(TEXT, MESSAGE, good)
    v_as_parity = good[:-2] + ("00" if good[-2:] == "1b" else "01")
    check_signature(TEXT, MESSAGE, v_as_parity)
    assert signature_refusal(TEXT, sign(TEXT, EVE)) == "other-signer"
    assert signature_refusal(TEXT + " ", good) == "other-signer"


def signature_refusal(text: str, signature: str) -> str:
    with pytest.raises(SignInRefused) as refused:
        check_signature(text, MESSAGE, signature)
    return refused.value.code


def test_mangled_signatures_and_contract_wallets_are_refused_in_words() -> None:
    good = sign(TEXT)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high = (order - int(good[66:130], 16)).to_bytes(32).hex()
    flipped = "1c" if good[-2:] == "1b" else "1b"
    assert signature_refusal(TEXT, good[:66] + high + flipped) == "other-signer"
    assert signature_refusal(TEXT, "0x" + "00" * 65) == "other-signer"
    assert signature_refusal(TEXT, "0x" + "ff" * 65) == "other-signer"
    assert signature_refusal(TEXT, good[:-2] + "25") == "other-signer"
    for malformed in ("", "0x", good[2:], good[:-1], good + "zz", "0x" + "٣" * 130):
        assert signature_refusal(TEXT, malformed) == "malformed"
    for contract in (good[:-2], "0x" + "ab" * 130, good + "00"):
        assert signature_refusal(TEXT, contract) == "contract-wallet"


@given(raw=st.binary(min_size=65, max_size=65))
def test_no_accidental_signature_signs_in(raw: bytes) -> None:
    assert signature_refusal(TEXT, "0x" + raw.hex()) == "other-signer"

"""Digests in fixed layout, beside a general EIP-712 encoder."""

from __future__ import annotations

import pytest
from eth_account.messages import _hash_eip191_message, encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from proofs.refusals import NotUtf8, OutOfRange, WrongLength
from proofs.statements import ballots

uint256 = st.integers(0, 2**256 - 1)
uint8 = st.integers(0, 255)
addresses = st.binary(min_size=20, max_size=20)
texts = st.text(max_size=40).filter(lambda text: text.isprintable())
BALLOT = "uint256 proposalId,uint8 support,address voter,uint256 nonce"


def general(primary: str, fields: str, values: list[object], version: str | None) -> bytes:
    """The digest by eth_account, from a type written as in the contracts."""
    pairs = [pair.split(" ") for pair in fields.split(",")]
    domain: dict[str, object] = {
        "name": "Venue",
        "chainId": 10,
        "verifyingContract": "0x" + "60" * 20,
    }
    if version is not None:
        domain["version"] = version
    kinds = [{"name": name, "type": kind} for kind, name in pairs]
    message = {
        name: "0x" + value.hex() if kind == "address" else value
        for (kind, name), value in zip(pairs, values, strict=True)
    }
    return _hash_eip191_message(encode_typed_data(domain, {primary: kinds}, message))


@given(uint256, uint8, addresses, uint256, texts, st.binary(max_size=100))
def test_ballots_of_openzeppelin_5(proposal, support, voter, nonce, reason, params) -> None:
    domain = ballots.domain_separator("Venue", "1", 10, b"\x60" * 20)
    ballot = [proposal, support, voter, nonce]
    assert ballots.ballot_digest(domain, *ballot) == general("Ballot", BALLOT, ballot, "1")
    extended = [*ballot, reason, params]
    fields = BALLOT + ",string reason,bytes params"
    expected = general("ExtendedBallot", fields, extended, "1")
    assert ballots.extended_ballot_digest(domain, *extended) == expected
    override = [*ballot, reason]
    expected = general("OverrideBallot", BALLOT + ",string reason", override, "1")
    assert ballots.override_ballot_digest(domain, *override) == expected


@given(uint256, uint8, texts, st.binary(max_size=100), st.sampled_from(["1", None]))
def test_ballots_of_openzeppelin_4_and_bravo(proposal, support, reason, params, version) -> None:
    domain = ballots.domain_separator("Venue", version, 10, b"\x60" * 20)
    fields = "uint256 proposalId,uint8 support"
    expected = general("Ballot", fields, [proposal, support], version)
    assert ballots.old_ballot_digest(domain, proposal, support) == expected
    extended = [proposal, support, reason, params]
    expected = general("ExtendedBallot", fields + ",string reason,bytes params", extended, version)
    assert ballots.old_extended_ballot_digest(domain, *extended) == expected


@given(addresses, uint256, uint256)
def test_delegations(delegatee, nonce, expiry) -> None:
    domain = ballots.domain_separator("Venue", None, 10, b"\x60" * 20)
    values = [delegatee, nonce, expiry]
    fields = "address delegatee,uint256 nonce,uint256 expiry"
    assert ballots.delegation_digest(domain, *values) == general("Delegation", fields, values, None)


def test_type_hashes_are_the_published_ones() -> None:
    heads = {
        ballots.BALLOT: ("f2aad550", "51d7"),
        ballots.EXTENDED_BALLOT: ("3e839466", "a811"),
        ballots.OVERRIDE_BALLOT: ("b84118c5", "5bae"),
        ballots.OLD_BALLOT: ("150214d7", "328f"),
        ballots.DELEGATION: ("e4832905", "5adf"),
    }
    for found, (head, tail) in heads.items():
        assert (found.hex()[:8], found.hex()[-4:]) == (head, tail)


def test_what_no_ballot_can_hold_is_refused() -> None:
    domain = bytes(32)
    with pytest.raises(OutOfRange):
        ballots.old_ballot_digest(domain, 1, 256)
    with pytest.raises(OutOfRange):
        ballots.old_ballot_digest(domain, 2**256, 1)
    with pytest.raises(WrongLength):
        ballots.ballot_digest(domain, 1, 1, b"\x01" * 19, 0)
    with pytest.raises(WrongLength):
        ballots.old_ballot_digest(b"", 1, 1)
    with pytest.raises(NotUtf8):
        ballots.override_ballot_digest(domain, 1, 1, b"\x01" * 20, 0, "\ud800")

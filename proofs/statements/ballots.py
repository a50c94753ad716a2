"""What a voter signs: EIP-712 digests of ballots and delegations, in their fixed layout.

Ballots of OpenZeppelin 5 (``Ballot``, ``ExtendedBallot``, ``OverrideBallot``), of OpenZeppelin 4
and GovernorBravo (without voter and nonce), and the ``Delegation`` of votes tokens. Every function
raises NotAnInteger, NotBytes, OutOfRange, WrongLength, and NotUtf8 for texts with lone surrogates.
"""

from __future__ import annotations

from ..inputs import fixed, octets, unsigned
from ..keccak import keccak256
from .ids import description_hash as text_hash

_DOMAIN = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_UNVERSIONED = keccak256(b"EIP712Domain(string name,uint256 chainId,address verifyingContract)")

BALLOT = keccak256(b"Ballot(uint256 proposalId,uint8 support,address voter,uint256 nonce)")
EXTENDED_BALLOT = keccak256(
    b"ExtendedBallot(uint256 proposalId,uint8 support,address voter,uint256 nonce,"
    b"string reason,bytes params)"
)
OVERRIDE_BALLOT = keccak256(
    b"OverrideBallot(uint256 proposalId,uint8 support,address voter,uint256 nonce,string reason)"
)
OLD_BALLOT = keccak256(b"Ballot(uint256 proposalId,uint8 support)")
OLD_EXTENDED_BALLOT = keccak256(
    b"ExtendedBallot(uint256 proposalId,uint8 support,string reason,bytes params)"
)
DELEGATION = keccak256(b"Delegation(address delegatee,uint256 nonce,uint256 expiry)")


def domain_separator(
    name: str | bytes, version: str | bytes | None, chain_id: int, contract: bytes
) -> bytes:
    """Return the separator of a contract's domain; ``version`` None for COMP and GovernorBravo."""
    tail = _word(chain_id, "chain id") + _address(contract, "contract")
    if version is None:
        return keccak256(_UNVERSIONED + text_hash(name) + tail)
    return keccak256(_DOMAIN + text_hash(name) + text_hash(version) + tail)


def ballot_digest(domain: bytes, proposal_id: int, support: int, voter: bytes, nonce: int) -> bytes:
    """Return what ``castVoteBySig`` of OpenZeppelin 5 asks to sign."""
    return _digest(domain, BALLOT + _ballot(proposal_id, support, voter, nonce))


def extended_ballot_digest(
    domain: bytes,
    proposal_id: int,
    support: int,
    voter: bytes,
    nonce: int,
    reason: str | bytes,
    params: bytes,
) -> bytes:
    """Return what ``castVoteWithReasonAndParamsBySig`` of OpenZeppelin 5 asks to sign."""
    return _digest(
        domain,
        EXTENDED_BALLOT
        + _ballot(proposal_id, support, voter, nonce)
        + text_hash(reason)
        + keccak256(octets("params", params)),
    )


def override_ballot_digest(
    domain: bytes, proposal_id: int, support: int, voter: bytes, nonce: int, reason: str | bytes
) -> bytes:
    """Return what ``castOverrideVoteBySig`` of OpenZeppelin 5.2 and later asks to sign."""
    ballot = _ballot(proposal_id, support, voter, nonce)
    return _digest(domain, OVERRIDE_BALLOT + ballot + text_hash(reason))


def old_ballot_digest(domain: bytes, proposal_id: int, support: int) -> bytes:
    """Return what ``castVoteBySig`` of OpenZeppelin 4 and of GovernorBravo asks to sign.

    It names no voter: whose vote it is follows from the signature alone.
    """
    return _digest(domain, OLD_BALLOT + _choice(proposal_id, support))


def old_extended_ballot_digest(
    domain: bytes, proposal_id: int, support: int, reason: str | bytes, params: bytes
) -> bytes:
    """Return what ``castVoteWithReasonAndParamsBySig`` of OpenZeppelin 4 asks to sign."""
    return _digest(
        domain,
        OLD_EXTENDED_BALLOT
        + _choice(proposal_id, support)
        + text_hash(reason)
        + keccak256(octets("params", params)),
    )


def delegation_digest(domain: bytes, delegatee: bytes, nonce: int, expiry: int) -> bytes:
    """Return what ``delegateBySig`` asks to sign; ``expiry`` in seconds since 1970 UTC."""
    words = _address(delegatee, "delegatee") + _word(nonce, "nonce") + _word(expiry, "expiry")
    return _digest(domain, DELEGATION + words)


def _digest(domain: bytes, encoded: bytes) -> bytes:
    return keccak256(b"\x19\x01" + fixed("domain separator", domain, 32) + keccak256(encoded))


def _ballot(proposal_id: int, support: int, voter: bytes, nonce: int) -> bytes:
    return _choice(proposal_id, support) + _address(voter, "voter") + _word(nonce, "nonce")


def _choice(proposal_id: int, support: int) -> bytes:
    return _word(proposal_id, "proposal id") + _word(support, "support", 8)


def _word(value: int, name: str, bits: int = 256) -> bytes:
    return unsigned(name, value, bits).to_bytes(32, "big")


def _address(value: bytes, name: str) -> bytes:
    return bytes(12) + fixed(name, value, 20)

"""What a voter's wallet is asked to send: calldata from a typed intent. Pure.

The page derives the same bytes by itself and refuses to ask for a signature when they differ.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from eth_abi import encode
from eth_utils import function_signature_to_4byte_selector, to_canonical_address

from proofs.statements.tally import FRACTIONAL_SUPPORT, Tally, pack_split

CAST = "castVote(uint256,uint8)"
CAST_WITH_REASON = "castVoteWithReason(uint256,uint8,string)"
CAST_SPLIT = "castVoteWithReasonAndParams(uint256,uint8,string,bytes)"
DELEGATE = "delegate(address)"
REASON_LENGTH = 4_000
"""Characters of a reason that the page offers to send; each costs the voter gas."""


class Choice(StrEnum):
    """What a voter may choose."""

    AGAINST = "against"
    FOR = "for"
    ABSTAIN = "abstain"
    SPLIT = "split"


SUPPORT = {Choice.AGAINST: 0, Choice.FOR: 1, Choice.ABSTAIN: 2, Choice.SPLIT: FRACTIONAL_SUPPORT}


class BadBallot(ValueError):
    """The intent cannot be a vote; the message says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A call of `function` (its signature): `to` is checksummed, no ether goes with it."""

    to: str
    function: str
    arguments: tuple[Any, ...]
    data: bytes


def ballot(
    governor: str, proposal_id: int, choice: Choice, reason: str = "", split: Tally | None = None
) -> Transaction:
    """The transaction by which a voter casts `choice`, with `split` in base units for SPLIT.

    Raises BadBallot, and OutOfRange for a part of a split beyond 128 bits.
    """
    if len(reason) > REASON_LENGTH:
        raise BadBallot(
            f"The reason has {len(reason)} characters; at most {REASON_LENGTH} can be sent."
        )
    support = SUPPORT[choice]
    if choice is Choice.SPLIT:
        if split is None or split.total == 0:
            raise BadBallot("A split vote needs at least one part above zero.")
        return _call(governor, CAST_SPLIT, proposal_id, support, reason, pack_split(split))
    if split is not None:
        raise BadBallot("Only a split vote has parts.")
    if reason:
        return _call(governor, CAST_WITH_REASON, proposal_id, support, reason)
    return _call(governor, CAST, proposal_id, support)


def delegation(token: str, delegate: str) -> Transaction:
    """The transaction by which a holder gives their whole voting power to `delegate`."""
    return _call(token, DELEGATE, delegate)


def builder_file(
    transaction: Transaction, chain_id: int, name: str, created_at: int
) -> dict[str, Any]:
    """The transaction as a file of the Safe Transaction Builder; `created_at` in seconds."""
    return {
        "version": "1.0",
        "chainId": str(chain_id),
        "createdAt": created_at * 1000,
        "meta": {"name": name, "description": f"{transaction.function} on {transaction.to}"},
        "transactions": [
            {
                "to": transaction.to,
                "value": "0",
                "data": "0x" + transaction.data.hex(),
                "contractMethod": None,
                "contractInputsValues": None,
            }
        ],
    }


def _call(to: str, function: str, *arguments: Any) -> Transaction:
    types = function[function.index("(") + 1 : -1].split(",")
    raw = [
        to_canonical_address(value) if kind == "address" else value
        for kind, value in zip(types, arguments, strict=True)
    ]
    data = bytes(function_signature_to_4byte_selector(function)) + encode(types, raw)
    return Transaction(to=to, function=function, arguments=arguments, data=data)

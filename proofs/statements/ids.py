"""Identifiers of governance: proposals, timelock operations, and our own proposal keys.

Addresses are 20 bytes, hashes and salts 32 bytes, amounts and times ints. Every function raises
WrongLength, NotBytes, NotAnInteger or OutOfRange for what does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from eth_abi.abi import encode

from ..inputs import fixed, octets, unsigned
from ..keccak import keccak256
from ..refusals import NotUtf8, WrongLength
from .family import Family

NO_PREDECESSOR = bytes(32)
"""A timelock operation that waits for no other. Governors always schedule with this."""

_PROPOSER_SUFFIX = re.compile(rb"#proposer=0x([0-9a-fA-F]{40})\Z")


def description_hash(description: str | bytes) -> bytes:
    """Return the hash of a proposal's description. Give bytes when the log's are not valid UTF-8.

    Raises NotUtf8 for a str that holds lone surrogates.
    """
    return keccak256(_utf8(description))


def proposal_id(
    targets: Sequence[bytes],
    values: Sequence[int],
    calldatas: Sequence[bytes],
    description_hash: bytes,
) -> int:
    """Return ``hashProposal`` of an OpenZeppelin governor (4 and 5).

    Neither chain nor governor enters: the same id may exist on several. See :func:`proposal_key`.
    Sequential governors (Bravo, ``GovernorSequentialProposalId``) number their proposals instead.
    """
    _check_calls(targets, values, calldatas)
    encoded = encode(
        ["address[]", "uint256[]", "bytes[]", "bytes32"],
        [targets, values, calldatas, fixed("description hash", description_hash, 32)],
    )
    return int.from_bytes(keccak256(encoded), "big")


def operation_id(
    target: bytes, value: int, data: bytes, *, salt: bytes, predecessor: bytes = NO_PREDECESSOR
) -> bytes:
    """Return ``hashOperation`` of a TimelockController: one call scheduled by itself."""
    _check_calls([target], [value], [data])
    return keccak256(
        encode(
            ["address", "uint256", "bytes", "bytes32", "bytes32"],
            [target, value, data, *_links(predecessor, salt)],
        )
    )


def batch_operation_id(
    targets: Sequence[bytes],
    values: Sequence[int],
    payloads: Sequence[bytes],
    *,
    salt: bytes,
    predecessor: bytes = NO_PREDECESSOR,
) -> bytes:
    """Return ``hashOperationBatch`` of a TimelockController.

    Governors use this one even for a proposal with a single call.
    """
    _check_calls(targets, values, payloads)
    return keccak256(
        encode(
            ["address[]", "uint256[]", "bytes[]", "bytes32", "bytes32"],
            [targets, values, payloads, *_links(predecessor, salt)],
        )
    )


def salt_oz4(description_hash: bytes) -> bytes:
    """Return the salt an OpenZeppelin 4 governor schedules with: the description hash itself."""
    return fixed("description hash", description_hash, 32)


def salt_oz5(governor: bytes, description_hash: bytes) -> bytes:
    """Return the salt of OpenZeppelin 5: the governor XOR the high 20 bytes of the hash."""
    fixed("governor", governor, 20)
    fixed("description hash", description_hash, 32)
    padded = int.from_bytes(governor + bytes(12), "big")
    return (padded ^ int.from_bytes(description_hash, "big")).to_bytes(32, "big")


def proposal_operation_id(
    family: Family,
    governor: bytes,
    targets: Sequence[bytes],
    values: Sequence[int],
    calldatas: Sequence[bytes],
    description_hash: bytes,
) -> bytes | None:
    """Return the TimelockController operation that a governor schedules for a proposal.

    None for Bravo, which queues each call by itself (:func:`compound_transaction_hash`).
    """
    if family is Family.BRAVO:
        return None
    if family is Family.OZ4:
        salt = salt_oz4(description_hash)
    else:
        salt = salt_oz5(governor, description_hash)
    return batch_operation_id(targets, values, calldatas, salt=salt)


def compound_transaction_hash(
    target: bytes, value: int, signature: str | bytes, data: bytes, eta: int
) -> bytes:
    """Return the key under which a Compound Timelock queues one call.

    ``signature`` is the text of the call's function, empty when ``data`` holds the selector;
    ``eta`` is in seconds since 1970 UTC. Raises NotUtf8 besides.
    """
    _check_calls([target], [value], [data])
    # As bytes, which the ABI encodes exactly like string, so that hostile text needs no decoding.
    return keccak256(
        encode(
            ["address", "uint256", "bytes", "bytes", "uint256"],
            [target, value, _utf8(signature), data, unsigned("eta", eta)],
        )
    )


def bravo_calldata(signature: str | bytes, data: bytes) -> bytes:
    """Return the real calldata: selector and ``data``, or ``data`` alone without a signature."""
    text = _utf8(signature)
    selector = keccak256(text)[:4] if text else b""
    return selector + octets("data", data)


def proposal_key(chain_id: int, governor: bytes, proposal_id: int) -> str:
    """Return our stable key of a proposal: 20 lower-case hex digits, unique across chains.

    The first ten bytes of keccak256(chain id as uint256, governor, proposal id as uint256), packed.
    """
    packed = (
        unsigned("chain id", chain_id).to_bytes(32, "big")
        + fixed("governor", governor, 20)
        + unsigned("proposal id", proposal_id).to_bytes(32, "big")
    )
    return keccak256(packed)[:10].hex()


def restricted_proposer(description: str | bytes) -> bytes | None:
    """Return the only address that may propose this description, or None when anyone may.

    The restriction is a suffix ``#proposer=0x`` and 40 hex digits of either case, at the very end.
    OpenZeppelin 4.9.1 and later read it so; a malformed suffix restricts nobody there and here.
    """
    found = _PROPOSER_SUFFIX.search(_utf8(description))
    return bytes.fromhex(found[1].decode("ascii")) if found else None


def _check_calls(
    targets: Sequence[bytes], values: Sequence[int], calldatas: Sequence[bytes]
) -> None:
    if not len(targets) == len(values) == len(calldatas):
        raise WrongLength(
            f"{len(targets)} targets, {len(values)} values and {len(calldatas)} calldatas "
            "do not make a list of calls.",
            targets=len(targets),
            values=len(values),
            calldatas=len(calldatas),
        )
    for target in targets:
        fixed("target", target, 20)
    for value in values:
        unsigned("value", value)
    for calldata in calldatas:
        octets("calldata", calldata)


def _links(predecessor: bytes, salt: bytes) -> tuple[bytes, bytes]:
    return fixed("predecessor", predecessor, 32), fixed("salt", salt, 32)


def _utf8(text: str | bytes) -> bytes:
    if not isinstance(text, str):
        return octets("text", text)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise NotUtf8("The text holds lone surrogates.", position=error.start) from error

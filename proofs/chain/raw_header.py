"""Block headers from their RLP, of every fork so far and of those to come.

Forks only ever append fields, so what stands in front is read, and a tail that is not known here is
kept as it is: the hash covers it. Source: as for `header`, whose `encode` makes this RLP.
"""

from __future__ import annotations

from typing import NamedTuple

from ..inputs import fixed
from ..keccak import keccak256
from ..refusals import HashMismatch, MalformedHeader, NotRlp
from . import rlp

_FIRST_FIELDS = 15
_BASE_FEE, _WITHDRAWALS, _REQUESTS = 15, 16, 20
_NONCE_BYTES = 8


class Header(NamedTuple):
    """What a header says, and its hash.

    Hashes and roots are 32 bytes, `extra_data` any, `nonce` 8. `timestamp` is in seconds since 1970
    UTC, `base_fee` in wei. The last three are None in headers of the forks before them: London,
    Shanghai (Canyon on the OP Stack) and Prague (Isthmus there).
    """

    hash: bytes
    parent_hash: bytes
    state_root: bytes
    receipts_root: bytes
    difficulty: int
    number: int
    timestamp: int
    extra_data: bytes
    mix_hash: bytes
    nonce: bytes
    base_fee: int | None
    withdrawals_root: bytes | None
    requests_hash: bytes | None


def read(raw: bytes, block_hash: bytes) -> Header:
    """The header of a block, from its RLP, which must have the hash of that block, 32 bytes.

    Raises HashMismatch; MalformedHeader for what is no header; NotBytes, WrongLength.
    """
    expected = fixed("a block hash", block_hash, 32)
    found = keccak256(raw)
    if found != expected:
        raise HashMismatch(
            f"The header hashes to 0x{found.hex()}, not to 0x{expected.hex()}.",
            found=found,
            expected=expected,
        )
    try:
        fields = rlp.decode(raw)
    except NotRlp as refusal:
        raise MalformedHeader(f"A header is not RLP: {refusal}") from refusal
    if isinstance(fields, bytes) or len(fields) < _FIRST_FIELDS:
        raise MalformedHeader(f"A header has not the {_FIRST_FIELDS} fields that all have.")
    later = [fields[at] if at < len(fields) else None for at in range(_REQUESTS + 1)]
    return Header(
        hash=found,
        parent_hash=_bytes(fields[0], "parent hash", 32),
        state_root=_bytes(fields[3], "state root", 32),
        receipts_root=_bytes(fields[5], "receipts root", 32),
        difficulty=_number(fields[7], "difficulty", 256),
        number=_number(fields[8], "number", 64),
        timestamp=_number(fields[11], "timestamp", 64),
        extra_data=_bytes(fields[12], "extra data"),
        mix_hash=_bytes(fields[13], "mix hash", 32),
        nonce=_bytes(fields[14], "nonce", _NONCE_BYTES),
        base_fee=None if later[_BASE_FEE] is None else _number(later[_BASE_FEE], "base fee", 256),
        withdrawals_root=_root(later[_WITHDRAWALS], "withdrawals root"),
        requests_hash=_root(later[_REQUESTS], "requests hash"),
    )


def _bytes(part: rlp.Item | None, name: str, length: int | None = None) -> bytes:
    if not isinstance(part, bytes) or (length is not None and len(part) != length):
        size = "a string" if length is None else f"{length} bytes long"
        raise MalformedHeader(f"The {name} of a header is not {size}.", field=name)
    return part


def _root(part: rlp.Item | None, name: str) -> bytes | None:
    return None if part is None else _bytes(part, name, 32)


def _number(part: rlp.Item | None, name: str, bits: int) -> int:
    if not isinstance(part, bytes) or len(part) > bits // 8 or part[:1] == b"\0":
        raise MalformedHeader(f"The {name} of a header is no number of {bits} bits.", field=name)
    return int.from_bytes(part, "big")

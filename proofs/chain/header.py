"""Block headers, from a node's answer to eth_getBlockByNumber to their hash.

Source: the Yellow Paper, section 4.4, and the EIPs named below. Forks only ever append fields, so
the fields that are there say which fork it is. Chains of the OP Stack and of Arbitrum use the same
form; what else they answer (`l1BlockNumber`, `sendRoot`, …) is not part of the header.
"""

from __future__ import annotations

from collections.abc import Callable

from ..keccak import keccak256
from ..refusals import HashMismatch, UnknownHeader
from . import rlp
from .answers import Fields, data, present, quantity

_Part = Callable[[Fields, str], bytes]


def _fixed(length: int) -> _Part:
    return lambda fields, name: rlp.string(data(fields, name, length))


def _number(fields: Fields, name: str) -> bytes:
    return rlp.number(quantity(fields, name))


def _any(fields: Fields, name: str) -> bytes:
    return rlp.string(data(fields, name))


_WORD = _fixed(32)
# Frontier to Berlin.
_FIRST: tuple[tuple[str, _Part], ...] = (
    ("parentHash", _WORD),
    ("sha3Uncles", _WORD),
    ("miner", _fixed(20)),
    ("stateRoot", _WORD),
    ("transactionsRoot", _WORD),
    ("receiptsRoot", _WORD),
    ("logsBloom", _fixed(256)),
    ("difficulty", _number),
    ("number", _number),
    ("gasLimit", _number),
    ("gasUsed", _number),
    ("timestamp", _number),
    ("extraData", _any),
    ("mixHash", _WORD),
    ("nonce", _fixed(8)),
)
# What later forks appended, in order; fields of one fork come together.
_LATER: tuple[tuple[tuple[str, _Part], ...], ...] = (
    (("baseFeePerGas", _number),),  # London, EIP-1559
    (("withdrawalsRoot", _WORD),),  # Shanghai, EIP-4895
    (  # Cancun, EIP-4844 and EIP-4788
        ("blobGasUsed", _number),
        ("excessBlobGas", _number),
        ("parentBeaconBlockRoot", _WORD),
    ),
    (("requestsHash", _WORD),),  # Prague, EIP-7685
    (("blockAccessListHash", _WORD),),  # Amsterdam, EIP-7928
    (("slotNumber", _number),),  # Amsterdam, EIP-7843
)
# What answers hold besides the header, on Ethereum, the OP Stack and Arbitrum.
_BESIDE = frozenset(
    {
        *("hash", "size", "totalDifficulty", "transactions", "uncles", "withdrawals", "author"),
        *("blockAccessList", "l1BlockNumber", "sendCount", "sendRoot"),
    }
)


def encode(fields: Fields) -> bytes:
    """RLP of the header in a node's answer.

    Raises UnknownHeader when the fields of a fork are there without those of the forks before it;
    NotHex, WrongLength, OutOfRange for a field that cannot be.
    """
    parts = [part(fields, name) for name, part in _FIRST]
    absent = ""
    for fork in _LATER:
        there = [name for name, _ in fork if present(fields, name)]
        if there and (absent or len(there) != len(fork)):
            missing = absent or next(name for name, _ in fork if name not in there)
            raise UnknownHeader(
                f"The header has {there[0]} without {missing}, as no known fork does.",
                field=there[0],
                missing=missing,
            )
        if there:
            parts += [part(fields, name) for name, part in fork]
        else:
            absent = fork[0][0]
    return rlp.sequence(parts)


def hash_of(fields: Fields) -> bytes:
    """The block hash that these fields make, whatever hash is claimed. Raises as `encode`."""
    return keccak256(encode(fields))


def check(fields: Fields) -> bytes:
    """The block hash of an answer, recomputed and found to be the one that it claims.

    Raises HashMismatch; UnknownHeader where the answer has fields that are not known here, so that
    the mismatch may be a new fork's and no lie; and as `encode`.
    """
    claimed = data(fields, "hash", 32)
    found = hash_of(fields)
    if found == claimed:
        return found
    known = _BESIDE.union(name for fork in (_FIRST, *_LATER) for name, _ in fork)
    strange = sorted(name for name in fields if name not in known and present(fields, name))
    if strange:
        raise UnknownHeader(
            "The header does not hash to its own hash with the fields that are known; it also has "
            f"{', '.join(strange)[:200]}.",
            fields=strange,
            claimed=claimed,
            found=found,
        )
    raise HashMismatch(
        f"The header of block 0x{claimed.hex()} hashes to 0x{found.hex()}.",
        claimed=claimed,
        found=found,
    )

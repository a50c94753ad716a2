"""The logs bloom of a block: 2048 bits that know of every address and topic of its logs.

Source: the Ethereum Yellow Paper, section 4.3.1. A value whose bits are not all set certainly is
in no log of the block; one whose bits are set may be, or may be a coincidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from struct import Struct

from ..inputs import fixed
from ..keccak import keccak256

BYTES = 256
# Beyond this share of bits set, coincidences are so frequent that the bloom tells nothing.
SATURATED_BITS = 1400
_THREE = Struct(">HHH")


@lru_cache(maxsize=65536)
def bits(value: bytes) -> int:
    """The three bits of an address or topic, as a number with (at most) three bits set."""
    digest = keccak256(value)
    return (
        1 << (int.from_bytes(digest[0:2], "big") & 2047)
        | 1 << (int.from_bytes(digest[2:4], "big") & 2047)
        | 1 << (int.from_bytes(digest[4:6], "big") & 2047)
    )


def read(bloom: bytes) -> int:
    """The bloom of 256 bytes as a number. Raises NotBytes, WrongLength."""
    return int.from_bytes(fixed("a logs bloom", bloom, BYTES), "big")


def may_hold(bloom: int, value: bytes) -> bool:
    """Whether a log with this address or topic may be in the block; False is certain."""
    wanted = bits(value)
    return bloom & wanted == wanted


def absent(bloom: int, values: Iterable[bytes]) -> list[bytes]:
    """Those addresses and topics of which a log certainly is not in the block: as `may_hold` of
    each, in half the time for a thousand that are asked about once."""
    octets = bloom.to_bytes(BYTES, "little")
    found = []
    for value in values:
        a, b, c = _THREE.unpack_from(keccak256(value))
        if not (
            octets[(a & 2047) >> 3] >> (a & 7)
            & octets[(b & 2047) >> 3] >> (b & 7)
            & octets[(c & 2047) >> 3] >> (c & 7)
            & 1
        ):
            found.append(value)
    return found


def saturated(bloom: int) -> bool:
    """Whether so many bits are set that the presence of a value says nothing."""
    return bloom.bit_count() > SATURATED_BITS


def of_logs(logs: Iterable[tuple[bytes, Sequence[bytes]]]) -> bytes:
    """The bloom of logs, given as (address, topics): 256 bytes."""
    found = 0
    for address, topics in logs:
        found |= bits(address)
        for topic in topics:
            found |= bits(topic)
    return found.to_bytes(BYTES, "big")

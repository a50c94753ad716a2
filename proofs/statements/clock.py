"""The clock of a governor or a votes token, after ERC-6372."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..inputs import unsigned
from ..refusals import UnknownClockMode


class ClockMode(StrEnum):
    """What a timepoint counts: seconds since 1970 UTC, or blocks."""

    TIMESTAMP = "timestamp"
    BLOCKNUMBER = "blocknumber"


DEFAULT_CLOCK_MODE = ClockMode.BLOCKNUMBER
"""What OpenZeppelin governors fall back to when their token has no clock, as COMP has not."""


def parse_clock_mode(text: str) -> ClockMode:
    """Read the answer of ``CLOCK_MODE()``, a query string such as ``mode=timestamp``.

    A block number from elsewhere than the contract's own chain (``from=`` something other than
    ``default``) is refused, because no value known here would be its clock.
    Raises UnknownClockMode.
    """
    fields: dict[str, str] = {}
    for part in text.split("&"):
        key, separator, value = part.partition("=")
        if not separator or key in fields:
            raise _unknown(text)
        fields[key] = value
    if fields == {"mode": "timestamp"}:
        return ClockMode.TIMESTAMP
    if fields in ({"mode": "blocknumber", "from": "default"}, {"mode": "blocknumber"}):
        return ClockMode.BLOCKNUMBER
    raise _unknown(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A block, as a contract running in it sees the time. ``timestamp`` in seconds since 1970 UTC.

    ``block_number`` is what the contract reads as ``block.number``; on Arbitrum that is the number
    of an L1 block, not of the block that carries the transaction.
    Raises NotAnInteger, OutOfRange.
    """

    block_number: int
    timestamp: int

    def __post_init__(self) -> None:
        unsigned("block number", self.block_number, 64)
        unsigned("timestamp", self.timestamp, 64)

    def clock(self, mode: ClockMode) -> int:
        """Return what ``clock()`` answers at this moment."""
        return self.timestamp if mode is ClockMode.TIMESTAMP else self.block_number


def _unknown(text: str) -> UnknownClockMode:
    return UnknownClockMode(f"The clock mode {text!r} is not known.", clock_mode=text)

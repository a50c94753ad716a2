"""When a timepoint is, in UTC: exact by a timestamp clock, estimated by a block clock. Pure."""

from dataclasses import dataclass

from proofs.statements.clock import ClockMode


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A moment in seconds since 1970 UTC; `exact` unless it was estimated from block times."""

    seconds: int
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainClock:
    """Where a chain stands: its head block, and how many seconds it expects between blocks."""

    head_number: int
    head_timestamp: int
    block_time: float

    def now(self, mode: ClockMode) -> int:
        """What a contract with this clock would call now, at the head block."""
        return self.head_timestamp if mode is ClockMode.TIMESTAMP else self.head_number

    def when(self, mode: ClockMode, timepoint: int, anchor: tuple[int, int] | None = None) -> When:
        """The moment of `timepoint`. `anchor`: a known earlier (block, seconds) to measure from.

        Blocks ahead are counted at the expected pace; blocks behind lie on the line from anchor
        to head.
        """
        if mode is ClockMode.TIMESTAMP:
            return When(seconds=timepoint, exact=True)
        if anchor is not None and timepoint == anchor[0]:
            return When(seconds=anchor[1], exact=True)
        if timepoint == self.head_number:
            return When(seconds=self.head_timestamp, exact=True)
        ahead = timepoint - self.head_number
        if ahead < 0 and anchor is not None and anchor[0] < self.head_number:
            blocks = self.head_number - anchor[0]
            seconds = (timepoint - anchor[0]) * (self.head_timestamp - anchor[1]) // blocks
            return When(seconds=anchor[1] + seconds, exact=False)
        return When(seconds=self.head_timestamp + round(ahead * self.block_time), exact=False)

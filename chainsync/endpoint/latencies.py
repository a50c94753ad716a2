"""Times of many answers as a few counts that can be added up. Pure.

A histogram has one count a bucket; bucket `i` holds what took less than `bound(i)` milliseconds
and no less than the bound below it. Bounds grow by the square root of two, so a median read from a
histogram is off by at most a fifth, however many processes and minutes were added together.
"""

import bisect
from collections.abc import Sequence

BUCKETS = 34
"""The last one holds everything from some 65 seconds on."""

_BOUNDS = [2 ** (index / 2) for index in range(BUCKETS - 1)]


def bound(index: int) -> float:
    """Upper end of a bucket in milliseconds; the last bucket has none and gives twice its start."""
    return _BOUNDS[index] if index < len(_BOUNDS) else 2 * _BOUNDS[-1]


def empty() -> list[int]:
    """A histogram of nothing."""
    return [0] * BUCKETS


def bucket(milliseconds: float) -> int:
    """Where an answer belongs that took so long."""
    return bisect.bisect_right(_BOUNDS, milliseconds)


def median(counts: Sequence[int]) -> int | None:
    """Milliseconds that half of the answers took at most; None when there were none."""
    total = sum(counts)
    if not total:
        return None
    rank, below = total / 2, 0
    for index, count in enumerate(counts):
        if count and below + count >= rank:
            lower = bound(index - 1) if index else 0.0
            return round(lower + (bound(index) - lower) * (rank - below) / count)
        below += count
    raise AssertionError("half of the answers lie in no bucket")


def added(many: Sequence[Sequence[int]]) -> list[int]:
    """One histogram of several."""
    return [sum(counts) for counts in zip(*many, strict=True)] if many else empty()

"""Sets of block numbers as sorted lists of (first, last), both included. Pure arithmetic."""

from collections.abc import Iterable, Iterator

Ranges = list[tuple[int, int]]


def normal(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Sorted, without empty ones, those that touch or overlap joined."""
    joined: Ranges = []
    for first, last in sorted(ranges):
        if last < first:
            continue
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def gaps(ranges: Iterable[tuple[int, int]], first: int, last: int) -> Ranges:
    """What of `first` to `last` is in none of the ranges."""
    missing: Ranges = []
    for lower, upper in normal(ranges):
        if upper < first:
            continue
        if lower > last:
            break
        if lower > first:
            missing.append((first, lower - 1))
        first = upper + 1
    if first <= last:
        missing.append((first, last))
    return missing


def reach(ranges: Iterable[tuple[int, int]], start: int) -> int:
    """Last block of the unbroken run that begins at `start`; `start - 1` when it is missing."""
    for lower, upper in normal(ranges):
        if lower <= start <= upper:
            return upper
    return start - 1


def count(ranges: Iterable[tuple[int, int]]) -> int:
    """How many blocks the set has."""
    return sum(last - first + 1 for first, last in normal(ranges))


def within(ranges: Iterable[tuple[int, int]], first: int, last: int) -> Ranges:
    """The part of the set from `first` to `last`."""
    return normal((max(lower, first), min(upper, last)) for lower, upper in ranges)


def pieces(first: int, last: int, size: int) -> Iterator[tuple[int, int]]:
    """`first` to `last` cut into runs of at most `size` blocks."""
    for start in range(first, last + 1, size):
        yield start, min(start + size - 1, last)

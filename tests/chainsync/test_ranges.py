"""Arithmetic of block ranges and of the window, against plain sets and under any weather."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from chainsync import ranges
from chainsync.window import LARGEST, SMALLEST, Window

small = st.integers(0, 60)
some_ranges = st.lists(st.tuples(small, small), max_size=6)


def as_set(found: ranges.Ranges) -> set[int]:
    return {number for first, last in found for number in range(first, last + 1)}


@given(some_ranges)
def test_normal_keeps_the_set_and_is_sorted_and_separate(given_ranges: ranges.Ranges) -> None:
    found = ranges.normal(given_ranges)
    assert as_set(found) == as_set(given_ranges)
    assert ranges.count(given_ranges) == len(as_set(given_ranges))
    for (_, last), (first, _) in itertools.pairwise(found):
        assert first > last + 1


@given(some_ranges, small, small)
def test_gaps_are_what_is_missing(given_ranges: ranges.Ranges, first: int, last: int) -> None:
    missing = as_set(ranges.gaps(given_ranges, first, last))
    assert missing == set(range(first, last + 1)) - as_set(given_ranges)
    assert as_set(ranges.within(given_ranges, first, last)) == set(range(first, last + 1)) & as_set(
        given_ranges
    )


@given(some_ranges, small)
def test_reach_is_the_end_of_the_unbroken_run(given_ranges: ranges.Ranges, start: int) -> None:
    have, end = as_set(given_ranges), start - 1
    while end + 1 in have:
        end += 1
    assert ranges.reach(given_ranges, start) == end


@given(small, small, st.integers(1, 20))
def test_pieces_cover_everything_once(first: int, last: int, size: int) -> None:
    pieces = list(ranges.pieces(first, last, size))
    assert [n for a, b in pieces for n in range(a, b + 1)] == list(range(first, last + 1))
    assert all(b - a < size for a, b in pieces)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, 200_000), st.floats(0, 60)),
            st.none(),
        ),
        max_size=60,
    )
)
def test_the_window_stays_within_bounds(weather: list[tuple[int, float] | None]) -> None:
    window = Window()
    for answer in weather:
        blocks = window.blocks
        if answer is None:
            window = window.after_failure(blocks)
            assert window.blocks == max(blocks // 2, SMALLEST)
        else:
            window = window.after_success(blocks, *answer)
        assert SMALLEST <= window.blocks <= LARGEST


def test_an_empty_and_quick_chain_is_read_in_ever_larger_steps() -> None:
    window = Window()
    for _ in range(8):
        window = window.after_success(window.blocks, 0, 0.01)
    assert window.blocks == LARGEST


def test_a_limit_of_the_node_is_found_and_not_fought() -> None:
    limit, window, refused = 1_000, Window(), 0
    for _ in range(200):
        if window.blocks > limit:
            refused += 1
            window = window.after_failure(window.blocks)
        else:
            window = window.after_success(window.blocks, 0, 0.01)
    assert refused < 40
    assert window.blocks >= limit // 2

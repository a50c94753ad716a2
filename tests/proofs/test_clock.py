"""ERC-6372: which clock a contract goes by."""

from __future__ import annotations

import pytest

from proofs.refusals import NotAnInteger, OutOfRange, UnknownClockMode
from proofs.statements.clock import DEFAULT_CLOCK_MODE, ClockMode, Moment, parse_clock_mode


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("mode=timestamp", ClockMode.TIMESTAMP),
        ("mode=blocknumber&from=default", ClockMode.BLOCKNUMBER),
        ("from=default&mode=blocknumber", ClockMode.BLOCKNUMBER),
        ("mode=blocknumber", ClockMode.BLOCKNUMBER),
    ],
)
def test_the_clocks_in_use_are_read(text: str, mode: ClockMode) -> None:
    assert parse_clock_mode(text) is mode


@pytest.mark.parametrize(
    "text",
    [
        "",
        "timestamp",
        "mode=",
        "mode=epoch",
        "mode=Timestamp",
        "mode=timestamp&from=default",
        "mode=timestamp&mode=blocknumber",
        "mode=blocknumber&from=eip155:1",
        "mode=blocknumber&from=default&step=2",
        "mode=timestamp&",
    ],
)
def test_any_other_clock_is_refused_rather_than_guessed(text: str) -> None:
    with pytest.raises(UnknownClockMode) as refused:
        parse_clock_mode(text)
    assert refused.value.facts == {"clock_mode": text}


def test_a_moment_shows_the_time_of_the_clock_that_is_asked_for() -> None:
    moment = Moment(block_number=19, timestamp=1_700_000_000)
    assert moment.clock(ClockMode.BLOCKNUMBER) == 19
    assert moment.clock(ClockMode.TIMESTAMP) == 1_700_000_000
    assert DEFAULT_CLOCK_MODE is ClockMode.BLOCKNUMBER


def test_a_moment_needs_whole_blocks_and_seconds() -> None:
    with pytest.raises(OutOfRange):
        Moment(block_number=-1, timestamp=0)
    with pytest.raises(NotAnInteger):
        Moment(block_number=1, timestamp=1.5)  # type: ignore[arg-type]

"""Numbers, times and texts in words: exact, and calm about hostile input."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import text, wording
from proofs.statements.clock import ClockMode
from proofs.statements.lifecycle import Change, ChangeKind, ProposalState
from proofs.statements.quorum import FixedQuorum, FractionQuorum, check_quorum
from proofs.statements.tally import Bucket, Tally

E18 = 10**18
FOR_ABSTAIN = frozenset({Bucket.FOR, Bucket.ABSTAIN})


@pytest.mark.parametrize(
    ("value", "decimals", "places", "said"),
    [
        (0, 18, None, "0"),
        (1, 18, None, "0.000000000000000001"),
        (451_830 * E18, 18, None, "451,830"),
        (1_234_567_890, 6, None, "1,234.56789"),
        (-5, 1, None, "−0.5"),
        (7, 0, None, "7"),
        (1_999, 3, 2, "1.99"),
        (1, 18, 2, "<0.01"),
        (0, 18, 2, "0"),
        (E18 - 1, 18, 0, "<1"),
        (2**256 - 1, 0, None, f"{2**256 - 1:,}"),
    ],
)
def test_amounts_are_exact(value: int, decimals: int, places: int | None, said: str) -> None:
    """No digit is lost or invented, and nothing is rounded up."""
    assert wording.amount(value, decimals, places) == said


@given(st.integers(0, 2**256 - 1), st.integers(0, 30))
def test_an_amount_can_be_read_back(value: int, decimals: int) -> None:
    """The text of an amount is the amount."""
    with localcontext() as context:
        context.prec = 200
        read = Decimal(wording.amount(value, decimals).replace(",", ""))
        assert read * 10**decimals == value


@pytest.mark.parametrize(
    ("part", "of", "said"),
    [
        (384_000, 9_600_000, "4 %"),
        (1, 3, "33.33 %"),
        (2, 3, "66.67 %"),
        (1, 8, "12.5 %"),
        (1, 10**9, "<0.01 %"),
        (10**9 - 1, 10**9, ">99.99 %"),
        (5, 5, "100 %"),
        (0, 5, "0 %"),
        (0, 0, "0 %"),
    ],
)
def test_shares_are_never_nothing_or_all_by_rounding(part: int, of: int, said: str) -> None:
    """One vote in a billion is not 0 %, and one that is missing is seen."""
    assert wording.percent(part, of) == said


def test_a_reached_quorum_is_told_with_its_arithmetic() -> None:
    """The sentence holds every number of the comparison."""
    tally = Tally(against=9, for_=400_000 * E18, abstain=51_830 * E18)
    check = check_quorum(tally, FOR_ABSTAIN, FractionQuorum(supply=9_600_000 * E18, numerator=4))
    assert wording.quorum(check, 18) == (
        "Quorum is reached. For and Abstain together hold 451,830 votes; 4 % of the 9,600,000 "
        "votes that existed at the snapshot are needed, that is 384,000."
    )


def test_a_missed_quorum_tells_what_is_missing() -> None:
    """While the vote is open, once it is closed, and while the number may still move."""
    tally = Tally(for_=100, abstain=900)
    check = check_quorum(tally, frozenset({Bucket.FOR}), FixedQuorum(votes=400))
    assert wording.quorum(check, 0) == (
        "Quorum is not reached yet. For holds 100 votes; the governor asks for 400, whatever the "
        "supply. 300 are missing."
    )
    assert wording.quorum(check, 0, closed=True).endswith("300 were missing.")
    share = check_quorum(tally, FOR_ABSTAIN, FractionQuorum(supply=30_000, numerator=1))
    assert wording.quorum(share, 0, final=False) == (
        "Quorum is reached. For and Abstain together hold 1,000 votes; 1 % of the 30,000 votes "
        "that exist now are needed, that is 300. This is provisional until the snapshot is past."
    )


@pytest.mark.parametrize(
    ("numerator", "denominator", "said"),
    [(4, 100, "4 %"), (35, 10_000, "0.35 %"), (1, 3, "1/3"), (1, 1_000_000, "0.0001 %")],
)
def test_fractions_are_told_as_they_were_set(numerator: int, denominator: int, said: str) -> None:
    """In percent where that is exact."""
    assert wording.fraction(numerator, denominator) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (3_600, "1 hour"),
        (3_661, "1 hour 1 minute"),
        (3_601, "1 hour"),
        (183_600, "2 days 3 hours"),
        (-60, "minus 1 minute"),
    ],
)
def test_spans_of_time(seconds: int, said: str) -> None:
    """In their two largest neighbouring units."""
    assert wording.duration(seconds) == said


def test_moments_tell_their_zone_and_survive_any_number() -> None:
    """A timestamp beyond the calendar is still told."""
    assert wording.moment(0) == "1 January 1970, 00:00:00 UTC"
    assert wording.moment(2**255).startswith("second ")


def test_states_tell_what_comes_next() -> None:
    """The state, and what time alone brings."""
    closing = Change(
        kind=ChangeKind.VOTING_CLOSES,
        clock_mode=ClockMode.BLOCKNUMBER,
        value=12_345,
        follows=ProposalState.SUCCEEDED,
    )
    assert wording.state(ProposalState.ACTIVE, closing) == (
        "Voting is open. It closes at block 12,345. As the votes stand, the proposal would be "
        "carried."
    )
    assert "quorum was missed" in wording.state(
        ProposalState.DEFEATED, None, quorum_reached=False, majority=True
    )


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("# Raise the leverage\n\nText", "Raise the leverage"),
        ("\n\n  ## Closed heading ##\nText", "Closed heading"),
        ("**Bold title**\nText", "Bold title"),
        ("---\nAfter a rule", "After a rule"),
        ("No heading at all. More words.", "No heading at all. More words."),
        ("", text.UNTITLED),
        (" \n\t\n", text.UNTITLED),
        ("### \n\nBelow an empty heading", "Below an empty heading"),
        ("Restricted #proposer=0x" + "aB" * 20, "Restricted"),
        ("Pay \u202e000,1\u202c only", "Pay 000,1 only"),
        ("Zero\u200bwidth\ufeff and \x07bell\x1b[31m", "Zerowidth and bell [31m"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("#hashtag is no heading", "#hashtag is no heading"),
    ],
)
def test_titles(description: str, title: str) -> None:
    """The first line that says something, with nothing in it that hides or reorders."""
    assert text.title_of(description) == title


def test_a_megabyte_of_description_has_a_title_at_once() -> None:
    """Length is bounded, in characters shown and in text looked at."""
    title = text.title_of("word " * 200_000)
    assert len(title) == text.TITLE_LENGTH
    assert title.endswith("…")
    assert text.title_of("\n" * 1_000_000 + "too far down") == text.UNTITLED


@given(st.text(max_size=500))
def test_any_text_gives_a_title_that_fits(description: str) -> None:
    """On one line, at most 300 characters, never empty."""
    title = text.title_of(description)
    assert 0 < len(title) <= text.TITLE_LENGTH
    assert len(title.splitlines()) == 1


def test_words_are_text_where_they_hold_text() -> None:
    """A market's name is shown as such; a hash stays a hash."""
    assert text.word_of(b"ETH-PERP".ljust(32, b"\0")) == "ETH-PERP"
    assert text.word_of(b"\x01" * 32) == "0x" + "01" * 32
    assert text.word_of(bytes(32)) == "0x" + "00" * 32
    assert text.word_of(b"A\0B".ljust(32, b"\0")).startswith("0x4100")

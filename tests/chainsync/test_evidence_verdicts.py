"""Who is right, from what each endpoint says: receipts first, then two of three, else nobody."""

from types import SimpleNamespace
from typing import Any

import pytest

from chainsync import testimony
from chainsync.endpoint.wire import FetchedLog, Header
from chainsync.rules.disputes import DisputeFacts, LieFacts, disagreements, lied
from chainsync.rules.endpoints import EndpointFacts, rate_limited
from chainsync.testimony import Subject, judge_block, judge_logs

OURS, OTHER = b"\x01" * 32, b"\x02" * 32


def log(index: int, data: bytes = b"") -> FetchedLog:
    return FetchedLog(7, OURS, b"\xaa" * 32, 0, index, b"\x11" * 20, (), data)


TRUE, FALSE = [log(0)], [log(0, b"\x01")]


def one(name: str, block_hash: bytes = OURS, **said: Any) -> testimony.Testimony:
    """A testimony of endpoint `a1`, `a2`, …, whose letter is its operator."""
    source: Any = SimpleNamespace(name=name, operator=name[0].upper())
    return testimony.Testimony(source, Header(7, block_hash, b"", 0, {}), **said)


def names(testimonies: tuple[testimony.Testimony, ...]) -> set[str]:
    return {each.source.name for each in testimonies}


def test_receipts_decide_against_any_number_of_voices() -> None:
    said = [one("a1", logs=FALSE), one("b1", logs=FALSE), one("c1", logs=TRUE, proven=TRUE)]
    verdict = judge_logs(said)
    assert (verdict.decided, verdict.by, verdict.truth) == (True, "receipts", TRUE)
    assert (names(verdict.right), names(verdict.wrong)) == ({"c1"}, {"a1", "b1"})
    assert verdict.operators == ["C"]


def test_who_contradicts_itself_is_wrong_and_proves_nothing() -> None:
    said = [one("a1", logs=FALSE, proven=TRUE), one("b1", lied="it lied"), one("c1", logs=TRUE)]
    verdict = judge_logs(said)
    assert verdict.truth == TRUE
    assert names(verdict.wrong) == {"a1", "b1"}


@pytest.mark.parametrize(
    ("said", "decided"),
    [
        ([one("a1", logs=TRUE), one("b1", logs=FALSE)], False),
        ([one("a1", logs=TRUE), one("a2", logs=TRUE), one("b1", logs=FALSE)], False),
        ([one("a1", logs=TRUE), one("b1", logs=TRUE), one("c1", silent="is down")], False),
        ([one("a1", logs=TRUE), one("b1", logs=TRUE), one("c1", logs=FALSE)], True),
        ([one("a1", logs=TRUE), one("b1", logs=TRUE), one("c1", lied="it lied")], True),
        ([one("a1", logs=TRUE), one("b1", logs=FALSE), one("c1", logs=[])], False),
        ([one(f"{letter}1", logs=FALSE if letter > "b" else TRUE) for letter in "abcd"], False),
        ([], False),
    ],
)
def test_without_receipts_it_takes_two_of_three_operators(
    said: list[testimony.Testimony], decided: bool
) -> None:
    verdict = judge_logs(said)
    assert verdict.decided is decided
    if decided:
        assert (verdict.by, verdict.truth) == ("majority", TRUE)
        assert "Two of three operators" in verdict.words
        assert names(verdict.wrong) == {"c1"}
    else:
        assert "Not decided" in verdict.words


def test_receipts_that_differ_in_what_no_root_covers_decide_nothing_alone() -> None:
    other = [TRUE[0]._replace(tx_hash=b"\xbb" * 32)]
    said = [one("a1", logs=TRUE, proven=TRUE), one("b1", logs=other, proven=other)]
    assert not judge_logs(said).decided
    verdict = judge_logs([*said, one("c1", logs=TRUE)])
    assert (verdict.by, verdict.truth) == ("majority", TRUE)


SUBJECT = Subject(7, OURS)


def test_a_block_is_whose_most_operators_have() -> None:
    said = [one("a1"), one("b1", OTHER), one("c1", OTHER)]
    verdict = judge_block(said, SUBJECT)
    assert verdict.decided
    assert (names(verdict.right), names(verdict.wrong)) == ({"b1", "c1"}, {"a1"})
    assert not judge_block(said[:2], SUBJECT).decided
    assert not judge_block([*said[:2], one("b2", OTHER)], SUBJECT).decided


def test_a_branch_that_does_not_lead_to_the_finalized_block_is_no_branch() -> None:
    said = [one("a1"), one("b1", OTHER, unlinked=True)]
    verdict = judge_block(said, SUBJECT)
    assert (verdict.decided, verdict.by) == (True, "links")
    assert names(verdict.wrong) == {"b1"}
    assert "finalized" in verdict.words


def dispute(about: str, endpoint: str = "l2-b", first: int = 7) -> DisputeFacts:
    return DisputeFacts(
        chain="l2",
        endpoint=endpoint,
        operator="B",
        about=about,
        first=first,
        says="something",
        undecided="",
    )


def test_open_disputes_stand_by_endpoint_and_the_lowest_block_speaks() -> None:
    found = disagreements(
        [dispute("logs", first=9), dispute("block"), dispute("state"), dispute("range", first=1)]
    )
    assert found.keys() == {"blocks:l2/l2-b", "calls:l2/l2-b"}
    assert found["blocks:l2/l2-b"].facts["from_block"] == 7
    assert disagreements([]) == {}


def test_a_liar_stands_once_however_much_it_tells() -> None:
    lies = [
        LieFacts(chain="l2", endpoint="l2-b", operator="B", first=n, says="s", evidence="e")
        for n in (9, 8)
    ]
    found = lied(lies)
    assert found.keys() == {"l2/l2-b"}
    assert found["l2/l2-b"].facts["block"] == 9


def test_an_endpoint_that_asks_to_slow_down_is_told_of() -> None:
    facts = EndpointFacts(
        chain="l2",
        name="l2-b",
        operator="B",
        block_time=1,
        chain_id=1,
        chain_id_seen=1,
        failures=0,
        silent=None,
        last_error="",
        behind=0,
        limited=3,
    )
    assert rate_limited([facts])["l2/l2-b"].facts == {"refused": 3}

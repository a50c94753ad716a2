"""Findings open and close by level, once each, with their history kept."""

import threading
from collections.abc import Callable

import pytest

from ledger.findings import Standing, stand
from ledger.models import Finding, OutboxEntry
from ledger.queries import findings

RULE = "chainsync.endpoint-silent"


def silent(name: str = "l2-a", level: str = "warning") -> Standing:
    return Standing(level=level, summary=f"{name} does not answer", facts={"endpoint": name})


def events() -> list[str]:
    return list(OutboxEntry.objects.order_by("id").values_list("event", flat=True))


@pytest.mark.django_db(transaction=True)
def test_a_condition_opens_once_stands_changes_and_closes() -> None:
    assert stand(rule=RULE, standing={"l2-a": silent()}).opened == ["l2-a"]
    opened = Finding.objects.get()
    assert stand(rule=RULE, standing={"l2-a": silent()}) == ([], [], [])
    standing = Finding.objects.get()
    assert standing.opened_at == opened.opened_at
    assert standing.seen_at > opened.seen_at

    assert stand(rule=RULE, standing={"l2-a": silent(level="alarm")}).changed == ["l2-a"]
    assert Finding.objects.get().level == Finding.Level.ALARM
    assert stand(rule=RULE, standing={}).closed == ["l2-a"]
    closed = Finding.objects.get()
    assert closed.closed_at is not None
    assert stand(rule=RULE, standing={}) == ([], [], [])
    assert events() == ["opened", "changed", "closed"]


@pytest.mark.django_db(transaction=True)
def test_a_condition_that_returns_opens_a_new_row_beside_its_history() -> None:
    for _ in range(2):
        stand(rule=RULE, standing={"l2-a": silent()})
        stand(rule=RULE, standing={})
    stand(rule=RULE, standing={"l2-a": silent()})
    assert findings(rule=RULE).count() == 3
    assert findings(rule=RULE, open=True).count() == 1
    assert findings(open=False, level="warning").count() == 2
    assert findings(subject="l2-b").count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_rule_that_looked_at_a_part_leaves_the_rest_alone() -> None:
    stand(
        rule=RULE,
        standing={"l1/a": silent("l1/a"), "l1/b": silent("l1/b"), "l2/a": silent("l2/a")},
    )
    assert stand(rule=RULE, standing={}, within="l1/").closed == ["l1/a", "l1/b"]
    assert stand(rule=RULE, standing={}, within={"l1/a", "l2/b"}) == ([], [], [])
    assert findings(open=True).get().subject == "l2/a"
    with pytest.raises(ValueError, match="outside"):
        stand(rule=RULE, standing={"l2/c": silent()}, within="l1/")
    with pytest.raises(ValueError, match=r"app\.what"):
        stand(rule="nameless", standing={})


@pytest.mark.django_db(transaction=True)
def test_rules_do_not_touch_each_other_and_unknown_levels_are_refused() -> None:
    stand(rule=RULE, standing={"l2-a": silent()})
    stand(rule="chainsync.other", standing={})
    assert findings(open=True).count() == 1
    with pytest.raises(ValueError, match="panic"):
        stand(rule=RULE, standing={"l2-b": silent(level="panic")})
    assert findings(open=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_hostile_summary_is_kept_readable() -> None:
    hostile = Standing(level="notice", summary="a\0b\ud800", facts={"data": "\0", "n": 2**256})
    stand(rule=RULE, standing={"x\0": hostile})
    stand(rule=RULE, standing={"x\0": hostile})
    kept = findings(open=True).get()
    assert (kept.subject, kept.summary) == ("x\ufffd", "a\ufffdb\ufffd")
    assert kept.facts == {"data": "\ufffd", "n": 2**256}


def test_workers_that_see_the_same_at_once_open_one_row(aside: Callable) -> None:
    for _ in range(5):
        start = threading.Barrier(6)

        def see(start: threading.Barrier = start) -> list[str]:
            start.wait(10)
            return stand(rule=RULE, standing={"l2-a": silent(), "l2-b": silent("l2-b")}).opened

        seen = [aside(see) for _ in range(6)]
        assert sorted(subject for worker in seen for subject in worker.result(10)) == [
            "l2-a",
            "l2-b",
        ]
        assert findings(open=True).count() == 2
        stand(rule=RULE, standing={})
    assert findings(rule=RULE).count() == 10


@pytest.mark.django_db(transaction=True)
def test_the_number_of_queries_does_not_grow_with_what_merely_stands(
    django_assert_max_num_queries: Callable,
) -> None:
    many = {f"l2/{n}": silent(str(n)) for n in range(100)}
    stand(rule=RULE, standing=many)
    with django_assert_max_num_queries(8):
        stand(rule=RULE, standing=many)

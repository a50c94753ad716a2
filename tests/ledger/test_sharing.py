"""Answers that readers share: made once, never older than what was told, never another's own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from ledger import sharing, versions
from ledger.models import OutboxEntry
from ledger.seals import OUTBOX, extend
from ledger.sharing import Answer, Answers, shared

pytestmark = pytest.mark.django_db(transaction=True)


class Page:
    """A view that counts how often it was asked."""

    def __init__(self) -> None:
        self.made = 0
        self.says = "a page"

    def view(self) -> Any:
        @shared
        def page(request: HttpRequest) -> HttpResponse:
            self.made += 1
            return HttpResponse(self.says)

        return page


@pytest.fixture(autouse=True)
def one_second(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The clock stands still, so that what is measured is not how fast this machine is."""
    clock = {"now": 1_790_000_000.5}
    monkeypatch.setattr(sharing.time, "time", lambda: clock["now"])
    return clock


def tell(topic: str, event: str) -> None:
    """An entry as an act leaves it, not sealed yet."""
    OutboxEntry.objects.create(topic=topic, event=event)


def ask(view: Any, path: str = "/page/", **cookies: str) -> HttpResponse:
    request = RequestFactory().get(path)
    request.COOKIES.update(cookies)
    answer: HttpResponse = view(request)
    return answer


def test_what_nobody_told_of_is_made_once_a_second(one_second: dict[str, float]) -> None:
    page = Page()
    view = page.view()
    assert [ask(view).content for _ in range(5)] == [b"a page"] * 5
    assert page.made == 1
    assert ask(view)["Vary"] == "Cookie"
    one_second["now"] += 1
    ask(view)
    assert page.made == 2
    ask(view, "/page/?sort=weight")
    assert page.made == 3, "another address is another answer"


def test_whatever_is_told_makes_it_anew_at_once() -> None:
    page = Page()
    view = page.view()
    ask(view)
    tell(topic="proposals", event="state")
    page.says = "changed"
    assert ask(view).content == b"changed"
    with transaction.atomic():
        assert extend(OUTBOX, 100)[0] == 1
    before = page.made
    assert ask(view).content == b"changed"
    assert page.made == before, "sealing tells of nothing new"


def test_an_entry_that_commits_late_counts_too() -> None:
    """Serial ids commit out of order: the second entry is seen before the first."""
    began, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                tell(topic="chain:l2", event="head")
                began.set()
                assert may_commit.wait(30)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(slow)
        assert began.wait(30)
        tell(topic="chain:l1", event="head")
        seen = versions.visible()
        may_commit.set()
        done.result(30)
    assert versions.visible() == seen + 1


def test_a_reader_with_a_session_is_answered_by_himself() -> None:
    page = Page()
    view = page.view()
    ask(view)
    for _ in range(2):
        ask(view, **{settings.SESSION_COOKIE_NAME: "mine"})
    assert page.made == 3


def test_inside_a_transaction_nothing_is_shared() -> None:
    page = Page()
    view = page.view()
    with transaction.atomic():
        ask(view)
        ask(view)
    assert page.made == 2


@pytest.mark.parametrize("own", ["cookie", "token", "refusal"])
def test_what_is_made_for_one_reader_is_kept_for_nobody(own: str) -> None:
    made = []

    @shared
    def page(request: HttpRequest) -> HttpResponse:
        made.append(request)
        answer = HttpResponse("mine", status=503 if own == "refusal" else 200)
        if own == "cookie":
            answer.set_cookie("taste", "mine")
        if own == "token":
            request.META["CSRF_COOKIE_NEEDS_UPDATE"] = True
        return answer

    ask(page)
    ask(page)
    assert len(made) == 2


def test_many_who_come_at_once_wait_for_one() -> None:
    answers, made = Answers(), []
    inside, go_on = threading.Event(), threading.Event()

    def make() -> tuple[HttpResponse, Answer]:
        made.append(1)
        inside.set()
        assert go_on.wait(30)
        return HttpResponse("page"), Answer(b"page", "text/html")

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(answers.of, "key", make)
        assert inside.wait(30)
        others = [pool.submit(answers.of, "key", make) for _ in range(7)]
        go_on.set()
        assert {answer.result(30).content for answer in (first, *others)} == {b"page"}
    assert len(made) == 1


def test_a_failure_is_not_shared() -> None:
    answers = Answers()

    def fail() -> tuple[HttpResponse, Answer]:
        raise LookupError("nothing there")

    for _ in range(2):
        with pytest.raises(LookupError):
            answers.of("key", fail)
    assert answers.of("key", lambda: (HttpResponse("now"), None)).content == b"now"


def test_what_was_asked_for_least_lately_goes_first() -> None:
    answers, made = Answers(most=10), []

    def ask_for(key: str) -> None:
        def make() -> tuple[HttpResponse, Answer]:
            made.append(key)
            return HttpResponse("1234"), Answer(b"1234", "text/plain")

        answers.of(key, make)

    for key in "abacab":
        ask_for(key)
    assert made == ["a", "b", "c", "b"]

"""Consumers hear of every entry, in order, at least once."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction

from ledger import dispatch
from ledger.actions import tell
from ledger.dispatch import Message
from ledger.models import Consumer, OutboxEntry
from ledger.queries import findings, last_position, positions, told_after
from ledger.tasks import sweep
from tocsin.celery import app

pytestmark = pytest.mark.django_db(transaction=True)


class Recorder:
    """A consumer that keeps what it heard and fails where it is told to."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.broken = False

    def __call__(self, message: Message) -> None:
        if self.broken:
            raise ConnectionError("the mail server is away")
        self.heard.append(message.event)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    dispatch.register("mail", ("proposal:", "findings"), recorder)
    yield recorder
    dispatch.unregister("mail")


def say(*events: str, topic: str = "proposal:1") -> None:
    with transaction.atomic():
        for event in events:
            tell(topic=topic, event=event)


def test_a_new_consumer_begins_now_and_hears_its_topics_in_order(recorder: Recorder) -> None:
    say("before it came")
    assert dispatch.dispatch("mail") == 0
    say("created", "voted")
    say("head", topic="chain:l2")
    say("queued")
    sweep()
    assert recorder.heard == ["created", "voted", "queued"]
    assert dispatch.dispatch("mail") == 0
    with pytest.raises(ValueError, match="registered already"):
        dispatch.register("mail", ("x",), recorder)


def test_a_failing_consumer_loses_nothing_and_is_reported_until_it_works(
    recorder: Recorder,
) -> None:
    dispatch.dispatch("mail")
    recorder.broken = True
    say("created", "voted")
    assert dispatch.dispatch("mail") == 0
    finding = findings(rule="ledger.dispatch", open=True).get()
    assert finding.facts["error"] == "ConnectionError: the mail server is away"
    recorder.broken = False
    assert dispatch.dispatch("mail") == 0, "it waits before it tries again"

    Consumer.objects.update(retry_at=None)
    # Its own finding was told too, after the entries that failed.
    assert dispatch.dispatch("mail") >= 2
    assert recorder.heard[:2] == ["created", "voted"]
    assert not findings(rule="ledger.dispatch", open=True).exists()


def test_a_consumer_that_keeps_failing_becomes_an_alarm(recorder: Recorder) -> None:
    dispatch.dispatch("mail")
    recorder.broken = True
    say("created")
    for _ in range(dispatch.ALARM_AFTER):
        Consumer.objects.update(retry_at=None)
        dispatch.dispatch("mail")
    assert findings(rule="ledger.dispatch", open=True).get().level == "alarm"


def test_two_workers_do_not_hand_over_the_same_entry(aside: Callable) -> None:
    heard, inside, go_on = [], threading.Event(), threading.Event()

    def slow(message: Message) -> None:
        heard.append(message.event)
        inside.set()
        assert go_on.wait(10)

    dispatch.register("slow", ("proposal:",), slow)
    try:
        dispatch.dispatch("slow")
        say("created")
        first = aside(lambda: dispatch.dispatch("slow"))
        assert inside.wait(10)
        assert dispatch.dispatch("slow") == 0
        go_on.set()
        assert first.result(10) == 1
    finally:
        dispatch.unregister("slow")
    assert heard == ["created"]


def test_readers_ask_by_positions() -> None:
    say("created", "voted", "voted")
    say("head", "head", topic="chain:l2")
    assert last_position() == 5
    assert positions(["proposal:1", "chain:l2", "none"]) == {
        "proposal:1": 3,
        "chain:l2": 5,
        "none": 0,
    }
    assert told_after(1, ["proposal:1", "chain:l2"], 10) == [
        (2, "proposal:1", "voted"),
        (3, "proposal:1", "voted"),
        (4, "chain:l2", "head"),
        (5, "chain:l2", "head"),
    ]
    assert told_after(0, ["proposal:1", "chain:l2"], 3) == [
        (1, "proposal:1", "created"),
        (3, "proposal:1", "voted"),
        (5, "chain:l2", "head"),
    ]


def test_the_sweep_is_sent_to_the_urgent_queue_by_its_clock() -> None:
    entry = app.conf.beat_schedule["ledger.sweep"]
    assert entry["task"] == sweep.name
    assert app.amqp.router.route({}, sweep.name)["queue"].name == "urgent"
    OutboxEntry.objects.create(topic="proposal:1", event="left by a dead process")
    sweep()
    assert last_position() == 1

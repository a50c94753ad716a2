"""Entries get positions in the order in which they became visible, chained by hashes."""

import threading
import time
from collections.abc import Callable

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from ledger.actions import audit, seal, tell
from ledger.acts import Act
from ledger.errors import NotInTransaction
from ledger.models import AuditEntry, OutboxEntry, Seal
from ledger.seals import verify_seals
from ledger.text import storable_facts


def told() -> list[tuple[int | None, str]]:
    return list(OutboxEntry.objects.order_by("position").values_list("position", "event"))


@pytest.mark.django_db(transaction=True)
def test_an_act_is_written_with_what_it_tells_and_sealed_when_it_commits() -> None:
    with transaction.atomic():
        audit(actor="system:test", act=Act.CHARTER_LOADED, subject="venue", detail={"chains": 2})
        tell(topic="proposals", event="listed", detail={"amount": 2**256 - 1})
        assert told() == [(None, "listed")]
    entry = AuditEntry.objects.get()
    assert (entry.position, entry.act, entry.detail) == (1, "charter:venue:load", {"chains": 2})
    assert OutboxEntry.objects.get().detail == {"amount": 2**256 - 1}
    assert told() == [(1, "listed")]
    assert verify_seals() == []
    call_command("ledger_verify")


@pytest.mark.django_db(transaction=True)
def test_nothing_is_told_outside_of_the_transaction_that_makes_it_true() -> None:
    with pytest.raises(NotInTransaction, match=r"transaction\.atomic"):
        tell(topic="proposals", event="listed")
    with pytest.raises(NotInTransaction):
        audit(actor="system:test", act=Act.CHARTER_LOADED, subject="venue")
    assert not OutboxEntry.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_act_that_is_not_in_the_list_is_refused() -> None:
    with pytest.raises(ValueError, match="not a valid Act"), transaction.atomic():
        audit(actor="system:test", act="made:up:act", subject="venue")  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_not_told_and_what_follows_still_is() -> None:
    def fail_after_telling(event: str) -> None:
        with transaction.atomic():
            tell(topic="proposals", event=event)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_telling("never")
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError):
            fail_after_telling("undone")
        tell(topic="proposals", event="kept")
    assert told() == [(1, "kept")]


@pytest.mark.django_db(transaction=True)
def test_one_transaction_seals_once() -> None:
    seal()
    with transaction.atomic():
        for number in range(20):
            tell(topic="proposals", event=str(number))
        assert len(connection.run_on_commit) == 1
    assert [position for position, _ in told()] == list(range(1, 21))


@pytest.mark.django_db(transaction=True)
def test_a_backlog_longer_than_a_batch_is_sealed_in_one_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    OutboxEntry.objects.bulk_create(
        [OutboxEntry(topic="chain:l2", event=str(n)) for n in range(25)]
    )
    monkeypatch.setattr("ledger.actions.BATCH", 10)
    sealed = seal()
    assert (sealed.outbox, sealed.outbox_position, sealed.audit) == (25, 25, 0)
    assert verify_seals() == []
    assert seal().outbox == 0


def test_a_row_that_commits_late_is_not_lost_to_a_reader_of_positions(aside: Callable) -> None:
    early_is_written, early_may_commit = threading.Event(), threading.Event()

    def early() -> None:
        with transaction.atomic():
            tell(topic="proposals", event="written first")
            early_is_written.set()
            assert early_may_commit.wait(10)

    slow = aside(early)
    assert early_is_written.wait(10)
    with transaction.atomic():
        tell(topic="proposals", event="committed first")
    seen = told()
    assert seen == [(1, "committed first")]

    early_may_commit.set()
    slow.result(10)
    late = OutboxEntry.objects.filter(position__gt=1).get()
    assert (late.position, late.event) == (2, "written first")
    assert late.pk < OutboxEntry.objects.get(position=1).pk


def test_readers_lose_nothing_while_many_write_and_seal_at_once(aside: Callable) -> None:
    writers, entries = 8, 25
    done = threading.Event()

    def write(writer: int) -> None:
        for number in range(entries):
            with transaction.atomic():
                tell(topic=f"account:{writer}", event=str(number))
                audit(actor="system:test", act=Act.CHARTER_LOADED, subject=str(writer))
                time.sleep((writer * number % 5) / 1000)

    def read() -> list[int]:
        last, found = 0, []
        while True:
            finished = done.is_set()
            new = list(
                OutboxEntry.objects.filter(position__gt=last)
                .order_by("position")
                .values_list("position", flat=True)
            )
            found += new
            last = found[-1] if found else 0
            if finished:
                return found
            time.sleep(0.002)

    reading = [aside(read) for _ in range(2)]
    for writing in [aside(lambda writer=writer: write(writer)) for writer in range(writers)]:
        writing.result(60)
    done.set()
    everything = list(range(1, writers * entries + 1))
    for reader in reading:
        assert reader.result(30) == everything
    assert sorted(AuditEntry.objects.values_list("position", flat=True)) == everything
    assert not OutboxEntry.objects.filter(position=None).exists()
    assert verify_seals() == []


@pytest.mark.django_db(transaction=True)
def test_sealing_wakes_those_who_listen_with_the_last_position(postgres_server) -> None:
    name = connection.settings_dict["NAME"]
    with psycopg.connect(postgres_server.url(name), autocommit=True) as listener:
        listener.execute("LISTEN tocsin_outbox")
        with transaction.atomic():
            tell(topic="proposals", event="one")
            tell(topic="proposals", event="two")
        heard = [notice.payload for notice in listener.notifies(timeout=5, stop_after=1)]
    assert heard == ["2"]


def _sealed_story() -> None:
    with transaction.atomic():
        for number in range(5):
            audit(
                actor="system:test",
                act=Act.SWITCH_THROWN,
                subject=f"switch {number}",
                detail={"reason": "a drill", "n": number},
            )
    assert verify_seals() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "changed",
    [
        {"actor": "system:nobody"},
        {"subject": "another"},
        {"detail": {"reason": "a drill", "n": 7}},
        {"act": "charter:switch:release"},
        {"at": "2020-01-01T00:00:00Z"},
        {"seal": bytes(32)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_changed_row_is_found(changed: dict[str, object]) -> None:
    _sealed_story()
    AuditEntry.objects.filter(position=3).update(**changed)
    found = verify_seals()
    assert (found[0].sequence, found[0].position) == ("audit", 3)
    with pytest.raises(CommandError, match="audit 3: its content is not what was sealed"):
        call_command("ledger_verify")


@pytest.mark.django_db(transaction=True)
def test_removed_exchanged_and_rewritten_rows_are_found() -> None:
    _sealed_story()
    AuditEntry.objects.filter(position=2).delete()
    assert next((found.position, found.what) for found in verify_seals()) == (
        3,
        "1 entries are missing before it",
    )
    AuditEntry.objects.filter(position=5).delete()
    assert verify_seals()[-1].what == "1 entries are missing at the end"


@pytest.mark.django_db(transaction=True)
def test_a_chain_that_was_rewritten_whole_differs_from_the_kept_hash() -> None:
    _sealed_story()
    AuditEntry.objects.filter(position=5).update(subject="rewritten", position=None, seal=None)
    kept = Seal.objects.get(name="audit")
    fourth = AuditEntry.objects.get(position=4)
    Seal.objects.filter(name="audit").update(position=4, hash=fourth.seal)
    seal()
    assert verify_seals() == []
    Seal.objects.filter(name="audit").update(hash=kept.hash)
    assert verify_seals()[0].what == "the last hash is not the one that was kept"


hostile = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.django_db
@given(detail=st.dictionaries(st.text(st.characters()), hostile, max_size=4))
def test_any_text_of_strangers_is_kept_and_verifies(detail: dict[str, object]) -> None:
    entry = tell(topic="proposals", event="hostile", detail=detail)
    seal()
    assert OutboxEntry.objects.get(pk=entry.pk).detail == storable_facts(detail)
    assert verify_seals() == []


def test_floats_are_not_recorded() -> None:
    with pytest.raises(TypeError, match="float cannot be recorded"):
        storable_facts({"price": 1.5})


def test_what_cannot_be_stored_is_shown_as_the_replacement_character() -> None:
    assert storable_facts({"text\0": ["a\0b", "\ud800"]}) == {"text\ufffd": ["a\ufffdb", "\ufffd"]}

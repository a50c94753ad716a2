"""Messages are nudges: one waits at most, and the sweep revives what has lapsed."""

import time
from typing import Any

import pytest
from celery import Task
from django.db.models.functions import Now

from chainsync import catching_up, following, nudges, tasks
from chainsync.models import ChainStatus
from charter.models import Beacon, Chain, KillSwitch
from charter.switches import Switch
from ledger import leases
from ledger.models import Lease
from tests.chainsync.scene import Node, Toy
from tocsin.celery import app

Sent = list[tuple[str, list[Any]]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What would be given to the broker, in order."""
    found: Sent = []

    def note(task: Task, arguments: list[Any]) -> bool:
        found.append((task.name.rpartition(".")[2], arguments))
        return True

    monkeypatch.setattr(nudges, "_sent", note)
    return found


@pytest.fixture
def quiet(transactional_db: None) -> Chain:
    """A chain that nobody answers for."""
    return Chain.objects.create(key="l2", chain_id=901, name="L2", role="l2", block_time=1)


def test_one_message_waits_at_most(quiet: Chain, sent: Sent) -> None:
    for _ in range(3):
        tasks.sweep()
    assert sorted(name for name, _ in sent) == ["check_contracts", "follow"]
    (args,) = [args for name, args in sent if name == "follow"]
    nudges.arrived(args[2])
    tasks.sweep()
    assert [name for name, _ in sent].count("follow") == 2


def test_a_light_client_is_nudged_at_the_cadence_of_its_chain(quiet: Chain, sent: Sent) -> None:
    def nudged() -> int:
        return [name for name, _ in sent].count("follow_beacon")

    beacon = Beacon.objects.create(chain=quiet, checkpoint="${SURELY_UNSET}", network=None)
    for _ in range(3):
        tasks.sweep()
    assert nudged() == 1
    (args,) = [args for name, args in sent if name == "follow_beacon"]
    tasks.follow_beacon(*args)
    tasks.sweep()
    assert nudged() == 1, "what cannot be used is said in the log, and asked again in its time"
    Lease.objects.filter(name="beacon-in-time:l2").update(expires_at=Now())
    tasks.sweep()
    assert nudged() == 2
    Lease.objects.update(expires_at=Now())
    beacon.active = False
    beacon.save()
    tasks.sweep()
    assert nudged() == 2
    beacon.active = True
    beacon.save()
    KillSwitch.objects.create(switch=Switch.NO_FOLLOWING, thrown=True)
    tasks.sweep()
    assert nudged() == 2
    assert app.amqp.router.route({}, tasks.follow_beacon.name)["queue"].name == "urgent"


def test_a_late_message_does_not_free_the_place_of_the_next(quiet: Chain, sent: Sent) -> None:
    assert nudges.nudge(tasks.follow, "l2")
    first = sent[0][1][2]
    nudges.arrived(first)
    assert nudges.nudge(tasks.follow, "l2")
    nudges.arrived(first)
    assert not nudges.nudge(tasks.follow, "l2")


def test_a_late_message_is_worked_on(
    quiet: Chain, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where workers are slow every message is late; to throw them away would end all work."""
    turns: list[str] = []
    monkeypatch.setattr(following, "turn", turns.append)
    assert nudges.nudge(tasks.follow, "l2")
    Lease.objects.filter(name__startswith="nudge:").update(expires_at=Now())
    tasks.follow(*sent[0][1])
    assert turns == ["l2"]


def test_no_message_is_judged_by_the_clock_of_its_reader(
    quiet: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hosts whose clocks differ by more than a nudge may wait understand each other."""
    given: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.follow, "apply_async", lambda _, **how: given.append(how))
    assert nudges.nudge(tasks.follow, "l2")
    given += [entry["options"] for entry in app.conf.beat_schedule.values()]
    assert len(given) > 3
    assert not [how for how in given if {"expires", "eta", "countdown"} & how.keys()]


def test_a_chain_that_is_followed_is_left_alone(quiet: Chain, sent: Sent) -> None:
    leases.take(following.lease_name("l2"), "somebody", 60)
    leases.take(catching_up.lease_name("l2"), "somebody", 60)
    tasks.sweep()
    assert [name for name, _ in sent] == ["check_contracts"]


def test_switches_keep_the_sweep_still(quiet: Chain, sent: Sent) -> None:
    KillSwitch.objects.create(switch=Switch.NO_FOLLOWING, thrown=True)
    tasks.sweep()
    assert "follow" not in [name for name, _ in sent]


@pytest.mark.node
def test_the_sweep_alone_brings_a_chain_up_to_date(
    node: Node, chain: Chain, toy: Toy, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "TURN_SECONDS", 1.0)
    contract = toy.contract(start_block=1)
    for number in range(30):
        node.say(contract.address, number)
    deadline = time.monotonic() + 30
    while toy.rows(contract) != list(range(30)):
        assert time.monotonic() < deadline
        tasks.sweep()
        while sent:
            name, args = sent.pop(0)
            if name != "follow" or ChainStatus.objects.filter(head_number=30).first() is None:
                getattr(tasks, name)(*args)
            else:
                nudges.arrived(args[2])
    tasks.watch()

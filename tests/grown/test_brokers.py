"""One deployment on each broker: few messages however deep the backlog, and no word that is missed.

The broker stands behind a line that can be cut, so that it goes away and comes back.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from deployment import Deployment, run, until
from kombu import Connection
from services import HOST, REDIS_DATABASE, rabbitmq_vhost, require

from lab.faults.tcp import Line
from tests.chainsync.scene import Node

pytestmark = [pytest.mark.slow, pytest.mark.node, pytest.mark.timeout(600)]

MOST = 100


@dataclass
class Broker:
    """A broker of one kind; `line` is None where there is no network in between."""

    kind: str
    url: str
    direct: str
    line: Line | None
    data: Path

    def forget(self) -> None:
        """Lose both queues with everything in them, as an administrator's mistake would."""
        if self.kind == "filesystem":
            for message in (self.data / "broker" / "messages").glob("*.msg"):
                message.unlink(missing_ok=True)
        elif self.kind == "redis":
            redis.Redis.from_url(self.direct).flushdb()
        else:
            with Connection(self.direct) as connection, connection.channel() as channel:
                for name in ("urgent", "bulk"):
                    channel.queue_delete(name)


@pytest.fixture(params=["filesystem", "rabbitmq", "redis"])
def broker(request: pytest.FixtureRequest, deployment: Deployment) -> Iterator[Broker]:
    kind: str = request.param
    with ExitStack() as stack:
        if kind == "filesystem":
            found = Broker(kind, "filesystem://", "", None, deployment.data)
        elif kind == "rabbitmq":
            vhost = stack.enter_context(rabbitmq_vhost())
            line = stack.enter_context(Line(HOST, 5672))
            url = f"amqp://guest:guest@{HOST}:{{}}/{'' if vhost == '/' else vhost}"
            found = Broker(kind, url.format(line.port), url.format(5672), line, deployment.data)
        else:
            require("Redis", 6379)
            line = stack.enter_context(Line(HOST, 6379))
            url = f"redis://{HOST}:{{}}/{REDIS_DATABASE}"
            found = Broker(kind, url.format(line.port), url.format(6379), line, deployment.data)
        if found.line:
            found.forget()
            stack.callback(found.forget)
        deployment.env["CELERY_BROKER_URL"] = found.url
        yield found


def test_a_deep_backlog_without_workers_leaves_few_messages(
    broker: Broker, deployment: Deployment
) -> None:
    """5,000 ranges wait and nobody fetches: the messages do not grow with either."""
    waiting = json.loads(run(["-m", "tests.grown.flood"], deployment.env))
    assert set(waiting) == {"urgent", "bulk"}
    assert all(count <= MOST for count in waiting.values()), waiting


def test_a_lost_queue_and_a_broker_that_was_away_cost_seconds(
    broker: Broker, deployment: Deployment, node: Node
) -> None:
    deployment.start_worker()
    deployment.start_beat()
    deployment.follows_to(node.head)
    if broker.kind == "rabbitmq":
        _has_only_our_queues(broker.direct)

    broker.forget()
    node.mine(3)
    deployment.follows_to(node.head)
    _sweeps_again(deployment)

    if broker.line is not None:
        broker.line.refuse()
        until(
            lambda: "broker does not answer" in deployment.log("beat").read_text(),
            deployment.said,
        )
        until(
            lambda: "Connection" in deployment.log("worker").read_text(),
            deployment.said,
        )
        # Who follows goes on, and who reads notices nothing.
        node.mine(3)
        deployment.follows_to(node.head)
        _pages_answer(deployment)
        broker.line.heal()
        node.mine(3)
        deployment.follows_to(node.head)
        _sweeps_again(deployment)
    assert [name for name, one in deployment.processes.items() if one.poll() is not None] == []


def _has_only_our_queues(url: str) -> None:
    """Quorum queues by purpose, and none of the 28 that delay messages with a date."""
    with Connection(url) as connection:
        for name in ("urgent", "bulk"):
            with connection.channel() as channel:
                channel.queue_declare(
                    queue=name,
                    durable=True,
                    auto_delete=False,
                    arguments={"x-queue-type": "quorum"},
                )
        with (
            connection.channel() as channel,
            pytest.raises(connection.channel_errors, match="NOT_FOUND"),
        ):
            channel.queue_declare(queue="celery_delayed_0", passive=True)


def _sweeps_again(deployment: Deployment) -> None:
    """Wait until a sweep that began after now has been run by a worker."""
    deployment.query("UPDATE ledger_lease SET expires_at = now() WHERE name LIKE 'check-%%'")
    count = "SELECT fence FROM ledger_lease WHERE name LIKE 'check-contracts:%%'"
    before = deployment.query(count)
    until(
        lambda: deployment.query(count) != before,
        lambda: f"no sweep ran\n{deployment.said()}",
    )


def _pages_answer(deployment: Deployment) -> None:
    """What a reader sees does not depend on the broker."""
    asked = """
import django; django.setup()
from django.test import Client
for path in ("/healthz", "/", "/api/v1/chains/"):
    answer = Client(SERVER_NAME="localhost").get(path)
    assert answer.status_code == 200, (path, answer.status_code)
"""
    run(["-c", asked], deployment.env)

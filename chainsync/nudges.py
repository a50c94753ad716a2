"""Messages that say no more than "look at the rows": at most one waits per task, chain and slot.

The right to have a message waiting is a lease. It lapses with the message, so a message that a
broker loses costs a few seconds and nothing else. Where nobody fetches, the number of messages is
bounded by the queue's own length, whatever the broker does with those that have expired.
"""

import logging
import time
from typing import Any, TypedDict

from celery import Task
from django.utils import timezone
from kombu import Producer, Queue
from kombu.exceptions import OperationalError

from ledger import leases
from ledger.faultpoints import reached
from ledger.leases import Held

logger = logging.getLogger(__name__)

WAITING_SECONDS = 5.0
MOST_WAITING = 100
"""Messages in one queue beyond which none is added: some ten times what a busy venue has."""
SILENT_SECONDS = 5.0
"""A broker that did not answer is left alone for so long: following must not wait for it."""
CONFIRM_SECONDS = 2.0

_silent_until = 0.0


class Ticket(TypedDict):
    """What a message carries to show that it is the one that waits."""

    name: str
    owner: str
    fence: int


def nudge(task: Task, chain_key: str, slot: int = 0) -> bool:
    """Have a worker run `task(chain_key, …)` soon; False when a message waits already, the queue
    is full or the broker does not answer."""
    global _silent_until
    if silent():
        return False
    held = leases.take(f"nudge:{task.name}:{chain_key}:{slot}", leases.new_owner(), WAITING_SECONDS)
    if held is None:
        return False
    reached("nudges.unsent")
    ticket = Ticket(name=held.name, owner=held.owner, fence=held.fence)
    try:
        if _sent(task, [chain_key, slot, ticket]):
            return True
        logger.info("%s waits: its queue is full", task.name)
    except OperationalError as error:
        _silent_until = time.monotonic() + SILENT_SECONDS
        logger.warning("the broker does not answer, and is asked again soon: %s", error)
    leases.release(held)
    return False


def arrived(ticket: Ticket | None) -> None:
    """The message is being worked on: the next one may wait.

    A late message is worked on, too. Where workers are slow all are late, and who throws them away
    does nothing at all; where the work is done already, its lease says so.
    """
    if ticket is not None:
        leases.release(
            Held(ticket["name"], ticket["owner"], ticket["fence"], expires_at=timezone.now())
        )


def silent() -> bool:
    """Whether the broker did not answer this process a moment ago."""
    return time.monotonic() < _silent_until


def has_room(producer: Producer, queue: Queue, most: int = MOST_WAITING) -> bool:
    """Whether fewer than `most` messages wait in a queue.

    Asks by declaring it, so a queue that somebody deleted is there again. Raises OperationalError
    when the broker is away.
    """

    def depth() -> int:
        # A channel of Redis whose connection broke stays closed where nobody opens another.
        if getattr(producer.channel, "closed", False):
            producer.revive(producer.connection.channel())
        declared = producer.channel.queue_declare(
            queue=queue.name,
            durable=queue.durable,
            exclusive=False,
            auto_delete=False,
            arguments=vars(queue)["queue_arguments"],
        )
        return int(declared.message_count)

    policy = producer.connection.ensure(
        producer, depth, max_retries=1, interval_start=0, interval_step=0
    )
    return bool(policy() < most)


def _sent(task: Task, arguments: list[Any]) -> bool:
    """Send unless the queue is full. Raises OperationalError when the broker does not answer."""
    queue = task.app.amqp.router.route({}, task.name)["queue"]
    with task.app.producer_or_acquire() as producer:
        if not has_room(producer, queue):
            return False
        task.apply_async(
            arguments,
            expiration=WAITING_SECONDS,  # RabbitMQ drops it then, by its own clock
            producer=producer,
            confirm_timeout=CONFIRM_SECONDS,
        )
    return True

"""What Celery must be told about the broker that CELERY_BROKER_URL names, and nothing else.

Three kinds of broker carry our nudges: a folder of this machine (`filesystem://`), RabbitMQ
(`amqp://`, `amqps://`) and Redis (`redis://`, `rediss://`). The work is in rows whatever carries
the nudges; here stands only what keeps each of them from holding a worker or a web page up when it
is away, and from losing more than a few seconds when it forgets.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from celery.worker.consumer import Consumer
from django.core.exceptions import ImproperlyConfigured
from kombu import Exchange, Queue

NAMES = ("urgent", "bulk")

RABBITMQ = frozenset({"amqp", "amqps", "pyamqp"})
REDIS = frozenset({"redis", "rediss"})
EMBEDDED = "filesystem"

CONNECT_SECONDS = 2.0
"""How long a connection to a broker may take: who nudges must not wait longer than that."""
SILENCE_SECONDS = 5.0
"""How long a broker that is connected may keep silent on a request."""
VISIBILITY_SECONDS = 120
"""After so long Redis gives the message of a worker that vanished to another: longer than any
turn, so that none is given out twice. Its own default is an hour."""


def kind(url: str) -> str:
    """`filesystem`, `rabbitmq` or `redis`. Raises ImproperlyConfigured for any other broker.

    The message does not repeat the address: it may hold a password.
    """
    scheme = urlsplit(url).scheme
    if scheme == EMBEDDED:
        return EMBEDDED
    if scheme in RABBITMQ:
        return "rabbitmq"
    if scheme in REDIS:
        return "redis"
    raise ImproperlyConfigured(
        f"CELERY_BROKER_URL begins with {scheme or 'nothing'}://, which is no broker that Tocsin "
        "runs on. Write amqp://… for RabbitMQ, redis://… for Redis, or leave it out for one "
        "machine."
    )


def transport_options(url: str, data_dir: Path) -> dict[str, Any]:
    """`broker_transport_options`; makes the folders of the embedded broker."""
    which = kind(url)
    if which == "rabbitmq":
        # Without confirms a message to a broker that is going down is lost without a word.
        return {
            "confirm_publish": True,
            "read_timeout": SILENCE_SECONDS,
            "write_timeout": SILENCE_SECONDS,
        }
    if which == "redis":
        return {
            "visibility_timeout": VISIBILITY_SECONDS,
            "socket_connect_timeout": CONNECT_SECONDS,
            "socket_timeout": SILENCE_SECONDS,
            "socket_keepalive": True,
            "health_check_interval": 5,
        }
    folder = data_dir / "broker"
    for name in ("messages", "control", "processed"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    # The transport finds its own messages only where both folders are the same; the short poll
    # turns a second of latency into some 20 ms.
    return {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "processed_folder": str(folder / "processed"),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.02,
    }


def declared(url: str) -> tuple[Queue, ...]:
    """The queues by purpose; on RabbitMQ replicated ones that survive the loss of a node."""
    arguments = {"x-queue-type": "quorum"} if kind(url) == "rabbitmq" else None
    return tuple(
        Queue(name, Exchange(name, type="direct"), routing_key=name, queue_arguments=arguments)
        for name in NAMES
    )


class NudgeConsumer(Consumer):
    """A worker's consumer without Celery's delayed delivery on RabbitMQ.

    Celery would declare 28 replicated queues for messages with a date. Nudges have none.
    """

    class Blueprint(Consumer.Blueprint):
        default_steps = [
            step for step in Consumer.Blueprint.default_steps if "delayed_delivery" not in str(step)
        ]

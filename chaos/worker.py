"""The Celery application of a chaos run: the product's own, with somebody who listens.

    celery -A chaos.worker worker …

A consumer of the outbox writes down every position that it is handed (CHAOS_HEARD names the file),
and what the product does every half minute is done every few seconds: a run is short.
"""

import os

import django

from tocsin.celery import app

django.setup()

from ledger import dispatch  # noqa: E402 - needs Django
from ledger.dispatch import Message  # noqa: E402

CONSUMER = "chaos"
EVERY_SECONDS = 5.0


def hear(message: Message) -> None:
    """Note one entry: a line is written by a single call, so lines of two processes never mix."""
    line = f"{message.position} {message.topic} {message.event}\n"
    heard = os.open(os.environ["CHAOS_HEARD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(heard, line.encode())
    finally:
        os.close(heard)


dispatch.register(CONSUMER, ("",), hear)
for entry in app.conf.beat_schedule.values():
    entry["schedule"] = min(entry["schedule"], EVERY_SECONDS)

__all__ = ["app"]

"""The Celery application: two queues, and the beat that revives what has lapsed.

`urgent` carries following, sealing and dispatch; `bulk` carries backfill, reconciliation and
observation, so that a million votes never delay a pause. Messages are nudges only: the work
itself is rows in PostgreSQL.
"""

import os

from celery import Celery

from tocsin import broker, logs  # noqa: F401 - logs listens to the signals of tasks

broker.install()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.settings")

app = Celery("tocsin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# An expiration is RabbitMQ's own; on other brokers a late sweep finds nothing to do. Celery's
# `expires` would compare the clocks of two machines.
app.conf.beat_schedule = {
    "chainsync.sweep": {
        "task": "chainsync.tasks.sweep",
        "schedule": 2.0,
        "options": {"queue": "urgent", "expiration": 2},
    },
    "chainsync.watch": {
        "task": "chainsync.tasks.watch",
        "schedule": 5.0,
        "options": {"queue": "urgent", "expiration": 5},
    },
    "ledger.sweep": {
        "task": "ledger.tasks.sweep",
        "schedule": 5.0,
        "options": {"queue": "urgent", "expiration": 5},
    },
    "charter.sweep": {
        "task": "charter.tasks.sweep",
        "schedule": 3600.0,
        "options": {"queue": "bulk", "expiration": 3600},
    },
    "governance.sweep": {
        "task": "governance.tasks.sweep",
        "schedule": 30.0,
        "options": {"queue": "urgent", "expiration": 30},
    },
}

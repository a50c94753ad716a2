"""The web process."""

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.settings")
django.setup(set_prefix=False)

# What follows needs the settings that the line above has read.
from django.conf import settings  # noqa: E402
from django.db.backends.postgresql.base import DatabaseWrapper  # noqa: E402
from django.db.backends.signals import connection_created  # noqa: E402

from tocsin.edge import Gate  # noqa: E402
from tocsin.serving import Lanes  # noqa: E402


def bound_queries(connection: DatabaseWrapper, **_: Any) -> None:
    """Have the database give up on what a reader would not wait for, and on forgotten work."""
    milliseconds = settings.WEB_QUERY_SECONDS * 1000
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, false), "
            "set_config('lock_timeout', %s, false), "
            "set_config('idle_in_transaction_session_timeout', %s, false)",
            [str(milliseconds), str(milliseconds // 2), str(milliseconds * 3)],
        )


# Of this process only: what workers do may take its time.
connection_created.connect(bound_queries, dispatch_uid="tocsin.bound_queries")

application = Gate(Lanes(), proxies=settings.PROXIES, streams=settings.LIVE_STREAMS_PER_ADDRESS)

"""How the database is reached: so that a host which vanishes holds nobody up for long.

A machine that loses its network sends nothing, not even an end of its connections. Without what
stands here its transactions would keep their locks for hours, and its own workers would wait for
answers that never come for a quarter of an hour.
"""

from typing import Any

import dj_database_url

CONNECT_SECONDS = 5
IDLE_SECONDS, INTERVAL_SECONDS, PROBES = 5, 2, 3
"""A connection that is silent for so long is probed, so often, and then given up: 11 seconds."""
UNHEARD_SECONDS = 10
"""What was sent and is not acknowledged after so long has not arrived."""
IDLE_IN_TRANSACTION_SECONDS = 60
"""Nobody waits for anything within a transaction: after so long its worker is taken to be gone."""
CLIENT_GONE_SECONDS = 1
"""A server that computes looks so often whether its client lives: else a worker that was killed
within a statement would leave that statement, its session and its locks behind."""

_CLIENT = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": IDLE_SECONDS,
    "keepalives_interval": INTERVAL_SECONDS,
    "keepalives_count": PROBES,
    "tcp_user_timeout": UNHEARD_SECONDS * 1000,
}
_SERVER = {
    "tcp_keepalives_idle": IDLE_SECONDS,
    "tcp_keepalives_interval": INTERVAL_SECONDS,
    "tcp_keepalives_count": PROBES,
    "tcp_user_timeout": UNHEARD_SECONDS * 1000,
    "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_SECONDS * 1000,
    "client_connection_check_interval": CLIENT_GONE_SECONDS * 1000,
}


def settings(url: str) -> dict[str, Any]:
    """Django's settings of the database that DATABASE_URL names.

    What the address says itself (`?sslmode=…`, `?host=a,b&target_session_attrs=read-write`,
    `?connect_timeout=…`) wins over ours.
    """
    found: dict[str, Any] = {**dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True)}
    given = found.get("OPTIONS", {})
    server = " ".join(f"-c {name}={value}" for name, value in _SERVER.items())
    options = " ".join(filter(None, [server, given.get("options", "")]))
    return {
        **found,
        "ENGINE": "django.db.backends.postgresql",
        "OPTIONS": {**_CLIENT, **given, "options": options},
    }

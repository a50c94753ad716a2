"""The services of a grown deployment, where this machine has them.

PostgreSQL on 5432, RabbitMQ on 5672 and Redis on 6379 of the loopback, as CI has them. Where one is
absent, its tests say so and are skipped; with CI=true they fail instead.
"""

import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

HOST = "127.0.0.1"
POSTGRES = f"postgresql://postgres@{HOST}:5432"
REDIS_DATABASE = 11
"""Nobody else's: it is emptied before and after."""


def absent(why: str) -> None:
    """Skip the test that cannot be done here, or fail it where it must be done."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{why}, and with CI=true that is a failure")
    pytest.skip(why)


def require(name: str, port: int) -> None:
    """Go on only where the service listens."""
    try:
        socket.create_connection((HOST, port), 3).close()
    except OSError as error:
        absent(f"no {name} on port {port} of the loopback ({error.strerror or error})")


@contextmanager
def postgres_database() -> Iterator[str]:
    """The address of a new, empty database on PostgreSQL 15 or newer; dropped at the end."""
    require("PostgreSQL", 5432)
    name = f"grown_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield f"{POSTGRES}/{name}"
        finally:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


@contextmanager
def rabbitmq_vhost() -> Iterator[str]:
    """A virtual host of its own where we may make one, else the default one."""
    require("RabbitMQ", 5672)
    tool = shutil.which("rabbitmqctl")
    name = f"grown-{uuid.uuid4().hex[:12]}"
    made = tool and not _quietly([tool, "add_vhost", name])
    if not made:
        yield "/"
        return
    try:
        _quietly([str(tool), "set_permissions", "-p", name, "guest", ".*", ".*", ".*"])
        yield name
    finally:
        _quietly([str(tool), "delete_vhost", name])


def _quietly(command: list[str]) -> int:
    return subprocess.run(command, capture_output=True, cwd=Path("/"), timeout=60).returncode

"""A small deployment on real parts: a node, a database, a broker, and the processes themselves.

Everything runs in processes of its own, as it is deployed.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from deployment import Deployment, migrate
from psycopg import sql

from lab.anvil import Anvil
from lab.consensus import Consensus
from lab.endpoint import Upstream
from lab.gateway import Gateway
from lab.schedule import ChainTimes
from tools import postgres

if TYPE_CHECKING:
    from tests.chainsync.scene import Node


@pytest.fixture(scope="module")
def node() -> "Iterator[Node]":
    from tests.chainsync.scene import FINALIZED_DEPTH, Node

    times = ChainTimes(901, 1, 300_000_000, safe_depth=4, finalized_depth=FINALIZED_DEPTH)
    with tempfile.TemporaryDirectory(prefix="tocsin-node-") as folder:
        anvil = Anvil.start(
            times, Path(folder) / "anvil.log", genesis_time=int(time.time()) - 10_000
        )
        gateway = Gateway({"l2": Upstream(anvil.rpc.url, Consensus(times))}, dict)
        gateway.start()
        found = Node(anvil, gateway)
        found.mine(20)
        try:
            yield found
        finally:
            gateway.stop()
            anvil.stop()
            anvil.rpc.close()


@pytest.fixture(scope="session")
def migrated(
    postgres_server: postgres.Server, tmp_path_factory: pytest.TempPathFactory
) -> postgres.Server:
    """The session's server with a database `grown` that has all tables, to be copied."""
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE grown")
    migrate(postgres_server.url("grown"), tmp_path_factory.mktemp("migrate"))
    return postgres_server


@pytest.fixture
def database(migrated: postgres.Server) -> Iterator[str]:
    """The address of a database of this test's own, with all tables."""
    name = f"grown_{time.monotonic_ns()}"
    with psycopg.connect(migrated.url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE grown").format(sql.Identifier(name))
        )
        yield migrated.url(name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def deployment(database: str, node: "Node", tmp_path: Path) -> Iterator[Deployment]:
    """A venue of one chain that `node` serves; no process runs yet."""
    with Deployment(database, node.urls, tmp_path).open() as found:
        yield found

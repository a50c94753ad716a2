"""PostgreSQL 15 beside the embedded 18, connections that are cut, and backups that are restored."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from deployment import ROOT, Deployment, environment, migrate
from services import postgres_database

from tests.chainsync.scene import Node
from tocsin import database
from tools import postgres

pytestmark = [pytest.mark.slow, pytest.mark.node, pytest.mark.timeout(600)]

STORIES = (
    "tests/chainsync/test_following.py",
    "tests/chainsync/test_backfill.py",
    "tests/ledger/test_leases.py",
    "tests/ledger/test_dispatch.py",
    "tests/governance/test_votes.py",
)


def test_the_stories_of_the_embedded_database_are_true_of_postgresql_15(tmp_path: Path) -> None:
    """The tables are made there, and blocks, reorganisations, votes and seals behave the same."""
    with postgres_database() as url:
        env = environment(url, tmp_path)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-x", "-m", "not slow", "--create-db"),
                *("-o", f"cache_dir={tmp_path / 'cache'}", *STORIES),
            ],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout[-5000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed, done.stdout
    assert int(passed[1]) > 20


def test_following_goes_on_after_every_connection_was_cut(tmp_path: Path, node: Node) -> None:
    """As when the server is restarted, or another takes over behind the same address."""
    with postgres_database() as url:
        migrate(url, tmp_path)
        with Deployment(url, node.urls, tmp_path).open() as deployment:
            deployment.start_worker()
            deployment.start_beat()
            deployment.follows_to(node.head)
            for _ in range(2):
                deployment.query(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                node.mine(3)
                deployment.follows_to(node.head)
            assert [p.poll() for p in deployment.processes.values()] == [None, None]


@pytest.mark.django_db(transaction=True)
def test_the_server_gives_up_on_a_worker_that_vanished() -> None:
    """Its locks are not kept for hours: the server probes its connections, and bounds idleness."""
    from django.db import connection

    with connection.cursor() as cursor:
        for name, value in (
            ("tcp_keepalives_idle", "5"),
            ("tcp_keepalives_interval", "2"),
            ("tcp_keepalives_count", "3"),
            ("tcp_user_timeout", "10000"),
            ("idle_in_transaction_session_timeout", "1min"),
        ):
            cursor.execute(f"SHOW {name}")
            assert cursor.fetchone() == (value,), name


def test_several_servers_may_be_named_and_the_one_that_writes_is_taken(
    postgres_server: postgres.Server,
) -> None:
    """What the address says wins over what we would say."""
    url = (
        f"postgresql://{postgres.ROLE}:{postgres_server.password}@/postgres"
        f"?host=127.0.0.1,127.0.0.1&port=1,{postgres_server.port}"
        "&target_session_attrs=read-write&connect_timeout=3"
    )
    found = database.settings(url)
    assert found["HOST"] == ""
    options = {**found["OPTIONS"], "user": found["USER"], "password": found["PASSWORD"]}
    assert options["connect_timeout"] == 3
    with psycopg.connect(dbname=found["NAME"], **options) as connection:
        assert connection.info.port == postgres_server.port


def test_backups_taken_while_it_runs_are_restored_and_following_resumes(
    deployment: Deployment, node: Node, migrated: postgres.Server, tmp_path: Path
) -> None:
    """A dump and a copy of the cluster: the same digest, and then new blocks."""
    deployment.start_worker()
    deployment.start_beat()
    deployment.follows_to(node.head)

    dump = tmp_path / "backup.dump"
    copy = tmp_path / "copy"
    _tool("pg_dump", "--format=custom", f"--file={dump}", deployment.database)
    _tool("pg_basebackup", "--checkpoint=fast", f"--pgdata={copy}/cluster", "-d", migrated.url())
    reached = deployment.head
    digest = _digest(deployment, reached)

    with psycopg.connect(migrated.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored")
    restored = migrated.url("restored")
    _tool("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={restored}", str(dump))

    (copy / "password").write_text(migrated.password)
    server = postgres.start(copy, durable=False)
    try:
        name = deployment.database.rpartition("/")[2]
        for number, url in enumerate((restored, server.url(name))):
            data = tmp_path / f"restored-{number}"
            data.mkdir()
            with Deployment(url, node.urls, data).open() as again:
                first = again.head
                assert 0 < first <= reached
                again.start_worker()
                again.start_beat()
                node.mine(2)
                again.follows_to(node.head)
                assert _digest(again, reached) == digest
    finally:
        postgres.stop(copy)
        with psycopg.connect(migrated.url(), autocommit=True) as connection:
            connection.execute("DROP DATABASE restored WITH (FORCE)")


def _digest(deployment: Deployment, upto: int) -> str:
    return deployment.manage("digest", "--upto", f"l2={upto}").splitlines()[-1]


def _tool(name: str, *arguments: str) -> None:
    """Run a program of the embedded PostgreSQL."""
    done = subprocess.run(
        [str(postgres.binaries() / name), *arguments],
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{name}: {done.stderr}"

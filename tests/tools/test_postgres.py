"""The embedded PostgreSQL starts, keeps its data, and comes back after every kind of end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tools import postgres


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home below a folder that only its owner may enter."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    yield closed / "pg"
    postgres.stop(closed / "pg")


def write(server: postgres.Server, number: int) -> None:
    with psycopg.connect(server.url()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def read(server: postgres.Server) -> list[int]:
    with psycopg.connect(server.url()) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM kept ORDER BY number")]


def test_data_survives_a_stop_and_a_start(home: Path) -> None:
    first = postgres.start(home)
    write(first, 1)
    assert postgres.running(home)
    assert postgres.stop(home) is True
    assert postgres.running(home) is None
    assert postgres.stop(home) is False

    assert read(postgres.start(home)) == [1]


def test_a_run_forces_commits_to_disk_and_a_test_does_not(home: Path) -> None:
    for durable, expected in ((True, "on"), (False, "off")):
        server = postgres.start(home, durable=durable)
        with psycopg.connect(server.url()) as connection:
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                assert connection.execute(f"SHOW {name}").fetchone() == (expected,)
        postgres.stop(home)


def test_only_the_password_opens_it_and_only_the_owner_reads_the_password(home: Path) -> None:
    server = postgres.start(home, durable=False)
    assert (home / "password").stat().st_mode & 0o077 == 0
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host="127.0.0.1", port=server.port, user=postgres.ROLE, dbname="postgres")


def test_a_killed_server_recovers_what_was_committed(home: Path) -> None:
    server = postgres.start(home)
    write(server, 7)
    os.kill(postgres.running(home) or 0, signal.SIGKILL)
    wait_until_gone(home)

    assert (home / "cluster" / "postmaster.pid").exists()
    assert read(postgres.start(home)) == [7]


def test_a_recorded_process_that_is_a_stranger_is_left_alone(home: Path) -> None:
    postgres.start(home, durable=False)
    postgres.stop(home)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        (home / "cluster" / "postmaster.pid").write_text(f"{stranger.pid}\n{home}\n")
        postgres.start(home, durable=False)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_that_outlived_its_starter_is_replaced(home: Path) -> None:
    first = postgres.start(home)
    write(first, 3)
    old = postgres.running(home)
    second = postgres.start(home)
    assert postgres.running(home) != old
    assert read(second) == [3]


def test_a_taken_port_is_refused_with_the_words_of_the_log(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(postgres.StartFailed, match="Address already in use"):
            postgres.start(home, port=taken.getsockname()[1])


def test_data_of_another_version_is_not_touched(home: Path) -> None:
    cluster = home / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("12\n")
    with pytest.raises(postgres.ForeignCluster, match="written by PostgreSQL 12"):
        postgres.start(home)


def test_a_folder_with_other_things_in_it_is_not_touched(home: Path) -> None:
    (home / "cluster").mkdir(parents=True)
    (home / "cluster" / "thesis.txt").write_text("three years of work")
    with pytest.raises(postgres.ForeignCluster, match="neither empty nor"):
        postgres.start(home)
    assert (home / "cluster" / "thesis.txt").exists()


def test_an_interrupted_creation_is_begun_again(home: Path) -> None:
    (home / "cluster.new").mkdir(parents=True)
    (home / "cluster.new" / "PG_VERSION").write_text("18\n")
    write(postgres.start(home, durable=False), 1)
    assert not (home / "cluster.new").exists()


def test_the_scratch_server_of_a_killed_process_is_swept(tmp_path: Path) -> None:
    code = (
        "import time\nfrom tools import postgres\n"
        "with postgres.scratch('tocsin-sweep') as server:\n"
        "    print(server.home, flush=True)\n    time.sleep(60)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.getcwd()},
    )
    assert owner.stdout
    left = Path(owner.stdout.readline().strip())
    owner.kill()
    owner.communicate()
    assert postgres.running(left)
    server = psutil.Process(postgres.running(left) or 0)

    sweep = "from tools import postgres; print(postgres.sweep('tocsin-sweep'))"
    subprocess.run(
        [sys.executable, "-c", sweep],
        check=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.getcwd()},
    )
    assert not left.exists()
    # A process that only waits for init to reap it has ended.
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE


def wait_until_gone(home: Path) -> None:
    deadline = time.monotonic() + 10
    while postgres.running(home):
        assert time.monotonic() < deadline
        time.sleep(0.02)

"""`make run` from start to stop, on a small pretended venue with a real database."""

import os
import signal
import socket
import time
import urllib.request
from pathlib import Path

import pretended_venue as venue
import psycopg
import pytest

from tools import postgres
from tools import run as tool

READY = "Tocsin is ready after"

BEACON = '{"genesis_time": 1, "genesis_validators_root": "0x", "checkpoint": "0x"}'
LAB = '{"id": "%s", "gateway": {"url": ""}, "beacon": %s}'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return venue.build(tmp_path / "checkout")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_way_of_stopping_leaves_no_process(
    root: Path, tmp_path: Path, sign: signal.Signals
) -> None:
    with venue.run(root, tmp_path / "data", postgres.free_port()) as run:
        run.wait_for(READY)
        assert f"open http://localhost:{run.port}/" in run.said()
        # lab, its two grandchildren, web and the database
        venue.wait_until(lambda: len(run.processes()) == 5)

        asked = time.monotonic()
        run.process.send_signal(sign)
        assert run.process.wait(15) == 0
        assert time.monotonic() - asked < 9
        assert run.processes() == []
        assert (run.data / "lab" / "dumped").exists(), "the lab was not asked before it was ended"
        assert "The data stays in" in run.said()


@pytest.mark.slow
def test_the_venue_is_found_by_other_commands_and_keeps_its_data(
    root: Path, tmp_path: Path
) -> None:
    for time_of in (1, 2):
        with venue.run(root, tmp_path / "data", postgres.free_port()) as run:
            run.wait_for(READY)
            recorded = run.environment()
            assert recorded["TOCSIN_LAB_URL"] == "http://127.0.0.1:4321"
            assert recorded["TOCSIN_LAB_BEACON_GENESIS_TIME"] == "17"
            assert recorded["TOCSIN_LAB_BEACON_VALIDATORS_ROOT"] == "0x01"
            assert recorded["TOCSIN_LAB_BEACON_CHECKPOINT"] == "0x02"
            assert recorded["PORT"] == str(run.port)
            assert (run.data / "run.json").stat().st_mode & 0o077 == 0
            with psycopg.connect(recorded["DATABASE_URL"]) as connection:
                assert connection.info.dbname == "tocsin_ab12"
                done = [row[0] for row in connection.execute("SELECT what FROM done")]
            assert done == ["migrate", "charter_load"] * time_of


@pytest.mark.slow
def test_a_second_run_on_the_same_data_is_refused_in_words(root: Path, tmp_path: Path) -> None:
    with venue.run(root, tmp_path / "data", postgres.free_port()) as first:
        first.wait_for(READY)
        with venue.run(root, tmp_path / "data", postgres.free_port()) as second:
            assert second.process.wait(20) == 1
            assert "Another run already uses" in second.said()
            assert f"process {first.process.pid}" in second.said()
            assert f"make run PORT={second.port + 1} TOCSIN_DATA_DIR=" in second.said()
            # Leaving the block above must not end the first run's processes: look before it.
            assert first.process.poll() is None
            with urllib.request.urlopen(f"http://127.0.0.1:{first.port}/healthz") as answer:
                assert answer.status == 200


@pytest.mark.slow
def test_two_runs_live_side_by_side(root: Path, tmp_path: Path) -> None:
    with (
        venue.run(root, tmp_path / "one", postgres.free_port()) as one,
        venue.run(root, tmp_path / "two", postgres.free_port()) as two,
    ):
        one.wait_for(READY)
        two.wait_for(READY)
        assert one.environment()["DATABASE_URL"] != two.environment()["DATABASE_URL"]
        one.process.send_signal(signal.SIGINT)
        assert one.process.wait(15) == 0
        with urllib.request.urlopen(f"http://127.0.0.1:{two.port}/healthz") as answer:
            assert answer.status == 200


@pytest.mark.slow
def test_a_killed_run_is_cleared_up_by_the_next(root: Path, tmp_path: Path) -> None:
    port = postgres.free_port()
    with venue.run(root, tmp_path / "data", port) as run:
        run.wait_for(READY)
        venue.wait_until(lambda: len(run.processes()) == 5)
        left = run.processes()
        run.process.kill()
        run.process.wait()
        with venue.run(root, tmp_path / "data", port) as again:
            again.wait_for(READY)
            assert "ended 4 processes that it left behind" in again.said()
            assert not {process.pid for process in left if process.is_running()} & {
                process.pid for process in again.processes()
            }


@pytest.mark.slow
def test_a_database_that_dies_comes_back_on_its_port(root: Path, tmp_path: Path) -> None:
    with venue.run(root, tmp_path / "data", postgres.free_port()) as run:
        run.wait_for(READY)
        os.kill(postgres.running(run.data / "pg") or 0, signal.SIGKILL)
        run.wait_for("PostgreSQL has ended; starting it again.")
        venue.wait_until(lambda: postgres.running(run.data / "pg"))

        def answers() -> bool:
            try:
                with psycopg.connect(run.environment()["DATABASE_URL"]) as connection:
                    return bool(connection.execute("SELECT count(*) FROM done").fetchone())
            except psycopg.OperationalError:
                return False

        venue.wait_until(answers)


def test_a_taken_port_is_named_with_what_to_type(root: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with venue.run(root, tmp_path / "data", port) as run:
            assert run.process.wait(20) == 1
            assert f"Port {port} cannot be used: Address already in use." in run.said()
            assert f"make run PORT={port + 1}" in run.said()
            assert "Traceback" not in run.said()


def test_a_step_that_fails_is_named_and_nothing_stays_behind(root: Path, tmp_path: Path) -> None:
    (root / "manage.py").write_text("import sys; sys.exit('chain l2: no such endpoint')")
    with venue.run(root, tmp_path / "data", postgres.free_port()) as run:
        assert run.process.wait(30) == 1
        assert "chain l2: no such endpoint" in run.said()
        assert "this step ended with exit code 1, and the reason stands above" in run.said()
        assert "Traceback" not in run.said()
        assert run.processes() == []


@pytest.mark.slow
def test_a_charter_without_the_lab_starts_none(root: Path, tmp_path: Path) -> None:
    (root / "venue.toml").write_text('endpoint = "https://rpc.example/"\n')
    with venue.run(root, tmp_path / "data", postgres.free_port()) as run:
        run.wait_for(READY)
        assert not (run.data / "lab").exists()
        assert "TOCSIN_LAB_URL" not in run.environment()
        assert run.environment()["DATABASE_URL"].endswith("/tocsin")


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1", "8000.5"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(tool.CannotRun, match="a number from 1 to 65535"):
        tool.parse_port(text)


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(tool.CannotRun, match="make run TOCSIN_DATA_DIR="):
        tool.prepare_data_dir(str(tmp_path / "file" / "data"))


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"id": "ab"}', LAB % ("ab", "{}"), LAB % ("a b", BEACON)],
)
def test_a_broken_note_of_the_lab_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "lab.json").write_text(text)
    with pytest.raises(tool.CannotRun, match="start a new lab"):
        tool.read_lab(tmp_path)

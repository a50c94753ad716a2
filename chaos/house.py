"""An installation that can be disturbed: its database, broker, workers and schedulers."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from chaos import brokers, charter, disk, processes
from chaos.brokers import Broker
from chaos.ground import Ground
from chaos.processes import ROOT, Process
from chaos.servant import Servant, Unsettled
from lab.faults.tcp import Line
from lab.schedule import CHAINS
from tools import postgres, supervisor

Heads = dict[str, tuple[int, str, int]]

TEMPLATE = "chaos_template"
PG_MEGABYTES = 600
KEEP_SECONDS = 0.5
_SETTINGS = {"max_wal_size": "128MB", "min_wal_size": "32MB", "checkpoint_timeout": "30s"}


@dataclass
class Cellar:
    """The database server below all installations of a run, behind a line that can be faulty."""

    home: Path
    server: postgres.Server
    line: Line
    small: bool
    down: bool = False

    def create(self, name: str) -> None:
        """A database with all tables and no rows."""
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE}')

    def drop(self, name: str) -> None:
        """Take a database away, whoever uses it."""
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.server.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def url(self, name: str, *, faulty: bool) -> str:
        """Address of a database, directly or through the line."""
        direct = self.server.url(name)
        return direct.replace(f":{self.server.port}/", f":{self.line.port}/") if faulty else direct

    def crash(self) -> None:
        """End the server without a word, as when its machine loses power."""
        for process in self._processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.down = True

    def fill(self) -> str:
        """Leave no room for it to write; in words how."""
        if self.small:
            return f"{disk.fill(self.home)} bytes were free"
        disk.limit(self._processes(), 1)
        return "by a limit on file sizes"

    def heal(self) -> None:
        """Give it room, a sound line, and start it where it is down."""
        disk.empty(self.home)
        disk.limit(self._processes(), -1)
        self.line.heal()
        deadline = time.monotonic() + 90
        while True:
            try:
                with psycopg.connect(self.server.url(), connect_timeout=5) as connection:
                    connection.execute("SELECT 1")
                self.down = False
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                if postgres.running(self.home / "pg") is None:
                    postgres.start(self.home / "pg", port=self.server.port)
                time.sleep(0.5)

    def _processes(self) -> list[psutil.Process]:
        pid = postgres.running(self.home / "pg")
        if pid is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            first = psutil.Process(pid)
            return [first, *first.children(recursive=True)]
        return []


@contextlib.contextmanager
def cellar(folder: Path) -> Iterator[Cellar]:
    """A database server on a small disk, with a migrated template."""
    home = folder / "disk"
    with disk.small(home, PG_MEGABYTES) as small:
        server = postgres.start(home / "pg")
        try:
            with Line("127.0.0.1", server.port) as line:
                made = Cellar(home, server, line, small)
                with psycopg.connect(server.url(), autocommit=True) as connection:
                    for name, value in _SETTINGS.items():
                        connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
                    connection.execute("SELECT pg_reload_conf()")
                    connection.execute(f"CREATE DATABASE {TEMPLATE}".encode())
                environment = _environment(server.url(TEMPLATE), folder / "template", {})
                _run([sys.executable, "manage.py", "migrate", "-v", "0"], environment)
                yield made
        finally:
            postgres.stop(home / "pg")


@dataclass
class House:
    """One installation: a database of its own, a data directory, and its processes."""

    name: str
    data: Path
    cellar: Cellar
    grounds: list[Ground]
    environment: dict[str, str]
    servant: Servant
    broker: Broker | None = None
    processes: dict[str, Process] = field(default_factory=dict)
    charters: list[tuple[str, ...]] = field(default_factory=list)
    """What each charter that was loaded left out, in order."""

    @property
    def faults(self) -> Path:
        """Folder of the fault points."""
        return self.data / "faults"

    @property
    def heard(self) -> Path:
        """What the listening consumer was handed, line by line."""
        return self.data / "heard"

    @property
    def log(self) -> Path:
        """What its processes said."""
        return self.data / "processes.log"

    def heads(self) -> Heads:
        """Where the chains stand: number, hash and finalized number of each."""
        told: Heads = {}
        for ground in self.grounds:
            number, block_hash = ground.head
            deadline = time.monotonic() + 60
            # The gateway looks twice a second.
            while ground.lab.consensus.finalized < number - CHAINS[ground.key].finalized_depth:
                assert time.monotonic() < deadline, "the lab's consensus stands still"
                time.sleep(0.1)
            told[ground.key] = (number, block_hash, ground.lab.consensus.finalized)
        return told

    def charter(self, without: tuple[str, ...] = ()) -> None:
        """Write venue.toml and load it, and again when the database is away just then."""
        (self.data / "venue.toml").write_text(charter.text(self.grounds, without))
        deadline = time.monotonic() + 60
        while True:
            try:
                self.servant.order("prepare")
            except Unsettled:
                if time.monotonic() > deadline:
                    raise
                self.cellar.heal()
            else:
                self.charters.append(without)
                return

    def open(self) -> None:
        """Start all processes."""
        for name, command in processes.lines().items():
            self.add(name, command)

    def add(self, name: str, command: str, **more: str) -> Process:
        """Start one more process."""
        process = self.processes[name] = Process(name, command, self.environment, self.log)
        process.start(**more)
        return process

    def keep(self) -> list[str]:
        """Start again what has ended, as a supervisor does; which."""
        ended = [process for process in self.processes.values() if not process.alive]
        for process in ended:
            process.kill()  # What its first process left behind.
            process.start()
        return [process.name for process in ended]

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Start again what ends meanwhile: a worker does, when a child of it was killed."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(KEEP_SECONDS):
                self.keep()

        watching = threading.Thread(target=watch, name="keep", daemon=True)
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()

    def close(self) -> None:
        """End all processes."""
        for process in self.processes.values():
            process.end()
        self.processes.clear()


@contextlib.contextmanager
def house(
    name: str, folder: Path, cellar: Cellar, grounds: list[Ground], broker: str | None
) -> Iterator[House]:
    """An installation with nothing in it yet; without a broker it can have no workers."""
    data = folder / name
    data.mkdir()
    for part in ("armed", "fired", "reached"):
        (data / "faults" / part).mkdir(parents=True)
    cellar.create(name)
    with contextlib.ExitStack() as stack:
        stack.callback(cellar.drop, name)
        stack.callback(cellar.heal)
        started = stack.enter_context(brokers.start(broker, data)) if broker else None
        more = {
            "CELERY_BROKER_URL": started.url if started else "filesystem://",
            "TOCSIN_VENUE": str(data / "venue.toml"),
            "TOCSIN_CHAOS": "1",
            "TOCSIN_FAULT_POINTS": str(data / "faults"),
            "CHAOS_HEARD": str(data / "heard"),
        }
        environment = _environment(cellar.url(name, faulty=True), data, more)
        inside = {**environment, "DATABASE_URL": cellar.url(name, faulty=False), "TOCSIN_CHAOS": ""}
        servant = Servant(name, inside, data / "servant.log")
        stack.callback(servant.end)
        made = House(name, data, cellar, grounds, environment, servant, started)
        stack.callback(made.close)
        yield made


def _environment(url: str, data: Path, more: dict[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TOCSIN_")}
    folder = str(Path(sys.executable).parent)
    return {
        **kept,
        "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}",
        "DATABASE_URL": url,
        "TOCSIN_DATA_DIR": str(data),
        supervisor.MARK: str(data.parent),
        "DJANGO_SETTINGS_MODULE": "tocsin.settings",
        "PYTHONUNBUFFERED": "1",
        "REMAP_SIGTERM": "SIGQUIT",
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        **more,
    }


def _run(words: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"

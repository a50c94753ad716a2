"""`make run`: the whole venue on this machine, until Ctrl-C.

PORT (default 8000) is where the pages are; TOCSIN_DATA_DIR (default `.data` in the checkout) keeps
everything, so two runs that differ in both live side by side. With DATABASE_URL set, that database
is used and none is started. What runs is written to `run.json` in the data directory, by which
`manage.py` and `python -m lab` find it.
"""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TextIO

import psycopg
from honcho.environ import parse_procfile
from psycopg import sql

from tools import postgres
from tools.supervisor import MARK, Supervisor, end_leftovers, how_it_ended

ROOT = Path(__file__).resolve().parent.parent
# Both commands in one process: starting Django takes longer than either of them.
MANAGE = """
import runpy, sys
for arguments in (["migrate", "--no-input", "-v0"], ["charter_load"]):
    sys.argv = ["manage.py", *arguments]
    runpy.run_path("manage.py", run_name="__main__")
"""
READY_SECONDS = 60
"""After so long without an answer we say where to look."""


class CannotRun(RuntimeError):
    """Why the venue does not start, and what to do about it, in one or two sentences."""


class Stopped(BaseException):
    """Asked to end before everything was up."""


def main(root: Path = ROOT) -> int:
    """Run until a signal; 0 after a clean stop, 1 with a reason on stderr otherwise."""
    signal.signal(signal.SIGHUP, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        port = parse_port(os.environ.get("PORT"))
        data = prepare_data_dir(os.environ.get("TOCSIN_DATA_DIR"))
        with only_run(data, port):
            Venue(data, port, root).run()
    except (CannotRun, postgres.PostgresError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except Stopped:
        return 0
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Stopped


def parse_port(text: str | None) -> int:
    """The port of the pages; CannotRun when it is none."""
    try:
        port = int(text or 8000)
    except ValueError:
        port = 0
    if not 1 <= port <= 65535:
        raise CannotRun(f"PORT is {text!r}; it must be a number from 1 to 65535.")
    return port


def require_free(port: int) -> None:
    """CannotRun, with what to type instead, when somebody else has the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotRun(
                f"Port {port} cannot be used: {error.strerror or error}. Stop the program that "
                f"uses it, or choose another port: make run PORT={port % 65535 + 1}"
            ) from error


def prepare_data_dir(text: str | None) -> Path:
    """The data directory, made when missing; CannotRun when we may not write there."""
    data = Path(text or ROOT / ".data").expanduser().resolve()
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (data / ".writable").open("w"):
            pass
        (data / ".writable").unlink()
    except OSError as error:
        raise CannotRun(
            f"The data directory {data} cannot be used: {error.strerror}. Choose another: "
            "make run TOCSIN_DATA_DIR=/some/folder"
        ) from error
    return data


@contextmanager
def only_run(data: Path, port: int) -> Iterator[TextIO]:
    """Hold the data directory for this run; CannotRun when another one holds it."""
    with (data / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise CannotRun(
                f"Another run already uses {data} ({lock.read().strip() or 'it is starting'}). "
                "Stop it with Ctrl-C where it was started, or run this one beside it: "
                f"make run PORT={port % 65535 + 1} TOCSIN_DATA_DIR={data}-2"
            ) from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()}, http://localhost:{port}/")
        lock.flush()
        yield lock


def uses_lab(venue_file: Path) -> bool:
    """Whether this charter describes the lab's chains: it then takes addresses from the lab."""
    try:
        return "TOCSIN_LAB_URL" in venue_file.read_text(encoding="utf-8")
    except OSError as error:
        raise CannotRun(
            f"The venue file {venue_file} cannot be read: {error.strerror}. Set TOCSIN_VENUE to "
            "the file that describes your venue."
        ) from error


def ensure_database(server: postgres.Server, name: str) -> bool:
    """Create the database when it is missing; True when it is new."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return False
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return True


def write_run_file(data: Path, environment: dict[str, str], pid: int | None) -> None:
    """Record what runs for other processes; only the owner reads it, it holds a password."""
    fresh = data / "run.json.new"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"env": environment, "pid": pid}, file, indent=2)
    fresh.replace(data / "run.json")


@dataclass(frozen=True)
class Lab:
    """A prepared lab: its identity, the address of the gateway before its chains, and what a light
    client of its L1 begins with."""

    id: str
    url: str
    beacon: dict[str, str]


class Venue:
    """One run: its data directory, its port, and the steps from nothing to an open page."""

    def __init__(self, data: Path, port: int, root: Path = ROOT) -> None:
        self.root = root
        self.data = data
        self.port = port
        self.mark = str(data)
        self.home = data / "pg"
        self.venue_file = Path(os.environ.get("TOCSIN_VENUE") or root / "venue.toml")
        self.with_lab = uses_lab(self.venue_file)
        self.environment = {"TOCSIN_DATA_DIR": str(data), "PORT": str(port)}
        self.begun = time.monotonic()

    def run(self) -> None:
        """Everything from start to stop; the database is the first to start and the last to end."""
        if left := end_leftovers(self.mark):
            self._say(f"The last run was cut off: ended {left} processes that it left behind.")
        require_free(self.port)
        server = None
        if not os.environ.get("DATABASE_URL"):
            self._say("Starting PostgreSQL.")
            server = postgres.start(self.home)
        try:
            self._prepare(server)
            self._supervise(server)
        finally:
            # From here on a further Ctrl-C must not cut off the database's shutdown.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            end_leftovers(self.mark)
            if server is not None:
                postgres.stop(self.home)
            write_run_file(self.data, self.environment, None)
            self._say(f"Stopped. The data stays in {self.data}.")

    def _prepare(self, server: postgres.Server | None) -> None:
        """Lab, database, tables and charter, in this order; each leaves its words on the screen."""
        _empty_embedded_broker(self.data)
        name = "tocsin"
        if self.with_lab:
            self._step("Preparing the lab's chains and contracts.", "-m", "lab", "prepare")
            lab = read_lab(self.data)
            self.environment["TOCSIN_LAB_URL"] = lab.url
            self.environment.update(lab.beacon)
            name = f"tocsin_{lab.id}"
        if server is not None:
            if ensure_database(server, name):
                self._say(f"Created the database {name}.")
            self.environment["DATABASE_URL"] = server.url(name)
        else:
            self.environment["DATABASE_URL"] = os.environ["DATABASE_URL"]
        write_run_file(self.data, self.environment, os.getpid())
        self._step(
            f"Bringing the tables up to date, and loading the charter from {self.venue_file}.",
            *("-c", MANAGE),
        )

    def _supervise(self, server: postgres.Server | None) -> None:
        commands = dict(parse_procfile((self.root / "Procfile").read_text()).processes)
        if not self.with_lab:
            commands.pop("lab", None)
        supervisor = Supervisor(
            commands,
            mark=self.mark,
            environment=self._child_environment(),
            cwd=self.root,
            foundation=frozenset({"lab"}),
        )

        def ask_to_stop(number: int, frame: FrameType | None) -> None:
            supervisor.say("Stopping; this takes a few seconds. The data is kept.")
            supervisor.stop()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, ask_to_stop)
        threading.Thread(target=self._announce, args=(supervisor,), daemon=True).start()

        parent = os.getppid()

        def look_around() -> None:
            # A killed make cannot pass its signal on; without it nobody would ask us to stop.
            if "MAKELEVEL" in os.environ and os.getppid() != parent:
                supervisor.stop()
            elif server is not None and postgres.running(self.home) is None:
                supervisor.say("PostgreSQL has ended; starting it again.")
                postgres.start(self.home, port=server.port)

        supervisor.run(tick=look_around)

    def _announce(self, supervisor: Supervisor) -> None:
        """Say once where to click, as soon as the web process answers that it is alive."""
        complained = False
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
                    break
            except (urllib.error.URLError, OSError) as error:
                if not complained and time.monotonic() - self.begun > READY_SECONDS:
                    complained = True
                    supervisor.say(f"The pages do not answer yet ({error}); see web's lines above.")
                time.sleep(0.2)
        took = time.monotonic() - self.begun
        supervisor.say(
            f"Tocsin is ready after {took:.0f} s: open http://localhost:{self.port}/"
            "   (Ctrl-C stops it)"
        )

    def _step(self, words: str, *arguments: str) -> None:
        """Run one preparing command, its lines on our screen; CannotRun when it fails."""
        self._say(words)
        # In a session of its own: Ctrl-C reaches us first, and we end it as part of our stop.
        done = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.root,
            env={**self._child_environment(), MARK: self.mark},
            start_new_session=True,
        )
        if done.wait():
            raise CannotRun(
                f"The venue does not start: this step {how_it_ended(done.returncode)}, and the "
                "reason stands above. Nothing was lost; run `make run` again once it is mended."
            )

    def _child_environment(self) -> dict[str, str]:
        folder = str(Path(sys.executable).parent)
        return {
            **os.environ,
            **self.environment,
            "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONUNBUFFERED": "1",
            # Celery then gives its tasks back at once instead of waiting for the longest.
            "REMAP_SIGTERM": "SIGQUIT",
            # Meant for brokers that strangers reach; ours is a folder of our own.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        }

    def _say(self, text: str) -> None:
        try:
            print(f"{time.strftime('%H:%M:%S')} tocsin | {text}", flush=True)
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - lives until we end


def read_lab(data: Path) -> Lab:
    """What the lab wrote down about itself; CannotRun when that cannot be used."""
    path = data / "lab" / "lab.json"
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        beacon = {
            "TOCSIN_LAB_BEACON_GENESIS_TIME": str(note["beacon"]["genesis_time"]),
            "TOCSIN_LAB_BEACON_VALIDATORS_ROOT": note["beacon"]["genesis_validators_root"],
            "TOCSIN_LAB_BEACON_CHECKPOINT": note["beacon"]["checkpoint"],
        }
        lab = Lab(note["id"], note["gateway"]["url"], beacon)
        if not re.fullmatch(r"[a-z0-9_]{1,40}", lab.id):
            raise ValueError(f"its id is {lab.id!r}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotRun(
            f"{path} does not describe a lab ({error}). Move the folder {path.parent} away to "
            "start a new lab, then run `make run` again."
        ) from error
    return lab


def _empty_embedded_broker(data: Path) -> None:
    """Messages of the last run are only nudges, and beat sends new ones; old ones cost polling."""
    for folder in ("messages", "processed", "control"):
        for message in (data / "broker" / folder).glob("*"):
            message.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())

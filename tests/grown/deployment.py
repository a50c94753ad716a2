"""The processes of a deployment, started by the lines that the documentation gives."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
WAIT_SECONDS = 150
PR_SET_PDEATHSIG = 1

T = TypeVar("T")

VENUE = """
[venue]
name = "Grown"

[chains.l2]
name = "Venue L2"
chain_id = 901
block_time = 0.4
role = "l2"

[[chains.l2.endpoints]]
name = "l2-a"
operator = "Operator A"
url = "${URL_A}"

[[chains.l2.endpoints]]
name = "l2-b"
operator = "Operator B"
url = "${URL_B}"
"""


def until(found: Callable[[], T], what: Callable[[], str]) -> T:
    """The first true answer of `found`; fails with `what` when none comes."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (answer := found()):
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)
    return answer


def environment(database: str, data: Path, **more: str) -> dict[str, str]:
    """What a process of a deployment is given, and nothing of the session's own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TOCSIN_", "CELERY_"))}
    return {
        **kept,
        "DATABASE_URL": database,
        "TOCSIN_DATA_DIR": str(data),
        "DJANGO_SETTINGS_MODULE": "tocsin.settings",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        **more,
    }


def run(arguments: list[str], env: dict[str, str]) -> str:
    """What a Python command of the project printed; fails with its output when it fails."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{arguments}:\n{done.stdout}{done.stderr}"
    return done.stdout


def migrate(database: str, data: Path) -> None:
    """Bring the tables of a database up to date."""
    run(["manage.py", "migrate", "--no-input", "-v0"], environment(database, data))


def _die_with_the_session() -> None:
    """Between fork and exec: a session that is killed cannot end its workers any more."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Deployment:
    """One venue: its database, its data directory, and what runs of it."""

    def __init__(self, database: str, urls: list[str], data: Path) -> None:
        self.database = database
        self.data = data
        self.env = environment(
            database,
            data,
            TOCSIN_VENUE=str(data / "venue.toml"),
            URL_A=urls[0],
            URL_B=urls[1],
        )
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @contextmanager
    def open(self) -> Iterator["Deployment"]:
        """Load the charter; end every process in the end."""
        (self.data / "venue.toml").write_text(VENUE)
        try:
            self.manage("charter_load")
            yield self
        finally:
            for process in self.processes.values():
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def manage(self, *arguments: str) -> str:
        """What `manage.py` printed."""
        return run(["manage.py", *arguments], self.env)

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a Celery process; what it prints goes into its log."""
        with self.log(name).open("ab") as output:
            self.processes[name] = subprocess.Popen(
                [str(BIN / "celery"), "--quiet", "-A", "tocsin", *arguments],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_the_session if sys.platform == "linux" else None,
            )
        return self.processes[name]

    def start_worker(self, name: str = "worker", queues: str = "urgent,bulk") -> None:
        """A worker of both queues."""
        lean = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        self.start(name, "worker", "-n", f"{name}@%h", "-Q", queues, "-c", "3", "-l", "info", *lean)

    def start_beat(self, name: str = "beat") -> None:
        """A scheduler."""
        self.start(name, "beat", "-s", str(self.data / name), "--pidfile=", "-l", "info")

    def log(self, name: str) -> Path:
        """Where a process writes what it says."""
        return self.data / f"{name}.log"

    def said(self) -> str:
        """The ends of all logs, for a failure's message."""
        return "\n".join(
            f"--- {name}\n" + self.log(name).read_text(errors="replace")[-3000:]
            for name in self.processes
        )

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(statement, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    @property
    def head(self) -> int:
        """The head that the venue has followed to; -1 before the first."""
        rows = self.query("SELECT head_number FROM chainsync_chainstatus WHERE head_number > 0")
        return rows[0][0] if rows else -1

    def follows_to(self, number: int) -> None:
        """Wait until the venue has this block."""
        until(
            lambda: self.head >= number,
            lambda: f"the head stays at {self.head}, not {number}\n{self.said()}",
        )

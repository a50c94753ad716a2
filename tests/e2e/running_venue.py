"""The real venue for the stories: what `make run` starts, in a data directory of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

from tools import postgres, supervisor

ROOT = Path(__file__).resolve().parent.parent.parent
T = TypeVar("T")


@dataclass
class Venue:
    """One `make run`: its process, where its pages are and what it printed."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    port: int
    log: Path
    begun: float

    @property
    def url(self) -> str:
        """Where the pages are, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> str:
        """All lines printed so far."""
        return self.log.read_text(errors="replace")

    def tail(self, lines: int = 60) -> str:
        """The last lines, for a failure's message."""
        return "\n".join(self.said().splitlines()[-lines:])

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of a page; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def api(self, path: str) -> Any:
        """What `/api/v1/<path>` answers; fails with the answer when it is not 200."""
        status, body = self.get(f"/api/v1/{path}")
        assert status == 200, f"/api/v1/{path} answered {status}: {body[:500]!r}"
        return json.loads(body)

    def rpc(self, chain: str, method: str, *params: Any) -> Any:
        """A call to the lab's public endpoint of a chain; RpcRefused when it answers an error."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        request = urllib.request.Request(
            f"{self.environment['TOCSIN_LAB_URL']}/{chain}-a",
            json.dumps(body).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            parsed = json.load(answer)
        if "error" in parsed:
            raise RpcRefused(parsed["error"])
        return parsed["result"]

    @property
    def environment(self) -> dict[str, str]:
        """What `run.json` says about the run, as `manage.py` and `python -m lab` read it."""
        recorded: dict[str, str] = json.loads((self.data_dir / "run.json").read_text())["env"]
        return recorded

    def lab(self, *arguments: object) -> str:
        """Run `python -m lab …` against this venue; what it said. Fails when it fails."""
        done = self.python("-m", "lab", *arguments)
        assert done.returncode == 0, f"lab {arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def manage(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run `manage.py …` against this venue, whatever its exit code."""
        return self.python("manage.py", *arguments)

    def python(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a command of the project in the environment of this venue, to its end."""
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=ROOT,
            env=_environment(self.data_dir, self.port),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def age(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.begun

    def wait_until_open(self, seconds: float = 180) -> float:
        """Wait for the first answer of the web process; seconds since the start."""

        def answers() -> bool:
            assert self.process.poll() is None, f"the venue ended:\n{self.tail()}"
            return self.get("/healthz")[0] == 200

        until(answers, seconds, lambda: f"/healthz answers\n{self.tail()}")
        return self.age()

    def processes(self) -> list[psutil.Process]:
        """Every live process of this run, by its mark or by the data directory in its words."""
        found = {process.pid: process for process in supervisor.marked(str(self.data_dir))}
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                words = [*process.cmdline(), process.environ().get("TOCSIN_DATA_DIR", "")]
                ours = any(str(self.data_dir) in word for word in words)
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found[process.pid] = process
        found.pop(os.getpid(), None)
        return list(found.values())

    def interrupt(self) -> int:
        """Ctrl-C as a terminal sends it; the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)

    def kill(self) -> None:
        """Cut everything off at once, as a power failure would."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(10)
        until(lambda: not self.processes(), 10, lambda: "all processes are gone")


class RpcRefused(Exception):
    """An endpoint answered a JSON-RPC error, given as it came."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error.get("message"))
        self.error = error


@contextmanager
def started(data_dir: Path, port: int | None = None) -> Iterator[Venue]:
    """Start a venue in a data directory (made when missing); whatever is left of it is ended."""
    data_dir.mkdir(parents=True, exist_ok=True)
    data = data_dir.resolve()
    chosen = port or postgres.free_port()
    log = data.with_suffix(f".{time.monotonic_ns()}.log")
    begun = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.run"],
            cwd=ROOT,
            env=_environment(data, chosen),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    venue = Venue(process, data, chosen, log, begun)
    try:
        yield venue
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
        if process.poll() is None:
            process.kill()
            process.wait()
        supervisor.end_leftovers(str(data), patience_seconds=0)
        postgres.stop(data / "pg")


def _environment(data_dir: Path, port: int) -> dict[str, str]:
    environment = {**os.environ, "PORT": str(port), "TOCSIN_DATA_DIR": str(data_dir)}
    for name in ("DATABASE_URL", "TOCSIN_VENUE", "TOCSIN_LAB_URL"):
        environment.pop(name, None)
    return environment


def until(found: Callable[[], T], seconds: float, what: Callable[[], str], pause: float = 0.3) -> T:
    """The first true answer of `found`; fails, saying `what` did not come true, after that long."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"within {seconds:.0f} s it did not happen: {what()}"
        time.sleep(pause)
    return answer


class HeadWatch:
    """Notes, from a thread of its own, the wall time at which each block of a chain is out."""

    def __init__(self, venue: Venue, chain: str) -> None:
        self.seen: dict[int, float] = {}
        self._venue, self._chain = venue, chain
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "HeadWatch":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join(5)

    def _watch(self) -> None:
        while not self._stop.wait(0.03):
            with suppress(OSError, RpcRefused):
                number = int(self._venue.rpc(self._chain, "eth_blockNumber"), 16)
                self.seen.setdefault(number, time.time())

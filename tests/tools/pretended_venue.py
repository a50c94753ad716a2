"""A pretended venue for the tests of `make run`: real processes, but small ones."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tools import postgres, supervisor

ROOT = Path(__file__).resolve().parent.parent.parent
LAB = """
import json, os, pathlib, signal, subprocess, sys, time
folder = pathlib.Path(os.environ["TOCSIN_DATA_DIR"]) / "lab"
if sys.argv[1] == "prepare":
    folder.mkdir(exist_ok=True)
    gateway = {"port": 4321, "url": "http://127.0.0.1:4321"}
    beacon = {"genesis_time": 17, "genesis_validators_root": "0x01", "checkpoint": "0x02"}
    note = {"id": "ab12", "gateway": gateway, "beacon": beacon}
    (folder / "lab.json").write_text(json.dumps(note))
else:
    subprocess.Popen(["sleep", "300"], start_new_session=True)
    subprocess.Popen(["sleep", "300"])
    def dump(number, frame):
        (folder / "dumped").touch()
        sys.exit(0)
    signal.signal(signal.SIGTERM, dump)
    while True:
        time.sleep(1)
"""
MANAGE = """
import os, sys, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS done (what text)")
    connection.execute("INSERT INTO done VALUES (%s)", [sys.argv[1]])
"""
WEB = """
import http.server, os
class Alive(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *arguments):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Alive).serve_forever()
"""


def build(folder: Path) -> Path:
    """Write the files that `make run` looks for; returns the folder."""
    (folder / "lab").mkdir(parents=True)
    (folder / "lab" / "__main__.py").write_text(LAB)
    (folder / "manage.py").write_text(MANAGE)
    (folder / "web.py").write_text(WEB)
    (folder / "Procfile").write_text("lab: python -m lab serve\nweb: python web.py\n")
    (folder / "venue.toml").write_text('endpoint = "${TOCSIN_LAB_URL}/l2"\n')
    return folder


@dataclass
class Run:
    """One `make run` of the pretended venue: its process and what it printed so far."""

    process: subprocess.Popen[str]
    data: Path
    port: int
    log: Path

    def said(self) -> str:
        return self.log.read_text()

    def wait_for(self, words: str, seconds: float = 40) -> None:
        wait_until(lambda: words in self.said() or self.process.poll() is not None, seconds)
        assert words in self.said(), self.said()

    def environment(self) -> dict[str, str]:
        recorded: dict[str, str] = json.loads((self.data / "run.json").read_text())["env"]
        return recorded

    def processes(self) -> list[psutil.Process]:
        """Everything that this run started and that lives, the database included."""
        found = list(supervisor.marked(str(self.data)))
        if pid := postgres.running(self.data / "pg"):
            found.append(psutil.Process(pid))
        return found


@contextmanager
def run(root: Path, data: Path, port: int) -> Iterator[Run]:
    """Start the pretended venue; whatever is left of it is killed at the end."""
    code = (
        "import sys, pathlib; from tools.run import main; sys.exit(main(pathlib.Path(sys.argv[1])))"
    )
    log = data.with_suffix(f".{time.monotonic_ns()}.log")
    environment = {**os.environ, "PORT": str(port), "TOCSIN_DATA_DIR": str(data)}
    for name in ("DATABASE_URL", "TOCSIN_VENUE", "TOCSIN_LAB_URL"):
        environment.pop(name, None)
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(root)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    try:
        yield Run(process, data.resolve(), port, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()
        supervisor.end_leftovers(str(data.resolve()), patience_seconds=0)
        postgres.stop(data / "pg")


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait for a condition; fails when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)

"""A house on a free port, with rows that are written beside it as following a chain would."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tools import postgres

ROOT = Path(__file__).resolve().parents[2]
WALLET = Path(__file__).with_name("wallet.js")
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Site:
    """A running web process, and the child that writes rows as following a chain would."""

    url: str
    child: subprocess.Popen[str]

    def act(self, name: str, /, **arguments: Any) -> Any:
        """Have rows written (see tests/web/acts.py) and return what it answers."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(json.dumps([name, arguments]) + "\n")
        self.child.stdin.flush()
        answer = json.loads(self.child.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["ok"]


@contextmanager
def running(
    server: postgres.Server, name: str, folder: Path, house: str = "seeded"
) -> Iterator[Site]:
    """A house (see tests/web/acts.py) in a database called `name`, its data and log in `folder`."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    port = _free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": server.url(name),
        "TOCSIN_DATA_DIR": str(folder),
        "TOCSIN_PUBLIC_URL": f"http://localhost:{port}",
        "PORT": str(port),
    }
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.web.acts", house],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    site = Site(f"http://localhost:{port}", child)
    assert child.stdout is not None
    assert json.loads(child.stdout.readline()) == {"ok": "ready"}
    log = (folder / "web.log").open("w")
    arguments = ["tocsin.asgi:application", "--port", str(port), "--timeout-graceful-shutdown", "2"]
    web = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_for(site.url + "/")
        yield site
    finally:
        for process in (web, child):
            process.terminate()
        for process in (web, child):
            process.wait(10)
        for pipe in (child.stdin, child.stdout, log):
            assert pipe is not None
            pipe.close()


def with_wallet(context: Any, settings: dict[str, Any]) -> None:
    """Give a browser's context the pretended wallet (tests/web/wallet.js)."""
    context.add_init_script(WALLET.read_text().replace("__SETTINGS__", json.dumps(settings)))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=20):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{url} did not answer within {START_SECONDS} seconds")

"""Workers and schedulers as processes that can be killed, stopped, woken and replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent


def lines() -> dict[str, str]:
    """Commands of the workers and the scheduler, by name, as the Procfile has them.

    The application is ours, which is the product's with a listener.
    """
    found = {}
    for line in (ROOT / "Procfile").read_text().splitlines():
        name, _, command = line.partition(":")
        if "celery" in command and not name.startswith("#"):
            found[name] = command.strip().replace("-A tocsin", "-A chaos.worker")
    return found


class Process:
    """A line of the Procfile that runs in a session of its own, and is started again when told."""

    def __init__(self, name: str, command: str, environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._command = command
        self._environment = dict(environment)
        self._log = log
        self._running: subprocess.Popen[bytes] | None = None

    def start(self, **more: str) -> None:
        """Start it, with more environment if given."""
        with self._log.open("ab") as output:
            self._running = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {self._command}"],
                cwd=ROOT,
                env={**self._environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether its first process lives."""
        return self._running is not None and self._running.poll() is None

    def members(self) -> list[psutil.Process]:
        """All its processes, the first one first."""
        if self._running is None:
            return []
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(self._running.pid)
            return [first, *first.children(recursive=True)]
        return []

    def kill(self) -> None:
        """End all of it at once, as when its machine loses power."""
        if self._running is None:
            return
        members = self.members()
        with suppress(ProcessLookupError):
            os.killpg(self._running.pid, signal.SIGKILL)
        for process in members:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._running.wait()

    def pause(self) -> None:
        """Let none of its processes go on (SIGSTOP)."""
        for process in self.members():
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def wake(self) -> None:
        """Let all of them go on (SIGCONT)."""
        for process in self.members():
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def end(self, patience: float = 10) -> None:
        """Ask it to end, and end it."""
        self.wake()
        if self._running is not None and self.alive:
            self._running.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + patience
            while self.alive and time.monotonic() < deadline:
                time.sleep(0.05)
        self.kill()

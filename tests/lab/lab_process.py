"""A whole lab as a process of its own, and plain JSON-RPC to ask it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from lab.labfile import LabFile

ROOT = Path(__file__).resolve().parents[2]


class LabProcess:
    """`python -m lab serve` in a data directory of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.folder = data / "lab"
        self.log = data / "serve.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        cleaned = {k: v for k, v in os.environ.items() if k != "TOCSIN_LAB_PORT"}
        return {**cleaned, "TOCSIN_DATA_DIR": str(self.data)}

    def launch(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start it and wait for nothing."""
        command = [sys.executable, "-m", "lab", "serve", *arguments]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=output, stderr=output
            )
        return self.process

    def start(self, *arguments: str, patience: float = 60) -> dict[str, Any]:
        """Start and wait until it says it is ready; what its front page says then."""
        process = self.launch(*arguments)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            assert process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError, ValueError, KeyError):
                status = self.status()
                if status["ready"]:
                    return status
            time.sleep(0.1)
        raise AssertionError(f"not ready: {self.log.read_text()}")

    def file(self) -> dict[str, Any]:
        return json.loads((self.folder / "lab.json").read_text())

    def status(self) -> dict[str, Any]:
        with urllib.request.urlopen(self.file()["gateway"]["url"], timeout=5) as answer:
            return json.load(answer)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lab", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120
        )

    def kill(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal and wait for the end; seconds it took."""
        if self.process is None or self.process.poll() is not None:
            return 0.0
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        return time.monotonic() - began

    def clean_up(self) -> None:
        """End everything, also nodes that a crash has left."""
        self.kill()
        stored = LabFile.read(self.folder)
        for record in (stored.nodes if stored else {}).values():
            record.end()


def rpc(url: str, *calls: tuple[str, list[Any]]) -> Any:
    """JSON-RPC through plain HTTP: one call as such, several as a batch."""
    rows = [
        {"jsonrpc": "2.0", "id": i + 1, "method": m, "params": p} for i, (m, p) in enumerate(calls)
    ]
    body = json.dumps(rows if len(rows) > 1 else rows[0]).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)

"""Peers from PyPI, installed by the bench below `.data` as `bench/peers/` pins them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 1800


def spent(name: str, script: str, file: Path) -> float | None:
    """Seconds that a script of a peer takes with a file, by its own word; None, and why on stderr,
    when the peer cannot be installed."""
    home, peer = ROOT / ".data" / "bench" / name, ROOT / "bench" / "peers" / name
    if not (home / name).exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--require-hashes"]
        command += ["--target", str(home), "-r", str(peer / "requirements.txt")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"PyPI {name} is left out: {done.stderr.strip()[-500:]}", file=sys.stderr)
            return None
    done = subprocess.run(
        [sys.executable, str(peer / script), str(file)],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    return float(done.stdout) / 1000

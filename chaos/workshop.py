"""The folder in which a run happens, and the end of everything that a killed run left behind."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from tools import postgres, supervisor

PREFIX = "tocsin-chaos"


@contextlib.contextmanager
def folder(*, keep: bool = False) -> Iterator[Path]:
    """A folder named after this process; all that was started in it is ended, and it is removed
    unless it is to be kept."""
    sweep()
    made = Path(tempfile.mkdtemp(prefix=f"{PREFIX}-{os.getpid()}-"))
    # PostgreSQL runs as an ordinary user, and must be able to enter.
    made.chmod(0o755)
    try:
        yield made
    finally:
        _end(made)
        if not keep:
            shutil.rmtree(made, ignore_errors=True)


def sweep() -> list[Path]:
    """End and remove what is left of runs whose process is gone; their folders."""
    swept = []
    for found in Path(tempfile.gettempdir()).glob(f"{PREFIX}-*-*"):
        match = re.fullmatch(rf"{PREFIX}-(\d+)-\w+", found.name)
        if not match or psutil.pid_exists(int(match[1])) or found.stat().st_uid != os.geteuid():
            continue
        _end(found)
        shutil.rmtree(found, ignore_errors=True)
        swept.append(found)
    return swept


def _end(found: Path) -> None:
    supervisor.end_leftovers(str(found), patience_seconds=0)
    postgres.stop(found / "disk" / "pg")
    mounted = [part.mountpoint for part in psutil.disk_partitions(all=True)]
    for mountpoint in mounted:
        if Path(mountpoint).is_relative_to(found):
            subprocess.run(["umount", "-l", mountpoint], check=False, capture_output=True)

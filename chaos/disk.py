"""Disks that are full: a small one of memory where we may mount it, else a limit on file sizes."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil

FILLER = "filler"
_PIECE = b"\0" * 65536


@contextlib.contextmanager
def small(folder: Path, megabytes: int) -> Iterator[bool]:
    """Make the folder a disk of that size; False, and an ordinary folder, where we may not."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={megabytes}m,mode=755"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True
    )
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def fill(folder: Path) -> int:
    """Write until nothing more goes onto the disk of this folder; how many bytes."""
    written = 0
    with (folder / FILLER).open("ab", buffering=0) as file:
        try:
            while True:
                written += os.write(file.fileno(), _PIECE)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    return written


def empty(folder: Path) -> None:
    """Take away what `fill` wrote."""
    (folder / FILLER).unlink(missing_ok=True)


def limit(processes: list[psutil.Process], size: int) -> None:
    """Let these processes write no file beyond so many bytes (-1: as long as they like)."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.rlimit(psutil.RLIMIT_FSIZE, (size, psutil.RLIM_INFINITY))

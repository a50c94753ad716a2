"""What the installation stands on: programs and their versions, disk, clock and secrets."""

import os
import platform
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import django
from django.conf import settings
from django.db import connection

from tocsin import health
from tocsin.doctor.checks import Check, fail, ok, warn

PYTHONS = ((3, 11), (3, 14))
OLDEST_POSTGRESQL = 15
DISK_WARN = 2 * 1024**3
DISK_FAIL = 200 * 1024**2
SKEW_WARN_SECONDS = 2.0
SKEW_FAIL_SECONDS = 10.0


def versions() -> Iterator[Check]:
    """Python and Django."""
    yield python_version(sys.version_info[:2])
    yield ok("django", f"Django {django.get_version()}.")


def python_version(version: tuple[int, int]) -> Check:
    """Whether this Python is one that the project is tested on."""
    said = f"Python {version[0]}.{version[1]} ({platform.python_implementation()})."
    if PYTHONS[0] <= version < PYTHONS[1]:
        return ok("python", said)
    return warn("python", said, "Use Python 3.11, 3.12 or 3.13: the project is tested on these.")


def database() -> Iterator[Check]:
    """PostgreSQL: its version, whether its tables are ours, and its clock."""
    with connection.cursor() as cursor:
        before = time.time()
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        (seconds,) = cursor.fetchone()
        here = (before + time.time()) / 2
    version = connection.pg_version // 10_000  # type: ignore[attr-defined]  # PostgreSQL's
    if version < OLDEST_POSTGRESQL:
        yield fail(
            "postgresql",
            f"PostgreSQL {version}.",
            f"Use PostgreSQL {OLDEST_POSTGRESQL} or newer; docs/operations.md says how to move.",
        )
    else:
        yield ok("postgresql", f"PostgreSQL {version}.")
    yield clock_skew("database clock", seconds - here)
    if missing := health.missing_migrations():
        yield fail(
            "migrations",
            f"The database lacks {', '.join(missing)}.",
            "Run: python manage.py migrate",
        )
    else:
        yield ok("migrations", "All migrations are applied.")


def clock_skew(name: str, seconds: float) -> Check:
    """Whether another clock agrees with this machine's; positive when the other is ahead."""
    direction = "ahead of" if seconds > 0 else "behind"
    said = f"It is {abs(seconds):.1f} s {direction} this machine's clock."
    do = "Synchronise the clocks by NTP (timedatectl shows whether they are)."
    if abs(seconds) > SKEW_FAIL_SECONDS:
        return fail(name, said, do)
    if abs(seconds) > SKEW_WARN_SECONDS:
        return warn(name, said, do)
    return ok(name, "It agrees with this machine's clock.")


def disk() -> Iterator[Check]:
    """Room left where the installation keeps its data."""
    yield room(settings.DATA_DIR, shutil.disk_usage(settings.DATA_DIR).free)


def room(folder: Path, free: int) -> Check:
    """Whether `free` bytes are enough."""
    said = f"{free / 1024**3:,.1f} GiB are free for {folder}."
    do = "Make room, or move the data: TOCSIN_DATA_DIR=/some/folder"
    if free < DISK_FAIL:
        return fail("disk", said, do)
    if free < DISK_WARN:
        return warn("disk", said, do)
    return ok("disk", said)


def secrets() -> Iterator[Check]:
    """Who can read the key that signs sessions."""
    if os.environ.get("TOCSIN_SECRET_KEY"):
        yield ok("secret key", "It comes from TOCSIN_SECRET_KEY.")
    else:
        yield secret_file(settings.DATA_DIR / "secret_key")
    if settings.DEBUG:
        yield warn(
            "debug",
            "Debugging is on: errors show source and settings to everybody.",
            "Unset TOCSIN_DEBUG where others can reach this installation.",
        )


def secret_file(path: Path) -> Check:
    """Whether only its owner may read the key."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        return fail(
            "secret key",
            f"{path} cannot be looked at: {error.strerror}.",
            "Let the user that runs the web process own it, or set TOCSIN_SECRET_KEY.",
        )
    if mode & 0o077:
        return fail(
            "secret key",
            f"Others than its owner may read {path} (mode {mode:04o}).",
            f"Run: chmod 600 {path}  and, if strangers use this machine, delete the file and "
            "start again: everybody signs in anew.",
        )
    return ok("secret key", f"Only its owner may read {path}.")

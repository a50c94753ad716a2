"""What a part of the bench is given: a node, fresh databases, and a way to show its table."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from lab.anvil import Anvil
from lab.schedule import CHAINS
from tools.postgres import Server

T = TypeVar("T")
TEMPLATE = "bench_template"


class Stage:
    """Shared by the parts of one run.

    `votes`: how many votes a part of ordinary size casts. `long`: also what takes many minutes.
    """

    def __init__(self, folder: Path, server: Server, options: argparse.Namespace) -> None:
        self.folder = folder
        self.server = server
        self.votes: int = options.votes
        self.long: bool = options.long

    @contextmanager
    def node(self) -> Iterator[Anvil]:
        """A node of its own, whose clock began in the past, stopped at the end."""
        anvil = Anvil.start(
            CHAINS["l2"],
            self.folder / "anvil.log",
            genesis_time=int(time.time()) - 2_000_000,
        )
        try:
            yield anvil
        finally:
            anvil.stop()

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """A fresh migrated database, which Django uses until the end; yields its address.

        Processes that are started meanwhile find it in DATABASE_URL.
        """
        self._on("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._on("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
        try:
            yield self._use(name)
        finally:
            self._on("postgres", f'DROP DATABASE "{name}" WITH (FORCE)')

    def prepare(self) -> None:
        """Set Django up and make the migrated database that all others are copies of."""
        os.environ["DATABASE_URL"] = self.server.url(TEMPLATE)
        os.environ["TOCSIN_DATA_DIR"] = str(self.folder)
        os.environ["DJANGO_SETTINGS_MODULE"] = "tocsin.settings"
        os.environ.setdefault("TOCSIN_LOG_LEVEL", "WARNING")
        import django
        from django.core.management import call_command

        django.setup()
        self._on("postgres", f'CREATE DATABASE "{TEMPLATE}"')
        self._use(TEMPLATE)
        call_command("migrate", verbosity=0)

    def _on(self, database: str, statement: str) -> None:
        from django.db import connection

        self._use(database)
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def _use(self, name: str) -> str:
        from django.db import connections

        connections.close_all()
        connections.databases["default"]["NAME"] = name
        connections["default"].settings_dict["NAME"] = name
        os.environ["DATABASE_URL"] = self.server.url(name)
        return self.server.url(name)


def timed(act: Callable[[], T]) -> tuple[float, T]:
    """Seconds that an act took, and its result."""
    began = time.perf_counter()
    result = act()
    return time.perf_counter() - began, result


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: the first column left, the others right."""
    table = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[at]) for row in table) for at in range(len(header))]
    print(f"\n{title}\n")
    for number, row in enumerate(table):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("| " + " | ".join(cells) + " |")
        if number == 0:
            rule = ["-" * widths[0], *["-" * (width - 1) + ":" for width in widths[1:]]]
            print("| " + " | ".join(rule) + " |")
    print(flush=True)

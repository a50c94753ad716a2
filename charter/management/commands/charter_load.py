"""`manage.py charter_load`: make the database say what venue.toml says."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from charter.actions import charter_load
from charter.errors import CharterError
from charter.kinds import known_kinds
from charter.loading import read


class Command(BaseCommand):
    """Exit code 1 and the list of problems when the file cannot be used."""

    help = "Load venue.toml into the database; running it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="say what would change, only")
        parser.add_argument("--file", type=Path, help="the file (default: TOCSIN_VENUE)")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"] or settings.VENUE_FILE
        try:
            venue = read(path, os.environ)
            changes = charter_load(
                venue=venue,
                known_kinds=known_kinds(),
                actor="system:charter_load",
                check=options["check"],
            )
        except CharterError as error:
            raise CommandError(str(error)) from None
        for change in changes:
            self.stdout.write(str(change))
        if not changes:
            self.stdout.write(f"{path.name}: nothing to change.")
        elif options["check"]:
            self.stdout.write(f"{path.name} is sound; nothing was changed by this check.")

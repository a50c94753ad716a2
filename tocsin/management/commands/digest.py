"""`manage.py digest`: one number for all that is canonical."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tocsin.digest import UnknownChain, digest


class Command(BaseCommand):
    help = (
        "Hash what is canonical, table by table: equal wherever the same chains were read, "
        "whatever happened on the way."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument(
            "--upto",
            action="append",
            default=[],
            metavar="CHAIN=BLOCK",
            help="leave out what lies above this block of a chain, and what is true of the head",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = digest(dict(_pair(text) for text in options["upto"]))
        except UnknownChain as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(found.as_json(), indent=2))
            return
        width = max(len(one.table) for one in found.tables)
        for one in found.tables:
            self.stdout.write(f"{one.table:{width}}  {one.rows:>12,}  {one.sha256}")
        self.stdout.write(f"{'all of it':{width}}  {'':>12}  {found.sha256}")


def _pair(text: str) -> tuple[str, int]:
    chain, _, block = text.partition("=")
    if not chain or not block.isdecimal():
        raise CommandError(f"{text!r} is not CHAIN=BLOCK, such as l2=1200.")
    return chain, int(block)

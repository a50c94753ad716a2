"""`manage.py switch`: throw, release and list kill switches."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from charter.actions import switch_set
from charter.models import KillSwitch
from charter.switches import Switch


class Command(BaseCommand):
    help = "List the kill switches, throw one or release one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["list", "throw", "release"])
        parser.add_argument("switch", nargs="?", choices=Switch.values)
        parser.add_argument("--reason", default="", help="shown to those whom it stops")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["act"] == "list":
            thrown = dict(KillSwitch.objects.filter(thrown=True).values_list("switch", "reason"))
            for switch in Switch:
                state = f"THROWN: {thrown[switch]}" if switch in thrown else "released"
                self.stdout.write(f"{switch.value:14} {state}  ({switch.label})")
            return
        if not options["switch"]:
            raise CommandError(f"Name a switch: {', '.join(Switch.values)}.")
        switch = Switch(options["switch"])
        throwing = options["act"] == "throw"
        try:
            changed = switch_set(
                switch=switch, thrown=throwing, reason=options["reason"], actor="system:switch"
            )
        except ValueError as error:
            raise CommandError(f"{error} Add --reason.") from None
        now = "thrown" if throwing else "released"
        self.stdout.write(f"{switch.value} is {now}." if changed else f"It was already {now}.")

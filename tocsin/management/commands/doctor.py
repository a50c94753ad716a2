"""`manage.py doctor`: in words whether the deployment is sound; exit code 0 or 1."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from tocsin.doctor import beacon, machine, venue, work
from tocsin.doctor.checks import Check, Level, examine, sound

EXAMINATIONS = (
    ("versions", machine.versions),
    ("database", machine.database),
    ("disk", machine.disk),
    ("secrets", machine.secrets),
    ("charter", venue.charter),
    ("chains", venue.chains),
    ("beacons", beacon.beacons),
    ("broker", work.broker),
    ("workers", work.workers),
    ("lag", work.lag),
    ("coverage", work.coverage),
    ("queues", work.queues),
    ("findings", work.findings),
)


class Command(BaseCommand):
    """Looks at everything, changes nothing."""

    help = "Say in words whether this deployment is sound; exit code 1 when it is not."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        found: list[Check] = []
        for check in examine(EXAMINATIONS):
            found.append(check)
            if not options["json"]:
                self._show(check)
        if options["json"]:
            told = {"sound": sound(found), "checks": [asdict(check) for check in found]}
            self.stdout.write(json.dumps(told, indent=2))
        else:
            self._conclude(found)
        if not sound(found):
            sys.exit(1)

    def _show(self, check: Check) -> None:
        self.stdout.write(f"{check.level:4}  {check.name}: {check.says}")
        if check.do:
            self.stdout.write(f"      -> {check.do}")

    def _conclude(self, found: list[Check]) -> None:
        failed = sum(check.level is Level.FAIL for check in found)
        warned = sum(check.level is Level.WARN for check in found)
        if failed:
            self.stdout.write(f"\nNot sound: {failed} failed, {warned} warnings.")
        elif warned:
            self.stdout.write(f"\nSound, with {warned} warnings.")
        else:
            self.stdout.write("\nSound.")

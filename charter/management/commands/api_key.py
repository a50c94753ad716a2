"""`manage.py api_key`: give, list and revoke keys of the API."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug

from charter.actions import key_give, key_revoke
from charter.models import ApiKey

ACTOR = "system:api_key"


class Command(BaseCommand):
    help = "List the keys of the API, give one or revoke one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["list", "give", "revoke"])
        parser.add_argument("name", nargs="?", help="whose key it is, such as tally-mirror")
        parser.add_argument("--per-minute", type=int, default=3000, help="requests in a minute")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["act"] == "list":
            for key in ApiKey.objects.all():
                state = f"revoked {key.revoked_at:%Y-%m-%d %H:%M} UTC" if key.revoked_at else "good"
                self.stdout.write(
                    f"{key.name:30} {key.per_minute:7}/min  given {key.given_at:%Y-%m-%d}  {state}"
                )
            return
        try:
            validate_slug(options["name"] or "")
        except ValidationError:
            raise CommandError("Name the key: letters, digits, - and _.") from None
        try:
            if options["act"] == "give":
                self._give(options["name"], options["per_minute"])
            else:
                changed = key_revoke(name=options["name"], actor=ACTOR)
                self.stdout.write(
                    "Revoked; every process refuses it within 10 seconds."
                    if changed
                    else "It was revoked already."
                )
        except ValueError as error:
            raise CommandError(str(error)) from None

    def _give(self, name: str, per_minute: int) -> None:
        key = key_give(name=name, per_minute=per_minute, actor=ACTOR)
        self.stderr.write(
            "This key is shown once and kept nowhere. It is sent as `Authorization: Bearer …`."
        )
        self.stdout.write(key)

"""`manage.py ledger_verify`: is the audit what was sealed?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger.actions import seal
from ledger.seals import verify_seals


class Command(BaseCommand):
    help = "Recompute the hashes of audit and outbox; exit code 1 when an entry was changed."

    def handle(self, *args: Any, **options: Any) -> None:
        sealed = seal()
        if found := verify_seals():
            raise CommandError(
                "The ledger was changed after it was sealed:"
                + "".join(f"\n  {entry.sequence} {entry.position}: {entry.what}" for entry in found)
            )
        self.stdout.write(
            f"Sound: {sealed.audit_position} audit and {sealed.outbox_position} outbox entries "
            "are what was sealed."
        )

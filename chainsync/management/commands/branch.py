"""`manage.py branch`: which branch each endpoint is on, and taking one over by hand."""

import getpass
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from chainsync import accepting
from chainsync.accepting import Branches, NotAccepted, Side
from charter.models import Chain


class Command(BaseCommand):
    """Shows both branches after one was refused, and gives ours up when told so."""

    help = (
        "Show on which branch of a chain each endpoint is; accept another branch than ours after "
        "one that crosses a finalized block was refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("do", choices=["show", "accept"])
        parser.add_argument("chain", help="key of the chain in venue.toml")
        parser.add_argument("--hash", default="", help="of the first block that is not ours")
        parser.add_argument(
            "--alone", action="store_true", help="believe a single operator about the branch"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        chain = Chain.objects.filter(key=options["chain"]).first()
        if chain is None:
            keys = ", ".join(Chain.objects.values_list("key", flat=True))
            raise CommandError(f"There is no chain {options['chain']!r}; there are: {keys}.")
        try:
            branches = accepting.compare(chain)
            self._show(branches)
            if options["do"] == "accept":
                self._accept(branches, options["hash"], options["alone"])
        except NotAccepted as refusal:
            raise CommandError(str(refusal)) from refusal

    def _show(self, branches: Branches) -> None:
        say, status = self.stdout.write, branches.status
        say(f"{branches.chain.name} ({branches.chain.key})")
        say(f"  {status.halted or 'It is followed; no branch was refused.'}")
        say("  Our branch")
        say(f"    head      {status.head_number} {status.head_hash} {_time(status.head_timestamp)}")
        say(f"    finalized {status.finalized_number} {status.finalized_hash}")
        say("  Endpoints")
        for side in branches.sides:
            say(f"    {side.name} ({side.operator}): {_words(side)}")
        for first_hash, sides in branches.others.items():
            fork = sides[0].fork or 0
            operators = ", ".join(sorted({side.operator for side in sides}))
            depth = (status.head_number or 0) - fork
            say(f"  Another branch, by the word of {operators}")
            say(f"    the last block that both share is {fork}")
            say(f"    its block {fork + 1} is {first_hash}")
            say(f"    taking it over orphans {depth} blocks of ours")

    def _accept(self, branches: Branches, given: str, alone: bool) -> None:
        if not given:
            self.stdout.write(
                "Type the hash of the first block that is not ours, as shown above, to give up our "
                "blocks from there on. They stay in the journal as orphaned. Anything else changes "
                "nothing."
            )
            given = input("hash: ")
        status = accepting.accept(branches, given, user=getpass.getuser(), alone=alone)
        self.stdout.write(
            "Accepted. Following goes on "
            + ("anew." if status.head_number is None else f"from block {status.head_number}.")
        )


def _words(side: Side) -> str:
    if side.silent:
        return f"cannot be asked: {side.silent}"
    assert side.head is not None
    head = f"head {side.head.number} 0x{side.head.hash.hex()} {_time(side.head.timestamp)}"
    if side.ours:
        return f"on our branch; {head}"
    if side.first is None:
        return f"has none of our blocks; {head}"
    return f"on another branch since block {side.first.number}; {head}"


def _time(timestamp: int | None) -> str:
    if timestamp is None:
        return "at an unknown time"
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M:%S} UTC"

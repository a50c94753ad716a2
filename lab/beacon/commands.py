"""`python -m lab beacon …`: what L1's beacon chain and its endpoint do, and do wrong."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from lab import labfile
from lab.beacon.faults import HOWS
from lab.faults.commands import send
from lab.gateway import BEACON_CONTROL


def add_to(nouns: Any) -> None:
    """Add the noun ``beacon`` to the command line."""
    beacon = nouns.add_parser("beacon", help="let L1's beacon chain go wrong, or well again")
    verbs = beacon.add_subparsers(dest="verb", required=True, metavar="VERB")
    participation = verbs.add_parser(
        "participation",
        help="how much of the sync committee signs",
        description="Below 67 percent light clients accept no finality. A whole period (512 "
        "seconds) without two thirds breaks the line for those that came so far.",
    )
    participation.add_argument("percent", type=_percent, metavar="PERCENT")
    participation.set_defaults(run=partial(order, "participation"))
    stall = verbs.add_parser("stall", help="give no more updates")
    stall.set_defaults(run=partial(order, "stall"))
    hows = "\n".join(f"  {how:12}{words}" for how, words in HOWS.items())
    forge = verbs.add_parser(
        "forge",
        help="give updates that are not true",
        description=f"From now on updates are forged.\n\nHOW is one of\n{hows}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    first = next(iter(HOWS))
    forge.add_argument(
        "--how", choices=HOWS, metavar="HOW", default=first, help=f"default: {first}"
    )
    forge.set_defaults(run=partial(order, "forge"))
    heal = verbs.add_parser("heal", help="all members sign, and updates are true again")
    heal.set_defaults(run=partial(order, "heal"))


def order(do: str, options: argparse.Namespace, folder: Path) -> None:
    """`python -m lab beacon VERB`; raises `lab.faults.commands.NotObeyed`,
    `lab.labfile.LabNotRunning`."""
    asked: dict[str, Any] = {"do": do}
    for name in ("percent", "how"):
        if hasattr(options, name):
            asked[name] = getattr(options, name)
    for line in send(labfile.running(folder), asked, BEACON_CONTROL):
        print(line)
    if do != "heal":
        print("Heal with: python -m lab beacon heal")


def _percent(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError("must be from 0 to 100")
    return value

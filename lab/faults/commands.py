"""`python -m lab endpoint …`: making endpoints suffer, and well again."""

from __future__ import annotations

import argparse
import json
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

from lab import labfile
from lab.faults.switchboard import OPTIONS, SORTS
from lab.gateway import CONTROL
from lab.labfile import LabFile


class NotObeyed(RuntimeError):
    """The lab does not do what it was told; the message says why."""


def add_to(nouns: Any) -> None:
    """Add the noun ``endpoint`` to the command line."""
    endpoint = nouns.add_parser("endpoint", help="make endpoints suffer, or well again")
    verbs = endpoint.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, sort in SORTS.items():
        hows = "\n".join(f"  {how:18}{words}" for how, words in sort.hows.items())
        command = verbs.add_parser(
            name,
            help=f"it {sort.words}",
            description=f"From now on the endpoint {sort.words}.\n\nHOW is one of\n{hows}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_argument("endpoints", nargs="+", metavar="ENDPOINT", help="e.g. l2-b")
        first = next(iter(sort.hows))
        command.add_argument(
            "--how", choices=sort.hows, metavar="HOW", default=first, help=f"default: {first}"
        )
        command.add_argument("--seed", type=int, default=0, help="decides what is affected")
        command.add_argument("--rate", type=_share, default=1.0, help="share of what is affected")
        for option, default in sort.defaults.items():
            command.add_argument(
                f"--{option.replace('_', '-')}",
                type=float if option in ("seconds", "per_second") else int,
                help=(f"default: {default:g}" if default >= 0 else "default: the newest ones")
                + (f" (with {sort.only_with[option]})" if option in sort.only_with else ""),
            )
        command.set_defaults(run=partial(order, name))
    heal = verbs.add_parser("heal", help="nothing is wrong with it any more")
    heal.add_argument("endpoints", nargs="*", metavar="ENDPOINT", help="default: all of them")
    heal.set_defaults(run=partial(order, "heal"))


def order(do: str, options: argparse.Namespace, folder: Path) -> None:
    """`python -m lab endpoint VERB`; raises `NotObeyed`, `lab.labfile.LabNotRunning`."""
    lab = labfile.running(folder)
    asked: dict[str, Any] = {"do": do, "endpoints": options.endpoints}
    for name in ("how", "seed", "rate", *OPTIONS):
        value = getattr(options, name, None)
        if value is not None:
            asked[name] = value
    for line in send(lab, asked):
        print(line)
    if do != "heal":
        print(f"Heal with: python -m lab endpoint heal {' '.join(options.endpoints)}")


def send(lab: LabFile, asked: dict[str, Any], control: str = CONTROL) -> list[str]:
    """Give an order to the lab that is served; what it says. Raises `NotObeyed`."""
    request = urllib.request.Request(  # noqa: S310 - loopback http
        lab.url + control,
        json.dumps(asked).encode(),
        {"authorization": f"Bearer {lab.token}", "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
            said: list[str] = json.load(answer)["said"]
            return said
    except urllib.error.HTTPError as refused:
        with refused:
            raise NotObeyed(_problem(refused)) from refused
    except (OSError, ValueError, KeyError) as error:
        raise NotObeyed(f"The lab's gateway at {lab.url} does not answer: {error}") from error


def _problem(refused: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(refused)["problem"])
    except (ValueError, KeyError):
        return f"The lab answered HTTP {refused.code}; if it is an older one, start it again."


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError("must be above 0 and at most 1")
    return value

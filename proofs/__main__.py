"""`python -m proofs verify FILE`: what a certificate proves, checked offline.

Exit code 0: the tally is proven. 3: the certificate holds, but the tally is not proven whole.
1: it does not hold. 2: it could not be read, or the command was wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from .certificate.encoding import Json, hexed
from .certificate.refusals import CertificateRefusal, WrongHash
from .certificate.result import Verified
from .certificate.verifying import verify

PROVEN, REFUSED, UNREADABLE, LOWER = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """Run the command; returns its exit code."""
    chosen = _parser().parse_args(arguments)
    out = out or sys.stdout
    try:
        with chosen.file.open("rb") as file:
            found = verify(file)
        if chosen.root and hexed(found.root) != chosen.root:
            raise WrongHash("file", "root", f"it is {hexed(found.root)}, not {chosen.root}.")
    except CertificateRefusal as refusal:
        _print_refusal(refusal, out, as_json=chosen.json)
        return REFUSED
    except OSError as error:
        sys.stderr.write(f"{chosen.file} cannot be read: {error.strerror}.\n")
        return UNREADABLE
    if chosen.json:
        _print_json(_facts(found), out)
    else:
        _print(found, out)
    return PROVEN if found.proven else LOWER


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m proofs", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="verify")
    command = commands.add_parser("verify", help="check a certificate")
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument("--json", action="store_true", help="answer in JSON")
    command.add_argument("--root", type=_root, help="the root that the certificate must have")
    return parser


def _root(text: str) -> str:
    if not re.fullmatch(r"0x[0-9a-f]{64}", text.lower()):
        raise argparse.ArgumentTypeError("a root is 0x and 64 hex digits")
    return text.lower()


def _print(found: Verified, out: TextIO) -> None:
    head = found.head
    lines = [f"Certificate {hexed(found.root)}", f"Proposal {head.proposal_id}", "", "Proven:"]
    lines += [f"  {at}. {step.what}\n     by {step.by}" for at, step in enumerate(found.steps, 1)]
    lines += ["", "Trusted:", *(f"  - {one}" for one in found.trusted)]
    if found.unproven:
        lines += ["", "Not proven:", *(f"  - {one}" for one in found.unproven)]
    verdict = {
        "proven": "The tally is proven.",
        "counted": "The votes add up to the proven totals; the power of voters is not proven.",
        "totals": "The totals are proven; that a list of votes makes them up is not.",
    }[found.reach.value]
    out.write("\n".join([*lines, "", verdict, ""]))


def _facts(found: Verified) -> Json:
    head = found.head
    return {
        "holds": True,
        "proven": found.proven,
        "root": hexed(found.root),
        "chain": str(head.chain_id),
        "anchor": hexed(head.anchor),
        "governor": hexed(head.governor.contract.address),
        "proposal": str(head.proposal_id),
        "result": head.result,
        "steps": [{"shown": step.what, "by": step.by} for step in found.steps],
        "trusted": list(found.trusted),
        "unproven": list(found.unproven),
    }


def _print_refusal(refusal: CertificateRefusal, out: TextIO, *, as_json: bool) -> None:
    if as_json:
        _print_json(
            {
                "holds": False,
                "proven": False,
                "refusal": type(refusal).__name__,
                "item": refusal.item,
                "place": refusal.place,
                "message": str(refusal),
            },
            out,
        )
    else:
        out.write(f"The certificate does not hold. {refusal} ({type(refusal).__name__})\n")


def _print_json(value: Json, out: TextIO) -> None:
    out.write(json.dumps(value, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())

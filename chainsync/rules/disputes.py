"""What stands between endpoints: disputes that are not decided, and lies that were."""

from collections.abc import Iterable
from dataclasses import dataclass

from chainsync.rules.levels import ALARM, Conditions
from ledger.findings import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFacts:
    """One undecided dispute: which endpoint says what, about which sort of thing (`block`, `logs`,
    `range`, `state`) and from which block on; `undecided` says why it is still open."""

    chain: str
    endpoint: str
    operator: str
    about: str
    first: int
    says: str
    undecided: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LieFacts:
    """One thing that an endpoint was proven to be wrong about, and still says."""

    chain: str
    endpoint: str
    operator: str
    first: int
    says: str
    evidence: str


def disagreements(disputes: Iterable[DisputeFacts]) -> Conditions:
    """`endpoint.disagreement`, subjects `blocks:…` and `calls:…`: an endpoint gives other blocks or
    logs, or other answers of contracts, than the rest, and it is not decided who is right."""
    found: Conditions = {}
    for one in sorted(disputes, key=lambda one: one.first):
        if one.about == "range":
            continue  # The contract concerned has a finding of its own.
        calls = one.about == "state"
        subject = f"{'calls' if calls else 'blocks'}:{one.chain}/{one.endpoint}"
        rests = "that rests on these contracts " if calls else ""
        what = "other values of contracts" if calls else "other blocks or logs"
        found.setdefault(
            subject,
            Standing(
                level=ALARM,
                summary=f"{one.endpoint} ({one.operator}) gives {what} than the others, and it is "
                f"not decided who is right. Nothing {rests}from the disputed block on is taken as "
                "finalized.",
                facts={"says": one.says, "from_block": one.first, "undecided": one.undecided},
            ),
        )
    return found


def lied(lies: Iterable[LieFacts]) -> Conditions:
    """`endpoint.lied`: it was proven wrong, and at the last look it still said the same."""
    found: Conditions = {}
    for one in lies:
        found.setdefault(
            f"{one.chain}/{one.endpoint}",
            Standing(
                level=ALARM,
                summary=f"{one.endpoint} ({one.operator}) was proven wrong and stays with it. What "
                "it said is not shown; it is asked last. Find out why with its operator, or take "
                "it out of venue.toml.",
                facts={"block": one.first, "says": one.says, "evidence": one.evidence},
            ),
        )
    return found

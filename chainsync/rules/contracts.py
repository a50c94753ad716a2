"""What is wrong with contracts: their history, their rows, their code."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chainsync.rules.levels import ALARM, NOTICE, WARNING, Conditions
from ledger.findings import Standing

STUCK_ATTEMPTS = 3
CHANGE_STANDS_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFacts:
    """One contract: what is read, what could not be folded or decoded, which code it has."""

    key: str
    label: str
    missing: int
    attempts: int
    last_error: str
    disputed: str
    fold_error: str
    undecodable: int
    no_code: bool
    changed_at: datetime | None


def log_disputes(contracts: Iterable[ContractFacts]) -> Conditions:
    """`endpoint.disagreement`, subjects `logs:…`: operators gave different logs of a range."""
    return {
        f"logs:{one.key}": Standing(
            level=ALARM,
            summary=f"Two operators give different logs of {one.label}. The blocks concerned are "
            "not taken in.",
            facts={"says": one.disputed},
        )
        for one in contracts
        if one.disputed
    }


def coverage_gaps(contracts: Iterable[ContractFacts]) -> Conditions:
    """`chain.coverage-gap`: blocks since the contract's start block are not read yet."""
    found: Conditions = {}
    for one in contracts:
        if not one.missing:
            continue
        stuck = one.attempts >= STUCK_ATTEMPTS
        found[one.key] = Standing(
            level=WARNING if stuck else NOTICE,
            summary=f"The history of {one.label} is not complete: "
            + ("reading it fails again and again." if stuck else "it is being read."),
            facts={"blocks_missing": one.missing, "last_error": one.last_error},
        )
    return found


def fold_failures(contracts: Iterable[ContractFacts]) -> Conditions:
    """`chainsync.fold-failed`: logs of the contract are journalled but its rows stand still."""
    return {
        one.key: Standing(
            level=ALARM,
            summary=f"Logs of {one.label} cannot be taken in; what is shown of it is out of date.",
            facts={"error": one.fold_error},
        )
        for one in contracts
        if one.fold_error
    }


def undecodable(contracts: Iterable[ContractFacts]) -> Conditions:
    """`chainsync.undecodable`: the contract emitted logs that its kind cannot read."""
    return {
        one.key: Standing(
            level=WARNING,
            summary=f"{one.label} emitted logs that do not have the shape of their events; they "
            "are left out.",
            facts={"logs": one.undecodable},
        )
        for one in contracts
        if one.undecodable
    }


def no_code(contracts: Iterable[ContractFacts]) -> Conditions:
    """`contract.no-code`: nothing is deployed at the address."""
    return {
        one.key: Standing(
            level=ALARM,
            summary=f"There is no contract at the address of {one.label}: correct its address or "
            "chain in venue.toml.",
        )
        for one in contracts
        if one.no_code
    }


def code_changed(contracts: Iterable[ContractFacts], now: datetime) -> Conditions:
    """`contract.code-changed`: code or implementation changed within the last seven days."""
    return {
        one.key: Standing(
            level=ALARM,
            summary=f"The code of {one.label} changed. Make sure that this was decided and that "
            "its kind in venue.toml still fits.",
            facts={"seen_at": one.changed_at.isoformat()},
        )
        for one in contracts
        if one.changed_at is not None and now - one.changed_at < CHANGE_STANDS_FOR
    }

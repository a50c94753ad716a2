"""Which rules the contracts of a kind follow, as their kinds declare it."""

from dataclasses import dataclass

from charter.models import Contract
from proofs.statements.family import Family, Timelock


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorRules:
    """What is known of every governor of a kind without asking it.

    `clock_mode` and `counting_mode` are given where the contracts have no function of that name;
    None means that the contract itself must be asked.
    """

    family: Family
    clock_mode: str | None = None
    counting_mode: str | None = None


class NotATimelock(LookupError):
    """The charter links a governor to a contract of a kind that is no timelock."""


_governors: dict[str, GovernorRules] = {}
_timelocks: dict[str, Timelock] = {}
_grace_periods: dict[str, int] = {}
_tokens: set[str] = set()


def declare_governor(kind: str, rules: GovernorRules) -> None:
    """Say that contracts of `kind` are governors."""
    _governors[kind] = rules


def declare_timelock(kind: str, timelock: Timelock, *, grace_period: int | None = None) -> None:
    """Say that contracts of `kind` are timelocks, with their grace period in seconds, if any."""
    _timelocks[kind] = timelock
    if grace_period is not None:
        _grace_periods[kind] = grace_period


def declare_token(kind: str) -> None:
    """Say that contracts of `kind` are votes tokens."""
    _tokens.add(kind)


def governor_kinds() -> list[str]:
    """Names of the kinds that are governors."""
    return sorted(_governors)


def timelock_kinds() -> list[str]:
    """Names of the kinds that are timelocks."""
    return sorted(_timelocks)


def token_kinds() -> list[str]:
    """Names of the kinds that are votes tokens."""
    return sorted(_tokens)


def rules_of(governor: Contract) -> GovernorRules:
    """Rules of a governor. KeyError for a contract that is none."""
    return _governors[governor.kind]


def timelock_kind(timelock: Contract | None) -> Timelock:
    """What kind of timelock a contract is; None is a governor that executes by itself.

    Raises NotATimelock.
    """
    if timelock is None:
        return Timelock.NONE
    if timelock.kind not in _timelocks:
        raise NotATimelock(
            f"{timelock.key} is linked as a timelock, but its kind is {timelock.kind}: link a "
            f"contract of kind {' or '.join(timelock_kinds())} in venue.toml."
        )
    return _timelocks[timelock.kind]


def grace_period(timelock: Contract | None) -> int | None:
    """Seconds after its eta in which a timelock lets a call be executed, None for ever."""
    return None if timelock is None else _grace_periods.get(timelock.kind)


def timelock_of(governor: Contract) -> Timelock:
    """What carries out this governor's proposals, by its link in the charter.

    Raises NotATimelock.
    """
    return timelock_kind(governor.linked("timelock"))

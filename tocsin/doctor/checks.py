"""What a check is, and how all of them are run."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db import DatabaseError


class Level(StrEnum):
    """OK; WARN: it works, but not as it should; FAIL: what people see may be wrong or missing."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: `says` what is so, `do` what to do about it (empty if OK)."""

    name: str
    level: Level
    says: str
    do: str = ""


Examination = Callable[[], Iterable[Check]]


def ok(name: str, says: str) -> Check:
    """A check that found nothing wrong."""
    return Check(name, Level.OK, says)


def warn(name: str, says: str, do: str) -> Check:
    """A check that found something to mend in quiet."""
    return Check(name, Level.WARN, says, do)


def fail(name: str, says: str, do: str) -> Check:
    """A check that found something to mend now."""
    return Check(name, Level.FAIL, says, do)


def examine(examinations: Iterable[tuple[str, Examination]]) -> Iterator[Check]:
    """Run examinations in order. One that breaks off is a failed check and stops no other."""
    for name, examination in examinations:
        try:
            yield from examination()
        except DatabaseError as error:
            yield fail(
                name,
                f"It cannot be looked at without the database: {first_line(error)}",
                "Mend the database first, then ask again.",
            )
        except Exception as error:  # the other checks are worth having all the same
            yield fail(
                name,
                f"Looking at it broke off: {type(error).__name__}: {first_line(error)}",
                "This is a fault of the check itself: report it with this line.",
            )


def first_line(error: BaseException) -> str:
    """The first line of an error, without the rest that only a programmer reads."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def sound(checks: Iterable[Check]) -> bool:
    """Whether nothing failed; warnings leave a deployment sound."""
    return all(check.level is not Level.FAIL for check in checks)

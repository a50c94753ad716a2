"""Copied into the mutated package: which refusal is neutralised now, and which were reached.

Other processes that a test starts are told by the environment, and tell by a file.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from types import TracebackType

PACKAGE_NAME = "_switch.py"
NEUTRAL, REACHED = "MUTATING_NEUTRAL", "MUTATING_REACHED"

neutral = int(os.environ.get(NEUTRAL, "0"))
reached: set[int] = set()


def off(number: int) -> bool:
    """Whether this refusal stands. Called where it would be made, so it is noted as reached."""
    if number not in reached:
        reached.add(number)
        if REACHED in os.environ:
            with open(os.environ[REACHED], "a") as file:
                file.write(f"{number}\n")
    return number != neutral


class passing(AbstractContextManager[None]):  # noqa: N801 - used as a statement
    """A check whose refusal is passed over while it is the neutral one."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        return isinstance(error, Exception) and not off(self.number)

"""A place where something is refused, and what was found when it was neutralised."""

from __future__ import annotations

import enum
from typing import NamedTuple

KERNELS = 0
"""What is reached, in place of a site, by whoever may call compiled code: that cannot tell it."""


class Form(enum.StrEnum):
    """How a site is written; what neutralising it means is said where it is found."""

    RAISE = "raise"
    CALL = "call"
    KEPT = "kept"
    GIVES_UP = "gives up"
    THROW = "throw"


class Site(NamedTuple):
    """``number`` is the one of its switch, from 1 on; ``text`` is its line in ``file``, or more of
    it where lines alike are many."""

    number: int
    file: str
    line: int
    form: Form
    text: str


class Fate(enum.StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    HUNG = "hung"
    CRASHED = "crashed"
    SURVIVED = "survived"
    UNREACHED = "unreached"

    @property
    def alive(self) -> bool:
        return self in (Fate.SURVIVED, Fate.UNREACHED)

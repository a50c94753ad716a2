"""The families of governors and the kinds of timelocks behind them."""

from __future__ import annotations

from enum import StrEnum


class Family(StrEnum):
    """Whose rules a governor follows: OpenZeppelin 5, OpenZeppelin 4, or GovernorBravo."""

    OZ5 = "oz5"
    OZ4 = "oz4"
    BRAVO = "bravo"


class Timelock(StrEnum):
    """What carries out a proposal that passed.

    ``NONE``: the governor itself, at once. ``CONTROLLER``: an OpenZeppelin TimelockController,
    whose operations never expire. ``COMPOUND``: a Compound Timelock, whose do after a grace period.
    """

    NONE = "none"
    CONTROLLER = "controller"
    COMPOUND = "compound"

"""What is done to an installation on purpose, and how each is made good again.

A disturbance begins, lasts, and ends; which ones, when, and on whom is drawn from the seed before
anything begins, so that the same seed makes the same plan.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psutil

from chaos import processes
from chaos.charter import OPERATORS
from chaos.house import House
from chaos.processes import ROOT
from lab.faults.switchboard import SORTS

ROOMS = ("charter", "ledger", "chainsync", "governance")
_REACHED = re.compile(r'\breached\("([^"]+)"\)')

Heal = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Event:
    """One disturbance of a plan: seconds from the start, what, for how long, and its own dice."""

    at: float
    what: str
    lasts: float
    seed: int


def points() -> list[str]:
    """Every named fault point of the product, as its source has them."""
    found: set[str] = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            found.update(_REACHED.findall(path.read_text()))
    found.discard("room.what")
    return sorted(found)


def plan(
    seed: str, seconds: float, kinds: dict[str, float] | None = None, every: float = 4.0
) -> list[Event]:
    """Disturbances over so many seconds, about one every few, in the order in which they begin."""
    dice = random.Random(seed)  # noqa: S311 - a story, not a secret
    weights = {name: weight for name, (weight, _) in ALL.items()} if kinds is None else kinds
    found = []
    at = dice.uniform(1, every)
    while at < seconds:
        what = dice.choices(list(weights), list(weights.values()))[0]
        found.append(Event(at, what, dice.uniform(2, 12), dice.randrange(2**32)))
        at += dice.uniform(0.5, 1.5) * every
    return found


def begin(event: Event, house: House) -> tuple[str, Heal]:
    """Let it happen; in words what was done, and how it is made good."""
    dice = random.Random(event.seed)  # noqa: S311 - as above
    return ALL[event.what][1](house, dice)


def _nothing() -> None:
    """There is nothing to be made good: a supervisor or the product itself sees to it."""


def _workers(house: House) -> list[processes.Process]:
    return [house.processes[name] for name in sorted(house.processes)]


def kill(house: House, dice: random.Random) -> tuple[str, Heal]:
    """SIGKILL a whole worker or scheduler, or one process of a worker's pool."""
    victim = dice.choice(_workers(house))
    alone = dice.random() < 0.5
    members = victim.members()
    if alone and len(members) > 1:
        with suppress(psutil.NoSuchProcess):
            members[dice.randrange(1, len(members))].kill()
        return f"killed a process of {victim.name}", _nothing
    victim.kill()
    return f"killed {victim.name}", _nothing


def pause(house: House, dice: random.Random) -> tuple[str, Heal]:
    """SIGSTOP a worker and wake it later: it may believe that it still holds its leases."""
    victim = dice.choice(_workers(house))
    victim.pause()
    return f"stopped {victim.name}", victim.wake


def point(house: House, dice: random.Random, name: str = "") -> tuple[str, Heal]:
    """Arm a named fault point."""
    chosen = name or dice.choice(points())
    how = f"{dice.choice(('kill', 'kill', 'stop'))} {dice.randint(1, 3)}"
    return arm(house, chosen, how)


def arm(house: House, name: str, how: str) -> tuple[str, Heal]:
    """Arm this fault point; healed, it is disarmed, and who stands still there is woken."""
    armed = house.faults / "armed" / name
    armed.with_suffix(".part").write_text(how)
    armed.with_suffix(".part").rename(armed)

    def disarm() -> None:
        armed.unlink(missing_ok=True)
        for process in house.processes.values():
            process.wake()

    return f"armed {name} ({how})", disarm


def crash(house: House, _dice: random.Random) -> tuple[str, Heal]:
    """Kill the database server."""
    house.cellar.crash()
    return "killed the database server", house.cellar.heal


def line(house: House, dice: random.Random) -> tuple[str, Heal]:
    """Cut, freeze, slow down or refuse connections to the database."""
    way = house.cellar.line
    what = dice.choice(("cut", "cut", "freeze", "refuse", "slow", "cut after"))
    match what:
        case "cut":
            way.cut()
        case "freeze":
            way.freeze()
        case "refuse":
            way.refuse()
        case "slow":
            way.slow(0.05)
        case _:
            way.cut_after(dice.randint(1, 20_000))
    return f"the line to the database: {what}", way.heal


def full_disk(house: House, _dice: random.Random) -> tuple[str, Heal]:
    """Leave the database no room to write."""
    return f"the database's disk is full: {house.cellar.fill()}", house.cellar.heal


def lose_broker(house: House, _dice: random.Random) -> tuple[str, Heal]:
    """Restart the broker; its queues are lost."""
    assert house.broker is not None
    return f"the broker was started anew, {house.broker.lose()} messages are lost", _nothing


def full_broker(house: House, _dice: random.Random) -> tuple[str, Heal]:
    """Leave the broker no room to write."""
    assert house.broker is not None
    if not house.broker.fill():
        return "nothing: the broker has no disk of its own here", _nothing
    return "the broker's disk is full", house.broker.heal


def second_beat(house: House, _dice: random.Random) -> tuple[str, Heal]:
    """A second scheduler beside the first."""
    name = f"beat-{len(house.processes)}"
    command = processes.lines()["beat"].replace("beat-schedule", name)
    extra = house.add(name, command)

    def away() -> None:
        extra.end()
        house.processes.pop(name, None)

    return "a second scheduler", away


def clock(house: House, dice: random.Random) -> tuple[str, Heal]:
    """One more worker, on a machine whose clock is wrong by minutes or hours."""
    queue = dice.choice(("urgent", "bulk"))
    seconds = dice.choice((-1, 1)) * dice.choice((90, 900, 7200))
    name = f"{queue}-{len(house.processes)}"
    command = processes.lines()[queue].replace(f'"{queue}@', f'"{name}@')
    extra = house.add(name, command, CHAOS_CLOCK=str(seconds))

    def away() -> None:
        extra.kill()
        house.processes.pop(name, None)

    return f"one more {queue} worker with a clock {seconds:+d} s off", away


def reorg(house: House, dice: random.Random) -> tuple[str, Heal]:
    """Replace the newest blocks of a chain, as many as the dice say."""
    ground = dice.choice(house.grounds)
    made = ground.reorg(dice)
    if made is None:
        return f"nothing: no reorganisation of {ground.key} is possible now", _nothing
    dropped = f"{len(made.dropped)} of its transactions dropped"
    return f"reorg of {ground.key} by {len(made.before)} above {made.ancestor}, {dropped}", _nothing


# Ten thousand logs more in each block would only show how fast this machine is.
LIES = tuple(how for how in SORTS["lie"].hows if how != "many-logs")
FAULTS: dict[str, tuple[str, ...]] = {
    "stale": ("behind", "frozen"),
    "slow": ("late", "drip"),
    "truncate": ("cut", "tidy"),
    "rate-limit": ("http", "rpc"),
    "refuse": ("hang-up", "unavailable"),
    "flap": ("hang-up",),
    "wrong-chain": ("foreign",),
}


def endpoint(house: House, dice: random.Random) -> tuple[str, Heal]:
    """Let an endpoint be silent, slow, late or foreign, always or by turns."""
    sort = dice.choice(sorted(FAULTS))
    return _suffer(house, dice, sort, dice.choice(FAULTS[sort]), dice.choice((0.3, 1.0)))


def lie(house: House, dice: random.Random) -> tuple[str, Heal]:
    """Let an endpoint lie; only one at a time, or the liars would be the majority."""
    ground = dice.choice(house.grounds)
    if any(
        fault["sort"] in ("lie", "wrong-chain")
        for faults in ground.lab.gateway.switchboard.suffering().values()
        for fault in faults
    ):
        return "nothing: an endpoint is lying already", _nothing
    return _suffer(house, dice, "lie", dice.choice(LIES), dice.choice((0.2, 1.0)))


def _suffer(
    house: House, dice: random.Random, sort: str, how: str, rate: float
) -> tuple[str, Heal]:
    ground = dice.choice(house.grounds)
    board = ground.lab.gateway.switchboard
    name = f"{ground.key}-{dice.choice(OPERATORS)}"
    board.suffer(name, sort, how=how, rate=rate, seed=dice.randrange(1000))

    def heal() -> None:
        board.heal(name)

    return f"{name}: {sort} ({how}) at a rate of {rate}", heal


def late_contracts(house: House, _dice: random.Random) -> tuple[str, Heal]:
    """Load the whole charter: contracts that were left out begin to be read."""
    house.charter()
    return "the whole charter was loaded", _nothing


ALL: dict[str, tuple[float, Callable[[House, random.Random], tuple[str, Heal]]]] = {
    "kill": (4, kill),
    "pause": (2, pause),
    "point": (6, point),
    "crash": (1, crash),
    "line": (3, line),
    "full-disk": (1, full_disk),
    "lose-broker": (2, lose_broker),
    "full-broker": (1, full_broker),
    "second-beat": (1, second_beat),
    "clock": (1, clock),
    "reorg": (5, reorg),
    "endpoint": (4, endpoint),
    "lie": (2, lie),
}
"""Weight and act of each."""

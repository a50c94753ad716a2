"""One episode: an installation is disturbed, healed, and compared with one that never was."""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos import disturbances, ground, house
from chaos.charter import LATE
from chaos.disturbances import Event, Heal
from chaos.ground import Ground
from chaos.house import Cellar, House

PATIENCE_SECONDS = 600.0
LIFE_PAUSE_SECONDS = 0.4
REST_SECONDS = 8.0
CONTRACTS_SECONDS = 2.0
"""How often a follower looks whether the charter has changed."""
_LOOK_SECONDS = 0.25

Say = Callable[[str], None]


class Differs(AssertionError):
    """The disturbed installation is not what the undisturbed one is; the text says where."""


@dataclass
class Outcome:
    """What an episode came to: the common digest, and what happened on the way."""

    digest: str
    rows: int
    entries: int
    settled_seconds: float
    reached: set[str] = field(default_factory=set)
    fired: set[str] = field(default_factory=set)


def run(
    name: str,
    folder: Path,
    cellar: Cellar,
    grounds: list[Ground],
    events: Sequence[Event],
    *,
    seconds: float,
    broker: str = "filesystem",
    armed: Sequence[tuple[str, str]] = (),
    until_fired: float = 0,
    say: Say = print,
) -> Outcome:
    """Disturb a new installation as planned, heal it and compare.

    `armed` fault points are so from the start; life goes on until all have fired, or for at most
    `until_fired` seconds more. Raises Differs or `chaos.servant.Unsettled`.
    """
    with house.house(name, folder, cellar, grounds, broker) as disturbed:
        disturbed.charter(without=LATE)
        disturbed.open()
        for point, how in armed:
            disturbances.arm(disturbed, point, how)
        with ground.living(grounds, LIFE_PAUSE_SECONDS):
            _disturb(disturbed, events, seconds, say)
            _provoke(disturbed, until_fired, say)
        _heal(disturbed, say)
        return _compare(name, folder, cellar, grounds, disturbed, say)


def _disturb(disturbed: House, events: Sequence[Event], seconds: float, say: Say) -> None:
    """Let everything happen at its time; what ends by itself is started again."""
    began = time.monotonic()
    waiting = sorted(events, key=lambda event: event.at)
    healing: list[tuple[float, int, str, Heal]] = []
    late = seconds * 0.6
    for number in range(10**9):
        now = time.monotonic() - began
        if now > seconds:
            break
        if late and now > late:
            late = 0
            _complete(disturbed)
            say("the whole charter was loaded")
        if waiting and waiting[0].at <= now:
            event = waiting.pop(0)
            words, heal = disturbances.begin(event, disturbed)
            say(words)
            heapq.heappush(healing, (now + event.lasts, number, words, heal))
        while healing and healing[0][0] <= now:
            _, _, words, heal = heapq.heappop(healing)
            heal()
            say(f"healed: {words}")
        if restarted := disturbed.keep():
            say(f"started again: {', '.join(restarted)}")
        time.sleep(_LOOK_SECONDS)
    while healing:
        heapq.heappop(healing)[3]()


def _complete(disturbed: House) -> None:
    """Load the whole charter; life pauses, so that what was left out is filled in at the head."""
    disturbed.charter()
    for one in disturbed.grounds:
        one.rest(REST_SECONDS)


def _provoke(disturbed: House, seconds: float, say: Say) -> None:
    """Let life go on until no fault point is armed, with what leads to those that are."""
    dice = random.Random(seconds)  # noqa: S311 - a story, not a secret
    deadline = time.monotonic() + seconds
    again, rounds = 0.0, 0
    while time.monotonic() < deadline:
        armed = {path.name for path in (disturbed.faults / "armed").iterdir()}
        if not armed:
            return
        disturbed.keep()
        if time.monotonic() >= again:
            rounds += 1
            if "filling.journalled" in armed and rounds % 2:
                disturbed.charter(LATE)
                time.sleep(2 * CONTRACTS_SECONDS)
                _complete(disturbed)
                say("contracts were taken out of the charter and put back")
            else:
                say(disturbances.reorg(disturbed, dice)[0])
            again = time.monotonic() + REST_SECONDS
        time.sleep(_LOOK_SECONDS)


def _heal(disturbed: House, say: Say) -> None:
    """Make good whatever is left; fault points that nobody came to are disarmed."""
    for path in (disturbed.faults / "armed").iterdir():
        path.unlink(missing_ok=True)
    for one in disturbed.grounds:
        one.lab.gateway.switchboard.heal()
    disturbed.cellar.heal()
    if disturbed.broker is not None:
        disturbed.broker.heal()
    for process in disturbed.processes.values():
        process.wake()
    disturbed.keep()
    say("all is healed")


def _compare(
    name: str,
    folder: Path,
    cellar: Cellar,
    grounds: list[Ground],
    disturbed: House,
    say: Say,
) -> Outcome:
    began = time.monotonic()
    heads = disturbed.heads()
    with disturbed.kept():
        disturbed.servant.order("settle", heads, PATIENCE_SECONDS)
    settled = time.monotonic() - began
    say(f"settled after {settled:.0f} s at {heads}")
    with house.house(f"{name}-calm", folder, cellar, grounds, None) as calm:
        # What people did is done here, too.
        for without in disturbed.charters:
            calm.charter(without)
        calm.servant.order("sync", heads, PATIENCE_SECONDS)
        # States follow the clock of heads: both see one more when all is folded.
        for one in grounds:
            one.mine()
        heads = disturbed.heads()
        calm.servant.order("sync", heads, PATIENCE_SECONDS)
        expected = calm.servant.order("digest")["digest"]
    with disturbed.kept():
        disturbed.servant.order("settle", heads, PATIENCE_SECONDS)
    entries = _check_ledger(disturbed)
    found = disturbed.servant.order("digest")["digest"]
    if expected != found:
        raise Differs(_differences(expected, found))
    return Outcome(
        digest=str(found["digest"]),
        rows=sum(table["rows"] for table in found["tables"].values()),
        entries=entries,
        settled_seconds=settled,
        reached={path.name for path in (disturbed.faults / "reached").iterdir()},
        fired={path.name for path in (disturbed.faults / "fired").iterdir()},
    )


def _check_ledger(disturbed: House) -> int:
    """Sealed entries must be what was sealed, and each heard of, in order, at least once; how many.

    Raises Differs, `chaos.servant.Unsettled`.
    """
    end = int(disturbed.servant.order("verify")["entries"])
    first: list[int] = []
    known: set[int] = set()
    for line in disturbed.heard.read_text().splitlines():
        position = int(line.split()[0])
        if position not in known:
            known.add(position)
            first.append(position)
    if missed := sorted(set(range(1, end + 1)) - known):
        raise Differs(f"never handed over: outbox positions {missed[:20]} of {end}")
    if first != sorted(first):
        place = next(i for i, (a, b) in enumerate(zip(first, sorted(first), strict=True)) if a != b)
        raise Differs(f"handed over out of order: {first[max(place - 3, 0) : place + 5]}")
    return end


def _differences(expected: dict[str, Any], found: dict[str, Any]) -> str:
    lines = [
        f"{table}: {row['rows']} rows {row['sha256'][:16]} undisturbed, "
        f"{found['tables'][table]['rows']} rows {found['tables'][table]['sha256'][:16]} disturbed"
        for table, row in expected["tables"].items()
        if row != found["tables"][table]
    ]
    return "the digests differ:\n" + "\n".join(lines)

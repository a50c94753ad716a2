"""Real workers on a real node and a real database, disturbed by a plan, end where calm ones do.

`make chaos` plays the same for as long as one likes; see docs/chaos.md. Each story says in its
output what was done and when.
"""

import shutil
import time
from pathlib import Path

import pytest

from chaos import disturbances, episode
from chaos.disturbances import Event
from chaos.ground import Ground
from chaos.house import Cellar

pytestmark = [pytest.mark.node, pytest.mark.slow, pytest.mark.timeout(2400)]


# A lie must be believed before there is anything to repair, and one that a checked header belies
# never is: no fault of an endpoint leads there for certain. Random plans arm it like the others.
NOT_FOR_CERTAIN = {"repairing.retracted"}


def say(words: str) -> None:
    print(time.strftime("%H:%M:%S"), words, flush=True)


def test_a_process_may_die_at_every_named_place(
    folder: Path, cellar: Cellar, grounds: list[Ground]
) -> None:
    """Each fault point is the end of one process, and none of them is only a name."""
    points = [name for name in disturbances.points() if name not in NOT_FOR_CERTAIN]
    assert len(points) == len(disturbances.points()) - len(NOT_FOR_CERTAIN)
    reorgs = [Event(at, "reorg", 1, number) for number, at in enumerate((10, 15))]
    outcome = episode.run(
        "places",
        folder,
        cellar,
        grounds,
        reorgs,
        seconds=20,
        armed=[(name, "kill 1") for name in points],
        until_fired=900,
        say=say,
    )
    assert sorted(outcome.reached - NOT_FOR_CERTAIN) == points
    assert sorted(outcome.fired) == points


@pytest.mark.parametrize(
    ("seed", "broker"), [(3, "filesystem"), (4, "redis" if shutil.which("redis-server") else "")]
)
def test_whatever_happens_the_end_is_that_of_a_calm_run(
    folder: Path, cellar: Cellar, grounds: list[Ground], seed: int, broker: str
) -> None:
    """Half a minute of disturbances by a seed, on two brokers (one where there is no Redis)."""
    outcome = episode.run(
        f"story-{seed}",
        folder,
        cellar,
        grounds,
        disturbances.plan(str(seed), 35, every=3),
        seconds=35,
        broker=broker or "filesystem",
        say=say,
    )
    assert outcome.rows > 0
    assert outcome.entries > 0


def test_the_same_seed_makes_the_same_plan() -> None:
    plan = disturbances.plan("7", 600)
    assert plan == disturbances.plan("7", 600)
    assert plan != disturbances.plan("8", 600)
    assert {event.what for event in plan} == set(disturbances.ALL)

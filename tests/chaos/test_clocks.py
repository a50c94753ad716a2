"""A worker whose clock is wrong by hours binds nobody: what lapses does so by the database's."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from chainsync import planning
from chainsync.models import BackfillRange, Coverage
from charter.models import Chain
from ledger import dispatch
from ledger.actions import seal, tell
from ledger.models import Consumer
from tests.api.small_venue import Venue, small_venue

pytestmark = pytest.mark.django_db

Wrong = Callable[[float], None]


@pytest.fixture
def house(db: None) -> Venue:
    return small_venue()


@pytest.fixture
def wrong_clock(monkeypatch: pytest.MonkeyPatch) -> Wrong:
    """Let this process believe that it is so many hours later (or earlier)."""
    real = timezone.now

    def shift(hours: float) -> None:
        def now() -> datetime:
            return real() + timedelta(hours=hours)

        monkeypatch.setattr(timezone, "now", now)

    return shift


@pytest.fixture
def chain(house: Venue) -> Chain:
    """A chain of which nine blocks of one contract are still to be read."""
    Coverage.objects.filter(contract=house.contracts["dao"]).update(blocks=[(10, 1000)])
    return house.chains["l2"]


@pytest.fixture
def consumer() -> Iterator[list[int]]:
    """A consumer that fails at first; the positions that it was handed."""
    heard: list[int] = []

    def hear(message: dispatch.Message) -> None:
        heard.append(message.position)
        if len(heard) == 1:
            raise OSError("not now")

    Consumer.objects.create(name="clocked")
    dispatch.register("clocked", ("",), hear)
    yield heard
    dispatch.unregister("clocked")


def until(found: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not found() and time.monotonic() < deadline:
        time.sleep(0.1)
    return found()


@pytest.mark.parametrize("hours", [2, -2])
@pytest.mark.django_db(transaction=True)
def test_a_range_that_it_planned_claimed_or_put_off_is_free_in_time(
    chain: Chain, wrong_clock: Wrong, monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    wrong_clock(hours)
    assert planning.plan(chain) == 1
    wrong_clock(0)
    assert planning.waiting(chain) == 1, "it need not wait for what the planner thought was now"
    wrong_clock(hours)
    assert planning.claim(chain, "wrong") is not None
    assert planning.claim(chain, "wrong too") is None
    wrong_clock(0)
    assert planning.claim(chain, "right") is None
    BackfillRange.objects.update(claimed_until=None)
    monkeypatch.setattr(planning, "CLAIM_SECONDS", 0.5)
    wrong_clock(hours)
    claimed = planning.claim(chain, "wrong")
    assert claimed is not None
    planning.postpone(claimed, "It failed.")
    wrong_clock(0)
    assert until(lambda: planning.waiting(chain) == 1)
    assert planning.claim(chain, "right") is not None


@pytest.mark.parametrize("hours", [2, -2])
@pytest.mark.django_db(transaction=True)
def test_a_failed_entry_is_tried_again_in_time(
    house: Venue, consumer: list[int], wrong_clock: Wrong, hours: float
) -> None:
    from django.db import transaction

    with transaction.atomic():
        tell(topic="proposals", event="votes")
    seal()
    wrong_clock(hours)
    assert dispatch.dispatch("clocked") == 0
    assert dispatch.dispatch("clocked") == 0
    assert len(consumer) == 1, "it has to wait, whatever this process believes"
    wrong_clock(0)
    assert until(lambda: dispatch.dispatch("clocked") > 0)

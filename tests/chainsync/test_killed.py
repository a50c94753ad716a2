"""A worker that is killed with SIGKILL, anywhere, leaves nothing half written and is replaced."""

import multiprocessing
import os
from collections.abc import Callable

import pytest
from django.db import connection

from chainsync import backfill, catching_up, planning
from chainsync.models import BackfillRange, Block, Coverage, Log
from charter.models import Chain
from ledger.models import Lease
from tests.chainsync import victims
from tests.chainsync.scene import Node, Toy
from tests.chainsync.test_following import assert_linked, follow_to

pytestmark = [pytest.mark.node, pytest.mark.slow]

Kill = Callable[[str, str], None]


@pytest.fixture
def kill(transactional_db: None) -> Kill:
    """Start a worker, wait until it has come to the point, and kill it there."""

    def run(what: str, point: str) -> None:
        settings = connection.settings_dict
        url = (
            f"postgresql://{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:"
            f"{settings['PORT']}/{settings['NAME']}"
        )
        context = multiprocessing.get_context("spawn")
        reached = context.Event()
        worker = context.Process(
            target=victims.work, args=(url, os.environ["TOCSIN_DATA_DIR"], what, point, reached)
        )
        worker.start()
        try:
            assert reached.wait(60)
        finally:
            worker.kill()
            worker.join()

    return run


def expire() -> None:
    """Let the time pass that the dead worker's rights last."""
    Lease.objects.update(expires_at="2000-01-01T00:00Z")
    BackfillRange.objects.exclude(claimed_until=None).update(claimed_until="2000-01-01T00:00Z")


@pytest.mark.parametrize(
    "point", ["chainsync.journal.add_logs", "chainsync.folding.fold", "chainsync.heads.announce"]
)
def test_following_goes_on_as_if_nothing_had_happened(
    node: Node, chain: Chain, toy: Toy, kill: Kill, point: str
) -> None:
    contract = toy.contract(start_block=1)
    node.say(contract.address, 1)
    before = follow_to(node, chain)
    node.say(contract.address, 2, 3)
    kill("follow", point)
    assert Block.objects.count() == Block.objects.filter(number__lte=1).count()
    expire()
    after = follow_to(node, chain)
    assert after.head_number == (before.head_number or 0) + 1
    assert toy.rows(contract) == [1, 2, 3]
    assert_linked(chain)


def test_a_reorg_is_folded_whole_or_not_at_all(
    node: Node, chain: Chain, toy: Toy, kill: Kill
) -> None:
    contract = toy.contract(start_block=1)
    for number in range(6):
        node.say(contract.address, number)
    follow_to(node, chain)
    node.reorg(4, says=[(contract.address, 9, 1)])
    kill("follow", "chainsync.journal.orphan_above")
    assert toy.rows(contract) == list(range(6))
    assert not Block.objects.filter(canonical=False).exists()
    expire()
    follow_to(node, chain)
    assert toy.rows(contract) == [0, 1, 9]
    assert_linked(chain)


@pytest.mark.parametrize(
    ("what", "point"),
    [
        ("backfill", "chainsync.endpoint.fetching.range_reply"),
        ("backfill", "chainsync.journal.cover"),
        ("backfill", "chainsync.catching_up.fold_at_once"),
        ("backfill", "chainsync.planning.shrink"),
        ("fold", "chainsync.folding.pending"),
        ("fold", "chainsync.folding.fold"),
    ],
)
def test_backfill_and_folding_are_resumed(
    node: Node, chain: Chain, toy: Toy, kill: Kill, what: str, point: str
) -> None:
    contract = toy.contract(start_block=1)
    for number in range(30):
        node.say(contract.address, number)
    follow_to(node, chain)
    planning.plan(chain)
    if what == "fold":
        # What could not be folded when it was read is left to the turn that is killed.
        Coverage.objects.update(fold_error="A kind that is out of order for a while.")
        backfill.turn("l2")
        Coverage.objects.update(fold_error="")
    kill(what, point)
    assert toy.rows(contract) == []
    expire()
    backfill.turn("l2")
    catching_up.turn("l2")
    assert toy.rows(contract) == list(range(30))
    assert Log.objects.count() == 30
    assert Coverage.objects.get().blocks == [(1, 30)]

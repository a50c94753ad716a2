"""Backfill yields when those who work on what it read are behind, but never for good."""

import pytest
from django.utils import timezone

from chainsync import backfill as backfilling
from chainsync import nudges, pressure, tasks
from chainsync.models import Block, ChainStatus, Coverage, Log
from charter.models import Chain, Contract
from ledger import dispatch
from ledger.models import Consumer, OutboxEntry, Seal

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def chain() -> Chain:
    chain = Chain.objects.create(key="l2", chain_id=901, name="L2", role="l2", block_time=1)
    ChainStatus.objects.create(chain=chain, head_number=1000, finalized_number=1000)
    return chain


@pytest.fixture
def coverage(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> Coverage:
    """Blocks 0 to 9 and 20 to 29 of a contract are read, nothing is folded, each has a log."""
    monkeypatch.setattr(pressure, "MOST_UNFOLDED", 8)
    contract = Contract.objects.create(
        key="deep", chain=chain, kind="erc20-votes", address="0x" + "11" * 20, start_block=0
    )
    for number in [*range(10), *range(20, 30)]:
        word = "0x" + f"{number + 1:064x}"
        block = Block.objects.create(
            chain=chain,
            number=number,
            hash=word,
            parent_hash="0x" + f"{number:064x}",
            timestamp=number,
            header={},
        )
        Log.objects.create(
            chain=chain,
            block=block,
            block_number=number,
            log_index=0,
            tx_hash=word,
            tx_index=0,
            address=contract.address,
            data=b"",
        )
    return Coverage.objects.create(contract=contract, folded_to=-1, blocks=[(0, 9), (20, 29)])


def test_what_can_be_folded_counts_and_what_lies_behind_a_gap_does_not(
    chain: Chain, coverage: Coverage
) -> None:
    assert pressure.why_wait(chain) == "8 logs are read but not folded"
    Coverage.objects.update(folded_to=4)
    assert pressure.why_wait(chain) == ""
    Coverage.objects.update(folded_to=-1, fold_error="its kind broke")
    assert pressure.why_wait(chain) == ""


def test_backfill_hands_over_to_folding_instead_of_reading_on(
    chain: Chain, coverage: Coverage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    turns: list[str] = []
    monkeypatch.setattr(nudges, "_sent", lambda task, _: bool(sent.append(task.name) or 1))
    monkeypatch.setattr(
        backfilling, "turn", lambda key, **_: turns.append(key) or backfilling.Turn()
    )
    tasks.backfill("l2")
    assert (turns, sent) == ([], ["chainsync.tasks.fold"])
    Coverage.objects.update(folded_to=9)
    tasks.backfill("l2")
    assert turns == ["l2"]


def test_an_outbox_that_nobody_empties_holds_backfill_back(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pressure, "MOST_UNSEALED", 3)
    monkeypatch.setattr(pressure, "MOST_UNTOLD", 5)
    OutboxEntry.objects.bulk_create(OutboxEntry(topic="t", event="e") for _ in range(3))
    assert pressure.why_wait(chain) == "3 outbox entries are not sealed"
    OutboxEntry.objects.all().delete()
    assert pressure.why_wait(chain) == ""

    Seal.objects.update_or_create(name="outbox", defaults={"position": 7, "hash": bytes(32)})
    monkeypatch.setattr(dispatch, "names", lambda: ["slow"])
    consumer = Consumer.objects.create(name="slow", position=1)
    assert pressure.why_wait(chain) == "6 outbox entries are not taken in"
    # One that fails holds itself up, and says so in a finding of its own.
    consumer.failures, consumer.retry_at = 1, timezone.now()
    consumer.save()
    assert pressure.why_wait(chain) == ""

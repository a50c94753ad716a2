"""What is wrong with the signatures of an L1 is found by level, and denies finality."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from chainsync import review
from chainsync.following import turn as follow
from chainsync.light_client import contradiction, facts, standing
from chainsync.models import Block, ChainStatus, LightClient
from chainsync.rules import all_of
from charter.models import Beacon, Chain
from ledger.models import Finding
from tests.chainsync.beacon_node import TABLE, BeaconNode, at, go
from tests.chainsync.scene import FINALIZED_DEPTH, Node
from tests.chainsync.test_following import follow_to
from tests.proofs.light_client_chain import NETWORK, PERIOD, plain, update

EPOCH = NETWORK.slots_per_epoch


def findings(slot: int) -> dict[str, str]:
    """Level and summary of what rules find about beacons at a slot."""
    given = all_of([], [], [], [], [], facts.of_beacons(at(slot)), timezone.now())
    return {
        rule: f"{one.level}: {one.summary} {dict(one.facts)}"
        for (rule, _), conditions in given.items()
        for one in conditions.values()
        if rule.startswith("beacon.")
    }


@pytest.mark.django_db
def test_silence_is_told_after_a_while_and_ends_with_an_answer(
    l1: Chain, beacon: BeaconNode
) -> None:
    beacon.spoil = lambda path, status, body: (503, b"")
    go(20)
    assert findings(22) == {}
    [(rule, words)] = findings(25).items()
    assert rule == "beacon.silent"
    assert words.startswith("warning: No beacon endpoint of L1 can be relied on")
    assert "l1-beacon answered HTTP 503" in words
    beacon.spoil = None
    beacon.go_to(26, finalized=10)
    go(28)
    assert findings(34) == {}


@pytest.mark.django_db
def test_what_was_refused_of_whom_is_told(l1: Chain, beacon: BeaconNode) -> None:
    beacon.finality = update(40, 24, by_period=1)
    go(42)
    words = findings(42)["beacon.refused"]
    assert "l1-beacon" in words
    assert "InvalidSignature" in words
    beacon.go_to(43, finalized=27)
    go(45)
    assert findings(45) == {}


@pytest.mark.django_db
def test_few_signers_are_told_when_they_last_for_three_epochs(
    l1: Chain, beacon: BeaconNode
) -> None:
    for slot in (20, 30, 40):
        beacon.go_to(slot, finalized=12, signers=21)
        go(slot + 2)
    assert findings(22 + 3 * EPOCH).keys() == set()
    words = findings(23 + 3 * EPOCH)["beacon.participation"]
    assert "Less than two thirds" in words
    assert "'participants': 21" in words
    beacon.go_to(48, finalized=32, signers=22)
    go(50)
    assert "beacon.participation" not in findings(50)


@pytest.mark.django_db
def test_finality_that_grows_old_while_endpoints_answer_is_told(
    l1: Chain, beacon: BeaconNode
) -> None:
    beacon.go_to(40, finalized=24)
    late = 24 + 9 * EPOCH
    go(late)
    assert findings(late + 6 * EPOCH) == {}, "it may only just have begun to look"
    go(late + 6 * EPOCH)
    assert "or they hold it back" in findings(late + 7 * EPOCH)["beacon.stalled"]
    beacon.go_to(late + 7 * EPOCH, finalized=late + 5 * EPOCH)
    go(late + 7 * EPOCH + 2)
    assert findings(late + 7 * EPOCH + 2) == {}


@pytest.mark.django_db
def test_an_old_checkpoint_and_a_forced_store_are_alarms(l1: Chain, beacon: BeaconNode) -> None:
    beacon.go_to(40, finalized=24)
    late = 8 + 257 * EPOCH
    go(late)
    words = findings(late)["beacon.checkpoint-old"]
    assert words.startswith("alarm: The checkpoint was not used for 257 epochs")
    LightClient.objects.update(lapsed="", forced=True)
    assert findings(42)["beacon.forced"].startswith("alarm: The light client of L1 was advanced")


@pytest.mark.django_db
def test_a_beacon_that_cannot_be_used_is_told(l1: Chain) -> None:
    Beacon.objects.update(checkpoint="${SURELY_UNSET}")
    assert "SURELY_UNSET, which is not set" in findings(10)["beacon.silent"]


@pytest.mark.django_db
def test_signatures_for_another_block_than_ours_are_an_alarm_until_ours_is_replaced(
    l1: Chain, beacon: BeaconNode
) -> None:
    execution = plain(24).execution
    ours = Block.objects.create(
        chain=l1,
        number=execution.block_number,
        hash="0x" + "ee" * 32,
        parent_hash="0x" + "ed" * 32,
        timestamp=execution.timestamp,
        header={},
    )
    beacon.go_to(40, finalized=24)
    row = go(42)
    assert row.contradicts_number == execution.block_number
    assert standing.certified(l1) is None
    assert "neither is relied on" in standing.why_not(l1)
    words = findings(42)["beacon.contradicts-chain"]
    assert words.startswith("alarm: The committee of L1's beacon chain signed 0x")

    def hash_of(number: int) -> str | None:
        rows = Block.objects.filter(chain=l1, number=number, canonical=True)
        return rows.values_list("hash", flat=True).first()

    limit, said = contradiction.final_to(l1, execution.block_number + 5, hash_of)
    assert (limit, said in words) == (execution.block_number - 1, True)
    below = execution.block_number - 1
    assert contradiction.final_to(l1, below, hash_of) == (below, "")

    beacon.go_to(48, finalized=32)
    row = go(50)
    assert row.contradicts_number == execution.block_number, "a newer signature hides nothing"
    ours.canonical = False
    ours.save()
    assert go(51).contradicts_number == execution.block_number, "nor does a gap in our journal"
    Block.objects.create(
        chain=l1,
        number=execution.block_number,
        hash="0x" + execution.block_hash.hex(),
        parent_hash="0x" + "ed" * 32,
        timestamp=execution.timestamp,
        header={},
    )
    assert "beacon.contradicts-chain" not in findings(51)
    assert go(52).contradicts_number is None
    assert standing.certified(l1) is not None


@pytest.mark.node
def test_following_calls_nothing_final_that_signatures_deny(node: Node, chain: Chain) -> None:
    """The nodes finalize block after block; the committee signed another block 20."""
    node.mine(15)
    follow_to(node, chain)
    follow("l2", seconds=20, until=lambda status: status.finalized_number == 15 - FINALIZED_DEPTH)
    Beacon.objects.create(chain=chain, checkpoint="0x" + "ab" * 32, network=TABLE)
    LightClient.objects.create(
        chain=chain,
        checkpoint="0x" + "ab" * 32,
        network=TABLE,
        epochs_allowed=256,
        checkpoint_slot=8,
        begun_at=datetime.fromtimestamp(at(9), UTC),
        signed_slot=24,
        signed_number=20,
        signed_hash="0x" + "99" * 32,
        signed_state_root="0x" + "98" * 32,
        signed_receipts_root="0x" + "97" * 32,
        signed_timestamp=at(24),
        participants=30,
        committee_size=32,
        signed_at=datetime.fromtimestamp(at(PERIOD), UTC),
    )
    node.mine(25)
    follow("l2", seconds=20, until=lambda status: bool(status.finality_waits))
    status = ChainStatus.objects.get()
    assert status.head_number == 40
    assert status.finalized_number == 19
    assert "as the final block 20" in status.finality_waits
    review.review()
    standing_now = Finding.objects.filter(closed_at=None)
    assert standing_now.get(rule="beacon.contradicts-chain").level == "alarm"
    assert standing_now.filter(rule="chain.finality-waits").exists()

    LightClient.objects.update(signed_hash=node.hash(20))
    follow("l2", seconds=20, until=lambda status: status.finalized_number == 40 - FINALIZED_DEPTH)
    status = ChainStatus.objects.get()
    assert (status.finalized_number, status.finality_waits) == (40 - FINALIZED_DEPTH, "")

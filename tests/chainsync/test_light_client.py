"""A light client begins at the charter's checkpoint and goes on by signatures alone."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chainsync.light_client import standing, walking
from chainsync.light_client.following import lease_name, turn
from chainsync.light_client.trust import ETHEREUM, cadence, trust_of
from chainsync.models import LightClient
from charter.models import Beacon, Chain
from ledger import leases
from ledger.models import AuditEntry, OutboxEntry
from proofs.chain.beacon_network import MAINNET
from proofs.statements import light_client_record
from proofs.statements.light_client import force_update
from proofs.statements.light_client_store import Committees
from tests.chainsync.beacon_node import TABLE, BeaconNode, at, go
from tests.proofs.light_client_chain import MEMBERS, NETWORK, PERIOD, bootstrap, plain, update

pytestmark = pytest.mark.django_db


def test_it_begins_and_goes_on_within_a_period(l1: Chain, beacon: BeaconNode) -> None:
    assert standing.certified(l1) is None
    assert "has not been asked for yet" in standing.why_not(l1)
    beacon.go_to(40, finalized=24, signers=30)
    go(42)
    found = standing.certified(l1)
    assert found is not None
    assert standing.why_not(l1) == ""
    execution = plain(24).execution
    assert (found.number, found.hash) == (execution.block_number, execution.block_hash)
    assert found.state_root == execution.state_root
    assert (found.slot, found.participants, found.committee_size) == (24, 30, MEMBERS)
    assert found.checkpoint == beacon.checkpoint.header.beacon.root()
    assert found.known_at == datetime.fromtimestamp(at(42), UTC)
    told = OutboxEntry.objects.filter(topic="chain:l1", event="signed")
    assert [entry.detail["number"] for entry in told] == [None, execution.block_number]

    go(43)
    assert told.count() == 2, "nothing is told where nothing changed"
    beacon.go_to(48, finalized=32)
    go(50)
    found = standing.certified(l1)
    assert found is not None
    assert (found.slot, found.participants) == (32, MEMBERS)
    aged = replace(found, checkpoint_age=42 * 12 + 6)
    assert standing.look(standing.with_light_client(l1), at(50)) == aged


def test_it_goes_on_from_the_row_over_many_periods(
    l1: Chain, beacon: BeaconNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    beacon.go_to(40, finalized=24)
    go(42)
    assert LightClient.objects.get().period == 0
    last = 6 * PERIOD + 30
    beacon.go_to(last, finalized=last - 16)
    monkeypatch.setattr(walking, "_committees", Committees())
    monkeypatch.setattr(walking, "MOST_UPDATES", 2)
    row = go(last + 2)
    assert (row.period, row.signed_slot) == (6, last - 16)
    assert row.refused == row.silence == ""
    asked = [path for path in beacon.asked if "/updates" in path]
    assert all("count=2" in path or "count=1" in path for path in asked)
    assert sum("/bootstrap/" in path for path in beacon.asked) == 1
    assert all(path.endswith("key=hush") or "key=hush&" in path for path in beacon.asked)


def test_without_a_handover_it_stays_where_it_is_and_says_so(l1: Chain, beacon: BeaconNode) -> None:
    beacon.go_to(40, finalized=24)
    beacon.updates.clear()
    go(42)
    beacon.finality = update(2 * PERIOD + 20, 2 * PERIOD + 4)
    row = go(2 * PERIOD + 30)
    assert row.signed_slot == 24
    assert row.refused.startswith("l1-beacon: The update is signed in period 2")
    assert "PeriodGap" in row.refused


def test_another_checkpoint_begins_anew_and_is_audited(l1: Chain, beacon: BeaconNode) -> None:
    beacon.go_to(40, finalized=24)
    go(42)
    beacon.checkpoint = bootstrap(16)
    root = "0x" + beacon.checkpoint.header.beacon.root().hex()
    Beacon.objects.update(checkpoint=root)
    assert standing.certified(l1) is None, "what the charter trusts no more is certified no more"
    assert LightClient.objects.get().signed_slot == 24, "nothing is overwritten by reading"
    beacon.finality = None
    row = go(43)
    assert (row.checkpoint, row.checkpoint_slot, row.signed_number) == (root, 16, None)
    assert "Nothing newer than the checkpoint" in standing.why_not(l1)
    first, second = AuditEntry.objects.filter(act="chainsync:light-client:begin").order_by("id")
    assert first.detail["instead_of"] is None
    assert second.detail["checkpoint"] == root
    assert second.detail["instead_of"]["signed_number"] == plain(24).execution.block_number

    Beacon.objects.update(network={**TABLE, "weak_subjectivity_epochs": 9})
    assert standing.certified(l1) is None
    beacon.go_to(48, finalized=32)
    assert go(50).epochs_allowed == 9
    assert AuditEntry.objects.filter(act="chainsync:light-client:begin").count() == 3


def test_a_store_that_was_ever_forced_certifies_nothing_again(
    l1: Chain, beacon: BeaconNode
) -> None:
    beacon.finality = update(40, 24, signers=10)
    row = go(42)
    assert row.signed_number is None
    store = light_client_record.load(NETWORK, bytes(row.record))
    assert store.best is not None
    forced = force_update(store, current_slot=PERIOD + 20)
    assert forced.forced
    LightClient.objects.update(record=light_client_record.dump(forced))
    # Not by the task: however late it is, it goes on without force.
    beacon.go_to(56, finalized=48)
    row = go(58)
    assert row.forced
    assert row.finalized_slot == 48, "it goes on"
    assert row.signed_number is None
    assert standing.certified(l1) is None
    assert "advanced by less than two thirds" in standing.why_not(l1)


def test_the_task_never_forces(l1: Chain, beacon: BeaconNode) -> None:
    beacon.finality = update(40, 24, signers=10)
    go(42)
    beacon.finality = update(41, 25, signers=10)
    row = go(PERIOD + 20)
    assert not row.forced
    assert row.finalized_slot == 8
    assert (row.last_participants, row.few_since) == (10, datetime.fromtimestamp(at(42), UTC))
    beacon.go_to(PERIOD + 30, finalized=PERIOD + 8)
    row = go(PERIOD + 32)
    assert (row.signed_slot, row.few_since) == (PERIOD + 8, None)


def test_a_checkpoint_beyond_weak_subjectivity_certifies_nothing(
    l1: Chain, beacon: BeaconNode
) -> None:
    late = 8 + 257 * NETWORK.slots_per_epoch
    beacon.go_to(40, finalized=24)
    row = go(late)
    assert row.signed_slot == 24
    assert row.checkpoint_epochs == 257
    assert standing.certified(l1) is None
    assert "The checkpoint was not used for 257 epochs, and 256 are allowed" in standing.why_not(l1)
    much_later = late + 300 * NETWORK.slots_per_epoch
    assert go(late + 1).lapsed == go(much_later).lapsed == row.lapsed, "and it stays so"
    assert "Write a newer checkpoint" in row.lapsed


def test_a_light_client_that_was_not_followed_for_too_long_lapses(
    l1: Chain, beacon: BeaconNode
) -> None:
    beacon.go_to(40, finalized=24)
    go(42)
    assert standing.certified(l1) is not None
    late = 24 + 257 * NETWORK.slots_per_epoch
    beacon.go_to(late - 10, finalized=late - 26)
    row = go(late)
    assert "Signatures were not followed for 257 epochs" in row.lapsed
    assert standing.certified(l1) is None


def test_two_workers_never_go_on_at_once(l1: Chain, beacon: BeaconNode) -> None:
    held = leases.take(lease_name("l1"), leases.new_owner(), 30)
    assert held is not None
    assert turn("l1", lambda: at(42)) is None
    leases.release(held)
    assert go(42).answered_at is None
    Beacon.objects.update(active=False)
    assert turn("l1", lambda: at(42)) is None


def test_without_a_beacon_the_reason_teaches(db: None) -> None:
    chain = Chain.objects.create(key="l1", chain_id=900, name="L1", role="l1", block_time=12)
    assert standing.certified(chain) is None
    assert "Write [chains.l1.beacon] into venue.toml" in standing.why_not(chain)
    assert turn("l1") is None
    Beacon.objects.create(chain=chain, checkpoint="${SURELY_UNSET}", network=None)
    assert "SURELY_UNSET, which is not set" in standing.why_not(chain)


def test_ethereum_needs_no_table(db: None) -> None:
    chain = Chain.objects.create(key="l1", chain_id=1, name="Ethereum", role="l1", block_time=12)
    row = Beacon.objects.create(chain=chain, checkpoint="0x" + "ab" * 32, network=None)
    trust = trust_of(row)
    assert (trust.network, trust.described, trust.epochs_allowed) == (MAINNET, ETHEREUM, 1894)
    assert cadence(row) == 48
    assert cadence(Beacon(network=TABLE)) == 12

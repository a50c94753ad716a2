"""The beacon chain by itself: what is final, what long gaps leave behind, what is stored."""

import time
import zlib
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from beacon_client import network_of

from lab.beacon import archive, chain, network, updates
from lab.beacon.chain import BeaconChain
from lab.beacon.containers import ExecutionPayloadHeader, as_json
from lab.beacon.follower import Follower
from lab.beacon.updates import BestUpdates
from lab.schedule import BEACON
from proofs.chain.beacon import Fork
from proofs.statements.light_client import begin, process_update
from proofs.statements.light_client_data import form
from proofs.statements.light_client_store import Committees, certifies

GENESIS = 1_700_000_000


class Made:
    """A beacon chain over execution blocks that are made up."""

    def __init__(self) -> None:
        self.chain = BeaconChain(GENESIS)
        self.best = BestUpdates()
        self.hash = bytes(32)
        self.number = 0

    def block(self, slot: int, salt: str = "") -> None:
        """An execution block of this slot's second, and what must stand before it."""
        self.number += 1
        made = sha256(f"{self.number} {salt}".encode()).digest()
        header = ExecutionPayloadHeader(
            parent_hash=self.hash,
            block_number=self.number,
            block_hash=made,
            timestamp=GENESIS + slot,
        )
        for empty in list(self.chain.missing(header)):
            parent = self.chain.parent_of(header)
            self.best.consider(self.chain.extend(parent, empty, parent.execution), self.chain)
        parent = self.chain.parent_of(header)
        self.best.consider(self.chain.extend(parent, slot, header), self.chain)
        self.hash = made

    def blocks(self, first: int, last: int, step: int = 4) -> None:
        for slot in range(first, last, step):
            self.block(slot)


def test_an_epoch_is_final_two_epochs_later() -> None:
    made = Made()
    made.blocks(4, 10 * 16)
    head = made.chain.head
    assert head.epoch == 9
    assert head.finality.justified.epoch == 8
    assert head.finality.finalized.epoch == 7
    assert made.chain.finalized.slot == 7 * 16
    assert made.chain.justified.slot == 8 * 16


def test_a_checkpoint_is_the_newest_block_at_the_beginning_of_its_epoch() -> None:
    made = Made()
    made.blocks(6, 10 * 16, 5)
    final = made.chain.finalized
    begins = network.start_of(made.chain.finalized_mark.epoch)
    after = next(b for b in made.chain.ancestors() if b.parent_root == final.root)
    assert final.slot <= begins < after.slot


def test_a_gap_of_hours_has_an_update_for_each_period() -> None:
    made = Made()
    made.blocks(4, 200)
    periods = 20
    made.block(periods * network.SLOTS_PER_PERIOD + 300)
    made.blocks(periods * network.SLOTS_PER_PERIOD + 304, (periods + 1) * 512 - 140)
    assert sorted(made.best.by_period) == list(range(periods + 1))

    spec = network.configuration()
    genesis = {
        "genesis_time": str(GENESIS),
        "genesis_validators_root": as_json(made.chain.genesis.genesis.genesis_validators_root),
    }
    known, committees = network_of(genesis, spec), Committees()
    read = form(Fork.ELECTRA, BEACON.committee_size)
    trusted = made.chain.genesis.root
    store = begin(
        known, trusted, read.bootstrap.parse(as_json(updates.bootstrap(made.chain.genesis)))
    )
    for period in sorted(made.best.by_period):
        update = read.update.parse(as_json(made.best.by_period[period].read()))
        store = process_update(
            store, update, current_slot=made.chain.head.slot, committees=committees
        )
        assert store.period == period
    last = read.update.parse(as_json(updates.update_of(made.chain, made.chain.head)))
    store = process_update(store, last, current_slot=made.chain.head.slot)
    assert certifies(store).block_number > made.number - 13


def test_a_gap_costs_a_few_blocks_a_period_and_no_more() -> None:
    made = Made()
    made.blocks(4, 100)
    before = made.number
    header = ExecutionPayloadHeader(parent_hash=made.hash, timestamp=GENESIS + 100 * 512)
    empty = list(made.chain.missing(header))
    assert len(empty) <= 100 * 4 + 3
    assert made.number == before


def test_what_was_built_before_a_gap_is_final_after_it() -> None:
    made = Made()
    made.blocks(4, 100)
    last = made.number
    made.block(5_000)
    assert made.chain.finalized.execution_number == last
    assert made.chain.head.execution_number == last + 1


def test_what_stands_alone_after_a_gap_is_not_final() -> None:
    made = Made()
    made.blocks(4, 100)
    seen = []
    for slot in (5_000, 5_016, 5_032):
        made.block(slot)
        finality = made.chain.head.finality
        seen.append((finality.justified.epoch, finality.finalized.epoch))
    # 288 to 291 are the first epochs of a period, 312 is that of slot 5,000.
    assert seen == [(291, 290), (312, 290), (313, 312)]


def test_branches_stand_side_by_side_and_finality_is_of_the_one() -> None:
    made = Made()
    made.blocks(4, 200)
    final, fork_hash, fork_number = made.chain.finalized, made.hash, made.number
    made.blocks(200, 220)
    abandoned = made.chain.head
    made.hash, made.number = fork_hash, fork_number
    made.block(202, "another")
    assert made.chain.head.slot == 202
    assert not made.chain.is_canonical(abandoned)
    assert made.chain.finalized.epoch >= final.epoch
    made.chain.lead(abandoned.execution_hash)
    assert made.chain.is_canonical(abandoned)


def test_old_blocks_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "KEPT", 40)
    made = Made()
    made.blocks(4, 4 * 150)
    assert 40 <= len(made.chain.blocks) <= 81
    assert made.chain.finalized.slot > 0
    assert made.chain.genesis.root in made.chain.blocks


def test_a_stored_chain_goes_on_with_the_same_roots(tmp_path: Path) -> None:
    made = Made()
    made.blocks(4, 560)
    archive.write(tmp_path, archive.pack(made.chain, made.best))
    follower = Follower(GENESIS)
    follower.load(tmp_path)
    assert follower.chain.head.root == made.chain.head.root
    assert follower.chain.finalized.root == made.chain.finalized.root
    assert follower.best.by_period == made.best.by_period
    assert follower.chain.knows(made.hash)
    again = Made()
    again.chain, again.best = follower.chain, follower.best
    again.hash, again.number = made.hash, made.number
    for one in (made, again):
        one.blocks(564, 600)
    assert again.chain.head.root == made.chain.head.root
    assert again.chain.finalized.root == made.chain.finalized.root


@pytest.mark.parametrize("damage", ["cut", "not-compressed", "another-genesis", "another-block"])
def test_a_damaged_store_is_named_and_a_new_chain_begins(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = Made()
    made.blocks(4, 100)
    data = archive.pack(made.chain, made.best)
    if damage == "cut":
        data = data[: len(data) // 2]
    elif damage == "not-compressed":
        data = b"{}"
    elif damage == "another-block":
        stored = msgspec.msgpack.decode(zlib.decompress(data), type=archive.Archive)
        block = archive.StoredBlock.decode_bytes(stored.blocks[3])
        block.body.execution_payload_header.gas_used = 7
        stored.blocks[3] = block.encode_bytes()
        data = zlib.compress(msgspec.msgpack.encode(stored))
    archive.write(tmp_path, data)
    follower = Follower(GENESIS + (damage == "another-genesis"))
    follower.load(tmp_path)
    assert "cannot be used" in caplog.text
    assert follower.chain.head is follower.chain.genesis
    assert not follower.best.by_period


def test_the_same_is_known_before_anything_runs() -> None:
    assert BeaconChain(GENESIS).genesis.root == BeaconChain(GENESIS).genesis.root
    assert BeaconChain(GENESIS).genesis.root != BeaconChain(GENESIS + 1).genesis.root


def test_a_block_waits_for_its_slot() -> None:
    follower = Follower(int(time.time()) - 1_000, time.time)
    assert 1_000 <= follower.current_slot <= 1_060
    assert not follower._is_due(follower.current_slot + 100)
    assert follower._is_due(900)

"""The light client follows the lab's own beacon chain, by the charter that is shipped."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from chainsync.branch import our_hash
from chainsync.endpoint import pool
from chainsync.following import turn as follow
from chainsync.light_client import standing
from chainsync.light_client.facts import of_beacons
from chainsync.light_client.following import turn
from chainsync.light_client.standing import Certified
from chainsync.models import ChainStatus, LightClient
from chainsync.rules import all_of
from charter.actions import charter_load
from charter.kinds import known_kinds
from charter.loading import read
from charter.models import Chain, Contract
from lab import harness
from lab.beacon.validators import genesis_validators_root
from lab.harness import Harness

pytestmark = [pytest.mark.node, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
PERIOD = 512
SECONDS_PER_BLOCK = 4


class Scene:
    """L1 of the lab, the venue that is shipped, and turns at the time of the lab's chain."""

    def __init__(self, lab: Harness) -> None:
        self.lab = lab
        assert lab.gateway.beacon is not None
        self.beacon = lab.gateway.beacon.follower
        self.chain = Chain.objects.get(key="l1")

    def mine(self, blocks: int) -> None:
        self.lab.mine(blocks)
        while True:
            self.beacon.follow()
            if not self.beacon.behind:
                return

    @property
    def now(self) -> float:
        """The time of the lab's chain, which is warped."""
        return self.beacon.chain.genesis_time + self.beacon.current_slot + 0.5

    def go(self) -> LightClient:
        row = turn("l1", lambda: self.now)
        assert row is not None
        return row

    def certified(self) -> Certified:
        found = standing.certified(self.chain)
        assert found is not None, standing.why_not(self.chain)
        return found

    def hash(self, number: int) -> str:
        return str(self._block(number)["hash"])

    def root(self, number: int) -> bytes:
        """State root of a block, by the node."""
        return bytes.fromhex(self._block(number)["stateRoot"][2:])

    def _block(self, number: int) -> Any:
        return self.lab.node.call("eth_getBlockByNumber", hex(number), False)


@pytest.fixture
def scene(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with harness.start("l1", genesis_time=int(time.time()) - 5_000) as lab:
        assert lab.gateway.beacon is not None
        follower = lab.gateway.beacon.follower
        monkeypatch.setenv("TOCSIN_LAB_URL", lab.gateway.url)
        for name, value in {
            "CHECKPOINT": "0x" + follower.chain.genesis.root.hex(),
            "GENESIS_TIME": str(follower.chain.genesis_time),
            "VALIDATORS_ROOT": "0x" + genesis_validators_root().hex(),
        }.items():
            monkeypatch.setenv(f"TOCSIN_LAB_BEACON_{name}", value)
        venue = read(ROOT / "venue.toml", os.environ)
        charter_load(venue=venue, known_kinds=known_kinds(), actor="system:test")
        Contract.objects.update(active=False)
        yield Scene(lab)
        pool.close_all()


def test_it_follows_the_labs_beacon_chain_over_committees_and_restarts(scene: Scene) -> None:
    scene.mine(40)
    row = scene.go()
    assert row.refused == row.silence == ""
    first = scene.certified()
    assert "0x" + first.hash.hex() == scene.hash(first.number)
    assert (first.participants, first.committee_size) == (32, 32)
    assert first.state_root == scene.root(first.number)

    follow("l1", seconds=60, until=lambda status: status.finalized_number is not None)
    scene.mine(3 * PERIOD // SECONDS_PER_BLOCK)
    period = row.period or 0
    assert (scene.go().period or 0) >= period + 2
    then = scene.certified()
    assert then.number > first.number
    assert "0x" + then.hash.hex() == scene.hash(then.number)
    assert then.state_root == scene.root(then.number)

    follow("l1", seconds=90, until=lambda status: (status.finalized_number or 0) >= then.number)
    status = ChainStatus.objects.get(chain=scene.chain)
    assert status.finalized_number is not None
    assert 0 <= status.finalized_number - then.number <= 4, "nodes and committee agree"
    assert our_hash(scene.chain, then.number) == "0x" + then.hash.hex()
    assert scene.go().contradicts_number is None


def test_few_signers_forgeries_and_silence_of_the_lab_certify_nothing_new(scene: Scene) -> None:
    scene.mine(60)
    scene.go()
    before = scene.certified()

    scene.lab.beacon.obey({"do": "participation", "percent": 60})
    scene.mine(20)
    row = scene.go()
    assert scene.certified().number == before.number
    assert row.few_since is not None
    assert row.last_participants == 19
    scene.lab.beacon.obey({"do": "heal"})

    for how, refusal in (
        ("execution", "BranchMismatch"),
        ("finality", "BranchMismatch"),
        ("signature", "InvalidSignature"),
    ):
        scene.mine(20)
        scene.lab.beacon.obey({"do": "forge", "how": how})
        row = scene.go()
        assert row.refused.startswith("l1-beacon: ")
        assert refusal in row.refused
        assert scene.certified().number == before.number, how
        scene.lab.beacon.obey({"do": "heal"})

    row = scene.go()
    assert (row.refused, row.few_since) == ("", None)
    after = scene.certified()
    assert after.number > before.number
    assert "0x" + after.hash.hex() == scene.hash(after.number)

    scene.lab.beacon.obey({"do": "stall"})
    scene.mine(40)
    assert scene.go().refused == ""
    assert scene.certified().number == after.number
    rules = {
        rule
        for (rule, _), found in all_of(
            [], [], [], [], [], of_beacons(scene.now), timezone.now()
        ).items()
        if found
    }
    assert rules == {"beacon.stalled"}

"""What the lab deploys stands where venue.toml says, and holds the powers it should."""

import tomllib
from pathlib import Path

import pytest
from eth_utils import keccak

from lab import artifacts
from lab.accounts import actor
from lab.harness import Harness

pytestmark = pytest.mark.node

VENUE = Path(__file__).resolve().parents[2] / "venue.toml"
CANONICAL_SAFE = {
    "SafeL2": "0x29fcB43b46531BcA003ddC8FCB67FFE91900C762",
    "SafeProxyFactory": "0x4e1DCf7AD4e460CfD30791CCC4F9c8a4f820ec67",
    "CompatibilityFallbackHandler": "0xfd0732Dc9E303f09fCEf3a7388Ad10A83459Ec99",
    "MultiSendCallOnly": "0x9641d764fc13c8B624c04430C7356C1C7C8102e2",
}


def described(chain: str) -> dict[str, tuple[str, int]]:
    contracts = tomllib.loads(VENUE.read_text())["contracts"]
    return {
        key.replace("-", "_"): (entry["address"], entry["start_block"])
        for key, entry in contracts.items()
        if entry["chain"] == chain
    }


def test_addresses_and_start_blocks_are_those_of_venue_toml(l2: Harness, l1: Harness) -> None:
    for chain, lab in (("l2", l2), ("l1", l1)):
        expected = described(chain)
        assert expected
        for key, place in expected.items():
            assert (lab.addresses[key], lab.start_blocks[key]) == place


def test_code_appears_exactly_at_the_start_block(l2: Harness, l1: Harness) -> None:
    for lab in (l2, l1):
        for key, address in lab.addresses.items():
            block = lab.start_blocks[key]
            assert lab.node.call("eth_getCode", address, hex(block)) != "0x"
            assert lab.node.call("eth_getCode", address, hex(block - 1)) == "0x"


def test_safe_parts_stand_at_their_canonical_addresses(l2: Harness) -> None:
    assert {key: l2.addresses[key] for key in CANONICAL_SAFE} == CANONICAL_SAFE


def test_the_deployer_keeps_no_power(l2: Harness, l1: Harness) -> None:
    deployer = actor("deployer").address
    for lab in (l2, l1):
        timelock = lab.gov.timelock
        roles = ["PROPOSER_ROLE", "CANCELLER_ROLE", "EXECUTOR_ROLE"]
        held = [lab.chain.read(timelock, role) for role in roles]
        admin = b"\0" * 32 if lab.name == "l2" else keccak(text="TIMELOCK_ADMIN_ROLE")
        for role in [*held, admin]:
            assert not lab.chain.read(timelock, "hasRole", role, deployer)
    assert l2.venue is not None
    assert l2.chain.read(l2.venue.venue, "governance") == l2.addresses["timelock"].lower()


def test_the_bridge_token_has_the_storage_order_that_proofs_rely_on() -> None:
    layout = artifacts.load("BridgeToken")["storageLayout"]["storage"]
    assert {row["label"]: int(row["slot"]) for row in layout} == {
        "allowances": 0,
        "balances": 1,
        "delegates": 2,
        "checkpoints": 3,
        "numCheckpoints": 4,
        "nonces": 5,
    }
    account = actor("Ada").address
    assert account


def test_checkpoints_of_the_bridge_token_can_be_read_from_storage(l1: Harness) -> None:
    ada = int(actor("Ada").address, 16).to_bytes(32, "big")
    inner = keccak(ada + (3).to_bytes(32, "big"))
    slot = "0x" + keccak((0).to_bytes(32, "big") + inner).hex()
    token = l1.gov.token
    word = int(l1.node.call("eth_getStorageAt", token.address, slot, "latest"), 16)
    from_block, votes = l1.chain.read(token, "checkpoints", actor("Ada").address, 0)
    assert (word & 0xFFFFFFFF, word >> 32) == (from_block, votes)
    assert votes > 0


def test_a_second_build_compiles_nothing() -> None:
    artifacts.build()
    assert artifacts.build() is False

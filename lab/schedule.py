"""Every short time of the lab, in one place.

A visitor sees a proposal on L2 from creation to execution in about four minutes. Changing a value
changes what is deployed, so an existing lab is then replaced by a new one.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

ETHER = 10**18


@dataclass(frozen=True)
class ChainTimes:
    """Cadence and finality of one chain; depths are blocks behind the head.

    On L1 the beacon chain decides; there they are the most by which it lags at this cadence.
    """

    chain_id: int
    block_time: int
    gas_limit: int
    safe_depth: int
    finalized_depth: int


@dataclass(frozen=True)
class VenueTerms:
    """The L2 governance: clock in seconds, quorum in percent of the supply."""

    voting_delay: int = 14
    voting_period: int = 150
    late_quorum_extension: int = 40
    timelock_delay: int = 40
    quorum_percent: int = 4
    supply: int = 100_000_000 * ETHER
    proposal_threshold: int = 10_000 * ETHER


@dataclass(frozen=True)
class BridgeTerms:
    """The L1 governance: clock in blocks, except the timelock's delay, which is in seconds."""

    voting_delay: int = 3
    voting_period: int = 42
    timelock_delay: int = 40
    quorum: int = 400_000 * ETHER
    proposal_threshold: int = 50_000 * ETHER


@dataclass(frozen=True)
class BeaconTerms:
    """The consensus layer of L1: lengths as in the beacon chain's configuration.

    Slots are a second, because blocks may be mined a second apart, so most of them are empty.
    A committee serves for 512 of them: one can watch it hand over. The lab has all keys.
    """

    seconds_per_slot: int = 1
    slots_per_epoch: int = 16
    epochs_per_period: int = 32
    committee_size: int = 32
    validators: int = 64


BEACON = BeaconTerms()

L1 = ChainTimes(900, block_time=4, gas_limit=60_000_000, safe_depth=8, finalized_depth=12)
L2 = ChainTimes(901, block_time=2, gas_limit=300_000_000, safe_depth=12, finalized_depth=30)
CHAINS: dict[str, ChainTimes] = {"l1": L1, "l2": L2}

VENUE = VenueTerms()
BRIDGE = BridgeTerms()

# Voters with delegated power from the first block on, for `votes cast`.
PREPARED_VOTERS = 250
VOTER_TOKENS = 200 * ETHER

# How far before the visitor's arrival a chain begins, in seconds: more than its prologue takes.
PROLOGUE_SPAN = {"l1": 2_400, "l2": 2_400}

# Real seconds between two dumps of a chain. Below the time to finality of either chain, so a
# crash never takes back a block that was served as finalized.
DUMP_INTERVAL = 10

# States kept in memory by a node: how far back calls and proofs reach, in blocks.
STATES_KEPT = 128

# A stored chain keeps its newest blocks whole, and of the older ones those with transactions, up
# to some day of scripted life; the first blocks, with the deployment, are never left out.
BLOCKS_KEPT = 600
TRANSACTIONS_KEPT = 8_000
FIRST_BLOCKS_KEPT = 100

# Blocks produced since its start after which a node is dumped, trimmed and started again.
BLOCKS_PER_NODE = 6_000


def fingerprint() -> str:
    """A short hash of everything here that is written into contracts or genesis."""
    terms = [asdict(VENUE), asdict(BRIDGE), asdict(BEACON)]
    terms += [asdict(times) for times in CHAINS.values()]
    return hashlib.sha256(repr((terms, PREPARED_VOTERS)).encode()).hexdigest()[:16]

"""One chain of the lab for tests: a real node, the real contracts, the gateway, no life.

    from lab import harness
    from lab.governance import Support

    with harness.start("l2") as lab:                      # or "l1"
        lab.urls                                          # [".../l2-a", ".../l2-b"], of 127.0.0.1
        lab.chain_id, lab.addresses["governor"], lab.start_blocks["governor"]
        proposal = lab.propose("# A title\\n\\nText", proposer="Ada")
        lab.open_voting(proposal)
        lab.vote("Ada", proposal, Support.FOR, "because")
        lab.gov.vote_split(lab.actor("Chidi"), proposal.id, 1, 2, 3)      # L2 only
        lab.close_voting(proposal)
        lab.queue(proposal); lab.ready(proposal); lab.execute(proposal)
        change = lab.reorg(3)                             # change.before, change.after: hashes
        lab.mine(5)
        lab.suffer("l2-b", "lie", how="missing-log", rate=0.5, seed=1)    # see `lab.faults`
        lab.heal()                                        # or lab.heal("l2-b")
        lab.beacon_url, lab.beacon                        # L1 only: endpoints, `lab.beacon.faults`

Contract keys on L2: token, timelock, governor, venue, safe, muster; on L1: bridge_token,
bridge_timelock, bridge_governor, bridge_parameters. People by name: see `lab.accounts.ROLES`;
holders have tokens and have delegated. ``lab.gov`` is the driver (`lab.governance`) with
everything else: delegate, guardian_cancel, cancel_on_timelock, execute_on_timelock, pause_market,
by_safe, operation_id, state, tally, power; ``lab.node`` is the RPC of the node itself, where
``anvil_*`` and ``evm_*`` work; the gateway's URLs refuse them.

By default each driver call mines exactly one block and nothing else does. With
``mining="auto"`` the node mines every transaction (wallets in a browser), with
``mining=seconds`` it produces blocks at that interval. Time is warped, not waited for.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from lab import accounts, reorg, voters
from lab.accounts import Actor
from lab.anvil import Anvil
from lab.beacon.faults import BeaconFaults
from lab.beacon.follower import Follower
from lab.beacon.rest import PATH
from lab.bridge_governance import BridgeGovernance
from lab.chain import Chain, Receipt
from lab.consensus import BeaconConsensus, Consensus, Finality
from lab.deployment import Deployment, deploy_l1, deploy_l2, market_id
from lab.endpoint import Upstream
from lab.faults.fault import Fault
from lab.gateway import Gateway
from lab.governance import Action, Proposal
from lab.schedule import CHAINS
from lab.venue_governance import VenueGovernance

Mining = Literal["each", "auto"] | int


class Harness:
    """A running chain with its driver; see the module's docstring for its use."""

    def __init__(
        self, name: str, anvil: Anvil, gateway: Gateway, chain: Chain, deployed: Deployment
    ) -> None:
        self.name = name
        self.anvil = anvil
        self.node = anvil.rpc
        self.gateway = gateway
        self.chain = chain
        self.deployed = deployed
        self.chain_id = chain.chain_id
        self.consensus: Finality = gateway.upstreams[name].consensus
        self.urls = [f"{gateway.url}/{name}-{letter}" for letter in "ab"]
        self.addresses = {key: entry.address for key, entry in deployed.items()}
        self.start_blocks = {key: entry.start_block for key, entry in deployed.items()}
        self.beacon_url = f"{gateway.url}{PATH}"
        self.venue = VenueGovernance(chain, deployed) if name == "l2" else None
        self.bridge = BridgeGovernance(chain, deployed) if name == "l1" else None

    @property
    def gov(self) -> VenueGovernance | BridgeGovernance:
        """The driver of this chain's governance."""
        driver = self.venue or self.bridge
        if driver is None:
            raise LookupError("no governance on this chain")
        return driver

    @property
    def beacon(self) -> BeaconFaults:
        """What the beacon chain may be ordered (L1 only)."""
        if self.gateway.beacon is None:
            raise LookupError("no beacon chain follows this chain")
        return self.gateway.beacon.faults

    def actor(self, name: str) -> Actor:
        """A named key, e.g. ``"Ada"``."""
        return accounts.actor(name)

    def propose(
        self, description: str, actions: Sequence[Action] | None = None, proposer: str = "Ada"
    ) -> Proposal:
        """Create a proposal; without actions it changes one parameter."""
        return self.gov.propose(self.actor(proposer), actions or [self.action()], description)

    def action(self, value: int = 150_000) -> Action:
        """A harmless parameter change: leverage of ETH-PERP on L2, the daily limit on L1."""
        if self.venue is not None:
            return self.venue.venue_action("setMaxLeverage", market_id("ETH-PERP"), value)
        if self.bridge is not None:
            return self.bridge.parameter_action("setDailyLimit(uint128)", value)
        raise LookupError("no governance on this chain")

    def vote(self, voter: str, proposal: Proposal, support: int, reason: str = "") -> Receipt:
        """Cast a nominal vote."""
        return self.gov.vote(self.actor(voter), proposal.id, support, reason)

    def vote_many(self, proposal: Proposal, count: int) -> list[Receipt]:
        """Votes of ``count`` prepared voters (L2; start with ``prepared_voters`` at least so)."""
        indices = voters.able(
            self.chain, self.gov.token, self.gov.governor, proposal.id, proposal.snapshot, count
        )
        return voters.cast(self.chain, self.gov.governor, proposal.id, indices)

    def queue(self, proposal: Proposal) -> Receipt:
        """Queue through the Governor."""
        return self.gov.queue(self.actor("relayer"), proposal)

    def execute(self, proposal: Proposal) -> Receipt:
        """Execute through the Governor."""
        return self.gov.execute(self.actor("relayer"), proposal)

    def open_voting(self, proposal: Proposal) -> None:
        """Advance the clock to the first timepoint at which votes count."""
        self.advance_to(proposal.snapshot + 1)

    def close_voting(self, proposal: Proposal) -> None:
        """Advance the clock past the deadline, extension included."""
        self.advance_to(self.gov.deadline(proposal.id) + 1)

    def ready(self, proposal: Proposal) -> None:
        """Advance time until a queued proposal can be executed."""
        self.advance_time_to(self.gov.eta(proposal.id))

    def advance_to(self, timepoint: int) -> None:
        """Advance the Governor's clock: seconds on L2, blocks on L1."""
        self.gov.advance_to(timepoint)

    def advance_time_to(self, timestamp: int) -> None:
        """Mine one block at a timestamp, or one ordinary block when that is past."""
        self.chain.advance_time_to(timestamp)

    def mine(self, blocks: int = 1) -> None:
        """Mine blocks now, one block time apart."""
        self.chain.mine(blocks)

    def suffer(self, endpoint: str, sort: str, **options: Any) -> Fault:
        """Let an endpoint suffer from now on; options are the fields of `Fault`."""
        return self.gateway.switchboard.suffer(endpoint, sort, **options)

    def heal(self, endpoint: str | None = None) -> list[str]:
        """Take away what an endpoint, or any endpoint, suffers; who was healed."""
        return self.gateway.switchboard.heal(endpoint)

    def reorg(self, depth: int, *, drop: int = 1) -> reorg.Reorg:
        """Replace the newest blocks; the transactions of ``drop`` senders are left out."""
        return reorg.reorg(self.node, depth, drop=drop)


@contextlib.contextmanager
def start(
    name: str,
    *,
    prepared_voters: int = 10,
    mining: Mining = "each",
    port: int = 0,
    genesis_time: int | None = None,
) -> Iterator[Harness]:
    """Run one chain (``"l1"`` or ``"l2"``) with everything deployed; all of it ends with the block.

    ``genesis_time`` is the first block's timestamp in seconds (default: five minutes ago).
    """
    times = CHAINS[name]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-lab-")))
        genesis = genesis_time or int(time.time()) - 300
        anvil = Anvil.start(times, folder / "anvil.log", genesis_time=genesis)
        stack.callback(anvil.stop)
        chain = Chain(anvil.rpc, times.chain_id, step=times.block_time)
        if name == "l2":
            deployed = deploy_l2(chain, prepared_voters=prepared_voters)
        else:
            deployed = deploy_l1(chain)
        if mining != "each":
            chain.step = None
            anvil.rpc.call("evm_setTime", int(time.time()))
        if mining == "auto":
            anvil.rpc.call("evm_setAutomine", True)
        elif mining != "each":
            anvil.rpc.call("evm_setIntervalMining", mining)
        beacon: Follower | None = None
        consensus: Finality = Consensus(times)
        if name == "l1":
            beacon = Follower(genesis)
            beacon.use(anvil.rpc.url)
            stack.callback(beacon.use, None)
            consensus = BeaconConsensus(beacon)
        upstream = Upstream(anvil.rpc.url, consensus)
        status = {"id": "harness", "ready": True}
        gateway = Gateway({name: upstream}, lambda: status, beacon=beacon)
        gateway.start(port)
        stack.callback(gateway.stop)
        yield Harness(name, anvil, gateway, chain, deployed)

"""Deploying the venue's contracts: same keys, same order, same blocks, hence same addresses."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import rlp
from eth_utils import keccak, to_canonical_address, to_checksum_address

from lab import voters
from lab.abi import Contract, init_code
from lab.accounts import HOLDERS, SAFE_OWNERS, actor
from lab.artifacts import SAFE_FILES
from lab.chain import Call, Chain, Receipt
from lab.schedule import BRIDGE, ETHER, PREPARED_VOTERS, VENUE

ZERO = "0x" + "00" * 20
SINGLETON_FACTORY = "0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7"
_ARACHNID_FACTORY = "0x4e59b44847b379578588920cA78FbF26c0B4956C"

# Hundred thousands of VNU and ten thousands of BRG; the rest goes to the treasurer, undelegated.
_VENUE_SHARES = dict(zip(HOLDERS, (90, 70, 50, 40, 25, 15, 8, 3), strict=True))
_BRIDGE_SHARES = dict(zip(HOLDERS, (90, 75, 60, 45, 30, 20, 12, 6), strict=True))
_FIRST_DELEGATES = {"Hanna": "Dorothea", "Gustavo": "Chidi"}

MARKETS = {
    "ETH-PERP": (200_000, 250, 5),
    "BTC-PERP": (250_000, 200, 4),
    "SOL-PERP": (100_000, 500, 8),
}


class DeploymentError(RuntimeError):
    """A step of the deployment did not do what it must; the message names it."""


@dataclass(frozen=True)
class Deployed:
    """A contract on a chain: artifact name, checksummed address, block of its creation."""

    artifact: str
    address: str
    start_block: int

    def contract(self) -> Contract:
        """Its encodings."""
        return Contract(self.artifact, self.address)


Deployment = dict[str, Deployed]


def as_json(deployment: Deployment) -> dict[str, Any]:
    """The form in which a deployment is stored."""
    return {key: asdict(value) for key, value in deployment.items()}


def from_json(stored: dict[str, Any]) -> Deployment:
    """The reverse of `as_json`."""
    return {key: Deployed(**value) for key, value in stored.items()}


def market_id(name: str) -> bytes:
    """The venue's 32-byte id of a market such as ``ETH-PERP``: its name, zero-padded."""
    return name.encode().ljust(32, b"\0")


def create_address(sender: str, nonce: int) -> str:
    """Address of the contract that ``sender`` creates with that nonce."""
    encoded = rlp.encode([to_canonical_address(sender), nonce])
    return to_checksum_address(keccak(encoded)[12:])


def create2_address(factory: str, salt: bytes, code: bytes) -> str:
    """Address of a CREATE2 deployment (EIP-1014)."""
    preimage = b"\xff" + to_canonical_address(factory) + salt + keccak(code)
    return to_checksum_address(keccak(preimage)[12:])


class _Deployer:
    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.me = actor("deployer")
        self.done: Deployment = {}

    def create(self, key: str, artifact: str, *arguments: Any) -> Contract:
        call = Call(self.me, None, init_code(artifact, *arguments), gas=12_000_000)
        receipt = self.chain.send_all([call])[0]
        if receipt.contract_address is None:
            raise DeploymentError(f"{artifact} was not created")
        return self.note(key, artifact, receipt.contract_address, receipt)

    def note(self, key: str, artifact: str, address: str, receipt: Receipt) -> Contract:
        deployed = Deployed(artifact, to_checksum_address(address), receipt.block_number)
        self.done[key] = deployed
        contract = deployed.contract()
        self.chain.contracts.append(contract)
        return contract

    def next_address(self, ahead: int) -> str:
        count = self.chain.rpc.call("eth_getTransactionCount", self.me.address, "latest")
        return create_address(self.me.address, int(count, 16) + ahead)

    def send(self, contract: Contract, name: str, *arguments: Any) -> Receipt:
        return self.chain.send(self.me, contract, name, *arguments)

    def canonical(self, artifact: str) -> Contract:
        code = init_code(artifact)
        address = create2_address(SINGLETON_FACTORY, b"\0" * 32, code)
        call = Call(self.me, SINGLETON_FACTORY, b"\0" * 32 + code, gas=12_000_000)
        receipt = self.chain.send_all([call])[0]
        if self.chain.rpc.call("eth_getCode", address, "latest") == "0x":
            raise DeploymentError(f"{artifact} is not at its canonical address {address}")
        return self.note(artifact, artifact, address, receipt)

    def safe(self) -> Contract:
        code = self.chain.rpc.call("eth_getCode", _ARACHNID_FACTORY, "latest")
        self.chain.rpc.call("anvil_setCode", SINGLETON_FACTORY, code)
        parts = {artifact: self.canonical(artifact) for artifact in SAFE_FILES}
        owners = [actor(name).address for name in SAFE_OWNERS]
        handler = parts["CompatibilityFallbackHandler"].address
        singleton, factory = parts["SafeL2"], parts["SafeProxyFactory"]
        setup = singleton.data("setup", owners, 2, ZERO, b"", handler, ZERO, 0, ZERO)
        receipt = self.send(factory, "createProxyWithNonce", singleton.address, setup, 1)
        created = receipt.events(factory, "ProxyCreation")
        if not created:
            raise DeploymentError("the Safe's proxy was not created")
        return self.note("safe", "SafeL2", created[0].arguments["proxy"], receipt)

    def share_out(self, token: Contract, amounts: dict[str, int], supply: int) -> None:
        """Transfer to each holder, the rest to the treasurer, and let the holders delegate."""
        everybody = {**amounts, "treasurer": supply - sum(amounts.values())}
        spread = [token.data("transfer", actor(n).address, a) for n, a in everybody.items()]
        self.chain.send_all([Call(self.me, token.address, data, gas=200_000) for data in spread])
        delegations = []
        for name in amounts:
            to = actor(_FIRST_DELEGATES.get(name, name)).address
            data = token.data("delegate", to)
            delegations.append(Call(actor(name), token.address, data, gas=250_000))
        self.chain.send_all(delegations)


def deploy_l2(chain: Chain, *, prepared_voters: int = PREPARED_VOTERS) -> Deployment:
    """Deploy everything of the L2 on a fresh chain that mines on demand.

    Raises `DeploymentError` or `lab.chain.Reverted`.
    """
    deployer = _Deployer(chain)
    safe = deployer.safe()
    token = deployer.create("token", "VenueToken", deployer.me.address, VENUE.supply)
    governor_address = deployer.next_address(1)
    timelock = deployer.create(
        "timelock",
        "VenueTimelock",
        VENUE.timelock_delay,
        [governor_address],
        [ZERO],
        deployer.me.address,
    )
    terms = (
        VENUE.voting_delay,
        VENUE.voting_period,
        VENUE.proposal_threshold,
        VENUE.late_quorum_extension,
        VENUE.quorum_percent,
        safe.address,
    )
    governor = deployer.create("governor", "VenueGovernor", token.address, timelock.address, terms)
    if governor.address != governor_address:
        raise DeploymentError("the Governor is not where the timelock expects it")
    venue = deployer.create("venue", "Venue", deployer.me.address, safe.address)
    for name, parameters in MARKETS.items():
        deployer.send(venue, "listMarket", market_id(name), *parameters)
    deployer.send(venue, "setGovernance", timelock.address)
    canceller = chain.read(timelock, "CANCELLER_ROLE")
    deployer.send(timelock, "grantRole", canceller, safe.address)
    deployer.send(timelock, "renounceRole", b"\0" * 32, deployer.me.address)
    muster = deployer.create("muster", "Muster")
    amounts = {name: share * 10**5 * ETHER for name, share in _VENUE_SHARES.items()}
    amounts["editor"] = 2 * VENUE.proposal_threshold
    deployer.share_out(token, amounts, VENUE.supply)
    chain.send(actor("treasurer"), token, "approve", muster.address, 2**256 - 1)
    voters.equip(chain, token, muster, range(prepared_voters))
    return deployer.done


def deploy_l1(chain: Chain) -> Deployment:
    """Deploy everything of the L1 on a fresh chain that mines on demand; raises as `deploy_l2`."""
    deployer = _Deployer(chain)
    token = deployer.create("bridge_token", "BridgeToken", deployer.me.address)
    governor_address = deployer.next_address(1)
    timelock = deployer.create(
        "bridge_timelock",
        "BridgeTimelock",
        BRIDGE.timelock_delay,
        [governor_address],
        [ZERO],
        deployer.me.address,
    )
    governor = deployer.create(
        "bridge_governor",
        "BridgeGovernor",
        token.address,
        timelock.address,
        BRIDGE.voting_delay,
        BRIDGE.voting_period,
        BRIDGE.proposal_threshold,
        BRIDGE.quorum,
    )
    if governor.address != governor_address:
        raise DeploymentError("the L1 Governor is not where its timelock expects it")
    canceller = chain.read(timelock, "CANCELLER_ROLE")
    admin = chain.read(timelock, "TIMELOCK_ADMIN_ROLE")
    guardian = actor("bridge-guardian").address
    deployer.send(timelock, "grantRole", canceller, guardian)
    deployer.send(timelock, "renounceRole", admin, deployer.me.address)
    deployer.create(
        "bridge_parameters", "BridgeParameters", timelock.address, 7 * 86_400, 5_000 * ETHER
    )
    amounts = {name: share * 10**4 * ETHER for name, share in _BRIDGE_SHARES.items()}
    amounts["editor"] = BRIDGE.proposal_threshold + ETHER
    deployer.share_out(token, amounts, 10**7 * ETHER)
    return deployer.done

"""What both governances share: proposals, votes, delegation, the operation on the timelock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from eth_abi import encode
from eth_utils import keccak

from lab.abi import Contract
from lab.accounts import Actor
from lab.chain import Chain, Receipt


class Support(IntEnum):
    """Vote kinds of both families."""

    AGAINST = 0
    FOR = 1
    ABSTAIN = 2


class State(IntEnum):
    """Proposal states of both families."""

    PENDING = 0
    ACTIVE = 1
    CANCELED = 2
    DEFEATED = 3
    SUCCEEDED = 4
    QUEUED = 5
    EXPIRED = 6
    EXECUTED = 7


@dataclass(frozen=True)
class Action:
    """One call of a proposal. With a ``signature`` (older family) ``data`` has no selector."""

    target: str
    data: bytes
    value: int = 0
    signature: str = ""

    @property
    def calldata(self) -> bytes:
        """What is finally called, selector included."""
        return keccak(text=self.signature)[:4] + self.data if self.signature else self.data


@dataclass(frozen=True)
class Proposal:
    """A proposal as created. Timepoints are in the Governor's clock."""

    id: int
    proposer: str
    actions: tuple[Action, ...]
    description: str
    snapshot: int
    deadline: int
    created_block: int

    @property
    def targets(self) -> list[str]:
        """Target of each action."""
        return [action.target for action in self.actions]

    @property
    def values(self) -> list[int]:
        """Wei of each action."""
        return [action.value for action in self.actions]

    @property
    def calldatas(self) -> list[bytes]:
        """Full calldata of each action."""
        return [action.calldata for action in self.actions]

    @property
    def description_hash(self) -> bytes:
        """Hash of the description."""
        return keccak(text=self.description)

    @property
    def title(self) -> str:
        """First line of the description without its heading mark."""
        return self.description.partition("\n")[0].lstrip("# ").strip()


class Governance:
    """What both families share. All methods raise `lab.chain.Reverted` or `NotIncluded`."""

    def __init__(
        self, chain: Chain, governor: Contract, token: Contract, timelock: Contract
    ) -> None:
        self.chain = chain
        self.governor = governor
        self.token = token
        self.timelock = timelock

    def delegate(self, holder: Actor, to: str) -> Receipt:
        """Delegate the holder's voting power to an address."""
        return self.chain.send(holder, self.token, "delegate", to)

    def vote(self, voter: Actor, proposal_id: int, support: int, reason: str = "") -> Receipt:
        """Cast a nominal vote."""
        if reason:
            return self.chain.send(
                voter, self.governor, "castVoteWithReason", proposal_id, support, reason
            )
        return self.chain.send(voter, self.governor, "castVote", proposal_id, support)

    def state(self, proposal_id: int) -> State:
        """The contract's own view of the state."""
        return State(self.chain.read(self.governor, "state", proposal_id))

    def deadline(self, proposal_id: int) -> int:
        """Last timepoint at which votes count, extension included."""
        return int(self.chain.read(self.governor, "proposalDeadline", proposal_id))

    def eta(self, proposal_id: int) -> int:
        """Timestamp from which a queued proposal can be executed; 0 when not queued."""
        return int(self.chain.read(self.governor, "proposalEta", proposal_id))

    def clock(self) -> int:
        """The Governor's clock now."""
        return int(self.chain.read(self.governor, "clock"))

    def advance_to(self, timepoint: int) -> None:
        """Warp the Governor's clock to a timepoint (only on a chain that mines on demand)."""
        raise NotImplementedError

    def has_voted(self, proposal_id: int, address: str) -> bool:
        """Whether the address has cast a vote on the proposal."""
        return bool(self.chain.read(self.governor, "hasVoted", proposal_id, address))

    def salt(self, proposal: Proposal) -> bytes:
        """Salt of the timelock operation of a proposal."""
        raise NotImplementedError

    def operation_id(self, proposal: Proposal) -> bytes:
        """Id of the timelock operation of a proposal (always the batch form)."""
        types = ["address[]", "uint256[]", "bytes[]", "bytes32", "bytes32"]
        salt = self.salt(proposal)
        calls = [proposal.targets, proposal.values, proposal.calldatas]
        return keccak(encode(types, [*calls, b"\0" * 32, salt]))

    def execute_on_timelock(self, actor_: Actor, proposal: Proposal) -> Receipt:
        """Execute a ready operation directly on the timelock, past the Governor."""
        arguments = (proposal.targets, proposal.values, proposal.calldatas)
        salt = self.salt(proposal)
        return self.chain.send(actor_, self.timelock, "executeBatch", *arguments, b"\0" * 32, salt)

    def proposals(self, from_block: int) -> list[Proposal]:
        """Proposals created since a block, oldest first, read from the chain's logs."""
        topic = next(
            topic for topic, e in self.governor.events.items() if e["name"] == "ProposalCreated"
        )
        logs = self.chain.rpc.call(
            "eth_getLogs",
            {
                "address": self.governor.address,
                "fromBlock": hex(max(0, from_block)),
                "toBlock": "latest",
                "topics": ["0x" + topic.hex()],
            },
        )
        return [self._proposal(log) for log in logs]

    def _proposal(self, log: dict[str, Any]) -> Proposal:
        event = self.governor.event(log)
        if event is None or event.name != "ProposalCreated":
            raise LookupError("the log is not a ProposalCreated of this Governor")
        made = event.arguments
        snapshot = made["voteStart"] if "voteStart" in made else made["startBlock"]
        deadline = made["voteEnd"] if "voteEnd" in made else made["endBlock"]
        rows = zip(
            made["targets"], made["calldatas"], made["values"], made["signatures"], strict=True
        )
        actions = tuple(Action(*row) for row in rows)
        block = int(log["blockNumber"], 16)
        return Proposal(
            made["proposalId"],
            made["proposer"],
            actions,
            made["description"],
            snapshot,
            deadline,
            block,
        )

    def _created(self, receipt: Receipt) -> Proposal:
        for log in receipt.logs:
            event = self.governor.event(log)
            if event is not None and event.name == "ProposalCreated":
                return self._proposal(log)
        raise LookupError("the transaction created no proposal")

"""Acting in the L1 governance: Bravo's interface, the bridge guardian, the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.accounts import Actor, actor
from lab.chain import Chain, Receipt
from lab.deployment import Deployment
from lab.governance import Action, Governance, Proposal


class BridgeGovernance(Governance):
    """The L1: OpenZeppelin 4.9 with Bravo's interface, block numbers, COMP-layout token."""

    def __init__(self, chain: Chain, deployed: Deployment) -> None:
        parts = {key: entry.contract() for key, entry in deployed.items()}
        super().__init__(
            chain, parts["bridge_governor"], parts["bridge_token"], parts["bridge_timelock"]
        )
        self.parameters = parts["bridge_parameters"]
        chain.contracts = list(parts.values())

    def propose(self, proposer: Actor, actions: Sequence[Action], description: str) -> Proposal:
        """Create a proposal through Bravo's interface, with signatures where actions have them."""
        name = "propose(address[],uint256[],string[],bytes[],string)"
        receipt = self.chain.send(
            proposer,
            self.governor,
            name,
            [a.target for a in actions],
            [a.value for a in actions],
            [a.signature for a in actions],
            [a.data for a in actions],
            description,
        )
        return self._created(receipt)

    def advance_to(self, timepoint: int) -> None:
        """Mine up to a block."""
        self.chain.mine(max(0, timepoint - self.chain.block_number()))

    def power(self, address: str, timepoint: int) -> int:
        """Voting power at a past block."""
        return int(self.chain.read(self.token, "getPriorVotes", address, timepoint))

    def tally(self, proposal_id: int) -> tuple[int, int, int]:
        """(against, for, abstain) in token units."""
        row = self.chain.read(self.governor, "proposals", proposal_id)
        return row[6], row[5], row[7]

    def queue(self, sender: Actor, proposal: Proposal) -> Receipt:
        """Queue a succeeded proposal."""
        return self.chain.send(sender, self.governor, "queue(uint256)", proposal.id)

    def execute(self, sender: Actor, proposal: Proposal) -> Receipt:
        """Execute a queued proposal whose delay is over."""
        return self.chain.send(sender, self.governor, "execute(uint256)", proposal.id)

    def cancel(self, sender: Actor, proposal: Proposal) -> Receipt:
        """Cancel as the proposer, or as anybody once the proposer fell below the threshold."""
        return self.chain.send(sender, self.governor, "cancel(uint256)", proposal.id)

    def salt(self, proposal: Proposal) -> bytes:
        """descriptionHash."""
        return proposal.description_hash

    def cancel_on_timelock(self, proposal: Proposal) -> Receipt:
        """The bridge guardian cancels the operation on the timelock; no Governor event."""
        operation = self.operation_id(proposal)
        return self.chain.send(actor("bridge-guardian"), self.timelock, "cancel", operation)

    def parameter_action(self, signature: str, *arguments: Any) -> Action:
        """A call to the parameters with its signature apart, e.g. ``"setDailyLimit(uint128)"``."""
        data = self.parameters.data(signature, *arguments)
        return Action(self.parameters.address, data[4:], signature=signature)

"""Acting in the L2 governance: the Governor, its timelock, the Safe and the venue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.accounts import SAFE_OWNERS, Actor, actor
from lab.chain import Chain, Receipt
from lab.deployment import ZERO, Deployment, market_id
from lab.governance import Action, Governance, Proposal


class VenueGovernance(Governance):
    """The L2: OpenZeppelin 5, timestamps, fractional counting, a Safe as guardian."""

    def __init__(self, chain: Chain, deployed: Deployment) -> None:
        parts = {key: entry.contract() for key, entry in deployed.items()}
        super().__init__(chain, parts["governor"], parts["token"], parts["timelock"])
        self.venue, self.safe, self.muster = parts["venue"], parts["safe"], parts["muster"]
        chain.contracts = list(parts.values())

    def propose(self, proposer: Actor, actions: Sequence[Action], description: str) -> Proposal:
        """Create a proposal."""
        columns = ([a.target for a in actions], [a.value for a in actions])
        calldatas = [a.calldata for a in actions]
        receipt = self.chain.send(
            proposer, self.governor, "propose", *columns, calldatas, description
        )
        return self._created(receipt)

    def vote_split(
        self,
        voter: Actor,
        proposal_id: int,
        against: int,
        for_: int,
        abstain: int,
        reason: str = "",
    ) -> Receipt:
        """Cast a fractional vote: three amounts of the voter's own power, in token units."""
        params = b"".join(part.to_bytes(16, "big") for part in (against, for_, abstain))
        name = "castVoteWithReasonAndParams"
        return self.chain.send(voter, self.governor, name, proposal_id, 255, reason, params)

    def advance_to(self, timepoint: int) -> None:
        """Warp to a timestamp."""
        self.chain.advance_time_to(timepoint)

    def power(self, address: str, timepoint: int) -> int:
        """Voting power at a past timestamp."""
        return int(self.chain.read(self.token, "getPastVotes", address, timepoint))

    def tally(self, proposal_id: int) -> tuple[int, int, int]:
        """(against, for, abstain) in token units."""
        against, for_, abstain = self.chain.read(self.governor, "proposalVotes", proposal_id)
        return against, for_, abstain

    def queue(self, sender: Actor, proposal: Proposal) -> Receipt:
        """Queue a succeeded proposal."""
        return self._by_content(sender, "queue", proposal)

    def execute(self, sender: Actor, proposal: Proposal) -> Receipt:
        """Execute a queued proposal whose delay is over."""
        return self._by_content(sender, "execute", proposal)

    def cancel(self, sender: Actor, proposal: Proposal) -> Receipt:
        """Cancel a pending proposal as its proposer."""
        return self._by_content(sender, "cancel", proposal)

    def _by_content(self, sender: Actor, name: str, proposal: Proposal) -> Receipt:
        parts = (proposal.targets, proposal.values, proposal.calldatas)
        return self.chain.send(sender, self.governor, name, *parts, proposal.description_hash)

    def salt(self, proposal: Proposal) -> bytes:
        """bytes20(governor) xor descriptionHash."""
        prefix = bytes.fromhex(self.governor.address[2:]) + b"\0" * 12
        pairs = zip(prefix, proposal.description_hash, strict=True)
        return bytes(left ^ right for left, right in pairs)

    def guardian_cancel(self, proposal: Proposal) -> Receipt:
        """The Safe, as proposal guardian, cancels on the Governor."""
        parts = (proposal.targets, proposal.values, proposal.calldatas)
        data = self.governor.data("cancel", *parts, proposal.description_hash)
        return self.by_safe(self.governor.address, data)

    def cancel_on_timelock(self, proposal: Proposal) -> Receipt:
        """The Safe, as canceller, cancels the operation on the timelock; no Governor event."""
        data = self.timelock.data("cancel", self.operation_id(proposal))
        return self.by_safe(self.timelock.address, data)

    def pause_market(self, market: str) -> Receipt:
        """The Safe pauses a market of the venue."""
        return self.by_safe(self.venue.address, self.venue.data("pauseMarket", market_id(market)))

    def by_safe(self, to: str, data: bytes, owners: Sequence[str] = SAFE_OWNERS[:2]) -> Receipt:
        """Execute a call from the Safe with the signatures of the named owners."""
        nonce = self.chain.read(self.safe, "nonce")
        terms = (to, 0, data, 0, 0, 0, 0, ZERO, ZERO)
        digest = self.chain.read(self.safe, "getTransactionHash", *terms, nonce)
        signers = sorted((actor(name) for name in owners), key=lambda a: int(a.address, 16))
        signatures = b"".join(a.key.unsafe_sign_hash(digest).signature for a in signers)
        relayer = actor("relayer")
        return self.chain.send(relayer, self.safe, "execTransaction", *terms, signatures)

    def venue_action(self, name: str, *arguments: Any) -> Action:
        """A call to the venue: a function such as ``setMaxLeverage`` with its arguments."""
        return Action(self.venue.address, self.venue.data(name, *arguments))

    def batch_action(self, *inner: Action) -> Action:
        """Several calls to the venue nested in one."""
        return Action(self.venue.address, self.venue.data("batch", [a.data for a in inner]))

    def is_paused(self, market: str) -> bool:
        """Whether a market of the venue is paused."""
        return bool(self.chain.read(self.venue, "markets", market_id(market))[1])

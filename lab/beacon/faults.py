"""What may be wrong with the beacon chain and its endpoint, on command."""

from __future__ import annotations

from typing import Any

from lab.beacon import network, validators
from lab.beacon.follower import Follower
from lab.schedule import BEACON

HOWS = {
    "execution": "the finalized execution header has another block hash and another state root",
    "finality": "the finalized header is one that was never finalized, sound in itself",
    "signature": "the signature is by keys that are not the committee's",
}


class InvalidOrder(ValueError):
    """No such order, or one that makes no sense now; the message is for a person."""


class BeaconFaults:
    """What stands against the truth of the beacon endpoint; `served` are its answers."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self.participation = 100
        self.forging = ""
        self.stalled_at: int | None = None

    def words(self) -> list[str]:
        """What is wrong, for a person; empty when nothing is."""
        said = []
        if self.participation < 100:
            signers = self._follower.chain.signers
            said.append(
                f"has {self.participation} % of the committee signing "
                f"({signers} of {BEACON.committee_size})"
            )
        if self.stalled_at is not None:
            said.append(f"has no updates since slot {self.stalled_at}")
        if self.forging:
            said.append(f"forges updates: {HOWS[self.forging]}")
        return said

    def obey(self, order: Any) -> list[str]:
        """Do what came over the gateway: ``{"do": …}``; what was done in words.

        Raises `InvalidOrder`.
        """
        do = order.get("do") if isinstance(order, dict) else None
        if do == "participation":
            return [self._participate(order.get("percent"))]
        if do == "stall":
            return [self._stall()]
        if do == "forge":
            return [self._forge(order.get("how"))]
        if do == "heal":
            return [self._heal()]
        raise InvalidOrder(f"The beacon chain knows no {do!r}.")

    def _participate(self, percent: Any) -> str:
        if not isinstance(percent, int) or not 0 <= percent <= 100:
            raise InvalidOrder(f"{percent!r} is no share: write 0 to 100.")
        signers = BEACON.committee_size * percent // 100
        self._follower.chain.signers, self.participation = signers, percent
        enough = 3 * signers >= 2 * BEACON.committee_size
        after = "enough for light clients." if enough else "too few for light clients."
        return f"{signers} of {BEACON.committee_size} members sign from the next block on: {after}"

    def _stall(self) -> str:
        if self.stalled_at is not None:
            raise InvalidOrder(f"Updates stand still already, since slot {self.stalled_at}.")
        self.stalled_at = self._follower.chain.head.slot
        return f"The beacon endpoint gives no update about what comes after slot {self.stalled_at}."

    def _forge(self, how: Any) -> str:
        if how not in HOWS:
            among = ", ".join(HOWS)
            raise InvalidOrder(f"Updates cannot be forged by {how!r}: choose among {among}.")
        self.forging = how
        return f"The beacon endpoint forges updates: {HOWS[how]}."

    def _heal(self) -> str:
        was = self.words()
        self._follower.chain.signers = BEACON.committee_size
        self.participation, self.forging, self.stalled_at = 100, "", None
        return "The beacon chain is well again." if was else "Nothing was wrong."

    def served(self, update: Any) -> Any:
        """An update as it is given away: itself, or a forged one."""
        if not self.forging:
            return update
        forged = update.copy()
        if self.forging == "signature":
            slot = int(update.signature_slot)
            message = network.signing_root(
                bytes(update.attested_header.beacon.hash_tree_root()),
                network.DOMAIN_SYNC_COMMITTEE,
            )
            stranger = network.period_of(slot) + 1_000_000
            signers = sum(update.sync_aggregate.sync_committee_bits)
            forged.sync_aggregate.sync_committee_signature = validators.signature(
                stranger, signers, message
            )
        elif self.forging == "execution":
            header = forged.finalized_header
            header.execution.block_hash = _other(header.execution.block_hash)
            header.execution.state_root = _other(header.execution.state_root)
            forged.finalized_header = header
        else:
            forged.finalized_header = update.attested_header
        return forged


def _other(digest: Any) -> bytes:
    return bytes(byte ^ 0xFF for byte in bytes(digest))

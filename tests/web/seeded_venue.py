"""Chains, contracts, parameters and holders of the seeded venue, in rows."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime
from typing import Any

BLOCK_TIME = 1
ONE = 10**18
NAMES = ("alice", "bert", "chris", "dora", "emil", "fay", "gert", "hana", "ines", "jon")


def person(name: str) -> str:
    """A stable checksummed address for a name."""
    from eth_utils import to_checksum_address

    return to_checksum_address(hashlib.sha256(name.encode()).digest()[:20])


def digest(*parts: object) -> str:
    """A stable 32-byte hash."""
    return "0x" + hashlib.sha256(repr(parts).encode()).hexdigest()


class SeededVenue:
    """Writes the rows; `now` in seconds. Addresses of contracts and people follow their names."""

    def __init__(self, now: int | None = None) -> None:
        self.now = now or int(time.time())
        self.head = 48_211
        self.logs = 0

    def block(self, ago: int) -> int:
        """The block of some seconds ago."""
        return self.head - ago // BLOCK_TIME

    def row(self, contract: Any, ago: int) -> dict[str, Any]:
        """Columns of a projected row."""
        self.logs += 1
        return {
            "contract": contract,
            "block_number": self.block(ago),
            "log_index": self.logs,
            "tx_hash": digest("tx", self.logs),
            "timestamp": self.now - ago,
        }

    def chains(self) -> None:
        from chainsync.models import Block, ChainStatus, EndpointStatus, Reorg
        from charter.models import Chain, Endpoint

        self.l2 = Chain.objects.create(
            key="l2", chain_id=901, name="Venue L2", role="l2", block_time=BLOCK_TIME
        )
        self.l1 = Chain.objects.create(
            key="l1", chain_id=900, name="Settlement L1", role="l1", block_time=6
        )
        for chain, head, age, final in ((self.l2, self.head, 1, 40), (self.l1, 9_120, 4, 12)):
            ChainStatus.objects.create(
                chain=chain,
                head_number=head,
                head_hash=digest(chain.key, head),
                head_timestamp=self.now - age,
                safe_number=head - final // 2,
                finalized_number=head - final,
                finalized_hash=digest(chain.key, head - final),
                followed_at=datetime.now(UTC),
            )
            for index, operator in enumerate(("Northwind", "Kelp Labs")):
                endpoint = Endpoint.objects.create(
                    chain=chain,
                    name=f"{chain.key}-{operator.split()[0].lower()}",
                    operator=operator,
                    url=f"http://127.0.0.1:{8545 + chain.chain_id + index}",
                    public=index == 0,
                )
                behind = index * (7 if chain is self.l1 else 0)
                EndpointStatus.objects.create(
                    endpoint=endpoint,
                    head_number=head - behind,
                    head_hash=digest(chain.key, head - behind),
                    latency_ms=4 + 9 * index,
                    answered_at=datetime.now(UTC),
                )
        Reorg.objects.create(
            chain=self.l2,
            fork_number=self.head - 900,
            depth=3,
            old_head=digest("old"),
            new_head=digest("new"),
            logs_orphaned=2,
        )
        Block.objects.bulk_create(
            Block(
                chain=self.l2,
                number=number,
                hash=digest("l2", number),
                parent_hash=digest("l2", number - 1),
                timestamp=self.now - (self.head - number) * BLOCK_TIME,
                header={},
                operators=["Northwind", "Kelp Labs"],
            )
            for number in range(self.head - 1200, self.head + 1)
        )

    def contracts(self) -> None:
        from chainsync.models import Coverage
        from charter.models import Contract
        from governance.models import Governor, Token

        def contract(chain: Any, key: str, kind: str, label: str, **links: str) -> Any:
            row = Contract.objects.create(
                chain=chain,
                key=key,
                kind=kind,
                address=person(key),
                start_block=12,
                label=label,
                links=links,
            )
            head = self.head if chain is self.l2 else 9_120
            Coverage.objects.create(
                contract=row, blocks=[(12, head)], agreed=[(12, head)], folded_to=head
            )
            return row

        self.token = contract(self.l2, "venue-token", "erc20-votes", "Venue Token")
        self.timelock = contract(self.l2, "venue-timelock", "oz-timelock", "Venue Timelock")
        self.governor = contract(
            self.l2,
            "venue-governor",
            "oz-governor-5",
            "Venue Governor",
            token="venue-token",
            timelock="venue-timelock",
        )
        self.venue = contract(self.l2, "venue", "venue", "Venue")
        self.old_token = contract(self.l1, "bridge-token", "comp-token", "Bridge Token")
        self.old_timelock = contract(self.l1, "bridge-timelock", "oz-timelock", "Bridge Timelock")
        self.old_governor = contract(
            self.l1,
            "bridge-governor",
            "oz-governor-4-bravo",
            "Bridge Governor",
            token="bridge-token",
            timelock="bridge-timelock",
        )
        Token.objects.create(
            contract=self.token,
            name="Venue Token",
            symbol="VNU",
            clock_mode="timestamp",
            block_number=20,
        )
        Token.objects.create(
            contract=self.old_token, name="Bridge Token", symbol="BRG", block_number=20
        )
        Governor.objects.create(
            contract=self.governor,
            name="VenueGovernor",
            clock_mode="timestamp",
            counting_mode="support=bravo,fractional&quorum=for,abstain&params=fractional",
            voting_delay=60,
            voting_period=600,
            proposal_threshold=1000 * ONE,
            block_number=20,
        )
        Governor.objects.create(
            contract=self.old_governor,
            name="BridgeGovernor",
            clock_mode="blocknumber",
            counting_mode="support=bravo&quorum=bravo",
            voting_delay=5,
            voting_period=100,
            proposal_threshold=1000 * ONE,
            block_number=20,
        )

    def parameters(self) -> None:
        """What the venue's parameters are now."""
        from governance.models import ParameterChange

        now = {"maxLeverageBps": "200000", "maintenanceMarginBps": "250", "takerFeeBps": "5"}
        for name, value in now.items():
            ParameterChange.objects.create(
                **self.row(self.venue, 30_000), name=name, scope="ETH-PERP", value=value
            )

    def holders(self) -> None:
        from governance.models import Checkpoint, Delegate, Delegation

        for index, name in enumerate(NAMES[:8]):
            holder, power = person(name), (420_000 // (index + 1)) * ONE + index
            Delegation.objects.create(
                **self.row(self.token, 20_000 - index),
                delegator=holder,
                from_delegate=person("nobody"),
                to_delegate=holder,
            )
            shares = (0, 2, 3, 5) if index % 2 else (0, 5)
            previous = 0
            for step, share in enumerate(shares[1:]):
                votes = power * share // 5
                Checkpoint.objects.create(
                    **self.row(self.token, 19_000 - 3_000 * step),
                    delegate=holder,
                    previous=previous,
                    votes=votes,
                )
                previous = votes
            Delegate.objects.create(
                contract=self.token, address=holder, votes=power, delegators=1 + (index == 0)
            )
        Delegation.objects.create(
            **self.row(self.token, 15_000),
            delegator=person("ines"),
            from_delegate=person("ines"),
            to_delegate=person("alice"),
        )

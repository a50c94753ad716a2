"""A small venue in rows, as following two chains for a while would leave it.

For tests of pages and for looking at them: `DATABASE_URL=… python -m tests.web.seed` fills an empty
database, as of now. Every state of a proposal occurs, and so do hostile texts.
"""

from __future__ import annotations

import hashlib
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

BLOCK_TIME = 1
ONE = 10**18
NAMES = ("alice", "bert", "chris", "dora", "emil", "fay", "gert", "hana", "ines", "jon")
MARKETS = {"ETH-PERP": b"ETH-PERP".ljust(32, b"\0"), "BTC-PERP": b"BTC-PERP".ljust(32, b"\0")}


def person(name: str) -> str:
    """A stable checksummed address for a name."""
    from eth_utils import to_checksum_address

    return to_checksum_address(hashlib.sha256(name.encode()).digest()[:20])


def digest(*parts: object) -> str:
    """A stable 32-byte hash."""
    return "0x" + hashlib.sha256(repr(parts).encode()).hexdigest()


class Seed:
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

    def all(self) -> None:
        """Everything."""
        self.chains()
        self.contracts()
        self.parameters()
        self.holders()
        self.living()
        self.ended()
        self.hostile()
        self.other_chain()
        self.register()

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

    def proposal(self, name: str, text: str, *, start: int, end: int, **columns: Any) -> Any:
        """A proposal of the venue's governor; `start` and `end` in seconds from now."""
        from governance.models import Proposal
        from governance.text import title_of
        from proofs.statements import ids

        made = max(-start + 60, 2)
        governor = columns.pop("governor", self.governor)
        number = int(digest(name)[2:], 16)
        defaults: dict[str, Any] = {
            "key": ids.proposal_key(
                governor.chain.chain_id, bytes.fromhex(governor.address[2:]), number
            ),
            "proposal_id": number,
            "proposer": person("alice"),
            "title": title_of(text),
            "description": text,
            "description_hash": digest(text),
            "vote_start": self.now + start,
            "vote_end": self.now + end,
            "operation_id": digest("operation", name),
            "quorum": 384_000 * ONE,
            "quorum_numerator": 4,
            "quorum_denominator": 100,
            "supply_at_snapshot": 9_600_000 * ONE,
            "quorum_final": start < 0,
            "state": 1,
            "state_block": self.head,
            "checked_block": self.head - 5,
        }
        found = Proposal.objects.create(**{**self.row(governor, made), **defaults, **columns})
        self.actions(found)
        return found

    def actions(self, proposal: Any) -> None:
        from eth_abi import encode
        from eth_utils import function_signature_to_4byte_selector as selector

        from governance.models import ProposalAction

        calls = (
            ("setMaxLeverage(bytes32,uint32)", "ETH-PERP", 100_000),
            ("setMaintenanceMargin(bytes32,uint32)", "ETH-PERP", 400),
        )
        for index, (signature, market, value) in enumerate(calls):
            arguments = encode(["bytes32", "uint32"], [MARKETS[market], value])
            ProposalAction.objects.create(
                proposal=proposal,
                index=index,
                target=self.venue.address,
                value=0,
                calldata=bytes(selector(signature)) + arguments,
            )

    def vote(
        self, proposal: Any, name: str, support: int, tokens: int, ago: int, reason: str = ""
    ) -> None:
        """One vote with its share of the tally."""
        from django.db.models import F

        from governance.models import Proposal, TallyDelta, Vote

        parts = [0, 0, 0]
        if support == 255:
            parts = [0, tokens * ONE * 2 // 3, tokens * ONE - tokens * ONE * 2 // 3]
        else:
            parts[support] = tokens * ONE
        columns = dict(zip(("against_votes", "for_votes", "abstain_votes"), parts, strict=True))
        row = self.row(proposal.contract, ago)
        Vote.objects.create(
            **row,
            **columns,
            proposal=proposal,
            voter=person(name),
            support=support,
            weight=tokens * ONE,
            reason=reason,
        )
        delta, _ = TallyDelta.objects.get_or_create(
            contract=proposal.contract,
            proposal=proposal,
            block_number=row["block_number"],
            defaults={"votes": 0, **dict.fromkeys(columns, 0)},
        )
        added = {name: getattr(delta, name) + value for name, value in columns.items()}
        TallyDelta.objects.filter(pk=delta.pk).update(votes=delta.votes + 1, **added)
        Proposal.objects.filter(pk=proposal.pk).update(
            vote_count=F("vote_count") + 1,
            **{name: F(name) + value for name, value in columns.items()},
        )

    def event(self, proposal: Any, kind: str, ago: int, value: int | None = None) -> None:
        from governance.models import ProposalEvent

        ProposalEvent.objects.create(
            **self.row(proposal.contract, ago), proposal=proposal, kind=kind, value=value
        )

    def living(self) -> None:
        from governance.models import Operation

        self.open = self.proposal("lower leverage", LEVERAGE, start=-240, end=86_400)
        self.vote(
            self.open,
            "alice",
            1,
            180_000,
            200,
            "Leverage above 10× draws the insurance fund in every stress day we replayed.",
        )
        self.vote(
            self.open,
            "bert",
            0,
            96_500,
            150,
            "Liquidity moves elsewhere. Do margin first, leverage later.",
        )
        self.vote(self.open, "chris", 255, 60_000, 90)
        self.vote(self.open, "dora", 1, 152_880, 60)
        self.vote(self.open, "emil", 2, 18_950, 20, "No position: I trade this market.")
        self.quiet = self.proposal(
            "fee",
            "# Raise the taker fee on BTC-PERP to 6 basis points\n\nA small change.",
            start=-30,
            end=3_600,
        )
        self.pending = self.proposal(
            "list",
            "# List SOL-PERP with 5× leverage",
            start=45,
            end=700,
            state=0,
            quorum_final=False,
        )
        self.queued = self.proposal(
            "guardian",
            "# Give the guardian role to the emergency Safe",
            start=-4_000,
            end=-3_000,
            state=5,
            queued=True,
            eta=self.now + 1_200,
        )
        self.vote(self.queued, "alice", 1, 420_000, 3_500)
        self.event(self.queued, "queued", 600, self.now + 1_200)
        Operation.objects.create(
            **self.row(self.timelock, 600),
            operation_id=self.queued.operation_id,
            delay=1_800,
            ready_at=self.now + 1_200,
            call_count=2,
        )

    def ended(self) -> None:
        from governance.models import Operation

        done = self.proposal(
            "executed",
            "# Pause withdrawals above 1,000,000 USD for a day",
            start=-9_000,
            end=-8_000,
            state=7,
            queued=True,
            executed=True,
            eta=self.now - 7_000,
        )
        self.vote(done, "alice", 1, 420_000, 8_500, "Better safe.")
        self.vote(done, "bert", 1, 210_000, 8_400)
        self.event(done, "queued", 7_900, self.now - 7_000)
        self.event(done, "executed", 6_900)
        Operation.objects.create(
            **self.row(self.timelock, 7_900),
            operation_id=done.operation_id,
            delay=900,
            ready_at=self.now - 7_000,
            call_count=2,
            executed_calls=2,
            done=True,
        )
        beaten = self.proposal(
            "beaten", "# Halve all fees for a quarter", start=-12_000, end=-11_000, state=3
        )
        self.vote(beaten, "bert", 0, 210_000, 11_500)
        self.vote(beaten, "fay", 1, 70_000, 11_400)
        stopped = self.proposal(
            "stopped",
            "# Move the treasury to a new Safe",
            start=-15_000,
            end=-14_000,
            state=2,
            canceled=True,
        )
        self.event(stopped, "canceled", 14_500)

    def hostile(self) -> None:
        self.evil = self.proposal(
            "evil", HOSTILE, start=-100, end=5_000, proposer=person("mallory")
        )
        self.vote(self.evil, "jon", 1, 5, 50, "<img src=x onerror=alert(1)> \u202eeslaf si siht")

    def other_chain(self) -> None:
        self.block_clock = self.proposal(
            "validators",
            "# Add a second bridge validator",
            start=-60,
            end=0,
            governor=self.old_governor,
            vote_start=9_110,
            vote_end=9_210,
            block_number=9_105,
            quorum=100_000 * ONE,
            quorum_numerator=None,
            quorum_denominator=None,
            supply_at_snapshot=None,
        )

    def register(self) -> None:
        from ledger.models import Finding

        now = datetime.now(UTC)
        Finding.objects.create(
            rule="chainsync.endpoint-behind",
            subject="l1-kelp",
            level="warning",
            summary="The endpoint l1-kelp is 7 blocks behind the head of Settlement L1.",
            opened_at=now - timedelta(minutes=6),
            seen_at=now,
        )
        Finding.objects.create(
            rule="chainsync.reorg",
            subject="l2",
            level="notice",
            summary="Three blocks of Venue L2 were replaced; two logs were taken back.",
            opened_at=now - timedelta(hours=2),
            seen_at=now,
            closed_at=now - timedelta(hours=1),
        )


LEVERAGE = """# Lower maximum leverage on ETH-PERP from 20× to 10×

On the last three stress days the insurance fund paid for positions above 10×. This proposal
lowers the limit and raises the maintenance margin **at the same time**, so that nobody is caught
between the two.

## What changes for traders

1. Open positions above 10× stay open and may not be increased.
2. Maintenance margin goes from 2.5 % to 4 %.

> Positions that fall below the new margin are warned for a day before they are liquidated.

See [the analysis](https://example.org/leverage) and `Venue.setMaxLeverage`.
"""

HOSTILE = (
    "# Routine update <script>alert('x')</script> \u202egnihton od\n\n"
    "<script>document.body.innerHTML = 'owned'</script>\n\n"
    "![tracking](https://evil.example/pixel.png) [click me](javascript:alert(1)) "
    "<a href='https://evil.example' onclick='x()'>free tokens</a>\n\n"
    "Zero\u200bwidth and \u202eright to left\u202c and a very long word "
    + "x" * 400
    + "\n\n"
    + "All work and no play. " * 48_000
)


def prepare() -> Seed:
    """Bring the database of DATABASE_URL up to date and fill it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    seed = Seed()
    seed.all()
    return seed


if __name__ == "__main__":
    prepare()

"""A small venue in rows, as following two chains for a while would leave it.

For tests of pages and for looking at them: `DATABASE_URL=… python -m tests.web.seed` fills an empty
database, as of now. Every state of a proposal occurs, and so do hostile texts.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.web.seeded_texts import HOSTILE, LEVERAGE
from tests.web.seeded_venue import ONE, SeededVenue, digest, person

MARKETS = {"ETH-PERP": b"ETH-PERP".ljust(32, b"\0"), "BTC-PERP": b"BTC-PERP".ljust(32, b"\0")}


class Seed(SeededVenue):
    """The venue with its proposals and findings."""

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


def prepare(*, empty: bool = False) -> Seed:
    """Bring the database of DATABASE_URL up to date and fill it, unless it is to stay empty."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    seed = Seed()
    if not empty:
        seed.all()
    return seed


if __name__ == "__main__":
    prepare()

"""Writes rows beside a running web process, as following a chain would, when a test asks for it."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from tests.web.proven import cast, proven
from tests.web.seed import Seed, prepare
from tests.web.seeded_venue import digest, person


class Acts:
    """What a test may have happen while pages are open; each answers what it did."""

    def __init__(self, seed: Seed) -> None:
        self.seed = seed

    def find(self, title: str) -> Any:
        """Key and address of the proposal whose title holds `title`."""
        return {"key": self._proposal(title).key}

    def person(self, name: str) -> str:
        return person(name)

    def vote(self, title: str, name: str, support: int, tokens: int, **columns: Any) -> Any:
        """A vote arrives in a new block; `tx_hash` may name its transaction."""
        from django.db import transaction

        from governance.models import Vote
        from ledger.actions import tell

        proposal = self._proposal(title)
        with transaction.atomic():
            self.advance()
            self.seed.vote(proposal, name, support, tokens, 0, columns.pop("reason", ""))
            vote = Vote.objects.latest("pk")
            if columns:
                Vote.objects.filter(pk=vote.pk).update(**columns)
            tell(topic=f"proposal:{proposal.key}", event="votes")
        return {"block": vote.block_number}

    def take_back(self, title: str) -> Any:
        """A reorg takes the newest vote of a proposal back."""
        from django.db import transaction
        from django.db.models import F

        from governance.models import Proposal, TallyDelta, Vote
        from ledger.actions import tell

        proposal = self._proposal(title)
        with transaction.atomic():
            vote = Vote.objects.filter(proposal=proposal).latest("block_number")
            names = ("against_votes", "for_votes", "abstain_votes")
            Proposal.objects.filter(pk=proposal.pk).update(
                vote_count=F("vote_count") - 1,
                **{name: F(name) - getattr(vote, name) for name in names},
            )
            deltas = TallyDelta.objects.filter(proposal=proposal)
            deltas.filter(block_number=vote.block_number).delete()
            vote.delete()
            tell(topic=f"proposal:{proposal.key}", event="reorg")
        return {"block": vote.block_number}

    def delegate(self, name: str, to: str, tx_hash: str) -> Any:
        """A delegation arrives in a new block."""
        from django.db import transaction

        from governance.models import Delegation
        from ledger.actions import tell

        with transaction.atomic():
            self.advance()
            row = {**self.seed.row(self.seed.token, 0), "tx_hash": tx_hash}
            Delegation.objects.create(
                **row, delegator=person(name), from_delegate=person(name), to_delegate=to
            )
            tell(topic=f"delegates:{self.seed.token.key}", event="delegates")
        return {"block": row["block_number"]}

    def advance(self) -> Any:
        """One more block on the layer 2."""
        from django.db import transaction

        from chainsync.models import Block, ChainStatus
        from ledger.actions import tell

        self.seed.head += 1
        self.seed.now = int(time.time())
        with transaction.atomic():
            Block.objects.create(
                chain=self.seed.l2,
                number=self.seed.head,
                hash=digest("l2", self.seed.head),
                parent_hash=digest("l2", self.seed.head - 1),
                timestamp=self.seed.now,
                header={},
                operators=["Northwind"],
            )
            ChainStatus.objects.filter(chain=self.seed.l2).update(
                head_number=self.seed.head,
                head_hash=digest("l2", self.seed.head),
                head_timestamp=self.seed.now,
            )
            tell(topic="chain:l2", event="head")
        return {"head": self.seed.head}

    def finalize(self) -> Any:
        """All blocks of the layer 2 become final."""
        from django.db import transaction

        from chainsync.models import ChainStatus
        from ledger.actions import tell

        with transaction.atomic():
            status = ChainStatus.objects.filter(chain=self.seed.l2)
            status.update(finalized_number=self.seed.head)
            tell(topic="chain:l2", event="finalized")
        return {"finalized": self.seed.head}

    def prove(self, **given: Any) -> Any:
        """A proposal is proven (tests/web/proven.py), or proven anew."""
        from datetime import timedelta

        from django.db import transaction
        from django.utils import timezone

        from governance.models import TallyProof
        from ledger.actions import tell

        with transaction.atomic():
            # What was proven before is old enough to give way to this.
            TallyProof.objects.update(proven_at=timezone.now() - timedelta(hours=1))
            found, proof = proven(self.seed, **given)
            tell(topic=f"proposal:{found.key}", event="proven")
        return {"key": found.key, "root": proof.root, "anchor": proof.anchor_hash}

    def withdraw(self, key: str) -> Any:
        """Nothing is proven of a proposal any more."""
        from governance.models import TallyProof

        TallyProof.objects.filter(proposal__key=key).delete()
        return {}

    def cast(self, key: str, vote: dict[str, Any]) -> Any:
        """A vote comes in on a proposal of `prove`."""
        from django.db import transaction

        from governance.models import Proposal
        from ledger.actions import tell

        with transaction.atomic():
            cast(self.seed, Proposal.objects.get(key=key), vote)
            tell(topic=f"proposal:{key}", event="votes")
        return {}

    def uncast(self, key: str) -> Any:
        """The newest vote of `cast` is taken back."""
        from django.db import transaction
        from django.db.models import F

        from governance.models import Proposal, TallyDelta, Vote
        from ledger.actions import tell

        names = ("against_votes", "for_votes", "abstain_votes")
        with transaction.atomic():
            vote = Vote.objects.filter(proposal__key=key).latest("pk")
            less = {name: F(name) - getattr(vote, name) for name in names}
            Proposal.objects.filter(key=key).update(vote_count=F("vote_count") - 1, **less)
            block = TallyDelta.objects.filter(proposal__key=key, block_number=vote.block_number)
            block.update(votes=F("votes") - 1, **less)
            block.filter(votes=0).delete()
            vote.delete()
            tell(topic=f"proposal:{key}", event="reorg")
        return {}

    def spoil(self, root: str, kind: str) -> Any:
        """A byte of the first shard of a kind flips where it is kept, and back when asked again."""
        from governance.models import Shard, TallyProof

        shards = json.loads(bytes(TallyProof.objects.get(root=root).head))["shards"]
        name = next(one["hash"] for one in shards if one["kind"] == kind)
        content = bytearray(Shard.objects.get(pk=name).content)
        content[-1] ^= 1
        Shard.objects.filter(pk=name).update(content=bytes(content))
        return {}

    def _proposal(self, title: str) -> Any:
        from governance.models import Proposal

        return Proposal.objects.get(title__contains=title)


def listen(acts: Acts) -> None:
    """Carry out acts given as JSON lines `[name, arguments]` on standard input, one answer each."""
    print(json.dumps({"ok": "ready"}), flush=True)
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = {"ok": getattr(acts, name)(**arguments)}
        except Exception as error:
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)


def dispute(seed: Seed) -> None:
    """An endpoint contradicts another one about a block with votes."""
    from chainsync import standing
    from chainsync.models import Dispute
    from charter.models import Endpoint

    liar = Endpoint.objects.get(name="l2-kelp")
    number = seed.block(200)
    Dispute.objects.create(
        chain=liar.chain,
        endpoint=liar,
        about=Dispute.About.LOGS,
        first=number,
        last=number,
        block_hash=digest("l2", number),
        says="It gives 1 log of Venue Governor less than the others.",
    )
    standing.stand_disputes()


if __name__ == "__main__":
    house = sys.argv[1]
    prepared = prepare(empty=house == "empty")
    if house == "disputed":
        dispute(prepared)
    listen(Acts(prepared))

"""A proposal whose tally is proven: rows that belong to a certificate made in tests/proofs.

Its votes are those of `Cast` as plain values, so that a process without tests/proofs can write
them: `{"voter", "support", "weight", "block", "parts"}`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

TITLE = "Prove this count"
SYMBOL = "WHO"


def arguments(made: Any, data: bytes | None = None) -> dict[str, Any]:
    """What `proven` takes: a made vote, and what is kept as its certificate."""
    data = made.write() if data is None else data
    return {
        "certificate": base64.b64encode(data).decode(),
        "votes": [plain(cast) for cast in made.votes],
        "powers": {"0x" + voter.hex(): pairs for voter, pairs in made.powers.items()},
    }


def plain(cast: Any) -> dict[str, Any]:
    """A vote as plain values; `parts` are against, for, abstain."""
    split = cast.split
    parts = [cast.weight if cast.support == bucket else 0 for bucket in range(3)]
    return {
        "voter": "0x" + cast.voter.hex(),
        "support": cast.support,
        "weight": cast.weight,
        "block": cast.block,
        "parts": [split.against, split.for_, split.abstain] if split else parts,
    }


def proven(
    seed: Any,
    certificate: str,
    votes: Sequence[dict[str, Any]] = (),
    powers: dict[str, list[list[int]]] | None = None,
) -> Any:
    """The proposal, made with these votes where there is none yet, and its proof."""
    from chainsync.models import Block
    from governance.models import Proposal
    from governance.proving.storing import store

    data = base64.b64decode(certificate)
    head = json.loads(data.split(b"\n")[1])
    result = head["result"]
    found = Proposal.objects.filter(key=result["key"]).first()
    if found is None:
        found = _proposal(seed, head)
        _checkpoints(seed, found.contract.linked("token"), powers or {})
        for vote in votes:
            cast(seed, found, vote)
    anchor, _ = Block.objects.get_or_create(
        chain=found.contract.chain,
        hash=head["anchor"],
        defaults={
            "number": int(result["block"]["number"]),
            "timestamp": int(result["block"]["timestamp"]),
            "parent_hash": "0x" + "11" * 32,
            "header": {},
            "operators": ["Northwind", "Kelp Labs"],
        },
    )
    return found, store(found, anchor, data)


def _proposal(seed: Any, head: dict[str, Any]) -> Any:
    result = head["result"]
    return seed.proposal(
        TITLE,
        f"# {TITLE}\n\nEvery vote on it can be checked by whoever reads this.",
        start=-240,
        end=3_600,
        governor=_governor(seed, head),
        proposal_id=int(head["proposal"]),
        key=result["key"],
        vote_start=int(result["core"]["start"]),
        vote_end=int(result["core"]["end"]),
        block_number=20_000,
        timestamp=int(result["core"]["start"]) - 10,
        quorum=int(result["quorum"]["needed"]) if result["quorum"] else None,
        supply_at_snapshot=10_000,
        state=1 if result["count"] == "running" else 4,
    )


def _governor(seed: Any, head: dict[str, Any]) -> Any:
    """Token and governor of the certificate, in the charter."""
    from chainsync.models import Coverage
    from charter.models import Contract
    from governance.models import Governor, Token

    def contract(role: str, kind: str, **links: str) -> Any:
        row = Contract.objects.create(
            chain=seed.l2,
            key=f"proven-{role}",
            kind=kind,
            address=head[role]["address"],
            start_block=12,
            label=f"Proven {role.title()}",
            links=links,
        )
        covered = [(12, seed.head)]
        Coverage.objects.create(contract=row, blocks=covered, agreed=covered, folded_to=seed.head)
        return row

    token = contract("token", "erc20-votes")
    governor = contract("governor", "oz-governor-5", token=token.key)
    clock = {"clock_mode": "timestamp", "block_number": 20}
    Token.objects.create(contract=token, name="Proven", symbol=SYMBOL, decimals=0, **clock)
    Governor.objects.create(
        contract=governor,
        name="ProvenGovernor",
        counting_mode="support=bravo,fractional&quorum=for,abstain&params=fractional",
        voting_delay=60,
        voting_period=100,
        proposal_threshold=1,
        **clock,
    )
    return governor


def _checkpoints(seed: Any, token: Any, powers: dict[str, list[list[int]]]) -> None:
    from governance.models import Checkpoint

    for voter, pairs in powers.items():
        before = 0
        for at, (key, power) in enumerate(pairs):
            row = seed.row(token, 0) | {"timestamp": key, "block_number": 10_000 + at}
            Checkpoint.objects.create(**row, delegate=voter, previous=before, votes=power)
            before = power


def cast(seed: Any, found: Any, vote: dict[str, Any]) -> None:
    """One vote with its share of the tally."""
    from django.db.models import F

    from governance.models import Proposal, TallyDelta, Vote

    names = ("against_votes", "for_votes", "abstain_votes")
    columns = dict(zip(names, vote["parts"], strict=True))
    at = {"block_number": 20_000 + vote["block"], "timestamp": 1_000_000 + 2 * vote["block"]}
    Vote.objects.create(
        **seed.row(found.contract, 0) | at,
        **columns,
        proposal=found,
        voter=vote["voter"],
        support=vote["support"],
        weight=vote["weight"],
        reason="because",
    )
    delta, _ = TallyDelta.objects.get_or_create(
        contract=found.contract,
        proposal=found,
        block_number=at["block_number"],
        defaults={"votes": 0, **dict.fromkeys(names, 0)},
    )
    added = {name: F(name) + value for name, value in columns.items()}
    TallyDelta.objects.filter(pk=delta.pk).update(votes=F("votes") + 1, **added)
    Proposal.objects.filter(pk=found.pk).update(vote_count=F("vote_count") + 1, **added)

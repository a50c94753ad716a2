"""What tests of certificates share: single shards of a made one, and a vote of all or nothing."""

from __future__ import annotations

from typing import Any

from made_certificate import (
    ADA,
    BEN,
    DORA,
    POWERS,
    Cast,
    Made,
)
from taken_apart import apart, sealed

from proofs.certificate.witnesses import Reading
from proofs.certificate.writing import Evidence, write
from proofs.statements.storage.counting import CountingForm
from proofs.statements.tally import Tally


def written(evidence: Evidence) -> bytes:
    return b"".join(write(evidence))


def shard(data: bytes, kind: str) -> Reading:
    """The first shard of a kind, to be read."""
    head, shards = apart(data)
    kinds = [name["kind"] for name in head["shards"]]
    return Reading(kind, shards[kinds.index(kind)])


def with_shard(data: bytes, kind: str, content: bytes) -> bytes:
    """The certificate with another first shard of a kind, sealed again."""
    head, shards = apart(data)
    shards[[name["kind"] for name in head["shards"]].index(kind)] = content
    return sealed(head, shards)


SIMPLE = (Cast(ADA, 1, 700, 2), Cast(BEN, 0, 300, 2), Cast(DORA, 2, 0, 9))


def simple(**changes: Any) -> Made:
    """A vote of all or nothing, of which nobody abstained with any weight."""
    facts: dict[str, Any] = {
        "form": CountingForm.SIMPLE,
        "votes": SIMPLE,
        "totals": Tally(against=300, for_=700),
        "powers": {ADA: POWERS[ADA], BEN: POWERS[BEN]},
        "used": {ADA: 700, BEN: 300, DORA: 0},
    }
    return Made(**facts | changes)

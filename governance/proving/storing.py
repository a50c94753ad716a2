"""Keeping a certificate: its head, its shards, and what it says in columns."""

import io
from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from chainsync.models import Block
from governance.models import Proposal, Shard, ShardPlace, TallyProof
from proofs.certificate import container
from proofs.certificate.encoding import Json
from proofs.certificate.form import Head

_DROP_UNUSED = """
DELETE FROM governance_shard AS shard WHERE NOT EXISTS (
    SELECT 1 FROM governance_shardplace AS place WHERE place.shard_id = shard.hash
)
"""
KEPT = timedelta(minutes=10)
"""So long is a proof kept at least."""
AT_ONCE = 16
"""Shards written together: each is at most a MiB."""


def store(proposal: Proposal, anchor: Block, certificate: bytes) -> TallyProof:
    """Write a certificate that the core has just verified, and drop what it supersedes.

    Runs in a transaction in which the anchor is canonical. Kept are the newest proof of a closing
    count, the newest of a running one, and for some minutes what a newer one superseded: somebody
    may be reading its shards, or have sent its link to somebody.
    """
    file = io.BytesIO(certificate)
    root, head = container.read_head(file)
    places = list(_kept(head, file))
    row, _ = TallyProof.objects.update_or_create(
        proposal=proposal,
        anchor_number=anchor.number,
        anchor_hash=anchor.hash,
        defaults={
            "anchor_timestamp": anchor.timestamp,
            "anchor_operators": sorted(set(anchor.operators)),
            "root": "0x" + root.hex(),
            "head": _line(certificate),
            "size": len(certificate),
            "missing": head.missing,
            **_columns(head.result),
        },
    )
    row.places.all().delete()
    ShardPlace.objects.bulk_create(
        ShardPlace(proof=row, shard_id=name, position=at) for at, name in enumerate(places)
    )
    _drop_superseded(row)
    return row


def _columns(result: Json) -> dict[str, object]:
    """What the result says, in the columns of `TallyProof`."""
    assert isinstance(result, dict)
    totals, quorum, votes, core = (result[k] for k in ("totals", "quorum", "votes", "core"))
    assert isinstance(totals, dict)
    assert isinstance(core, dict)
    return {
        "closing": result["count"] == "closing",
        "reach": result["reach"],
        "against_votes": int(str(totals["against"])),
        "for_votes": int(str(totals["for"])),
        "abstain_votes": int(str(totals["abstain"])),
        "quorum": int(str(quorum["needed"])) if isinstance(quorum, dict) else None,
        "executed": core["executed"],
        "canceled": core["canceled"],
        "votes": int(str(votes["logs"])) if isinstance(votes, dict) else None,
        "voters": int(str(votes["voters"])) if isinstance(votes, dict) else None,
    }


def _kept(head: Head, file: io.BytesIO) -> Iterator[str]:
    """Write the shards that are not there yet; their names in order."""
    waiting: list[Shard] = []
    for name, (_, data) in zip(head.shards, container.read_shards(file, head.shards), strict=True):
        waiting.append(Shard(hash="0x" + name.hash.hex(), content=data))
        yield waiting[-1].hash
        if len(waiting) == AT_ONCE:
            Shard.objects.bulk_create(waiting, ignore_conflicts=True)
            waiting = []
    Shard.objects.bulk_create(waiting, ignore_conflicts=True)


def _line(certificate: bytes) -> bytes:
    """The head as it stands in the file: its second line, without the end of it."""
    start = certificate.index(b"\n") + 1
    return certificate[start : certificate.index(b"\n", start)]


def _drop_superseded(row: TallyProof) -> None:
    """What a newer proof says better, and shards that no certificate names any more, also those of
    proposals that a reorganisation took back."""
    older = TallyProof.objects.filter(
        proposal=row.proposal_id, proven_at__lt=timezone.now() - KEPT
    ).exclude(pk=row.pk)
    (older if row.closing else older.filter(closing=False)).delete()
    with connection.cursor() as cursor:
        cursor.execute(_DROP_UNUSED)

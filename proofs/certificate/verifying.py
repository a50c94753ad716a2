"""Verifying a certificate: every step in order, from one state root to the sum of all votes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from . import container, result
from .form import FIRST, POWERS, VOTES, Head
from .refusals import MalformedCertificate
from .result import Found, Reach, Verified
from .state import Ground
from .tallying import Count


def verify(file: BinaryIO) -> Verified:
    """What the certificate in this file proves.

    Reads shard by shard and keeps only headers and votes. Whatever is wrong ends in a
    CertificateRefusal; what the file itself raises (OSError) is passed on.
    """
    root, head = container.read_head(file)
    found = found_by(head, container.read_shards(file, head.shards))
    if head.zeros_kept and not found.zeros_met:
        raise MalformedCertificate("head", "zeros", "no leaf of zero is kept in it.")
    result.check_claims(head.result, found.json())
    return found.account(root)


def found_by(head: Head, shards: Iterable[tuple[str, bytes]]) -> Found:
    """What the shards of a head give, each as item and bytes, in the head's order.

    The ``result`` that the head claims is not looked at. Raises CertificateRefusal.
    """
    ground = Ground(head)
    count = Count(head, ground)
    for name, (item, data) in zip(head.shards, shards, strict=True):
        (ground if name.kind in FIRST else count).take(name.kind, item, data)
    tally = count.finish()
    return Found(
        head=head,
        block=ground.block,
        facts=ground.facts,
        reach=reach_of(head),
        tally=tally,
        voters=len(count.voters()),
        headers=len(count.links.blocks),
        zeros_met=ground.zeros.met,
    )


def reach_of(head: Head) -> Reach:
    """How far a certificate with these parts reaches, once all of them hold."""
    if VOTES in head.missing:
        return Reach.TOTALS
    return Reach.COUNTED if POWERS in head.missing else Reach.PROVEN

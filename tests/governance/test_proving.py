"""Tallies proven in the background on real nodes: what is kept, and what a lie becomes."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone

from chainsync import following
from chainsync.models import Block, ChainStatus
from governance.models import ProofAttempt, Shard, TallyProof
from governance.proving.turn import turn
from lab.governance import Support
from ledger.models import Finding
from proofs.certificate.verifying import verify
from tests.governance.live import Scene
from tests.governance.test_certificate import finalize, without

pytestmark = [pytest.mark.node, pytest.mark.slow]


def file_of(row: TallyProof) -> io.BytesIO:
    """The whole certificate, put together from what is kept."""
    shards = [place.shard.content for place in row.places.select_related("shard")]
    seal = f"tocsin-certificate 1 {row.root}\n".encode()
    return io.BytesIO(seal + bytes(row.head) + b"\n" + b"".join(map(bytes, shards)))


def agree(scene: Scene) -> None:
    """Follow until the head is given by both operators."""
    scene.sync()

    def agreed(status: ChainStatus) -> bool:
        head = Block.objects.get(chain=scene.chain, hash=status.head_hash)
        return len(head.operators) == 2

    following.turn(scene.chain.key, seconds=30, until=agreed)
    assert agreed(ChainStatus.objects.get(chain=scene.chain))


def rested() -> None:
    ProofAttempt.objects.update(again_at=timezone.now() - timedelta(seconds=1))


def test_a_tally_is_proven_while_it_runs_and_when_it_is_closed(venue: Scene) -> None:
    lab = venue.lab
    proposal = lab.propose("# Raise the leverage")
    lab.open_voting(proposal)
    agree(venue)
    assert not turn(venue.chain, 5).proven

    lab.vote("Ada", proposal, Support.FOR, "because")
    agree(venue)
    (running,) = turn(venue.chain, 5).proven
    assert (running.reach, running.closing, running.votes) == ("proven", False, 1)
    assert verify(file_of(running)).proven
    assert not turn(venue.chain, 5).proven

    lab.vote("Fumiko", proposal, Support.AGAINST)
    agree(venue)
    assert not turn(venue.chain, 5).proven
    rested()
    (next_one,) = turn(venue.chain, 5).proven
    assert next_one.votes == 2
    assert list(TallyProof.objects.all()) == [next_one]
    assert not Shard.objects.filter(places=None).exists()

    lab.close_voting(proposal)
    finalize(venue, lab.chain.block_number())
    agree(venue)
    rested()
    (closing,) = turn(venue.chain, 5).proven
    assert (closing.reach, closing.closing, closing.votes) == ("proven", True, 2)
    row = venue.row(proposal)
    assert (closing.for_votes, closing.against_votes) == (row.for_votes, row.against_votes)
    assert closing.quorum == row.quorum
    found = verify(file_of(closing))
    assert found.proven
    assert "0x" + found.root.hex() == closing.root
    rested()
    assert not turn(venue.chain, 5).proven
    assert not Finding.objects.filter(closed_at=None, rule__startswith="governance.").exists()

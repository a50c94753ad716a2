"""Tallies proven in the background on real nodes: what is kept, and what a lie becomes."""

import io
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from chainsync import following
from chainsync.light_client import standing
from chainsync.light_client.standing import Certified
from chainsync.models import Block, ChainStatus
from governance import kept_proofs
from governance.models import ProofAttempt, Shard, TallyDelta, TallyProof, Vote
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


def grown_old() -> None:
    """What was proven so far was proven an hour ago."""
    TallyProof.objects.update(proven_at=timezone.now() - timedelta(hours=1))


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
    grown_old()
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


def test_a_tally_of_the_older_family_is_proven(bridge: Scene) -> None:
    proposal = bridge.lab.propose("# Raise the daily limit")
    bridge.lab.open_voting(proposal)
    bridge.lab.vote("Ada", proposal, Support.FOR, "yes")
    agree(bridge)
    (row,) = turn(bridge.chain, 5).proven
    assert (row.reach, row.votes) == ("proven", 1)


def test_votes_that_were_kept_from_us_are_found_with_the_exact_difference(venue: Scene) -> None:
    """As if every node had left a vote out: what was read is contradicted, and it is said."""
    lab = venue.lab
    proposal = lab.propose("# Raise the leverage")
    lab.open_voting(proposal)
    lab.vote("Ada", proposal, Support.FOR)
    lab.vote("Fumiko", proposal, Support.AGAINST)
    agree(venue)
    key = venue.row(proposal).key
    withheld = Vote.objects.get(for_votes__gt=0)
    weight = withheld.for_votes
    TallyDelta.objects.filter(block_number=withheld.block_number).delete()
    withheld.delete()

    (row,) = turn(venue.chain, 5).proven
    assert row.reach == "totals"
    assert row.for_votes == weight
    assert f"+{weight} for" in row.missing["votes"]
    found = {one.rule: one for one in Finding.objects.filter(subject=key, closed_at=None)}
    assert set(found) == {"governance.tally-contradicted", "governance.votes-contradicted"}
    totals = found["governance.tally-contradicted"]
    assert totals.level == "alarm"
    assert f"+{weight} for base units" in totals.summary
    assert (totals.facts["read"]["for"], totals.facts["proven"]["for"]) == ("0", str(weight))
    witness = found["governance.votes-contradicted"].facts["witness"]
    assert (witness["kind"], witness["bucket"]) == ("missing", "for")
    assert witness["weight"] == str(weight)


def test_an_endpoint_that_proves_nothing_is_named_and_tried_again(venue: Scene) -> None:
    lab = venue.lab
    proposal = lab.propose("# Raise the leverage")
    lab.open_voting(proposal)
    lab.vote("Ada", proposal, Support.FOR)
    agree(venue)
    whole = dict(lab.gateway.endpoints)
    without(venue, "eth_getProof")
    done = turn(venue.chain, 5)
    assert (done.proven, done.failed) == ([], 1)
    attempt = ProofAttempt.objects.get()
    assert "the method is not available" in attempt.why
    assert attempt.failures == 1
    rested()
    turn(venue.chain, 5)
    again = ProofAttempt.objects.get()
    assert again.failures == 2
    assert again.again_at - again.tried_at > attempt.again_at - attempt.tried_at

    lab.gateway.endpoints.update(whole)
    rested()
    assert len(turn(venue.chain, 5).proven) == 1
    assert ProofAttempt.objects.get().why == ""


def test_a_proof_is_withdrawn_with_its_anchor_and_made_anew(venue: Scene) -> None:
    lab = venue.lab
    proposal = lab.propose("# Raise the leverage")
    lab.open_voting(proposal)
    lab.vote("Ada", proposal, Support.FOR)
    agree(venue)
    (before,) = turn(venue.chain, 5).proven
    lab.reorg(1)
    agree(venue)
    assert not Block.objects.get(hash=before.anchor_hash).canonical
    assert not kept_proofs.proofs().exists()
    lab.vote("Fumiko", proposal, Support.AGAINST)
    agree(venue)
    rested()
    grown_old()
    (after,) = turn(venue.chain, 5).proven
    assert after.anchor_hash != before.anchor_hash
    assert list(TallyProof.objects.all()) == [after]


def test_what_is_signed_bears_on_every_anchor_that_leads_to_it(bridge: Scene) -> None:
    """The signatures themselves are checked by the light client, which is told here."""
    proposal = bridge.lab.propose("# Raise the daily limit")
    bridge.lab.open_voting(proposal)
    bridge.lab.vote("Ada", proposal, Support.FOR, "yes")
    agree(bridge)
    (row,) = turn(bridge.chain, 5).proven
    assert row.signed_block is None
    bridge.lab.mine(3)
    agree(bridge)
    head = Block.objects.filter(chain=bridge.chain, canonical=True).latest("number")
    assert row.anchor_number < head.number

    def certified(block_hash: str) -> Certified:
        return Certified(
            number=head.number,
            hash=bytes.fromhex(block_hash[2:]),
            state_root=bytes(32),
            receipts_root=bytes(32),
            timestamp=head.timestamp,
            slot=77,
            participants=30,
            committee_size=32,
            checkpoint=bytes(32),
            checkpoint_age=5,
            known_at=timezone.now(),
        )

    with patch.object(standing, "certified", lambda chain: certified("0x" + "77" * 32)):
        assert turn(bridge.chain, 5).signed == 0, "another block was signed for"
    broken = Block.objects.get(chain=bridge.chain, canonical=True, number=head.number - 1)
    Block.objects.filter(pk=broken.pk).update(parent_hash="0x" + "66" * 32)
    with patch.object(standing, "certified", lambda chain: certified(head.hash)):
        assert turn(bridge.chain, 5).signed == 0, "the line is broken"
        Block.objects.filter(pk=broken.pk).update(parent_hash=broken.parent_hash)
        assert turn(bridge.chain, 5).signed == 1
    row.refresh_from_db()
    assert (row.signed_block, row.signed_slot) == (head.number, 77)
    assert (row.signed_participants, row.signed_committee) == (30, 32)

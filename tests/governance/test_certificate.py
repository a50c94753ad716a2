"""Certificates of real proposals on real nodes, checked by the core alone."""

import io
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from chainsync import following
from chainsync.models import Block, BlockReceipts, ChainStatus
from charter.models import Endpoint
from governance import vote_blocks
from governance.models import Vote
from lab.endpoint import Exchange, Handler, Reply, failure
from lab.governance import Support
from lab.schedule import CHAINS
from proofs.certificate.refusals import CertificateRefusal
from proofs.certificate.result import Reach, Verified
from proofs.certificate.verifying import verify
from tests.governance.live import Scene

pytestmark = [pytest.mark.node, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]


def command(scene: Scene, proposal, output: Path, *flags: str) -> str:
    """What `manage.py certificate` prints."""
    out = io.StringIO()
    call_command("certificate", scene.row(proposal).key, "--output", output, *flags, stdout=out)
    return out.getvalue()


def verified(path: Path) -> Verified:
    with path.open("rb") as file:
        return verify(file)


def finalize(scene: Scene, number: int) -> None:
    """Mine and follow until a block is final by the word of both operators."""
    scene.lab.mine(CHAINS[scene.lab.name].finalized_depth + 1)
    scene.sync()
    turn = following.turn(
        scene.chain.key,
        seconds=30,
        until=lambda status: (status.finalized_number or 0) >= number,
    )
    assert (ChainStatus.objects.get(chain=scene.chain).finalized_number or 0) >= number, turn


def without(scene: Scene, method: str, *letters: str) -> None:
    """From now on endpoints refuse a method, as one that prunes or does not offer it."""

    async def refusing(exchange: Exchange, handler: Handler) -> Reply:
        if any(call["method"] == method for call in exchange.calls):
            return failure(exchange, 200, -32601, "the method is not available")
        return await handler(exchange)

    endpoints = scene.lab.gateway.endpoints
    for letter in letters or "ab":
        name = f"{scene.lab.name}-{letter}"
        middlewares = (*endpoints[name].middlewares, refusing)
        endpoints[name] = replace(endpoints[name], middlewares=middlewares)


def test_a_vote_on_the_venue_is_certified(venue: Scene, tmp_path: Path) -> None:
    lab, path = venue.lab, tmp_path / "venue.certificate"
    proposal = lab.propose("# Raise the leverage")
    lab.open_voting(proposal)
    lab.vote("Ada", proposal, Support.FOR, "because")
    chidi = lab.actor("Chidi")
    lab.gov.vote_split(chidi, proposal.id, 10**18, 2 * 10**18, 3 * 10**18, "in parts")
    lab.vote("Chidi", proposal, Support.ABSTAIN, "and the rest")
    lab.vote("Fumiko", proposal, Support.AGAINST)
    # What happens to power after the snapshot changes nothing.
    lab.gov.delegate(lab.actor("Ada"), chidi.address)
    venue.sync()

    said = command(venue, proposal, path, "--head")
    assert "voting was not over" in said
    found = verified(path)
    assert found.proven
    assert found.head.result["count"] == "running"

    with pytest.raises(CommandError, match="was made in block"):
        command(venue, proposal, path)
    lab.close_voting(proposal)
    finalize(venue, lab.chain.block_number())
    said = command(venue, proposal, path)
    assert "The tally is proven." in said
    assert "given by Operator a, Operator b" in said
    found = verified(path)
    assert found.reach is Reach.PROVEN
    row = venue.row(proposal)
    result = found.head.result
    assert result["count"] == "closing"
    assert result["key"] == row.key
    assert result["totals"] == {
        "against": str(row.against_votes),
        "for": str(row.for_votes),
        "abstain": str(row.abstain_votes),
    }
    assert result["votes"] == {"logs": "4", "voters": "3", "weightless": "0"}
    assert result["quorum"]["needed"] == str(row.quorum)
    done = subprocess.run(
        [sys.executable, "-m", "proofs", "verify", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_vote_of_the_older_family_is_certified(bridge: Scene, tmp_path: Path) -> None:
    lab, path = bridge.lab, tmp_path / "bridge.certificate"
    proposal = lab.propose("# Raise the daily limit")
    lab.open_voting(proposal)
    lab.vote("Ada", proposal, Support.FOR, "yes")
    lab.vote("Fumiko", proposal, Support.AGAINST)
    lab.vote("Chidi", proposal, Support.ABSTAIN)
    lab.close_voting(proposal)
    finalize(bridge, lab.chain.block_number())
    assert "The tally is proven." in command(bridge, proposal, path)
    result = verified(path).head.result
    row = bridge.row(proposal)
    assert result["totals"]["for"] == str(row.for_votes)
    assert result["quorum"] == {
        "counted": str(row.for_votes),
        "needed": str(row.quorum),
        "numerator": None,
        "reached": True,
        "supply": None,
    }


def test_what_cannot_be_proven_is_left_out_and_said(
    venue: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hops instead of headers, a missing vote, no receipts, no proofs: the step stays lower."""
    lab, path = venue.lab, tmp_path / "venue.certificate"
    proposal = lab.propose("# Raise the leverage")
    lab.open_voting(proposal)
    lab.vote("Ada", proposal, Support.FOR, "because")
    lab.mine(3)
    lab.vote("Fumiko", proposal, Support.AGAINST)
    lab.mine(3)
    lab.close_voting(proposal)
    venue.sync()
    row = venue.row(proposal)

    monkeypatch.setattr(vote_blocks, "FEW_HEADERS", 0)
    assert "The tally is proven." in command(venue, proposal, path, "--head")
    hopped = verified(path)
    assert "history" in {shard.kind for shard in hopped.head.shards}
    assert hopped.proven
    assert hopped.head.result["votes"]["logs"] == "2"
    data = path.read_bytes()
    rng = random.Random(4)
    for _ in range(300):
        changed = bytearray(data)
        changed[rng.randrange(len(data))] ^= rng.randint(1, 255)
        with pytest.raises(CertificateRefusal):
            verify(io.BytesIO(bytes(changed)))

    monkeypatch.setattr(vote_blocks, "FEW_HEADERS", 256)
    first = Vote.objects.earliest("block_number").block_number
    head = ChainStatus.objects.get(chain=venue.chain).head_number
    between = Block.objects.filter(chain=venue.chain, number__gt=first, number__lt=head)
    deleted, _ = between.filter(logs__isnull=True).delete()
    assert deleted > 3
    assert "The tally is proven." in command(venue, proposal, path, "--head"), "headers are fetched"
    assert "history" not in {shard.kind for shard in verified(path).head.shards}

    vote = Vote.objects.get(voter=lab.actor("Fumiko").address)
    Vote.objects.filter(pk=vote.pk).delete()
    said = command(venue, proposal, path, "--head")
    assert f"totals less votes: +{vote.weight} against" in said
    found = verified(path)
    assert found.reach is Reach.TOTALS
    assert found.head.result["totals"]["against"] == str(row.against_votes) == str(vote.weight)
    vote.save(force_insert=True)

    BlockReceipts.objects.all().delete()
    assert "The tally is proven." in command(venue, proposal, path, "--head")
    without(venue, "eth_getBlockReceipts")
    said = command(venue, proposal, path, "--head")
    assert "Only the totals are proven." in said
    assert "does not give the receipts of block" in said
    assert verified(path).reach is Reach.TOTALS

    before = path.read_bytes()
    without(venue, "eth_getProof", "a")
    command(venue, proposal, path, "--head")
    assert path.read_bytes() == before, "the other endpoint proves as well"
    without(venue, "eth_getProof", "b")
    with pytest.raises(CommandError, match="the method is not available"):
        command(venue, proposal, path, "--head")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path], "nothing half-written is left"


def test_an_anchor_that_operators_do_not_share_is_refused(venue: Scene, tmp_path: Path) -> None:
    lab, path = venue.lab, tmp_path / "venue.certificate"
    proposal = lab.propose("# Raise the leverage")
    lab.open_voting(proposal)
    venue.sync()
    with pytest.raises(CommandError, match="no proposal"):
        call_command("certificate", "0" * 20, "--output", path)
    without(venue, "eth_getBlockByNumber", "b")
    with pytest.raises(CommandError, match="is not agreed: its hash is given by Operator a"):
        command(venue, proposal, path, "--head")
    assert not path.exists()


def test_a_single_operator_is_named_as_such(bridge: Scene, tmp_path: Path) -> None:
    Endpoint.objects.filter(name="l1-b").update(active=False)
    proposal = bridge.lab.propose("# Raise the daily limit")
    bridge.lab.open_voting(proposal)
    bridge.lab.vote("Ada", proposal, Support.FOR)
    bridge.sync()
    said = command(bridge, proposal, tmp_path / "bridge.certificate", "--head")
    assert "given by Operator a alone." in said
    assert "The tally is proven." in said

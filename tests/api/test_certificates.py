"""Certificates as programs fetch them: head, shards and file, or why there is none."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from made_certificate import Made, checked

from governance.models import ProofAttempt, Proposal, Shard, TallyProof
from governance.proving import storing
from proofs.statements.tally import Tally
from tests.api.small_venue import Venue, word

pytestmark = pytest.mark.django_db

Keep = Callable[..., TallyProof]


@pytest.fixture
def proposal(venue: Venue) -> Proposal:
    return venue.proposal()


@pytest.fixture
def keep(venue: Venue, proposal: Proposal) -> Keep:
    """Keeps the certificate of a made-up vote as the proof of our proposal at some block."""

    def kept(made: Made | None = None, number: int = 960) -> TallyProof:
        certificate = (made or Made()).write()
        return storing.store(proposal, venue.block("l2", number), certificate)

    return kept


def address(proposal: Proposal, rest: str = "") -> str:
    return f"/api/v1/proposals/{proposal.key}/certificate{rest}"


def test_head_and_shards_put_together_are_the_file(
    client: Client, proposal: Proposal, keep: Keep
) -> None:
    row = keep()
    answer = client.get(address(proposal))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/vnd.tocsin.certificate"
    assert answer["ETag"] == f'"{row.root}"'
    seal, head, rest = answer.content.split(b"\n")
    assert (seal, rest) == (f"tocsin-certificate 1 {row.root}".encode(), b"")
    together = answer.content
    for shard in json.loads(head)["shards"]:
        part = client.get(address(proposal, f"/{shard['hash']}"))
        assert part["Content-Type"] == "application/octet-stream"
        assert "immutable" in part["Cache-Control"]
        assert len(part.content) == int(shard["size"])
        together += part.content
    assert checked(together).root.hex() == row.root[2:]

    file = client.get(address(proposal, "/file"))
    assert b"".join(file.streaming_content) == together  # type: ignore[attr-defined]
    assert int(file["Content-Length"]) == len(together) == row.size
    assert f'{proposal.key}-960.certificate"' in file["Content-Disposition"]


def test_who_holds_it_already_gets_nothing_again(
    client: Client, proposal: Proposal, keep: Keep
) -> None:
    row = keep()
    held = {"If-None-Match": f'"{row.root}"'}
    answer = client.get(address(proposal), headers=held)
    assert (answer.status_code, answer.content) == (304, b"")
    keep(Made(deadline=2_000_000), 970)
    assert client.get(address(proposal), headers=held).status_code == 200


def test_while_there_is_none_it_says_why(client: Client, proposal: Proposal) -> None:
    def why(key: str = proposal.key, query: str = "") -> str:
        answer = client.get(f"/api/v1/proposals/{key}/certificate{query}")
        assert answer.status_code == 404
        return str(answer.json()["error"]["message"])

    assert "made in the background" in why()
    now = timezone.now()
    ProofAttempt.objects.create(
        proposal=proposal, anchor_number=9, tried_at=now, again_at=now, why="l2-a has pruned it."
    )
    assert "tried again soon. l2-a has pruned it." in why()
    assert "There is no proposal" in why(key="0" * 20)
    assert "newer ones take its place" in why(query=f"?root={word(7)}")


@pytest.mark.parametrize("query", ["?root=0x12", "?root=" + "A" * 66, "?anchor=5"])
def test_what_is_not_understood_is_refused(
    client: Client, proposal: Proposal, keep: Keep, query: str
) -> None:
    keep()
    assert client.get(address(proposal, query)).status_code == 400


def test_a_shard_is_given_for_its_own_proposal_alone(
    client: Client, venue: Venue, proposal: Proposal, keep: Keep
) -> None:
    keep()
    name = Shard.objects.values_list("pk", flat=True)[0]
    other = venue.proposal(number=901)
    assert client.get(address(proposal, f"/{name}")).status_code == 200
    assert client.get(address(other, f"/{name}")).status_code == 404
    assert client.get(address(proposal, f"/{word(3)}")).status_code == 404
    assert client.get(address(proposal, "/0x12")).status_code == 404


def test_a_proof_counts_while_its_anchor_stands(
    client: Client, venue: Venue, proposal: Proposal, keep: Keep
) -> None:
    keep()
    assert client.get(address(proposal)).status_code == 200
    anchor = venue.block("l2", 960)
    anchor.canonical = False
    anchor.save()
    assert client.get(address(proposal)).status_code == 404
    told = client.get(f"/api/v1/proposals/{proposal.key}/").json()["proven"]
    assert (told["proof"], told["certificate"]) == (None, None)


def test_a_proposal_tells_how_far_it_is_proven(
    client: Client, proposal: Proposal, keep: Keep
) -> None:
    row = keep()
    totals = row.totals
    assert totals == Tally(against=310, for_=720, abstain=70)
    Proposal.objects.filter(pk=proposal.pk).update(
        against_votes=310, for_votes=720, abstain_votes=70
    )

    def told() -> dict[str, object]:
        found = client.get(f"/api/v1/proposals/{proposal.key}/").json()["proven"]
        assert isinstance(found, dict)
        return found

    first = told()
    assert (first["tally"], first["contradicted"]) == ("proven", False)
    assert first["certificate"] == f"http://testserver{address(proposal)}"
    assert first["proof"] == first["proof"] | {
        "anchor_number": 960,
        "certificate_root": row.root,
        "closing": True,
        "reach": "proven",
        "for_votes": "720",
        "votes": 5,
        "voters": 4,
        "signed": None,
    }
    Proposal.objects.filter(pk=proposal.pk).update(for_votes=721)
    assert (told()["tally"], told()["contradicted"]) == ("agreed", True)


def test_newer_proofs_take_the_place_of_older_ones_and_shared_shards_stay(
    proposal: Proposal, keep: Keep
) -> None:
    running = keep(Made(deadline=2_000_000), 950)
    assert not running.closing
    closing = keep(Made(), 960)
    assert set(TallyProof.objects.all()) == {closing, running}, "somebody may be reading it"
    TallyProof.objects.update(proven_at=timezone.now() - storing.KEPT)
    closing = keep(Made(), 961)
    assert list(TallyProof.objects.all()) == [closing]
    used = set(closing.places.values_list("shard", flat=True))
    assert set(Shard.objects.values_list("pk", flat=True)) == used
    later = keep(Made(deadline=2_000_000), 970)
    assert set(TallyProof.objects.all()) == {closing, later}, "what is closed is not lost"
    proposal.delete()
    assert not TallyProof.objects.exists()


def test_an_attempt_that_failed_is_told_with_the_proposal(
    client: Client, proposal: Proposal
) -> None:
    now = timezone.now()
    ProofAttempt.objects.create(
        proposal=proposal,
        anchor_number=9,
        tried_at=now,
        again_at=now + timedelta(minutes=1),
        why="l2-a has pruned it.",
    )
    told = client.get(f"/api/v1/proposals/{proposal.key}/").json()["proven"]
    assert told["says"] == ["It is tried again soon. l2-a has pruned it."]

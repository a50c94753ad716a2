"""The proof of one address's vote as it is served, and what a check in the browser asks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import made_certificate
import pytest
from django.test import Client
from made_certificate import ADA, BEN, CLEO, DORA, Cast, Made
from pytest_django import DjangoAssertNumQueries

from governance.shard_places import first_entry
from proofs.certificate import witnesses
from proofs.certificate.witnesses import BlockReceipts, Checkpoint, Power, Powers, Used
from tests.web.proven import arguments, cast, plain, proven
from tests.web.test_pages import FRAME, text

LOWER = {"powers": "No endpoint proves storage."}
ABSENT = b"\x09" * 20


@pytest.fixture
def client() -> Client:
    return Client(headers={"Accept": "text/html"})


def address(raw: bytes) -> str:
    from charter.fields import AddressField

    found = AddressField().to_python(raw)
    assert found is not None
    return found


def place(found: Any, voter: bytes, root: str = "") -> str:
    query = f"?root={root}" if root else ""
    return f"{found.get_absolute_url()}proof/{address(voter)}/{query}"


def test_a_vote_is_told_with_its_sum_and_its_witnesses(seed: Any, client: Client) -> None:
    found, proof = proven(seed, **arguments(Made()))
    response = client.get(place(found, CLEO))
    page = text(response)
    assert "This address voted Split and Abstain with 100 WHO." in page
    assert "5 vote events of 4 voters add up exactly to the totals" in page
    assert "Its own votes and those of 3 others make up the totals" in page
    assert "For 20 700 720 Against 10 300 310 Abstain 70 0 70" in page
    assert "Power at the snapshot: 100 WHO" in page
    assert f"http://testserver{place(found, CLEO, proof.root)}" in page
    assert proof.anchor_hash in page
    head = json.loads(bytes(proof.head))["shards"]
    for at, kind in ((5, "receipts"), (6, "powers"), (7, "used")):
        assert head[at]["kind"] == kind
        assert f"shard {at}," in page
        assert f"certificate/{head[at]['hash']}" in response.content.decode()


def test_not_voting_is_told_by_the_sum(seed: Any, client: Client) -> None:
    found, _ = proven(seed, **arguments(Made()))
    page = text(client.get(place(found, ABSENT)))
    assert "Proof of not voting: 0x0909…0909" in page
    assert "This address has not voted. The votes of all 4 voters add up exactly" in page
    assert "For 0 720 720" in page
    assert "Shards that hold it" not in page


def test_what_is_not_shown_is_not_claimed(seed: Any, client: Client) -> None:
    """Weightless votes, running counts, missing parts, later votes."""
    running = {"deadline": 2_000_000}
    found, _ = proven(seed, **arguments(Made(**running)))
    cast(seed, found, plain(Cast(ADA, 1, 5, 40)))
    page = text(client.get(place(found, DORA)))
    assert "it changes no total: the sum alone would not show if it were missing" in page
    page = text(client.get(place(found, ABSENT)))
    assert "This address has not voted up to block 20,012 ." in page
    assert "Votes after block 20,012 are not in this certificate" in page
    page = text(client.get(place(found, ADA)))
    assert "This address voted For with 700 WHO." in page
    assert "nodes told of one later vote by this address" in page
    assert "contradicts" not in page

    proven(seed, **arguments(Made(**running, missing=LOWER)))
    page = text(client.get(place(found, BEN)))
    assert "It is not proven here: No endpoint proves storage." in page
    proven(seed, **arguments(Made(**running, missing=LOWER | {"votes": "No receipts."})))
    page = text(client.get(place(found, BEN)))
    assert "Only the totals are proven, not who voted. No receipts." in page
    assert "So it is not proven whether this address voted. Nodes told of the votes below." in page
    assert "The sum" not in page
    assert "is proven. Its number" not in page


def test_votes_that_do_not_make_up_the_totals_are_an_alarm(seed: Any, client: Client) -> None:
    found, _ = proven(seed, **arguments(Made()))
    cast(seed, found, plain(Cast(ABSENT, 1, 5, 3)))
    assert "contradicts what is proven" in text(client.get(place(found, ADA)))


def test_a_link_names_its_certificate(
    seed: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the two that are kept, a closing and a running one, the one that it names."""
    with monkeypatch.context() as later:
        later.setattr(made_certificate, "BLOCKS", made_certificate.BLOCKS + 1)
        _, second = proven(seed, **arguments(Made(deadline=2_000_000, anchored=2_000_500)))
    found, first = proven(seed, **arguments(Made(deadline=2_000_000)))
    page = text(client.get(place(found, ADA, first.root)))
    assert "A newer one exists" in page
    assert "A newer one exists" not in text(client.get(place(found, ADA, second.root)))
    gone = client.get(place(found, ADA, "0x" + "0" * 64))
    assert gone.status_code == 404
    assert "is not kept any more" in text(gone)
    assert second.root in gone.content.decode()


def test_addresses_are_spelled_one_way_and_others_refused(seed: Any, client: Client) -> None:
    found, _ = proven(seed, **arguments(Made()))
    mixed = "0x" + "ab" * 20
    canonical = place(found, bytes.fromhex(mixed[2:]))
    assert client.get(f"{found.get_absolute_url()}proof/{mixed}/")["Location"] == canonical
    asked = client.get(f"{found.get_absolute_url()}proof/", {"address": f" {mixed} "})
    assert asked["Location"] == canonical
    for wrong in ("0x12", "<script>", ""):
        answer = client.get(f"{found.get_absolute_url()}proof/", {"address": wrong})
        assert answer.status_code == 404
    assert client.get(f"/proposals/{'0' * 20}/proof/{address(ADA)}/").status_code == 404


def test_before_there_is_a_proof_the_pages_teach(seed: Any, client: Client) -> None:
    from datetime import UTC, datetime

    from governance.models import ProofAttempt

    page = text(client.get(seed.open.get_absolute_url()))
    assert "This count is not proven yet." in page
    now = datetime.now(UTC)
    ProofAttempt.objects.create(
        proposal=seed.open, anchor_number=9, tried_at=now, again_at=now, why="No node proves it."
    )
    page = text(client.get(place(seed.open, ADA)))
    assert "There is no proof yet" in page
    assert "No node proves it." in page
    counts = client.get(f"{seed.open.get_absolute_url()}counts/")
    assert counts.status_code == 404
    assert "No node proves it." in counts.json()["error"]


def test_counts_are_those_up_to_the_anchor_and_in_all(seed: Any, client: Client) -> None:
    found, proof = proven(seed, **arguments(Made(deadline=2_000_000)))
    cast(seed, found, plain(Cast(ADA, 1, 5, 40)))
    told = client.get(f"{found.get_absolute_url()}counts/", {"root": proof.root}).json()
    assert told == {
        "root": proof.root,
        "read": {"for": "720", "against": "310", "abstain": "70"},
        "whole": {"for": "725", "against": "310", "abstain": "70"},
        "later": 1,
    }
    gone = client.get(f"{found.get_absolute_url()}counts/", {"root": "0x" + "0" * 64})
    assert gone.status_code == 404


def test_a_proof_costs_a_bounded_number_of_queries(
    seed: Any, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    found, _ = proven(seed, **arguments(Made()))
    many = [plain(Cast(CLEO, 1, 0, block)) for block in range(20, 60)]
    for vote in many:
        cast(seed, found, vote)
    for voter in (CLEO, ABSENT):
        with django_assert_max_num_queries(FRAME + 13):
            assert client.get(place(found, voter)).status_code == 200
    with django_assert_max_num_queries(4):
        client.get(f"{found.get_absolute_url()}counts/")


def test_every_vote_leads_to_its_proof(seed: Any, client: Client) -> None:
    found, _ = proven(seed, **arguments(Made()))
    for page in (found.get_absolute_url(), f"/addresses/{address(ADA)}/"):
        assert place(found, ADA) in client.get(page).content.decode()


NODES = (b"\x01" * 40, b"\x02" * 4_000)


@pytest.mark.parametrize(
    ("kind", "shard", "name"),
    [
        ("receipts", witnesses.write_receipts([BlockReceipts(7, NODES[:1], (1, 9))]), b"\x07"),
        (
            "receipts",
            witnesses.write_receipts([BlockReceipts(2**40 + 5, NODES, (0,)), *[]]),
            (2**40 + 5).to_bytes(6, "big"),
        ),
        ("powers", witnesses.write_powers(Powers((Power(ADA, Checkpoint(1, 0)),), NODES)), ADA),
        (
            "powers",
            witnesses.write_powers(
                Powers(tuple(Power(bytes([n]) * 20, Checkpoint(9, 3)) for n in range(200)), NODES)
            ),
            bytes(20),
        ),
        ("used", witnesses.write_used(Used((BEN, CLEO), NODES)), BEN),
    ],
)
def test_the_first_entry_of_a_shard_is_read_from_its_first_bytes(
    kind: str, shard: bytes, name: bytes
) -> None:
    assert first_entry(shard[:40], kind) == name


def test_the_shards_of_a_voter_are_found_among_many(seed: Any) -> None:
    """Blocks and voters that fall on the edge of a shard, too."""
    from governance.models import Shard, ShardPlace
    from governance.shard_places import witnesses_of

    _, proof = proven(seed, **arguments(Made()))
    voters = [bytes([number]) * 20 for number in range(1, 9)]
    head = json.loads(bytes(proof.head))
    names = [one for one in head["shards"] if one["kind"] in ("state", "code", "governor", "token")]
    for kind, content in split(voters):
        shard, _ = Shard.objects.get_or_create(hash=hashed(content), content=content)
        names.append({"hash": shard.hash, "kind": kind, "size": str(len(content))})
    proof.places.all().delete()
    ShardPlace.objects.bulk_create(
        ShardPlace(proof=proof, shard_id=one["hash"], position=at) for at, one in enumerate(names)
    )
    head["shards"] = names
    proof.head = json.dumps(head, sort_keys=True, separators=(",", ":")).encode()
    kinds = [one["kind"] for one in names]
    receipts = [at for at, kind in enumerate(kinds) if kind == "receipts"]
    powers = [at for at, kind in enumerate(kinds) if kind == "powers"]
    # Voter 3 voted in block 300, whose receipts stand in two shards; its own in the second.
    told = witnesses_of(proof, address(voters[2]), {300})
    assert [one.position for one in told.receipts] == [receipts[1]]
    assert [one.position for one in told.powers] == [powers[0]]
    told = witnesses_of(proof, address(voters[4]), {500, 300})
    assert [one.position for one in told.receipts] == [receipts[2]]
    assert [one.position for one in told.powers] == [powers[1]]


def split(voters: Sequence[bytes]) -> list[tuple[str, bytes]]:
    """Shards as an issuer splits them: receipts of one block in two, voters four by four."""

    def block(number: int, *who: int) -> BlockReceipts:
        nodes = tuple(sorted(b"leaf" + voters[one].rjust(32, b"\0") for one in who))
        return BlockReceipts(number, nodes, tuple(who))

    halves = (voters[:4], voters[4:])
    return [
        ("receipts", witnesses.write_receipts([block(100, 0), block(300, 1)])),
        ("receipts", witnesses.write_receipts([block(300, 2)])),
        ("receipts", witnesses.write_receipts([block(301, 3), block(500, 4)])),
        *(
            (
                "powers",
                witnesses.write_powers(
                    Powers(tuple(Power(one, Checkpoint(1, 0)) for one in half), NODES)
                ),
            )
            for half in halves
        ),
        *(("used", witnesses.write_used(Used(tuple(half), NODES))) for half in halves),
    ]


def hashed(content: bytes) -> str:
    from eth_utils import keccak

    return "0x" + keccak(content).hex()

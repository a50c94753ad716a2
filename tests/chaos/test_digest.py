"""The digest counts what is canonical and nothing else, and every column is decided upon."""

import dataclasses
import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from chainsync.models import Block, ChainStatus, Log
from governance.models import Proposal, Vote
from ledger.actions import tell
from tests.api.small_venue import Venue, small_venue
from tocsin import canonical
from tocsin.canonical import TABLES, Table
from tocsin.digest import Digest, digest, undeclared

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(db: None) -> Venue:
    venue = small_venue()
    proposal = venue.proposal("dao", 100)
    for number in (120, 130, 140):
        venue.vote(proposal, number)
    return venue


def differing(one: Digest, other: Digest) -> list[str]:
    """Names of the tables whose digests differ."""
    return [a.table for a, b in zip(one.tables, other.tables, strict=True) if a != b]


def test_every_model_and_column_is_canonical_or_an_observation() -> None:
    assert undeclared() == [], (
        "Say in tocsin/canonical.py what is canonical (columns, summary, derived) and what is "
        "only how we came to know it (observed, Unread)."
    )


def test_a_column_without_a_declaration_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = TABLES["governance.Vote"]
    assert isinstance(votes, Table)
    columns = (*[name for name in votes.columns if name != "weight"], "colour")
    changed: dict[str, Any] = {**TABLES}
    changed["governance.Vote"] = dataclasses.replace(votes, columns=columns)
    del changed["ledger.Seal"]
    monkeypatch.setattr("tocsin.digest.TABLES", changed)
    assert undeclared() == [
        "ledger.Seal is not declared",
        "governance.Vote.weight is not declared",
        "governance.Vote.colour does not exist",
    ]


def test_how_it_came_to_be_known_changes_nothing(house: Venue) -> None:
    before = digest()
    tell(topic="chain:l2", event="head")
    Block.objects.update(operators=["somebody else"], seen_at="2001-01-01T00:00Z", header={"a": 1})
    ChainStatus.objects.update(followed_at="2001-01-01T00:00Z", dense_from=7)
    Proposal.objects.update(state_block=9, checked_block=11, quorum_block=12)
    house.block("l2", 133)  # A header without logs of ours.
    votes = list(Vote.objects.order_by("-pk").values())
    Vote.objects.all().delete()
    Vote.objects.bulk_create(Vote(**{**row, "id": row["id"] + 1000}) for row in votes)
    assert digest() == before


@pytest.mark.parametrize(
    ("change", "tables"),
    [
        (lambda: Vote.objects.filter(block_number=130).update(weight=F("weight") + 1), ["Vote"]),
        (lambda: Vote.objects.filter(block_number=130).update(reason="no"), ["Vote"]),
        (lambda: Vote.objects.filter(block_number=130).delete(), ["Vote"]),
        (lambda: Proposal.objects.update(vote_count=F("vote_count") + 1), ["Proposal"]),
        (lambda: Log.objects.filter(block_number=120).update(data=b"?"), ["Log"]),
        (lambda: ChainStatus.objects.update(halted="It stands still."), ["ChainStatus"]),
    ],
)
def test_a_fact_that_differs_is_located(house: Venue, change: Any, tables: list[str]) -> None:
    before = digest()
    change()
    after = digest()
    assert after.sha256 != before.sha256
    assert [name.partition(".")[2] for name in differing(before, after)] == tables


def test_rows_above_the_block_asked_for_are_left_out(house: Venue) -> None:
    before, below = digest(), digest({"l2": 135})
    proposal = Proposal.objects.get()
    house.vote(proposal, 150)
    Proposal.objects.update(vote_count=F("vote_count") + 1, for_votes=F("for_votes") + 5)
    assert "governance.Vote" in differing(before, digest())
    assert digest({"l2": 135}) == below
    Vote.objects.filter(block_number=130).update(weight=F("weight") + 1)
    assert differing(below, digest({"l2": 135})) == ["governance.Vote"]


def test_orphaned_rows_do_not_count(house: Venue) -> None:
    before = digest()
    Block.objects.create(
        chain=house.chains["l2"],
        number=130,
        hash="0x" + "ab" * 32,
        parent_hash="0x" + "cd" * 32,
        timestamp=1,
        header={},
        canonical=False,
    )
    assert digest() == before


def test_the_command_says_the_same_to_people_and_programs(house: Venue) -> None:
    out = io.StringIO()
    call_command("digest", "--json", "--upto", "l2=135", stdout=out)
    said = json.loads(out.getvalue())
    assert said == digest({"l2": 135}).as_json()
    assert set(said["tables"]) == {name for name, one in TABLES.items() if isinstance(one, Table)}
    assert said["tables"]["governance.Vote"]["rows"] == 2
    out = io.StringIO()
    call_command("digest", stdout=out)
    assert digest().sha256 in out.getvalue()
    for wrong in ("l2", "l2=", "l9=1"):
        with pytest.raises(CommandError):
            call_command("digest", "--upto", wrong)


def test_every_natural_key_names_one_row() -> None:
    from django.apps import apps

    for label, key in canonical.NATURAL.items():
        model = apps.get_model(label)
        unique = {one.name for one in model._meta.concrete_fields if one.unique}
        constrained = [set(one.fields) for one in model._meta.constraints if hasattr(one, "fields")]
        single = len(key) == 1 and (key[0] in unique or any(key[0] in one for one in constrained))
        assert single or any(set(key) <= one for one in constrained), label

"""What pages say of proofs: the marks, the evidence, and what contradicts the numbers shown."""

from typing import Any

import pytest
from django.test import Client
from made_certificate import Made
from proven import arguments, proven

from governance.models import Proposal
from tests.web.test_pages import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(seed: Any) -> Proposal:
    """A proposal whose rows are those of a proven vote."""
    found, _ = proven(seed, **arguments(Made()))
    assert isinstance(found, Proposal)
    return found


def page(client: Client, found: Proposal) -> str:
    return text(client.get(found.get_absolute_url()))


def test_a_proven_tally_is_marked_wherever_it_is_shown(client: Client, shown: Proposal) -> None:
    said = page(client, shown)
    assert "Proven , step 3 of 6" in said
    assert "5 vote events of 4 voters" in said
    assert "Not asserted yet" in said
    assert "contradicted by a proof" not in said
    listed = text(client.get("/proposals/"))
    assert "Proven , step 3 of 6" in listed


def test_numbers_that_a_proof_contradicts_cannot_be_overlooked(
    client: Client, shown: Proposal
) -> None:
    Proposal.objects.filter(pk=shown.pk).update(for_votes=shown.for_votes + 1)
    said = page(client, shown)
    assert "These numbers are contradicted by a proof." in said
    assert "Rely on the proven one" in said
    assert "Proven , step 3 of 6" not in said.split("In the proposer")[0]


def test_another_quorum_is_an_alarm(client: Client, shown: Proposal) -> None:
    assert "This quorum is contradicted" not in page(client, shown)
    Proposal.objects.filter(pk=shown.pk).update(quorum=shown.quorum + 1, quorum_final=True)
    assert "This quorum is contradicted by a proof." in page(client, shown)

"""What the vote box asks the server: power and its reasons, ballots, delegations, Safe files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from eth_abi import decode
from eth_utils import function_signature_to_4byte_selector as selector
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.ballot import REASON_LENGTH, BadBallot, Choice, ballot, delegation
from proofs.statements.tally import Tally
from tests.web.seeded_venue import ONE, person

GOVERNOR = person("governor")


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**256 - 1), st.sampled_from(list(Choice)), st.text(max_size=200))
def test_a_ballot_says_what_was_meant(number: int, choice: Choice, reason: str) -> None:
    """Decoded again by the ABI's own decoder, the calldata holds the intent and nothing else."""
    reason = reason.encode("utf-8", "ignore").decode()
    split = Tally(against=1, for_=2**100, abstain=3) if choice is Choice.SPLIT else None
    made = ballot(GOVERNOR, number, choice, reason, split)
    types = made.function[made.function.index("(") + 1 : -1].split(",")
    assert made.data[:4] == selector(made.function)
    found = decode(types, made.data[4:])
    assert found[:2] == (number, {"against": 0, "for": 1, "abstain": 2, "split": 255}[choice])
    if reason or split:
        assert found[2] == reason
    if split:
        assert found[3] == b"".join(part.to_bytes(16, "big") for part in (1, 2**100, 3))


def test_impossible_ballots_are_refused() -> None:
    with pytest.raises(BadBallot, match="above zero"):
        ballot(GOVERNOR, 1, Choice.SPLIT, "", Tally())
    with pytest.raises(BadBallot, match="Only a split"):
        ballot(GOVERNOR, 1, Choice.FOR, "", Tally(for_=1))
    with pytest.raises(BadBallot, match="characters"):
        ballot(GOVERNOR, 1, Choice.FOR, "x" * (REASON_LENGTH + 1))


def test_a_delegation_names_its_delegate() -> None:
    made = delegation(person("token"), person("bert"))
    assert decode(["address"], made.data[4:]) == (person("bert").lower(),)


def ask(client: Client, seed: Any, proposal: Any, name: str) -> dict[str, Any]:
    path = f"{proposal.get_absolute_url()}power/?address={person(name)}"
    response = client.get(path)
    assert response.status_code == 200
    return json.loads(response.content)


def test_power_is_that_of_the_snapshot(seed: Any) -> None:
    told = ask(Client(), seed, seed.open, "hana")
    assert told["power"] == str((420_000 // 8) * ONE + 7)
    assert told["open"] is True
    assert told["votes"] == []


def test_a_split_voter_keeps_the_rest(seed: Any) -> None:
    """Chris has 140,000, of which 60,000 were cast: 80,000 are left, since votes may be split."""
    told = ask(Client(), seed, seed.open, "chris")
    assert told["used"] == str(60_000 * ONE)
    assert told["remaining_text"] == "80,000 VNU"
    assert told["votes"][0]["choice"] == "Split"


def test_where_votes_cannot_be_split_one_vote_is_all(seed: Any) -> None:
    from governance.models import Governor

    Governor.objects.filter(contract=seed.governor).update(
        counting_mode="support=bravo&quorum=for,abstain"
    )
    assert ask(Client(), seed, seed.open, "chris")["remaining"] == "0"


def test_no_power_is_explained(seed: Any) -> None:
    client = Client()
    assert "has never delegated" in ask(client, seed, seed.open, "nobody")["reason"]
    delegated = ask(client, seed, seed.open, "ines")["reason"]
    assert f"were delegated to {person('alice')}" in delegated


def test_a_delegation_after_the_snapshot_is_explained(seed: Any) -> None:
    from governance.models import Delegation

    Delegation.objects.create(
        **seed.row(seed.token, 5),
        delegator=person("late"),
        from_delegate=person("late"),
        to_delegate=person("late"),
    )
    assert "by a delegation after it" in ask(Client(), seed, seed.open, "late")["reason"]


def test_before_the_snapshot_power_is_preliminary(seed: Any) -> None:
    told = ask(Client(), seed, seed.pending, "alice")
    assert told["preliminary"] is True
    assert told["open"] is False


@pytest.mark.parametrize("query", ["", "choice=maybe", "choice=split&for=x", "choice=split"])
def test_bad_intents_are_refused_in_words(seed: Any, query: str) -> None:
    response = Client().get(f"{seed.open.get_absolute_url()}ballot/?{query}")
    assert response.status_code == 400
    assert json.loads(response.content)["error"].endswith(".")


def test_a_bad_address_is_refused_in_words(seed: Any) -> None:
    response = Client().get(f"{seed.open.get_absolute_url()}power/?address=0x12")
    assert response.status_code == 400
    assert "is not an address" in json.loads(response.content)["error"]


def test_splits_are_refused_where_the_governor_takes_none(seed: Any) -> None:
    path = f"{seed.block_clock.get_absolute_url()}ballot/?choice=split&for=1"
    assert "does not take split votes" in Client().get(path).content.decode()


def test_a_safe_gets_a_file(seed: Any) -> None:
    """The Transaction Builder's file holds the same call that a wallet would be asked to send."""
    client, base = Client(), seed.open.get_absolute_url()
    served = json.loads(client.get(f"{base}ballot/?choice=for&reason=yes").content)
    response = client.get(f"{base}safe/?choice=for&reason=yes")
    assert "attachment" in response["Content-Disposition"]
    found = json.loads(response.content)
    assert found["chainId"] == "901"
    assert [(call["to"], call["data"], call["value"]) for call in found["transactions"]] == [
        (seed.governor.address, served["data"], "0")
    ]


def test_delegations_are_told_and_prepared(seed: Any) -> None:
    client, path = Client(), "/delegations/venue-token/"
    told = json.loads(client.get(f"{path}?of={person('ines')}").content)
    assert told["delegate"] == person("alice")
    assert "has delegated its voting power" in told["words"]
    assert "for nobody" in json.loads(client.get(f"{path}?of={person('nobody')}").content)["words"]
    served = json.loads(client.get(f"{path}?to={person('bert').lower()}").content)
    assert served["to"] == seed.token.address
    assert served["data"].endswith(person("bert")[2:].lower())
    assert client.get("/delegations/none/?to=0x").status_code == 404

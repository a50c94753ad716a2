"""One proposal and one delegate, told with everything that is known of them."""

import pytest
from django.test import Client

from chainsync.models import ChainStatus, Coverage
from governance.models import Checkpoint, Delegation, ProposalAction, ProposalEvent
from tests.api.small_venue import NOW, Venue, address, word

pytestmark = pytest.mark.django_db


def proposal_of(client: Client, key: str) -> dict[str, object]:
    answer = client.get(f"/api/v1/proposals/{key}/")
    assert answer.status_code == 200, answer.content
    return answer.json()  # type: ignore[no-any-return]


def test_a_living_proposal_is_told_with_its_state_afresh_and_its_arithmetic(
    client: Client, venue: Venue
) -> None:
    proposal = venue.proposal(
        for_votes=6 * 10**18,
        abstain_votes=10**18,
        against_votes=2**255,
        vote_count=9,
        quorum=4 * 10**18,
        quorum_numerator=4,
        quorum_denominator=100,
        supply_at_snapshot=100 * 10**18,
        quorum_final=True,
        quorum_block=910,
        state=0,
        state_block=890,
    )
    calldata = bytes.fromhex("64d62353" + f"{86400:064x}")
    ProposalAction.objects.create(
        proposal=proposal, index=0, target=address(0xC003), value=2**200, calldata=calldata
    )
    ProposalAction.objects.create(
        proposal=proposal, index=1, target=address(0xEE), value=0, calldata=b"\1\2\3"
    )
    told = proposal_of(client, proposal.key)
    assert told["state"] == "active", "not the stored state, which is older than the snapshot"
    assert told["state_at"] == {
        "as_of_block": 1000,
        "as_of_timestamp": NOW,
        "as_of_time": "2026-09-21T14:13:20Z",
    }
    assert "Voting is open" in str(told["state_says"])
    assert told["next_change"] == {
        "kind": "voting closes",
        "at": {
            "timepoint": NOW + 91,
            "clock_mode": "timestamp",
            "time": "2026-09-21T14:14:51Z",
        },
        "follows": "defeated",
    }
    steps = {step["kind"]: step["status"] for step in told["timeline"]}  # type: ignore[attr-defined]
    assert steps["snapshot"] == "done"
    assert steps["voting"] == "now"
    quorum = told["quorum"]
    assert quorum["needed"] == str(4 * 10**18)  # type: ignore[index]
    assert quorum["counted"] == str(7 * 10**18)  # type: ignore[index]
    assert quorum["buckets"] == ["for", "abstain"]  # type: ignore[index]
    assert quorum["reached"] is True  # type: ignore[index]
    assert "For and Abstain together hold 7 votes" in quorum["says"]  # type: ignore[index]
    first, second = told["actions"]  # type: ignore[misc]
    assert first["target"] == f"eip155:901:{address(0)[:-4]}C003"
    assert first["value"] == str(2**200)
    assert first["calldata"] == "0x" + calldata.hex()
    assert first["grade"] == "full"
    assert first["function"] == "updateDelay(uint256)"
    assert "Timelock" in first["sentence"]
    assert "1 day" in first["sentence"]
    assert second["grade"] == "unknown"
    assert second["problem"]
    assert second["calldata"] == "0x010203"
    assert told["description"] == proposal.description


def test_a_queued_proposal_names_its_operation_and_when_it_may_be_executed(
    client: Client, venue: Venue
) -> None:
    operation = venue.operation(ready_at=NOW + 30)
    proposal = venue.proposal(
        vote_start=NOW - 90,
        vote_end=NOW - 40,
        for_votes=10,
        quorum=5,
        queued=True,
        eta=NOW + 30,
        operation_id=operation.operation_id,
    )
    ProposalEvent.objects.create(
        proposal=proposal,
        contract=proposal.contract,
        block_number=970,
        log_index=9000,
        tx_hash=word(7),
        timestamp=NOW - 30,
        kind="queued",
        value=NOW + 30,
    )
    told = proposal_of(client, proposal.key)
    assert told["state"] == "queued"
    (linked,) = told["operations"]  # type: ignore[misc]
    assert linked["operation_id"] == operation.operation_id
    assert linked["proposal"] == proposal.key
    assert linked["state"] == "waiting"
    assert linked["ready"]["timepoint"] == NOW + 30
    (listed,) = client.get(f"/api/v1/operations/?proposal={proposal.key}").json()["results"]
    assert listed == linked
    assert told["events"][0]["value"] == str(NOW + 30)  # type: ignore[index]
    operation.canceled = True
    operation.save()
    assert proposal_of(client, proposal.key)["state"] == "canceled"


def test_while_the_quorum_is_unknown_the_stored_state_is_told_with_what_is_missing(
    client: Client, venue: Venue
) -> None:
    proposal = venue.proposal(vote_start=NOW - 90, vote_end=NOW - 1, for_votes=1, state_block=999)
    told = proposal_of(client, proposal.key)
    assert told["state"] == "active"
    assert told["state_at"]["as_of_block"] == 999  # type: ignore[index]
    assert "quorum" in str(told["state_says"])
    assert told["quorum"] is None
    assert told["timeline"] == []


def test_while_logs_below_the_head_are_missing_no_state_is_computed_from_half_of_them(
    client: Client, venue: Venue
) -> None:
    proposal = venue.proposal(state_block=950)
    Coverage.objects.filter(contract__key="timelock").update(folded_to=980)
    told = proposal_of(client, proposal.key)
    assert told["state_at"]["as_of_block"] == 950  # type: ignore[index]
    assert "Not every block" in str(told["state_says"])


def test_a_governor_that_was_not_asked_yet_and_a_chain_without_head_are_told(
    client: Client, venue: Venue
) -> None:
    proposal = venue.proposal()
    venue.contracts["dao"].governor_profile.delete()
    assert "has not been asked yet" in str(proposal_of(client, proposal.key)["state_says"])
    ChainStatus.objects.all().delete()
    told = proposal_of(client, proposal.key)
    assert told["freshness"] == {
        "as_of_block": 1000,
        "finalized": False,
        "assurance": "agreed",
    }


def test_block_clocks_have_timepoints_without_a_time(client: Client, venue: Venue) -> None:
    proposal = venue.proposal("old-dao", vote_start=990, vote_end=1010)
    told = proposal_of(client, proposal.key)
    assert told["state"] == "active"
    assert told["deadline"] == {"timepoint": 1010, "clock_mode": "blocknumber", "time": None}


def test_a_delegate_is_told_by_token_and_whom_it_trusts_itself(
    client: Client, venue: Venue
) -> None:
    venue.delegate(0xD1, votes=2**250)
    venue.delegate(0xD1, votes=5, token="old-token")
    for number, block in ((1, 900), (2, 950)):
        log = venue.log("token", block)
        Delegation.objects.create(
            contract=venue.contracts["token"],
            block_number=block,
            log_index=log.log_index,
            tx_hash=log.tx_hash,
            timestamp=NOW,
            delegator=address(0xD1),
            from_delegate=address(0),
            to_delegate=address(number),
        )
    log = venue.log("token", 930)
    Checkpoint.objects.create(
        contract=venue.contracts["token"],
        block_number=930,
        log_index=log.log_index,
        tx_hash=log.tx_hash,
        timestamp=NOW,
        delegate=address(0xD1),
        previous=0,
        votes=2**250,
    )
    told = client.get(f"/api/v1/delegates/{address(0xD1)}/").json()
    assert [(row["token"], row["votes"]) for row in told["power"]] == [
        ("token", str(2**250)),
        ("old-token", "5"),
    ]
    assert told["power"][0]["freshness"] == {
        "as_of_block": 1000,
        "finalized": True,
        "assurance": "agreed",
    }
    (chosen,) = told["delegates_to"]
    assert chosen["to_delegate"].endswith("2")
    assert client.get(told["votes"]).json()["results"] == []
    by_account = client.get(f"/api/v1/delegates/eip155:901:{address(0xD1)}/")
    assert by_account.json() == told
    nobody = client.get(f"/api/v1/delegates/{address(0xEE)}/").json()
    assert nobody["power"] == nobody["delegates_to"] == []
    assert client.get("/api/v1/delegates/0x12/").status_code == 404


def test_endpoints_are_told_without_what_may_be_secret(client: Client, venue: Venue) -> None:
    endpoints = client.get("/api/v1/chains/l2/").json()["endpoints"]
    assert [one["url"] for one in endpoints] == ["http://127.0.0.1:1/a", None]
    assert "SECRET_URL" not in client.get("/api/v1/chains/").content.decode()

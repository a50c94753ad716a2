"""A reader walks through the lists: what they tell, how they page, and what they refuse."""

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from governance.models import Proposal, Vote
from proofs.statements.lifecycle import ProposalState
from tests.api.small_venue import NOW, Venue, address
from tocsin.pagination import BadCursor, read_cursor, write_cursor

pytestmark = pytest.mark.django_db
LISTS = [
    "chains",
    "contracts",
    "proposals",
    "votes",
    "delegates",
    "operations",
    "blocks",
    "reorgs",
    "endpoints",
    "disputes",
    "findings",
]


def test_the_root_names_every_list_and_each_answers(client: Client, venue: Venue) -> None:
    root = client.get("/api/v1/").json()
    assert set(root) == {*LISTS, "schema", "docs"}
    for name in LISTS:
        answer = client.get(root[name])
        assert answer.status_code == 200, name
        assert set(answer.json()) == {"results", "next"}, name
        assert answer["Cache-Control"] == "no-cache"
        assert answer["ETag"].startswith('W/"')


def test_a_proposal_tells_exact_numbers_stable_ids_and_how_final_it_is(
    client: Client, venue: Venue
) -> None:
    big = 2**256 - 1
    old = venue.proposal(number=900, for_votes=big, state=ProposalState.EXECUTED)
    venue.proposal(number=945)
    newest, executed = client.get("/api/v1/proposals/").json()["results"]
    assert executed["key"] == old.key
    assert executed["proposal_id"] == str(old.proposal_id)
    assert executed["tally"]["for_votes"] == str(big)
    assert executed["chain"] == "eip155:901"
    assert executed["governor_account"] == "eip155:901:0x000000000000000000000000000000000000C001"
    assert executed["proposer"].lower() == f"eip155:901:{address(0xA1)}"
    assert executed["state"] == "executed"
    assert executed["snapshot"] == {
        "timepoint": NOW - 90,
        "clock_mode": "timestamp",
        "time": "2026-09-21T14:11:50Z",
    }
    assert executed["timestamp"] == NOW - 100
    assert executed["time"] == "2026-09-21T14:11:40Z"
    assert executed["tx_hash"] == f"0x{7:064x}"
    assert executed["freshness"] == {
        "as_of_block": 1000,
        "finalized": True,
        "assurance": "agreed",
    }
    assert newest["freshness"] == {
        "as_of_block": 1000,
        "finalized": False,
        "assurance": "agreed",
    }


def test_a_vote_in_an_unfinalized_block_makes_the_proposal_unfinalized(
    client: Client, venue: Venue
) -> None:
    proposal = venue.proposal(number=900)
    venue.vote(proposal, 941)
    (told,) = client.get("/api/v1/proposals/").json()["results"]
    assert told["freshness"]["finalized"] is False


def test_filters_choose_by_state_governor_chain_proposer_and_words(
    client: Client, venue: Venue
) -> None:
    active = venue.proposal(title="Raise the fee of a market")
    executed = venue.proposal(state=ProposalState.EXECUTED, proposer=address(0xA2))
    defeated = venue.proposal("old-dao", state=ProposalState.DEFEATED, vote_start=5, vote_end=9)

    def keys(query: str) -> set[str]:
        answer = client.get(f"/api/v1/proposals/?{query}")
        assert answer.status_code == 200, answer.content
        return {row["key"] for row in answer.json()["results"]}

    assert keys("state=executed") == {executed.key}
    assert keys("state=executed,defeated") == {executed.key, defeated.key}
    assert keys("governor=old-dao") == {defeated.key}
    assert keys("chain=l2") == {active.key, executed.key} == keys("chain=eip155:901")
    assert keys(f"proposer={address(0xA2)}") == {executed.key}
    assert keys(f"proposer=eip155:901:{address(0xA2)}") == {executed.key}
    assert keys("q=fee") == {active.key}
    assert keys("governor=nobody") == set()


@pytest.mark.parametrize(
    ("address_", "words"),
    [
        ("proposals/?colour=red", "Parameters here: state, governor, chain, proposer, q"),
        ("proposals/?state=executed&state=active", "given twice"),
        ("proposals/?state=Executed", "write one or more of pending, active"),
        ("proposals/?proposer=0x12", "write 0x and 40 hex digits"),
        ("proposals/?limit=0", "from 1 to 200"),
        ("proposals/?limit=201", "from 1 to 200"),
        ("proposals/?limit=ten", "from 1 to 200"),
        ("proposals/?cursor=abc", "Take the address in `next`"),
        ("proposals/?cursor=", "Take the address in `next`"),
        ("proposals/?order=newest", "Parameters here"),
        ("votes/?voter=me", "write 0x and 40 hex digits"),
        ("blocks/?canonical=yes", "neither true nor false"),
        ("findings/?open=1", "neither true nor false"),
        ("findings/?level=loud", "level"),
        ("chains/l2/?role=l2", "Parameters here: none"),
    ],
)
def test_what_is_not_understood_is_refused_in_words(
    client: Client, venue: Venue, address_: str, words: str
) -> None:
    answer = client.get(f"/api/v1/{address_}")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert words in error["message"]
    assert error["code"]
    assert error["hint"]


@pytest.mark.parametrize(
    "address_",
    [
        "nothing/",
        "chains/l9/",
        "chains/eip155:5/",
        "contracts/none/",
        "findings/1/",
        "findings/99999999999999999999999999/",
        "proposals/0000/votes/",
        "chains/%00/",
    ],
)
def test_what_does_not_exist_is_a_404_that_says_where_to_start(
    client: Client, venue: Venue, address_: str
) -> None:
    answer = client.get(f"/api/v1/{address_}")
    assert answer.status_code == 404
    assert "/api/v1/" in answer.json()["error"]["hint"]


def test_the_api_only_reads(client: Client, venue: Venue) -> None:
    for method in ("post", "put", "patch", "delete"):
        answer = getattr(client, method)("/api/v1/proposals/", {})
        assert answer.status_code == 405
        assert "GET" in answer.json()["error"]["hint"]


def walk(client: Client, url: str) -> list[dict[str, object]]:
    """All rows of a list, page by page."""
    rows: list[dict[str, object]] = []
    following: str | None = url
    while following is not None:
        page = client.get(following).json()
        rows += page["results"]
        following = page["next"]
    return rows


def test_pages_hold_every_row_once_while_rows_arrive(client: Client, venue: Venue) -> None:
    proposal = venue.proposal()
    before = [venue.vote(proposal, 950 + serial // 3, voter=serial) for serial in range(17)]
    first = client.get(f"/api/v1/proposals/{proposal.key}/votes/?limit=5").json()
    for serial in range(4):
        venue.vote(proposal, 990, voter=100 + serial)
    rest = walk(client, first["next"])
    seen = [row["log_index"] for row in [*first["results"], *rest]]
    expected = sorted(before, key=lambda vote: (-vote.block_number, -vote.log_index))
    assert seen == [vote.log_index for vote in expected]


def test_votes_of_equal_weight_keep_their_places_by_weight(client: Client, venue: Venue) -> None:
    proposal = venue.proposal()
    for serial in range(23):
        venue.vote(proposal, voter=serial + 1, weight=[5, 10**30, 7][serial % 3])
    url = f"/api/v1/proposals/{proposal.key}/votes/?order=weight&limit=4"
    rows = walk(client, url)
    told = [(int(row["weight"]), int(row["voter"][-40:], 16)) for row in rows]
    stored = Vote.objects.order_by("-weight", "id")
    assert told == [(vote.weight, int(vote.voter, 16)) for vote in stored]


@pytest.mark.parametrize("name", ["proposals", "votes", "delegates", "operations", "blocks"])
def test_every_list_pages_by_one_without_loss(client: Client, venue: Venue, name: str) -> None:
    for serial in range(4):
        proposal = venue.proposal(number=900 + serial // 2)
        venue.vote(proposal, voter=serial + 1)
        venue.delegate(serial + 1, votes=serial // 2)
        venue.delegate(serial + 1, votes=serial // 2, token="old-token")
        venue.operation()
    whole = walk(client, f"/api/v1/{name}/")
    assert len(whole) >= 4
    assert walk(client, f"/api/v1/{name}/?limit=1") == whole


def test_a_cursor_of_one_list_is_refused_by_another(client: Client, venue: Venue) -> None:
    proposal = venue.proposal()
    for serial in range(3):
        venue.vote(proposal, voter=serial)
    cursor = client.get("/api/v1/votes/?limit=1").json()["next"].split("cursor=")[1].split("&")[0]
    answer = client.get(f"/api/v1/proposals/{proposal.key}/votes/?cursor={cursor}")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad-cursor"


@given(st.integers(0, 2**256 - 1), st.integers(-(2**63), 2**63 - 1))
def test_a_cursor_comes_back_as_it_was_given(weight: int, number: int) -> None:
    text = write_cursor("weight", [weight, number])
    assert read_cursor(text, "weight", ("-weight", "id"), Vote) == [weight, number]


@given(st.text() | st.binary().map(lambda raw: raw.hex()) | st.from_regex("[A-Za-z0-9_-]*"))
def test_no_text_at_all_breaks_the_reading_of_cursors(text: str) -> None:
    try:
        values = read_cursor(text, "newest", ("-timestamp", "-id"), Proposal)
    except BadCursor:
        return
    assert all(isinstance(value, int) for value in values)

"""A reader who already holds an answer is told so, cheaply, and learns of every change."""

import threading

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chainsync.freshness import Horizon
from chainsync.models import ChainStatus, Coverage
from governance.models import Proposal
from ledger import sharing
from ledger.actions import seal, tell
from ledger.findings import Standing, stand
from proofs.statements.lifecycle import ProposalState
from tests.api.small_venue import Venue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of those who share answers stands still."""
    monkeypatch.setattr(sharing.time, "time", lambda: 1_790_000_000.5)
    sharing.answers.clear()


def tag(client: Client, url: str) -> str:
    # What these stories change is told to nobody: readers who share see it a second later.
    sharing.answers.clear()
    answer = client.get(url)
    assert answer.status_code == 200
    return answer["ETag"]


def still(client: Client, url: str, held: str) -> bool:
    sharing.answers.clear()
    answer = client.get(url, headers={"If-None-Match": held})
    assert answer.status_code in (200, 304)
    if answer.status_code == 304:
        assert answer.content == b""
        assert answer["ETag"].removeprefix("W/") in held
    return answer.status_code == 304


LISTS = ["chains", "contracts", "proposals", "votes", "delegates", "operations", "findings"]


@pytest.mark.parametrize("name", [*LISTS, "blocks", "reorgs", "chains/l2", "contracts/dao"])
def test_what_did_not_change_is_not_sent_again(client: Client, venue: Venue, name: str) -> None:
    venue.vote(venue.proposal())
    held = tag(client, f"/api/v1/{name}/")
    assert still(client, f"/api/v1/{name}/", held)
    assert still(client, f"/api/v1/{name}/", f'"other", {held}')
    assert still(client, f"/api/v1/{name}/", held.removeprefix("W/"))
    assert not still(client, f"/api/v1/{name}/", '"other"')
    head = client.head(f"/api/v1/{name}/", headers={"If-None-Match": held})
    assert head.status_code == 304


@pytest.mark.parametrize("name", ["proposals", "votes", "delegates"])
def test_an_unchanged_list_costs_at_most_three_queries(
    client: Client, venue: Venue, name: str
) -> None:
    proposal = venue.proposal()
    for voter in range(30):
        venue.vote(proposal, voter=voter)
    held = tag(client, f"/api/v1/{name}/")
    with CaptureQueriesContext(connection) as queries:
        assert still(client, f"/api/v1/{name}/", held)
    moment, begin, kind, *told, end = [query["sql"] for query in queries]
    assert "ledger_seal" in moment
    assert (begin, end) == ("BEGIN", "COMMIT")
    assert "REPEATABLE READ" in kind
    assert len([moment, *told]) <= 3


@pytest.mark.parametrize("held", [False, True])
def test_what_another_was_given_at_this_moment_costs_one_query(
    client: Client, venue: Venue, held: bool
) -> None:
    proposal = venue.proposal()
    venue.vote(proposal)
    url = f"/api/v1/proposals/{proposal.key}/votes/"
    first = client.get(url)
    with CaptureQueriesContext(connection) as queries:
        second = client.get(url, headers={"If-None-Match": first["ETag"]} if held else {})
    assert len(queries) == 1
    if held:
        assert (second.status_code, second.content) == (304, b"")
    else:
        assert (second.status_code, second.content) == (200, first.content)
    kept = set(first.headers) - {"X-Request-ID"}
    for name in {"ETag", "Vary", "Cache-Control"} if held else kept:
        assert second.headers.get(name) == first.headers.get(name), name
    with transaction.atomic():
        venue.vote(proposal, voter=2)
        tell(topic="votes", event="cast")
    assert client.get(url).content != first.content, "what is told is seen at once"


def test_an_answer_is_one_moment_of_the_database(
    client: Client, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vote that is folded while the answer is made is either in all of it or in none."""
    proposal = venue.proposal()
    read = Horizon.read

    def fold_meanwhile() -> Horizon:
        def another() -> None:
            venue.vote(proposal, 990)
            Proposal.objects.update(for_votes=10**18, vote_count=1)
            Coverage.objects.update(folded_to=1001)
            connection.close()

        thread = threading.Thread(target=another)
        thread.start()
        thread.join()
        return read()

    monkeypatch.setattr(Horizon, "read", fold_meanwhile)
    (before,) = client.get("/api/v1/proposals/").json()["results"]
    assert (before["tally"]["vote_count"], before["freshness"]["as_of_block"]) == (0, 1000)
    monkeypatch.undo()
    sharing.answers.clear()
    (after,) = client.get("/api/v1/proposals/").json()["results"]
    assert (after["tally"]["vote_count"], after["freshness"]["as_of_block"]) == (1, 1001)


def test_a_database_that_is_away_is_told_in_words(
    client: Client, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Horizon:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(Horizon, "read", away)
    answer = client.get("/api/v1/proposals/")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "unavailable"
    assert "/readyz" in answer.json()["error"]["hint"]


def test_a_new_vote_changes_what_it_touches_and_nothing_else(client: Client, venue: Venue) -> None:
    proposal = venue.proposal()
    other = venue.proposal("old-dao", vote_start=5, vote_end=9)
    votes = f"/api/v1/proposals/{proposal.key}/votes/"
    others = f"/api/v1/proposals/{other.key}/votes/"
    held, held_by_others = tag(client, votes), tag(client, others)
    venue.vote(proposal)
    assert not still(client, votes, held)
    assert still(client, others, held_by_others)


def test_a_head_that_merely_moves_on_changes_no_tag_but_finality_does(
    client: Client, venue: Venue
) -> None:
    proposal = venue.proposal(number=900)
    venue.vote(proposal, 950)
    urls = ["/api/v1/proposals/", f"/api/v1/proposals/{proposal.key}/votes/", "/api/v1/votes/"]
    held = {url: tag(client, url) for url in urls}
    ChainStatus.objects.update(head_number=1005, head_timestamp=1_790_000_005, finalized_number=945)
    Coverage.objects.update(folded_to=1005)
    assert all(still(client, url, held[url]) for url in urls)
    ChainStatus.objects.update(finalized_number=950)
    assert not any(still(client, url, held[url]) for url in urls)
    held = {url: tag(client, url) for url in urls}
    ChainStatus.objects.update(finalized_number=960)
    assert all(still(client, url, held[url]) for url in urls)


def test_a_state_that_time_changed_changes_the_list_once_it_is_told(
    client: Client, venue: Venue
) -> None:
    proposal = venue.proposal()
    held = tag(client, "/api/v1/proposals/")
    with transaction.atomic():
        proposal.state = ProposalState.DEFEATED
        proposal.save()
        tell(topic="proposals", event="state")
    seal()
    assert not still(client, "/api/v1/proposals/", held)


def test_a_reorganisation_changes_the_tag_even_when_numbers_stay(
    client: Client, venue: Venue
) -> None:
    proposal = venue.proposal()
    vote = venue.vote(proposal, 950)
    url = f"/api/v1/proposals/{proposal.key}/votes/"
    held = tag(client, url)
    orphaned = venue.chains["l2"].blocks.get(number=950)
    orphaned.canonical = False
    orphaned.save()
    orphaned.logs.update(canonical=False)
    vote.delete()
    venue.vote(proposal, 950)
    assert not still(client, url, held)


def test_findings_open_and_close_in_the_list(client: Client, venue: Venue) -> None:
    url = "/api/v1/findings/?open=true"
    held = tag(client, url)
    wrong = Standing(level="alarm", summary="l2-b says another hash.", facts={"block": 5})
    stand(rule="endpoint.disagrees", standing={"l2-b": wrong})
    assert not still(client, url, held)
    (finding,) = client.get(url).json()["results"]
    assert finding["rule"] == "endpoint.disagrees"
    assert finding["open"] is True
    assert client.get(f"/api/v1/findings/{finding['id']}/").json() == finding
    for query in ("rule=endpoint.disagrees", "rule=endpoint.", "level=alarm", "subject=l2-b"):
        assert len(client.get(f"/api/v1/findings/?{query}").json()["results"]) == 1
    assert client.get("/api/v1/findings/?level=notice").json()["results"] == []
    stand(rule="endpoint.disagrees", standing={})
    assert client.get(url).json()["results"] == []
    assert len(client.get("/api/v1/findings/?open=false").json()["results"]) == 1

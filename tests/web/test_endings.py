"""How proposals ended, what they changed, and what late chains mean, as pages tell it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.web.seeded_venue import ONE, digest, person
from tests.web.test_pages import text


@pytest.fixture
def client() -> Client:
    return Client(headers={"Accept": "text/html"})


@pytest.fixture
def carried_out(seed: Any) -> Any:
    """A proposal whose operation somebody executed on the timelock: its governor says nothing."""
    from governance.models import Operation, OperationEvent, ParameterChange

    found = seed.proposal(
        "straight",
        "# Halve leverage by the timelock",
        start=-9_000,
        end=-8_000,
        state=7,
        queued=True,
        eta=seed.now - 7_000,
    )
    seed.vote(found, "alice", 1, 420_000, 8_500)
    operation = Operation.objects.create(
        **seed.row(seed.timelock, 7_900),
        operation_id=found.operation_id,
        delay=900,
        ready_at=seed.now - 7_000,
        call_count=1,
        executed_calls=1,
        done=True,
    )
    OperationEvent.objects.create(
        **seed.row(seed.timelock, 6_000), operation=operation, kind="call", index=0
    )
    ParameterChange.objects.create(
        **seed.row(seed.venue, 6_000), name="maxLeverageBps", scope="ETH-PERP", value="100000"
    )
    return found


def test_what_was_executed_tells_what_it_changed(
    seed: Any, client: Client, carried_out: Any
) -> None:
    """From the value before, though 10x is in force now; a living one is told from 10x."""
    page = text(client.get(carried_out.get_absolute_url()))
    assert "Set the maximum leverage of market ETH-PERP on Venue from 20x to 10x." in page
    actions = Client().get(f"/api/v1/proposals/{carried_out.key}/").json()["actions"]
    assert "from 20x to 10x" in str(actions)
    assert f"right before it was executed, in block {seed.block(6_000):,}" in page
    assert "to 10x, which it is already" in text(client.get(seed.open.get_absolute_url()))


def test_what_was_defeated_is_told_as_when_it_was_proposed(
    seed: Any, client: Client, carried_out: Any
) -> None:
    from governance.models import Proposal

    beaten = Proposal.objects.get(title__startswith="Halve all fees")
    page = text(client.get(beaten.get_absolute_url()))
    assert "from 20x to 10x" in page
    assert "in force when it was proposed; it changed nothing" in page


def test_the_timeline_dates_what_was_executed_on_the_timelock(
    seed: Any, client: Client, carried_out: Any
) -> None:
    from governance.models import OperationEvent
    from tocsin.templatetags.show import utc_full

    page = client.get(carried_out.get_absolute_url()).content.decode()
    executed = page[page.index('<span class="what">Executed</span>') :]
    at = OperationEvent.objects.get().timestamp
    clock = utc_full(at).split(", ")[1]
    assert clock in executed[:400]
    listed = text(client.get("/operations/"))
    assert f"{utc_full(at)}" in listed


def test_lists_say_why_and_when_it_ended(seed: Any, client: Client) -> None:
    thin = seed.proposal("thin", "# A quiet wish", start=-5_000, end=-4_000, state=3)
    seed.vote(thin, "fay", 1, 96_000, 4_500)
    for path in ("/proposals/", "/"):
        page = text(client.get(path))
        quiet = page[page.index("A quiet wish") :]
        assert re.search(
            r"Defeated\s+quorum missed, with 25 % of the votes it needed\s+1 h 6 min ago ,", quiet
        )
        beaten = page[page.index("Halve all fees") :]
        assert re.match(r"Halve all fees for a quarter Defeated For did not beat Against", beaten)
        stopped = page[page.index("Move the treasury") :]
        assert re.search(r"Canceled\s+4 h 1 min ago ,", stopped[:200])
    home = text(client.get("/"))
    decided = home[home.index("Recently decided") :]
    order = ["A quiet wish", "Pause withdrawals", "Halve all fees", "Move the treasury"]
    assert [title for title in order if title in decided] == order
    assert [decided.index(title) for title in order] == sorted(map(decided.index, order))


def test_a_late_chain_is_told_in_words(seed: Any, client: Client) -> None:
    from chainsync.models import ChainStatus

    def notes() -> list[str]:
        body = client.get("/").content.decode()
        return re.findall(r'<div class="call (\w+)" data-stale="l2"( hidden)?>', body)

    assert notes() == [("warn", " hidden")]
    ChainStatus.objects.filter(chain=seed.l2).update(head_timestamp=seed.now - 30)
    assert notes() == [("warn", "")]
    assert "is late. Votes and decisions of the last moments are not in" in text(client.get("/"))
    ChainStatus.objects.filter(chain=seed.l2).update(head_timestamp=seed.now - 600)
    assert notes() == [("alarm", "")]
    assert "do not rely on its tallies and closing times" in text(client.get("/"))


def test_the_timeline_says_what_may_still_happen(seed: Any, client: Client) -> None:
    """A late quorum extends, a guardian may cancel; neither is told where it cannot happen."""
    from governance.models import Governor, ParameterChange

    path = seed.quiet.get_absolute_url()
    assert "reached only shortly before the close, voting may be extended" in text(client.get(path))
    Governor.objects.filter(contract=seed.governor).update(guardian=person("venue"))
    ParameterChange.objects.create(
        **seed.row(seed.governor, 30_000), name="lateQuorumExtension", value="300"
    )
    page = text(client.get(path))
    assert "only in the last 5 minutes, voting stays open for 5 minutes from then" in page
    assert "Until it is executed, the guardian (Venue) may cancel it." in page
    reached = text(client.get(seed.open.get_absolute_url()))
    assert "voting stays open for" not in reached
    assert "the guardian (Venue) may cancel it" in reached
    ended = text(client.get("/proposals/?state=executed"))
    assert "may cancel" not in ended


def test_delegates_are_found_by_either_end_of_an_address(seed: Any, client: Client) -> None:
    from governance.models import Delegate

    for number in range(30):
        Delegate.objects.create(
            contract=seed.token,
            address=person(digest("small", number)),
            votes=ONE // 5,
            delegators=1,
        )
    alice = person("alice")
    first = client.get("/delegates/").content.decode()
    assert len(re.findall(r'<a class="address"[^>]*title=', first)) == 25
    for part in (alice[:8].lower(), alice[-5:], f"{alice[:6]}…{alice[-4:]}", alice):
        body = client.get("/delegates/", {"q": part}).content.decode()
        assert re.findall(r'<a class="address"[^>]*title="(\w+)"', body) == [alice], part
    assert "No delegate has this address" in text(client.get("/delegates/?q=0xnone"))

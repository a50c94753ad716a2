"""Every page in every state that a reader can meet, and how one gets there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from made_certificate import CLEO, Made

from tests.web.browsing import LEVERAGE, connect, step
from tests.web.proven import arguments
from tests.web.site import Site

ABSENT = "0x" + "09" * 20
_RUNNING = Made(deadline=2_000_000)


class State(NamedTuple):
    """A page at a path of a house; `act` brings it about in the page, with the wallet of a person
    where one is named, with other settings than those of an ordinary one. What `act` returns is
    to be called when the page was looked at."""

    name: str
    path: Callable[[Site], str] | str
    act: Callable[[Any], Callable[[], None] | None] | None = None
    person: str = ""
    settings: dict[str, Any] | None = None
    house: str = "seeded"


def _proposal(title: str) -> Callable[[Site], str]:
    return lambda site: f"/proposals/{site.act('find', title=title)['key']}/"


def _of(place: str, name: str) -> Callable[[Site], str]:
    return lambda site: f"/{place}/{site.act('person', name=name)}/"


def _block(site: Site) -> str:
    return f"/chains/l2/blocks/{site.act('advance')['head']}/"


def _proven(below: str = "") -> Callable[[Site], str]:
    return lambda site: f"/proposals/{site.act('prove', **arguments(_RUNNING))['key']}/{below}"


def _dialog(page: Any) -> None:
    page.get_by_role("button", name="Connect wallet").first.click()


def _form(page: Any) -> None:
    connect(page)
    page.get_by_role("button", name="Review the vote").wait_for()


def _split(page: Any) -> None:
    _form(page)
    page.get_by_label("Split").check()
    page.locator("[name=for]").fill("1,000.25")
    page.locator("[name=against]").fill("12")
    page.get_by_text("stay for later").wait_for()


def _review(page: Any) -> None:
    _form(page)
    page.get_by_label("For", exact=True).first.check()
    page.get_by_label("Reason").fill("Because it is time.")
    page.get_by_role("button", name="Review the vote").click()
    page.get_by_text("derived the same transaction").wait_for()


def _waiting(page: Any) -> None:
    _review(page)
    page.get_by_role("button", name="Sign in the wallet").click()
    step(page, "Waiting for a block")


def _declined(page: Any) -> None:
    _review(page)
    page.evaluate("pretended.refusal = [4001, 'User rejected the request.']")
    page.get_by_role("button", name="Sign in the wallet").click()
    page.get_by_text("You declined").first.wait_for()


def _away(page: Any) -> None:
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('away')) }")
    page.get_by_role("button", name="Connect wallet").first.click()
    page.get_by_role("button", name="Pretended Wallet").click()
    page.get_by_text("The server cannot be reached").first.wait_for()


def _still(page: Any) -> None:
    page.evaluate(
        "for (const one of document.querySelectorAll('[data-chain]')) one.dataset.headTime = 1"
    )
    page.locator(".chains [data-chain=l2][data-level=down]").wait_for()


def _delegation(page: Any) -> None:
    page.get_by_role("button", name="Connect wallet").first.click()
    page.get_by_role("button", name="Pretended Wallet").click()
    page.get_by_role("button", name="Review", exact=True).click()
    page.get_by_text("You delegate your voting power to").wait_for()


def _checked(page: Any) -> None:
    page.get_by_role("button", name="Check it in this browser").click()
    page.locator("[data-outcome]").wait_for(timeout=60_000)


def _checking(page: Any) -> Callable[[], None]:
    page.route("**/certificate**", lambda route: None)
    page.get_by_role("button", name="Check it in this browser").click()
    page.get_by_role("button", name="Stop").wait_for()
    # What was held back goes on.
    return lambda: page.unroute_all()


_OPEN = _proposal(LEVERAGE)
STATES = (
    State("home", "/"),
    State("home on chains that stand still", "/", _still),
    State("home, disputed", "/", house="disputed"),
    State("home, empty", "/", house="empty"),
    State("proposals", "/proposals/"),
    State("proposals, none found", "/proposals/?q=nothingtobefound"),
    State("proposals, empty", "/proposals/", house="empty"),
    State("proposal, open", _OPEN),
    State("proposal, disputed", _OPEN, house="disputed"),
    State("proposal, without votes", _proposal("Raise the taker fee")),
    State("proposal, not open yet", _proposal("List SOL-PERP")),
    State("proposal, queued", _proposal("Give the guardian role")),
    State("proposal, executed", _proposal("Pause withdrawals")),
    State("proposal, defeated", _proposal("Halve all fees")),
    State("proposal, canceled", _proposal("Move the treasury")),
    State("proposal, hostile", _proposal("Routine update")),
    State("proposal, clock of blocks", _proposal("second bridge")),
    State("proposal, missing", "/proposals/00000000000000000000/"),
    State("wallet, choice", _OPEN, _dialog, "gert"),
    State("wallet, none", _OPEN, _dialog),
    State("vote, form", _OPEN, _form, "gert"),
    State("vote, split", _OPEN, _split, "gert"),
    State("vote, review", _OPEN, _review, "gert"),
    State("vote, review for a contract", _OPEN, _review, "gert", {"contract": True}),
    State("vote, waiting", _OPEN, _waiting, "gert"),
    State("vote, declined", _OPEN, _declined, "gert"),
    State("vote, no power", _OPEN, connect, "stranger"),
    State("vote, wrong chain", _OPEN, connect, "gert", {"chainId": 5, "chains": [5]}),
    State("vote, voted", _OPEN, connect, "alice"),
    State("vote, server away", _OPEN, _away, "gert"),
    State("count, proven", _proven()),
    State("count, being checked", _proven(), _checking),
    State("count, checked", _proven(), _checked),
    State("proof of a vote", _proven(f"proof/0x{CLEO.hex()}/")),
    State("proof of not voting", _proven(f"proof/{ABSENT}/"), _checked),
    State("delegates", "/delegates/"),
    State("delegates, empty", "/delegates/", house="empty"),
    State("delegate", _of("delegates", "alice")),
    State("delegation, review", _of("delegates", "alice"), _delegation, "gert"),
    State("address", _of("addresses", "alice")),
    State("operations", "/operations/"),
    State("operations, empty", "/operations/", house="empty"),
    State("chains", "/chains/"),
    State("chains, empty", "/chains/", house="empty"),
    State("chain", "/chains/l2/"),
    State("block", _block),
    State("endpoint", "/chains/l2/endpoints/l2-kelp/"),
    State("endpoint, disputed", "/chains/l2/endpoints/l2-kelp/", house="disputed"),
    State("health", "/health/"),
    State("findings", "/findings/"),
    State("findings, empty", "/findings/", house="empty"),
    State("sign in", "/sign-in/"),
)
HOUSES = tuple(dict.fromkeys(state.house for state in STATES))

"""Every page in every state: usable by everybody, and drawn into one sheet to be looked at.

The pictures are left in `screenshots/gallery/`, with a sheet of all of them. On its own this draws
a phone by day and a desk by night; `make gallery` draws both by day and by night.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.web.browsing import flaws
from tests.web.site import Site, running
from tests.web.states import HOUSES, STATES, State
from tools import postgres

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

FOLDER = Path(__file__).resolve().parents[2] / "screenshots" / "gallery"
ALL = [(360, "light"), (1280, "dark"), (360, "dark"), (1280, "light")]
LOOKS = ALL if os.environ.get("GALLERY") else ALL[:2]
NARROWEST = 320


@pytest.fixture(scope="module")
def houses(
    postgres_server: postgres.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Site]]:
    """A running house of each sort."""
    with ExitStack() as stack:
        yield {
            house: stack.enter_context(
                running(
                    postgres_server, f"web_gallery_{house}", tmp_path_factory.mktemp(house), house
                )
            )
            for house in HOUSES
        }


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_every_page_in_every_state_is_accessible_and_fits(
    houses: dict[str, Site], open_page: Any, width: int, theme: str
) -> None:
    """axe finds nothing, and nothing scrolls sideways, down to the narrowest phone."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    told = []
    for state in STATES:
        page, let_go = brought_about(state, houses[state.house], open_page, width, theme)
        page.evaluate("document.fonts.ready.then(() => null)")
        page.screenshot(path=FOLDER / picture(state, width, theme), full_page=True, caret="initial")
        narrow = NARROWEST if width < 500 else width
        told += [f"{state.name}: {wrong}" for wrong in flaws(page, narrow)]
        if let_go:
            let_go()
        page.context.close()
    (FOLDER / "index.html").write_text(sheet())
    assert not told, "\n".join(told)


def brought_about(
    state: State, site: Site, open_page: Any, width: int, theme: str
) -> tuple[Any, Callable[[], None] | None]:
    """The page of a state, in that state, and what is to be called after looking at it."""
    if state.house != "empty":
        site.act("advance")
    path = state.path if isinstance(state.path, str) else state.path(site)
    wallet = None
    if state.person:
        account = site.act("person", name=state.person)
        wallet = {"accounts": [account], **(state.settings or {})}
    page = open_page(path, site=site, width=width, theme=theme, wallet=wallet)
    return page, state.act(page) if state.act else None


def picture(state: State, width: int, theme: str) -> str:
    """The name of a state's picture."""
    return f"{re.sub('[^a-z]+', '-', state.name.lower())}-{width}-{theme}.png"


def sheet() -> str:
    """All pictures that are there, a row a state."""
    rows = []
    for state in STATES:
        shown = [
            f'<a href="{name}"><img src="{name}" alt="{width} px, {theme}" loading="lazy"></a>'
            for width, theme in sorted(ALL)
            if (FOLDER / (name := picture(state, width, theme))).exists()
        ]
        rows.append(f"<section><h2>{html.escape(state.name)}</h2>{''.join(shown)}</section>")
    return (
        '<!doctype html><meta charset="utf-8"><title>Every page in every state</title>'
        "<style>body{font:16px system-ui;margin:2rem;background:#888;color:#fff}"
        "img{max-height:60rem;max-width:46%;margin:.5rem;vertical-align:top}</style>"
        f"<h1>Every page in every state</h1>{''.join(rows)}\n"
    )

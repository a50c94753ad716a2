"""Every address of the house: nothing inline, every header, no change without the token."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import Resolver404, get_resolver, resolve
from django.urls.resolvers import URLPattern, URLResolver

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

STREAMS = {"live/"}
"""Answers that do not end; tests/ledger/test_live_streams.py reads them."""
DATA = "application/json"
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
}


@pytest.fixture
def visitor(db: None, settings: Any) -> Client:
    """A browser that is signed in, before a venue with everything in it."""
    from made_certificate import Made
    from proven import arguments, proven

    from tests.web.seed import Seed
    from tests.web.seeded_venue import person

    settings.API_RATE = "off"
    settings.BY_TLS = True
    seed = Seed()
    seed.all()
    proven(seed, **arguments(Made()))
    client = Client(headers={"accept": "text/html,*/*"}, raise_request_exception=False)
    client.force_login(get_user_model().objects.create(address=person("alice")))
    return client


def patterns(found: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Route and view of every address, prefixes included, as `resolve` names it."""
    for one in (found or get_resolver()).url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield route, one.callback
        else:
            yield from patterns(one, route)


class Inline(HTMLParser):
    """What of a page would run or style without being a file of ours; and where it leads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.links: set[str] = set()
        self.forms_without_token = 0
        self._form = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or "style" in given or "srcdoc" in given:
            self.found.append(f"<{tag} style>")
        if tag == "script" and not given.get("src") and given.get("type") != DATA:
            self.found.append("<script> without a file")
        if tag in ("iframe", "object", "embed", "base"):
            self.found.append(f"<{tag}>")
        if tag == "form" and (given.get("method") or "get").lower() == "post":
            self._form = True
            self.forms_without_token += 1
        if self._form and given.get("name") == "csrfmiddlewaretoken" and given.get("value"):
            self._form = False
            self.forms_without_token -= 1
        for name, value in given.items():
            if name.startswith(("on", "hx-on")):
                self.found.append(f"<{tag} {name}>")
            if re.match(r"\s*(javascript|vbscript|data:text)", value or "", re.I):
                self.found.append(f"<{tag} {name}={value}>")
            external = tag in ("script", "link", "img") and re.match(r"(https?:)?//", value or "")
            if external and name in ("src", "href"):
                self.found.append(f"<{tag} {name}={value}> is of another site")
            if name in ("href", "hx-get", "action") or name.endswith("-url"):
                self.links.add((value or "").split("#")[0])


def inside(links: set[str]) -> list[str]:
    return sorted(link for link in links if link.startswith("/") and not link.startswith("//"))


def route_of(address: str) -> str | None:
    try:
        return resolve(address.split("?")[0]).route
    except Resolver404:
        return None


def crawl(client: Client) -> dict[str, list[Any]]:
    """Answers by route: what links lead to, a few of each, then what they do not lead to."""
    from chainsync.models import Block
    from charter.models import Chain, Contract, Endpoint, Person
    from governance.models import Proposal, ShardPlace

    answers: dict[str, list[Any]] = {}
    seen: set[str] = set()

    def visit(address: str) -> None:
        route = route_of(address)
        if route is None or route in STREAMS or len(answers.get(route, ())) >= 3:
            return
        if address in seen or address.startswith("/static/"):
            return
        seen.add(address)
        answer = client.get(address)
        assert answer.status_code != 500, address
        if answer.status_code in (200, 302):
            answers.setdefault(route, []).append(answer)
        if "html" in answer.get("Content-Type", ""):
            for link in inside(Inline(answer.content.decode()).links):
                visit(link)

    for start in ("/", "/sign-in/", "/api/v1/", "/api/v1/docs/"):
        visit(start)
    # Shards have names that no page needs to hold.
    shard = ShardPlace.objects.select_related("proof__proposal").first()
    assert shard is not None
    visit(f"/api/v1/proposals/{shard.proof.proposal.key}/certificate/{shard.shard_id}")
    values: dict[str, list[Any]] = {
        "key": [
            *Chain.objects.values_list("key", flat=True),
            *Contract.objects.values_list("key", flat=True),
            *Proposal.objects.values_list("key", flat=True),
        ],
        "name": list(Endpoint.objects.values_list("name", flat=True)),
        "number": [Block.objects.order_by("-number").values_list("number", flat=True)[0]],
        "address": list(Person.objects.values_list("address", flat=True)),
        "pk": [1],
        "rest": ["nothing"],
    }
    queries = (
        "",
        "?topic=proposals",
        f"?of={values['address'][0]}",
        f"?address={values['address'][0]}",
        "?choice=for",
    )
    for route, _ in patterns():
        names = re.findall(r"<(?:\w+:)?(\w+)>", route)
        for given in itertools.product(*(values.get(name, [1]) for name in names)):
            chosen = iter(given)
            address = "/" + re.sub(r"\^?\(?\??P?<[^>]+>[^/]*", lambda _: str(next(chosen)), route)  # noqa: B023
            for query in queries:
                if route not in answers and route not in STREAMS:
                    visit(address + query)
    return answers


UNANSWERED = {
    "sign-out/": "takes POST only",
    "sign-out/everywhere/": "takes POST only",
    "api/v1/^(?P<rest>[\\s\\S]*)$": "is there to say 404",
    "readyz": "answers 503 where no worker runs",
}


@pytest.mark.slow
def test_every_address_has_the_headers_and_no_page_has_anything_inline(visitor: Client) -> None:
    answers = crawl(visitor)
    missing = [
        route
        for route, _ in patterns()
        if route not in answers
        and route not in STREAMS
        and route not in UNANSWERED
        # Numbers of rows differ from run to run; these are of the API, answered as its lists are.
        and not (route.startswith("api/v1/") and route.endswith("<int:pk>/"))
    ]
    assert missing == [], "give `crawl` what these addresses need"
    for route, given in answers.items():
        for answer in given:
            where = (route, answer.request["PATH_INFO"], answer.request["QUERY_STRING"])
            check_headers(answer, where)
            if "html" not in answer["Content-Type"]:
                continue
            page = Inline(answer.content.decode())
            # The one page that is relaxed, for its styles; see `check_headers`.
            relaxed = ["<style style>"] if where[1] == "/api/v1/docs/" else []
            assert page.found == relaxed, where
            assert page.forms_without_token == 0, where
    pages = [a for given in answers.values() for a in given if "html" in a["Content-Type"]]
    assert len(pages) > 25


def check_headers(answer: Any, where: Any) -> None:
    policy = {part.strip() for part in answer["Content-Security-Policy"].split(";")}
    documented = where[1] == "/api/v1/docs/"
    # The renderer of the API's page styles its own elements; no stranger's text is on that page.
    allowed = {"style-src 'self' 'unsafe-inline'"} if documented else {"style-src 'self'"}
    assert policy >= POLICY - {"style-src 'self'"} | allowed, where
    assert "unsafe-eval" not in str(policy), where
    assert documented or "unsafe-inline" not in str(policy), where
    assert "nonce" not in str(policy), where
    assert answer["X-Content-Type-Options"] == "nosniff", where
    assert answer["X-Frame-Options"] == "DENY", where
    assert answer["Referrer-Policy"] == "same-origin", where
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin", where
    assert "camera=()" in answer["Permissions-Policy"], where
    assert "max-age=31536000" in answer["Strict-Transport-Security"], where
    api = where[1].startswith("/api/v1/")
    wanted = "cross-origin" if api else "same-origin"
    assert answer["Cross-Origin-Resource-Policy"] == wanted, where
    assert answer.get("Access-Control-Allow-Origin") == ("*" if api else None), where
    assert "Access-Control-Allow-Credentials" not in answer, where


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_changed_without_the_token(visitor: Client, method: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = visitor.cookies
    for route, _ in patterns():
        address = "/" + re.sub(r"\^?\(?\??P?<[^>]+>[^/]*", "1", route)
        answer = getattr(strict, method)(address, {}, content_type="application/json")
        assert answer.status_code in (403, 404, 405, 429), (address, answer.status_code)


def test_who_came_without_the_token_is_told_what_to_do(visitor: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    page = strict.post("/sign-out/", headers={"accept": "text/html"})
    assert page.status_code == 403
    assert "reload the page" in page.content.decode()
    assert Inline(page.content.decode()).found == []
    told = strict.post("/sign-in/", {}, content_type="application/json")
    assert (told.status_code, told.json()["error"]["code"]) == (403, "no-token")


def test_no_view_is_excused_from_the_token_unless_it_only_reads() -> None:
    for route, view in patterns():
        if getattr(view, "csrf_exempt", False):
            methods = set(getattr(view, "actions", None) or {"get": ""})
            assert methods <= {"get", "head"}, route
            assert route.startswith("api/v1/"), route


def test_the_administration_is_not_there_unless_the_operator_asked(visitor: Client) -> None:
    assert visitor.get("/admin/").status_code == 404
    assert visitor.get("/admin/login/").status_code == 404

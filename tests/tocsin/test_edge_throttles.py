"""Who asks too often is told when to come back, whatever process or address it tries next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from charter import keys, throttle
from charter.models import Allowance, ApiKey
from charter.throttle import Rate, spend
from ledger.models import AuditEntry

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


def other_process() -> None:
    """As if the next request came to a web process that has counted nothing yet."""
    throttle.forget()
    keys.forget()


def test_too_many_requests_are_told_when_to_come_back(client: Client, settings: Any) -> None:
    settings.API_RATE = "2/min"
    answers = [client.get("/api/v1/") for _ in range(4)]
    assert [answer.status_code for answer in answers][-2:] == [429, 429]
    assert int(answers[3]["Retry-After"]) > 0
    assert "Retry-After" in answers[3].json()["error"]["hint"]
    assert client.get("/").status_code == 200, "pages are not counted"


def test_the_count_is_one_for_all_processes(client: Client, settings: Any) -> None:
    settings.API_RATE = "40/hour"
    allowed = 0
    for _ in range(60):
        other_process()
        allowed += client.get("/api/v1/").status_code == 200
    # Each of these processes took a share of two and spent one of it.
    assert allowed == 20
    assert Allowance.objects.get().taken >= 40


def test_a_share_spares_the_database_and_a_refusal_asks_it_no_more(
    client: Client, settings: Any
) -> None:
    settings.API_RATE = "40/hour"
    with CaptureQueriesContext(connection) as queries:
        answers = [client.get("/api/v1/").status_code for _ in range(80)]
    written = [query for query in queries if "charter_allowance" in query["sql"]]
    assert answers == [200] * 40 + [429] * 40
    assert len(written) <= 22


@pytest.mark.django_db(transaction=True)
def test_where_every_attempt_counts_many_at_once_get_exactly_what_is_allowed() -> None:
    def attempt(number: int) -> int:
        try:
            if number % 2:
                other_process()
            return spend("sign-in", "1.2.3.4", Rate(10, 3600))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(attempt, range(60)))
    assert waits.count(0) == 10
    assert all(0 < wait <= 3601 for wait in waits if wait)


def test_a_window_that_ended_begins_anew_and_others_have_their_own() -> None:
    rate = Rate(1, 3600)
    assert spend("nonce", "a", rate) == 0
    assert spend("nonce", "a", rate) > 0
    assert spend("nonce", "b", rate) == 0
    assert spend("other", "a", rate) == 0
    Allowance.objects.update(ends_at="2020-01-01T00:00:00Z")
    other_process()
    assert spend("nonce", "a", rate) == 0


def test_no_address_of_a_visitor_is_kept() -> None:
    spend("api", "203.0.113.7", Rate(5, 60))
    assert "203" not in Allowance.objects.get().bucket
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'charter_allowance'")
        assert cursor.fetchone() == ("u",)


def test_without_the_database_each_process_counts_for_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(throttle, "transaction", SimpleNamespace(atomic=away))
    waits = [spend("api", "a", Rate(3, 3600), by_shares=True) for _ in range(5)]
    assert waits[:3] == [0, 0, 0]
    assert all(waits[3:])


@pytest.mark.parametrize("written", ["", "600", "0/min", "-1/min", "x/min", "6/fortnight", "٣/min"])
def test_a_rate_that_says_nothing_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="write, for example"):
        throttle.rate_of(written)
    assert throttle.rate_of("off") is None
    assert throttle.rate_of("600/min") == Rate(600, 60)


def test_addresses_of_one_network_share_and_a_forwarded_header_changes_nothing(
    settings: Any,
) -> None:
    settings.API_RATE = "1/hour"

    def status(address: str, **headers: str) -> int:
        return Client(REMOTE_ADDR=address, headers=headers).get("/api/v1/").status_code

    assert status("2001:db8::1") == 200
    assert status("2001:db8::2") == 429
    assert status("2001:db8:0:1::1") == 200
    assert status("192.0.2.1") == 200
    assert status("192.0.2.1", x_forwarded_for="198.51.100.9") == 429


def test_what_changes_something_is_counted_whoever_answers_it(client: Client) -> None:
    answers = [client.post("/no/such/page/").status_code for _ in range(62)]
    assert answers == [404] * 60 + [429] * 2
    assert client.get("/sign-in/").status_code == 200


@pytest.mark.urls("tests.charter.urls_with_admin")
def test_passwords_of_the_administration_cannot_be_tried(client: Client) -> None:
    form = {"username": "0x" + "1" * 40, "password": "guess"}
    answers = [client.post("/admin/login/", form).status_code for _ in range(7)]
    assert answers == [200] * 5 + [429] * 2


def test_asynchronous_requests_are_counted_alike(settings: Any) -> None:
    settings.API_RATE = "1/hour"

    async def story() -> list[int]:
        return [(await AsyncClient().get("/api/v1/")).status_code for _ in range(3)]

    assert async_to_sync(story)() == [200, 429, 429]


# --- Keys -----------------------------------------------------------------------------------------


def give(name: str = "mirror", per_minute: int = 3) -> str:
    out = StringIO()
    call_command(
        "api_key", "give", name, f"--per-minute={per_minute}", stdout=out, stderr=StringIO()
    )
    return out.getvalue().strip()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_key_has_a_rate_of_its_own_and_is_kept_nowhere(client: Client, settings: Any) -> None:
    settings.API_RATE = "1/hour"
    key = give()
    row = ApiKey.objects.get()
    assert key not in json.dumps([row.digest, row.name])
    assert len(key) > 40
    assert client.get("/api/v1/").status_code == 200
    assert client.get("/api/v1/").status_code == 429
    answers = [client.get("/api/v1/", headers=bearer(key)).status_code for _ in range(5)]
    assert answers == [200] * 3 + [429] * 2
    (entry,) = AuditEntry.objects.all()
    assert (entry.act, entry.actor, entry.subject) == (
        "charter:key:give",
        "system:api_key",
        "mirror",
    )
    assert key not in json.dumps(entry.detail)


def test_a_revoked_key_is_refused_and_the_audit_knows(client: Client) -> None:
    key = give()
    assert client.get("/api/v1/", headers=bearer(key)).status_code == 200
    call_command("api_key", "revoke", "mirror", stdout=StringIO())
    keys.forget()
    answer = client.get("/api/v1/", headers=bearer(key))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "bad-key")
    assert "key" in answer.json()["error"]["hint"]
    assert answer["WWW-Authenticate"] == "Bearer"
    out = StringIO()
    call_command("api_key", "revoke", "mirror", stdout=out)
    assert "already" in out.getvalue()
    call_command("api_key", "list", stdout=out)
    assert "revoked" in out.getvalue()
    assert key not in out.getvalue()
    assert [entry.act for entry in AuditEntry.objects.order_by("id")] == [
        "charter:key:give",
        "charter:key:revoke",
    ]


@pytest.mark.parametrize(
    "sent",
    ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer tocsin_x", "Bearer " + "x" * 5000, "é"],
)
def test_what_is_no_key_of_ours_is_refused(client: Client, sent: str) -> None:
    answer = client.get("/api/v1/", headers={"Authorization": sent})
    assert answer.status_code == (401 if sent else 200)


def test_keys_cannot_be_guessed_for_long(client: Client) -> None:
    answers = [
        client.get("/api/v1/", headers=bearer(f"tocsin_{number}")).status_code
        for number in range(62)
    ]
    assert answers == [401] * 60 + [429] * 2


def test_names_of_keys_are_taken_once(client: Client) -> None:
    give()
    for arguments in (
        ("give", "mirror"),
        ("give", "a b"),
        ("give",),
        ("revoke", "nobody"),
        ("give", "none", "--per-minute=0"),
    ):
        with pytest.raises(CommandError):
            call_command("api_key", *arguments, stdout=StringIO(), stderr=StringIO())
    assert ApiKey.objects.count() == 1


def test_a_key_in_the_address_is_an_unknown_parameter(client: Client, settings: Any) -> None:
    settings.API_RATE = "off"
    key = give()
    assert client.get(f"/api/v1/chains/?key={key}").status_code == 400


# --- The time of a query --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_web_process_gives_up_on_slow_queries_and_says_so(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chainsync.freshness import Horizon
    from governance import queries

    settings.API_RATE = "off"
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 100")

    def slow(*_: object, **__: object) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")

    client.raise_request_exception = False
    try:
        monkeypatch.setattr(Horizon, "read", slow)
        answer = client.get("/api/v1/proposals/")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "query-timeout")
        assert answer["Retry-After"]
        monkeypatch.setattr(queries, "living", slow)
        page = client.get("/", headers={"accept": "text/html"})
        assert page.status_code == 503
        assert "took too long" in page.content.decode()
        assert "pg_sleep" not in page.content.decode()
        assert page["Content-Security-Policy"]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET statement_timeout")


def test_the_limit_is_set_on_connections_of_the_web_process_alone(postgres_server: Any) -> None:
    script = (
        "import django, sys\n"
        "if sys.argv[1] == 'web':\n"
        "    import tocsin.asgi\n"
        "django.setup()\n"
        "from django.db import connection as c\n"
        "with c.cursor() as cursor:\n"
        "    cursor.execute('SHOW statement_timeout')\n"
        "    print(cursor.fetchone()[0])\n"
    )
    told = {
        process: subprocess.run(
            [sys.executable, "-c", script, process],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": postgres_server.url(connection.settings_dict["NAME"]),
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for process in ("web", "worker")
    }
    assert told == {"web": "10s", "worker": "0"}

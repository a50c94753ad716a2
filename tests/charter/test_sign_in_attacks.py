"""Ways to become somebody else, each tried once, and none works."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from eth_account import Account
from eth_account.messages import encode_defunct

from charter import nonces, siwe
from charter.models import Chain, Person
from charter.tasks import sweep
from charter.views import STATEMENT
from ledger.models import AuditEntry

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
ADA = Account.from_key("0x" + "11" * 32)
EVE = Account.from_key("0x" + "22" * 32)


@pytest.fixture(autouse=True)
def l2() -> Chain:
    return Chain.objects.create(key="l2", chain_id=901, name="L2", role="l2", block_time=2)


def ask(client: Client, account: Any = ADA) -> str:
    return str(
        client.get(f"/sign-in/nonce/?address={account.address}&chain_id=901").json()["message"]
    )


def signed(message: str, account: Any = ADA) -> dict[str, str]:
    signature = account.sign_message(encode_defunct(text=message)).signature.hex()
    return {"message": message, "signature": "0x" + signature}


def send(client: Client, message: str, account: Any = ADA, **more: object) -> Any:
    body = {**signed(message, account), **more}
    return client.post("/sign-in/", body, content_type="application/json")


def code(answer: Any) -> str:
    assert not Person.objects.exists(), "nobody became anybody"
    return str(answer.json()["error"]["code"])


def test_a_session_planted_before_signing_in_is_worth_nothing_after(client: Client) -> None:
    message = ask(client)
    planted = client.session.session_key
    send(client, message)
    attacker = Client()
    attacker.cookies["session"] = str(planted)
    assert ADA.address not in attacker.get("/sign-in/").content.decode()
    assert not Session.objects.filter(session_key=planted).exists()


def test_a_session_key_of_the_attackers_choice_is_not_taken_over(client: Client) -> None:
    client.cookies["session"] = "a" * 32
    send(client, ask(client))
    assert client.session.session_key != "a" * 32
    assert not Session.objects.filter(session_key="a" * 32).exists()


def test_a_replay_is_refused_also_after_signing_out(client: Client) -> None:
    message = ask(client)
    assert send(client, message).status_code == 200
    client.post("/sign-out/")
    assert send(client, message).json()["error"]["code"] == "used"
    assert send(Client(), message).json()["error"]["code"] == "used"


def test_a_nonce_that_is_too_old_is_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = ask(client)
    now = nonces.time.time()
    monkeypatch.setattr(nonces.time, "time", lambda: now + 601)
    assert code(send(client, message)) == "used"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("testserver wants", "testserver.evil wants", "other-site"),
        ("testserver wants", "evil wants", "other-site"),
        ("testserver wants", "localhost wants", "other-site"),
        ("http://testserver/sign-in/", "http://testserver/elsewhere/", "other-site"),
        ("http://testserver/sign-in/", "http://testserver@evil/sign-in/", "other-site"),
        ("http://testserver/sign-in/", "http://testserver/sign-in/?next=//evil", "other-site"),
        ("http://testserver/sign-in/", "https://testserver/sign-in/", "other-site"),
        ("Chain ID: 901", "Chain ID: 1", "other-chain"),
        (STATEMENT, "Approve the transfer of everything.", "other-words"),
        (STATEMENT + "\n", "", "other-words"),
        ("Nonce: ", "Nonce: 0", "used"),
        ("Version: 1", "Version: 2", "malformed"),
        (ADA.address, EVE.address, "other-signer"),
    ],
)
def test_a_message_that_says_anything_else_is_refused_though_it_is_signed(
    client: Client, old: str, new: str, why: str
) -> None:
    message = ask(client)
    assert old in message
    assert code(send(client, message.replace(old, new, 1))) == why


@pytest.mark.parametrize(
    ("issued", "expires", "before", "why"),
    [
        (timedelta(minutes=5), timedelta(minutes=10), None, "too-early"),
        (timedelta(minutes=-12), timedelta(minutes=10), None, "expired"),
        (timedelta(0), timedelta(minutes=-1), None, "expired"),
        (timedelta(minutes=-60), None, None, "expired"),
        (timedelta(0), timedelta(minutes=10), timedelta(minutes=5), "too-early"),
    ],
)
def test_a_message_of_another_time_is_refused_though_it_is_signed(
    client: Client,
    issued: timedelta,
    expires: timedelta | None,
    before: timedelta | None,
    why: str,
) -> None:
    now = datetime.now(UTC)
    head = ask(client).split("Issued At: ")[0]
    message = f"{head}Issued At: {siwe.written(now + issued)}"
    if expires is not None:
        message += f"\nExpiration Time: {siwe.written(now + expires)}"
    if before is not None:
        message += f"\nNot Before: {siwe.written(now + before)}"
    assert code(send(client, message)) == why


@pytest.mark.parametrize(
    "wanted",
    [
        *("https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example"),
        *("\\\\evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x"),
        *("http:evil.example", "https:///evil.example", " //evil.example", "\t//evil.example"),
        *("/\t/evil.example", "http://testserver@evil.example/", "\x00//evil.example", "//"),
        *("x" * 100_000 + "://", ["/"], {"a": 1}, True, 5),
    ],
)
def test_nobody_is_sent_elsewhere(client: Client, wanted: object) -> None:
    if not isinstance(wanted, str) or len(wanted) < 10_000:
        assert send(client, ask(client), next=wanted).json()["next"] == "/"
    page = client.get("/sign-in/", {"next": str(wanted)[:5000]}).content.decode()
    (told,) = re.findall(r'data-next="([^"]*)"', page) or ["/"]
    assert told in ("/", "x"), told


def test_a_page_of_ours_is_gone_to(client: Client) -> None:
    assert send(client, ask(client), next="/proposals/?state=active").json()["next"] == (
        "/proposals/?state=active"
    )


def test_all_sessions_end_at_once_on_every_device(client: Client) -> None:
    phone, stranger = Client(), Client()
    send(client, ask(client))
    send(phone, ask(phone))
    send(stranger, ask(stranger, EVE), EVE)
    for one in (client, phone):
        assert ADA.address in one.get("/sign-in/").content.decode()
    answer = phone.post("/sign-out/everywhere/", headers={"accept": "application/json"})
    assert answer.json() == {"next": "/"}
    for one in (client, phone):
        assert ADA.address not in one.get("/sign-in/").content.decode()
    assert EVE.address in stranger.get("/sign-in/").content.decode()
    assert AuditEntry.objects.filter(act="charter:session:end-all", actor=ADA.address).count() == 1
    assert client.get("/sign-out/everywhere/").status_code == 405
    send(client, ask(client))
    assert ADA.address in client.get("/sign-in/").content.decode()


def test_a_session_lasts_seven_days_and_asking_again_does_not_prolong_it(client: Client) -> None:
    send(client, ask(client))
    ends = Session.objects.get(session_key=client.session.session_key).expire_date
    assert timedelta(days=6, hours=23) < ends - datetime.now(UTC) <= timedelta(days=7)
    client.get("/")
    assert Session.objects.get(session_key=client.session.session_key).expire_date == ends


def test_sessions_of_nonces_that_nobody_used_are_forgotten(client: Client) -> None:
    for _ in range(5):
        Client().get("/sign-in/nonce/")
    assert Session.objects.count() == 5
    soon = datetime.now(UTC) + timedelta(minutes=11)
    assert all(one.expire_date < soon for one in Session.objects.all())
    Session.objects.update(expire_date=datetime(2020, 1, 1, tzinfo=UTC))
    sweep()
    assert Session.objects.count() == 0


def test_asking_for_nonces_is_limited(client: Client) -> None:
    answers = [client.get("/sign-in/nonce/") for _ in range(32)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429] * 2
    assert answers[-1]["Retry-After"]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: Client) -> None:
    answer = client.get("/sign-in/nonce/")
    session, token = answer.cookies["session"], answer.cookies["csrf"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert token["httponly"]
    assert token["samesite"] == "Strict"


def test_under_https_cookies_are_of_this_host_alone() -> None:
    script = (
        "from django.conf import settings as s\n"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE,"
        " s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_PATH, s.SESSION_COOKIE_DOMAIN, s.BY_TLS)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment(TOCSIN_PUBLIC_URL="https://venue.example"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.split() == [
        *("__Host-session", "__Host-csrf", "True", "True", "/", "None", "True"),
    ]


def environment(**more: str) -> dict[str, str]:
    import os

    return {**os.environ, **more}

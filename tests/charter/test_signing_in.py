"""A person signs in with a wallet, once for each nonce, and it is written down."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from eth_account import Account
from eth_account.messages import encode_defunct

from charter.models import Chain, Person
from charter.queries import thrown
from charter.switches import Switch
from ledger.models import AuditEntry, OutboxEntry

pytestmark = pytest.mark.django_db(transaction=True)
ADA = Account.from_key("0x" + "11" * 32)


@pytest.fixture(autouse=True)
def l2() -> Chain:
    return Chain.objects.create(key="l2", chain_id=901, name="L2", role="l2", block_time=2)


def ask(client: Client, account=ADA, chain_id: int = 901) -> str:
    """The message that the page is given to have signed."""
    answer = client.get(f"/sign-in/nonce/?address={account.address}&chain_id={chain_id}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"].count("no-store") == 1
    return answer.json()["message"]


def send(client: Client, message: str, account=ADA, **more: str) -> Any:
    signature = "0x" + account.sign_message(encode_defunct(text=message)).signature.hex()
    return client.post(
        "/sign-in/",
        {"message": message, "signature": signature, **more},
        content_type="application/json",
    )


def acts() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("act", flat=True))


def test_a_person_signs_in_and_out_and_the_audit_knows(client: Client) -> None:
    message = ask(client)
    before = client.session.session_key
    answer = send(client, message, next="/proposals/?state=active")
    assert answer.json() == {
        "address": ADA.address,
        "name": "",
        "next": "/proposals/?state=active",
    }
    assert client.session.session_key != before
    assert client.session["_auth_user_id"] == str(Person.objects.get(address=ADA.address).pk)

    out = client.post("/sign-out/", headers={"Accept": "application/json"})
    assert out.json() == {"next": "/"}
    assert "_auth_user_id" not in client.session
    assert acts() == ["charter:session:sign-in", "charter:session:sign-out"]
    assert AuditEntry.objects.order_by("id")[0].detail == {"first_time": True}
    assert client.post("/sign-out/").headers["Location"] == "/"
    assert len(acts()) == 2


def test_a_nonce_serves_once_and_only_in_its_session(client: Client) -> None:
    message = ask(client)
    stranger = Client()
    assert send(stranger, message).json()["error"]["code"] == "used"
    assert send(client, message).status_code == 200
    again = send(client, message)
    assert (again.status_code, again.json()["error"]["code"]) == (403, "used")

    older = ask(client)
    ask(client)
    assert send(client, older).json()["error"]["code"] == "used"


def test_a_nonce_is_used_up_by_a_failed_attempt(client: Client) -> None:
    message = ask(client)
    eve = Account.from_key("0x" + "22" * 32)
    assert send(client, message, eve).json()["error"]["code"] == "other-signer"
    assert send(client, message).json()["error"]["code"] == "used"
    assert not Person.objects.exists()


def test_of_attempts_at_the_same_moment_one_succeeds(client: Client) -> None:
    message = ask(client)
    start = threading.Barrier(6)

    def attempt() -> int:
        twin = Client()
        twin.cookies = client.cookies
        start.wait(10)
        try:
            return send(twin, message).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        codes = sorted(future.result(30) for future in [pool.submit(attempt) for _ in range(6)])
    assert codes == [200] + [403] * 5
    assert acts() == ["charter:session:sign-in"]


def test_a_message_made_elsewhere_or_for_another_chain_is_refused(client: Client) -> None:
    elsewhere = ask(client).replace("testserver", "evil.example")
    assert send(client, elsewhere).json()["error"]["code"] == "other-site"
    other = ask(client, chain_id=1)
    refused = send(client, other).json()["error"]
    assert refused["code"] == "other-chain"
    assert "Switch the network" in refused["message"]


@pytest.mark.parametrize(
    "body", ["", "[]", "7", '{"message": 1, "signature": "0x"}', '{"message": "x"}', "{"]
)
def test_nonsense_is_answered_in_words(client: Client, body: str) -> None:
    answer = client.post("/sign-in/", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "malformed"


def test_the_page_learns_what_to_sign_also_without_an_address(client: Client) -> None:
    answer = client.get("/sign-in/nonce/").json()
    assert answer["domain"] == "testserver"
    assert answer["uri"] == "http://testserver/sign-in/"
    assert answer["chain_ids"] == [901]
    assert "message" not in answer
    assert client.get("/sign-in/nonce/?address=0x12&chain_id=901").status_code == 400


def test_posts_without_the_token_are_refused() -> None:
    strict = Client(enforce_csrf_checks=True)
    message = ask(strict)
    assert send(strict, message).status_code == 403
    assert not Person.objects.exists()
    token = strict.get("/sign-in/nonce/").json()["csrf"]
    message = ask(strict)
    signature = ADA.sign_message(encode_defunct(text=message)).signature.hex()
    answer = strict.post(
        "/sign-in/",
        {"message": message, "signature": "0x" + signature},
        content_type="application/json",
        headers={"X-CSRFToken": token},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("following", ["https://evil.example/", "//evil.example", 7, None])
def test_nobody_is_sent_to_another_site(client: Client, following: Any) -> None:
    assert send(client, ask(client), next=following).json()["next"] == "/"


def test_attempts_are_limited(client: Client) -> None:
    answers = [client.post("/sign-in/", "{}", content_type="application/json") for _ in range(21)]
    assert [answer.status_code for answer in answers] == [400] * 20 + [429]
    assert answers[-1].headers["Retry-After"] == "60"


def test_an_account_closed_by_an_administrator_stays_out(client: Client) -> None:
    Person.objects.create_user(ADA.address, is_active=False)
    assert send(client, ask(client)).json()["error"]["code"] == "deactivated"
    assert acts() == []


@pytest.mark.parametrize("switch", [Switch.NO_SIGN_IN, Switch.READ_ONLY])
def test_a_thrown_switch_stops_signing_in_and_says_why(client: Client, switch: Switch) -> None:
    message = ask(client)
    with pytest.raises(CommandError, match="Say why"):
        call_command("switch", "throw", switch.value)
    call_command("switch", "throw", switch.value, "--reason", "A drill until noon.")
    call_command("switch", "throw", switch.value, "--reason", "Again.")
    assert thrown(switch)
    for answer in (send(client, message), client.get("/sign-in/nonce/")):
        assert answer.status_code == 503
        assert "A drill until noon." in answer.json()["error"]["message"]

    call_command("switch", "release", switch.value, "--reason", "Over.")
    assert not thrown(switch)
    assert send(client, message).status_code == 200
    assert acts() == [
        "charter:switch:throw",
        "charter:switch:release",
        "charter:session:sign-in",
    ]
    assert list(OutboxEntry.objects.order_by("id").values_list("topic", "event")) == [
        ("switches", "thrown"),
        ("switches", "released"),
    ]


@pytest.mark.urls("tests.charter.urls_with_admin")
def test_who_may_read_the_audit_sees_the_administration_and_changes_nothing(
    client: Client,
) -> None:
    ada = Person.objects.create_user(ADA.address, grants=["throw-switch"], is_staff=True)
    send(client, ask(client))
    assert client.get("/admin/ledger/auditentry/").status_code == 403
    ada.grants = ["read-audit"]
    ada.save()
    for page in ("ledger/auditentry", "ledger/outboxentry", "ledger/finding", "ledger/lease"):
        assert client.get(f"/admin/{page}/").status_code == 200
    for page in ("charter/chain", "charter/endpoint", "charter/contract", "charter/person"):
        assert client.get(f"/admin/{page}/").status_code == 200
    entry = AuditEntry.objects.get()
    assert client.get(f"/admin/ledger/auditentry/{entry.pk}/change/").status_code == 200
    assert client.post(f"/admin/ledger/auditentry/{entry.pk}/change/", {}).status_code == 403
    assert client.get(f"/admin/ledger/auditentry/{entry.pk}/delete/").status_code == 403
    assert client.get("/admin/charter/chain/add/").status_code == 403

    ada.is_superuser = True
    ada.save()
    assert client.get(f"/admin/ledger/auditentry/{entry.pk}/delete/").status_code == 403

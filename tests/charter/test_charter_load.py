"""Loading the charter writes rows once, never loses history, and is written down."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from charter import kinds as kind_registry
from charter.actions import charter_load
from charter.errors import CharterError
from charter.loading import parse
from charter.models import Chain, Contract, Endpoint, Person
from charter.queries import endpoint_url, venue_name
from ledger.models import AuditEntry, OutboxEntry

Load = Callable[..., list[str]]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def load(environ: dict[str, str], kinds: frozenset[str]) -> Load:
    """Load the text of a venue; the changes as texts."""

    def load(text: str, *, check: bool = False) -> list[str]:
        changes = charter_load(
            venue=parse(text, environ), known_kinds=kinds, actor="system:test", check=check
        )
        return [str(change) for change in changes]

    return load


def test_loading_twice_changes_nothing_the_second_time(load: Load, venue_text: str) -> None:
    assert venue_name() == "Tocsin"
    first = load(venue_text)
    assert "chain l2 added" in first
    assert "contract old-governor added" in first
    assert load(venue_text) == []
    assert venue_name() == "Lab Venue"
    governor = Contract.objects.get(key="governor")
    assert governor.caip10 == "eip155:901:0x5FbDB2315678afecb367f032d93F642f64180aa3"
    token = governor.linked("token")
    assert token is not None
    assert token.label == "Venue Token"
    assert Contract.objects.get(key="old-governor").label == "old-governor"
    assert Person.objects.get().may("read-audit")
    assert not Person.objects.get().has_usable_password()

    [entry] = AuditEntry.objects.all()
    assert (entry.act, entry.subject, entry.position) == ("charter:venue:load", "Lab Venue", 1)
    assert entry.detail["changes"] == first
    assert OutboxEntry.objects.get().topic == "charter"


def test_checking_tells_what_would_change_and_keeps_nothing(load: Load, venue_text: str) -> None:
    assert "chain l2 added" in load(venue_text, check=True)
    assert not Chain.objects.exists()
    assert not AuditEntry.objects.exists()


def test_what_the_venue_no_longer_names_is_switched_off_and_comes_back(
    load: Load,
    venue_text: str,
) -> None:
    load(venue_text)
    begin, end = venue_text.index("[contracts.token]"), venue_text.index("[contracts.old-gov")
    without = (venue_text[:begin] + venue_text[end:]).replace('token = "token"\n', "")
    without = without[: without.index("[people")]
    changes = load(without.replace("Venue Governor", "The Governor"))
    assert "contract token switched off" in changes
    assert any("label 'Venue Governor' -> 'The Governor'" in change for change in changes)
    assert not Contract.objects.get(key="token").active
    assert not Person.objects.get().grants
    assert not Person.objects.get().is_staff
    assert "contract token switched on again" in load(venue_text)
    assert Contract.objects.get(key="token").active
    assert Contract.objects.count() == 3


def test_addresses_of_endpoints_are_never_told(
    load: Load,
    venue_text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load(venue_text)
    changes = load(venue_text.replace("https://l2-b.example.org", "https://other.example.org"))
    assert changes == ["endpoint l2-b changed: url"]
    assert "example.org" not in str(AuditEntry.objects.latest("id").detail)

    endpoint = Endpoint.objects.get(name="l2-b")
    monkeypatch.setenv("L2_KEY", "abc")
    assert endpoint_url(endpoint) == "https://other.example.org/{}?key=abc"
    monkeypatch.delenv("L2_KEY")
    with pytest.raises(CharterError, match="L2_KEY, which is not set"):
        endpoint_url(endpoint)


def test_history_is_not_given_to_another_contract_or_chain(load: Load, venue_text: str) -> None:
    load(venue_text)
    moved = venue_text.replace(
        "0x5FbDB2315678afecb367f032d93F642f64180aa3", "0xCf7Ed3AccA5a467e9e704C703E8D87F634fB0Fc9"
    )
    with pytest.raises(CharterError, match="Give another contract a key of its own"):
        load(moved)
    with pytest.raises(CharterError, match="is of chain 901"):
        load(venue_text.replace("chain_id = 901", "chain_id = 902"))
    with pytest.raises(CharterError, match="already known as l1"):
        load(venue_text.replace("chains.l1", "chains.main").replace('"l1"\na', '"main"\na'))
    assert load(venue_text) == []
    assert AuditEntry.objects.count() == 1


def test_a_contract_may_be_given_another_key(load: Load, venue_text: str) -> None:
    load(venue_text)
    before = Contract.objects.get(key="old-governor")
    [change] = load(venue_text.replace("contracts.old-governor", "contracts.elder"))
    assert change.startswith("contract old-governor changed: key 'old-governor' -> 'elder'")
    assert Contract.objects.get(key="elder").pk == before.pk


def test_the_command_prints_what_changed_or_every_problem(
    tmp_path: Path,
    venue_text: str,
    environ: dict[str, str],
    kinds: frozenset[str],
    secret: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(kind_registry, "_providers", [lambda: kinds])
    path = tmp_path / "venue.toml"
    path.write_text(venue_text)

    def run(*arguments: str) -> str:
        out = StringIO()
        call_command("charter_load", "--file", str(path), *arguments, stdout=out)
        return out.getvalue()

    assert "nothing was changed by this check" in run("--check")
    assert "chain l2 added" in run()
    assert run() == "venue.toml: nothing to change.\n"
    path.write_text(venue_text.replace('"erc20-votes"', '"erc20-vote"').replace("0x5FbDB", "0x5fb"))
    with pytest.raises(CommandError, match=r"contracts\.governor\.address") as raised:
        run("--check")
    assert secret not in str(raised.value)
    path.write_text(venue_text.replace('"erc20-votes"', '"erc20-vote"'))
    with pytest.raises(CommandError, match="Did you mean 'erc20-votes'"):
        run()

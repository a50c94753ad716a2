"""`[chains.KEY.beacon]` is read strictly, filled from the environment, and kept as rows."""

from pathlib import Path

import pytest

from charter import beacon
from charter.actions import charter_load
from charter.errors import CharterError, Problem
from charter.loading import parse, read
from charter.models import Beacon, BeaconEndpoint
from charter.venue import FORKS
from proofs.chain.beacon import Fork

BEACON = "chains.l1.beacon"
NETWORK = f"{BEACON}.network"


def refused(text: str, environ: dict[str, str]) -> tuple[Problem, ...]:
    with pytest.raises(CharterError) as raised:
        parse(text, environ)
    return raised.value.problems


def of_ethereum(text: str) -> str:
    """The venue with the network that needs no table."""
    begin, end = text.index("[chains.l1.beacon.network]"), text.index("[chains.l2]")
    text = text[:begin] + text[end:]
    return text.replace("[chains.l1.beacon]\n", '[chains.l1.beacon]\nnetwork = "ethereum"\n')


def test_a_network_of_ones_own_is_a_table_and_ethereum_is_a_name(
    venue_text: str, environ: dict[str, str]
) -> None:
    found = parse(venue_text, environ).chains["l1"].beacon
    assert found is not None
    assert found.network is not None
    assert [fork.name for fork in found.network.forks] == ["deneb", "electra"]
    assert found.network.weak_subjectivity_epochs == 256
    known = parse(of_ethereum(venue_text), environ).chains["l1"].beacon
    assert known is not None
    assert known.network is None
    assert parse(venue_text, environ).chains["l2"].beacon is None


def test_the_forks_that_may_be_written_are_those_that_are_understood() -> None:
    assert [fork.name.lower() for fork in Fork] == list(FORKS)


BAD = [
    ('checkpoint = "${CHECKPOINT}"', "", f"{BEACON}.checkpoint", "it is missing"),
    ("${CHECKPOINT}", "0x1234", f"{BEACON}.checkpoint", "it is no root. Write 0x and 64 hex"),
    ("${CHECKPOINT}", "${L2_KEY}", f"{BEACON}.checkpoint", "no root once L2_KEY is filled in"),
    ("${CHECKPOINT}", "${CHEKPOINT}", f"{BEACON}.checkpoint", "CHEKPOINT, which is not set"),
    ("${CHECKPOINT}", "$CHECKPOINT", f"{BEACON}.checkpoint", "in braces"),
    ("${GENESIS_TIME}", "soon", f"{NETWORK}.genesis_time", "it is no time. Write the seconds"),
    ('"${GENESIS_TIME}"', "-5", f"{NETWORK}.genesis_time", "it is no time"),
    ('"${GENESIS_TIME}"', "true", f"{NETWORK}.genesis_time", "a number of seconds is needed"),
    ('"${GENESIS_TIME}"', "1.5", f"{NETWORK}.genesis_time", "a number of seconds is needed"),
    ('"0x5b', '"0x5', f"{NETWORK}.genesis_validators_root", "it is no root"),
    ("slots_per_epoch = 8", "slots_per_epoch = 0", f"{NETWORK}.slots_per_epoch", "not be below 1"),
    ("committee_size = 32", "", f"{NETWORK}.committee_size", "it is missing"),
    ("committee_size = 32", "comittee_size = 32", f"{NETWORK}.comittee_size",
     "Did you mean 'committee_size'?"),
    ('"deneb"', '"denep"', f"{NETWORK}.forks[0].name", "it must be 'altair', 'bellatrix'"),
    ("epoch = 2", "epoch = -1", f"{NETWORK}.forks[1].epoch", "it must not be below 0"),
    ('"deneb"', '"electra"', f"{NETWORK}.forks", "does not follow it"),
    ("epoch = 0", "epoch = 3", f"{NETWORK}.forks", "with epochs that do not fall"),
    ("0x04000001", "0x0400", f"{NETWORK}.forks[0].version", "not the version of a fork"),
    ('name = "l1-beacon"', 'name = "l1-a"', f"{BEACON}.endpoints[0].name", "already the name of"),
    ("https://beacon.example.org", "beacon.example.org", f"{BEACON}.endpoints[0].url",
     "not an http:// or https:// address"),
    ("https://beacon.example.org", "https://me:pass@example.org", f"{BEACON}.endpoints[0].url",
     "a user name or password"),
    ("[[chains.l1.beacon.endpoints]]", "[[chains.l1.beacon.endpoint]]", f"{BEACON}.endpoints",
     "it is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "key", "said"), BAD, ids=[f"{b[1]}" for b in BAD])
def test_what_is_wrong_is_said_at_its_key(
    good: str, bad: str, key: str, said: str, venue_text: str, environ: dict[str, str], secret: str
) -> None:
    assert good in venue_text
    found = refused(venue_text.replace(good, bad, 1), environ)
    told = [str(problem) for problem in found]
    assert any(problem.key == key and said in str(problem) for problem in found), told
    assert all(problem.instead for problem in found)
    assert not any(hidden in " ".join(told) for hidden in (secret, "me:pass", "beacon.example"))


def test_a_name_that_is_not_known_and_no_endpoint_are_refused(
    venue_text: str, environ: dict[str, str]
) -> None:
    text = of_ethereum(venue_text)
    [problem] = refused(text.replace('"ethereum"', '"sepolia"'), environ)
    assert problem.key == NETWORK
    assert 'Write network = "ethereum", or a table' in problem.instead
    begin, end = text.index("[[chains.l1.beacon.endpoints]]"), text.index("[chains.l2]")
    without = text[:begin] + text[end:]
    none = without.replace('network = "ethereum"', 'network = "ethereum"\nendpoints = []')
    [problem] = refused(none, environ)
    assert (problem.key, "one suffices" in problem.instead) == (f"{BEACON}.endpoints", True)


def test_an_l2_has_none(venue_text: str, environ: dict[str, str]) -> None:
    moved = venue_text.replace("chains.l1.beacon", "chains.l2.beacon")
    begin, end = moved.index("[chains.l2.beacon]"), moved.index("[chains.l2]")
    part = moved[begin:end]
    moved = moved[:begin] + moved[end:].replace("[contracts.governor]", part + "[contracts.gov]", 1)
    found = refused(moved.replace("[contracts.gov]", "[contracts.governor]"), environ)
    assert any(
        problem.key == "chains.l2.beacon" and "is an L2" in problem.what for problem in found
    )


def test_values_are_filled_in_when_they_are_asked_for(environ: dict[str, str]) -> None:
    assert beacon.root("${CHECKPOINT}", environ, key="x") == b"\xc7" * 32
    assert beacon.seconds("${GENESIS_TIME}", environ, key="x") == 1_700_000_000
    assert beacon.seconds(12, {}, key="x") == 12
    with pytest.raises(CharterError, match="CHECKPOINT, which is not set"):
        beacon.root("${CHECKPOINT}", {}, key="x")


@pytest.mark.django_db(transaction=True)
def test_rows_follow_the_charter_and_are_switched_off_with_it(
    venue_text: str, environ: dict[str, str], kinds: frozenset[str], secret: str
) -> None:
    def load(text: str) -> list[str]:
        venue = parse(text, environ)
        return [str(c) for c in charter_load(venue=venue, known_kinds=kinds, actor="system:test")]

    first = load(venue_text)
    assert {"beacon of l1 added", "beacon endpoint l1-beacon added"} <= set(first)
    assert load(venue_text) == []
    row = Beacon.objects.get()
    assert (row.checkpoint, row.network["genesis_time"]) == ("${CHECKPOINT}", "${GENESIS_TIME}")

    [moved] = load(venue_text.replace("beacon.example.org", "other.example.org"))
    assert moved == "beacon endpoint l1-beacon changed: url"
    load(venue_text)
    [changed] = load(venue_text.replace("${CHECKPOINT}", "0x" + "ab" * 32))
    assert changed.startswith("beacon of l1 changed: checkpoint '${CHECKPOINT}' -> '0xabab")

    begin, end = venue_text.index("[chains.l1.beacon]"), venue_text.index("[chains.l2]")
    gone = load(venue_text[:begin] + venue_text[end:])
    assert gone == ["beacon of l1 switched off", "beacon endpoint l1-beacon switched off"]
    assert not Beacon.objects.get().active
    assert not BeaconEndpoint.objects.get().active
    again = load(venue_text)
    assert "beacon endpoint l1-beacon switched on again" in again
    assert any("beacon of l1 switched on again" in change for change in again)
    assert not any(secret in change for change in again)


def test_a_venue_without_a_beacon_needs_nothing_of_it(
    tmp_path: Path, venue_text: str, environ: dict[str, str]
) -> None:
    begin, end = venue_text.index("[chains.l1.beacon]"), venue_text.index("[chains.l2]")
    path = tmp_path / "venue.toml"
    path.write_text(venue_text[:begin] + venue_text[end:])
    needed = {name: environ[name] for name in ("TOCSIN_LAB_URL", "L2_KEY")}
    assert read(path, needed).chains["l1"].beacon is None

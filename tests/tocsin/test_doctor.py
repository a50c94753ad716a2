"""A deployment is looked over: what is sound, what is not, and what is said about it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from chainsync.endpoint import pool
from chainsync.models import BackfillRange, CodeRecord, Coverage, EndpointStatus
from charter.models import Chain, Endpoint
from ledger.actions import tell
from ledger.models import Lease, OutboxEntry
from proofs.keccak import keccak256
from tests.api.small_venue import Venue, small_venue
from tests.tocsin.scripted_node import ScriptedNode, serving
from tocsin.doctor import machine, venue, work
from tocsin.doctor.checks import Check, Level, examine, sound
from tocsin.health import stale_after

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = "0x6001"
pytestmark = pytest.mark.django_db


@pytest.fixture
def house(db: None) -> Venue:
    return small_venue()


@pytest.fixture
def nodes(house: Venue) -> Iterator[list[ScriptedNode]]:
    """Two sound nodes for `l2`; `l1` is out of the charter."""
    Chain.objects.filter(key="l1").update(active=False)
    codes = {row.address.lower(): CODE for row in house.contracts.values()}
    made = [ScriptedNode(timestamp=int(time.time()), codes=dict(codes)) for _ in range(2)]
    with serving(made[0]) as one, serving(made[1]) as two:
        Endpoint.objects.filter(name="l2-a").update(url=one.url)
        Endpoint.objects.filter(name="l2-b").update(url=two.url)
        yield made
    pool.close_all()


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def by_name(checks: list[Check]) -> dict[str, Check]:
    assert len({check.name for check in checks}) == len(checks)
    for check in checks:
        assert check.says
        assert bool(check.do) == (check.level is not Level.OK), check
    return {check.name: check for check in checks}


def looked_at() -> dict[str, Check]:
    return by_name(list(venue.chains()))


def test_sound_nodes_and_contracts_are_called_sound(nodes: list[ScriptedNode]) -> None:
    found = looked_at()
    assert {check.level for check in found.values()} == {Level.OK}
    assert {"endpoint l2-a", "endpoint l2-b proofs", "contract dao", "agreement on l2"} <= set(
        found
    )


def test_a_node_of_another_chain_or_none_at_all_fails_and_the_rest_goes_on(
    nodes: list[ScriptedNode],
) -> None:
    nodes[0].chain_id = 1
    found = looked_at()
    assert found["endpoint l2-a"].level is Level.FAIL
    assert "answers for chain id 1, but the charter says 901" in found["endpoint l2-a"].says
    assert found["endpoint l2-b"].level is Level.OK
    assert found["agreement on l2"].level is Level.WARN
    assert found["contract dao"].level is Level.OK
    Endpoint.objects.filter(name="l2-b").update(url=f"http://127.0.0.1:{closed_port()}")
    found = looked_at()
    assert "cannot be reached" in found["endpoint l2-b"].says
    assert "contract dao" not in found


def test_a_secret_in_an_address_is_never_told(nodes: list[ScriptedNode]) -> None:
    Endpoint.objects.filter(name="l2-b").update(
        url=f"http://user:hush@127.0.0.1:{closed_port()}/key-hush"
    )
    assert not any("hush" in check.says + check.do for check in looked_at().values())
    Endpoint.objects.filter(name="l2-b").update(url="${SURELY_UNSET_URL}")
    assert "SURELY_UNSET_URL" in looked_at()["endpoint l2-b"].says


def test_old_heads_missing_finality_pruned_history_and_proofs_are_told(
    nodes: list[ScriptedNode],
) -> None:
    nodes[0].timestamp = int(time.time()) - 100
    nodes[0].finality = False
    nodes[0].proofs = False
    nodes[0].oldest_state = 800
    nodes[1].timestamp = int(time.time()) + 500
    found = looked_at()
    assert found["endpoint l2-a head"].level is Level.FAIL
    assert "safe and finalized" in found["endpoint l2-a finality"].says
    assert "the last 128 blocks only, not of block 1" in found["endpoint l2-a history"].says
    assert "eth_getProof" in found["endpoint l2-a proofs"].says
    assert "ahead" in found["endpoint l2-b head"].says


def test_contracts_without_code_or_with_other_code_fail(
    house: Venue, nodes: list[ScriptedNode]
) -> None:
    recorded = {"dao": CODE, "token": "0x6002"}
    for key, code in recorded.items():
        CodeRecord.objects.create(
            contract=house.contracts[key],
            block_number=1,
            code_hash="0x" + keccak256(bytes.fromhex(code[2:])).hex(),
        )
    for node in nodes:
        del node.codes[house.contracts["timelock"].address.lower()]
    found = looked_at()
    assert "on record (2 bytes)" in found["contract dao"].says
    assert "not what it was" in found["contract token"].says
    assert "no code at" in found["contract timelock"].says
    assert found["contract token"].level is found["contract timelock"].level is Level.FAIL


@pytest.mark.django_db(transaction=True)
def test_a_broken_charter_is_told_in_its_own_words(
    db: None, tmp_path: Path, settings: object
) -> None:
    path = tmp_path / "venue.toml"
    path.write_text("[venue]\nnome = 'x'\n")
    settings.VENUE_FILE = path  # type: ignore[attr-defined]
    (check,) = venue.charter()
    assert check.level is Level.FAIL
    assert "nome" in check.says
    assert "charter_load" in check.do


def test_this_machine_is_looked_at(house: Venue) -> None:
    found = by_name([*machine.versions(), *machine.database(), *machine.disk()])
    assert found["migrations"].level is Level.OK
    assert found["database clock"].level is Level.OK
    assert found["python"].level is Level.OK
    assert found["postgresql"].says.startswith("PostgreSQL 1")


@pytest.mark.parametrize(
    ("check", "level"),
    [
        (machine.python_version((3, 10)), Level.WARN),
        (machine.python_version((3, 13)), Level.OK),
        (machine.clock_skew("clock", 1.9), Level.OK),
        (machine.clock_skew("clock", -2.1), Level.WARN),
        (machine.clock_skew("clock", 11), Level.FAIL),
        (machine.room(Path("/data"), 3 * 1024**3), Level.OK),
        (machine.room(Path("/data"), 1024**3), Level.WARN),
        (machine.room(Path("/data"), 1024), Level.FAIL),
        (work.alive(["urgent@one"], [], 0), Level.OK),
        (work.alive([], ["follow:l2"], 1), Level.OK),
        (work.alive([], [], 0), Level.FAIL),
        (work.unsealed(None, datetime.now(UTC)), Level.OK),
        (work.unsealed(datetime.now(UTC) - timedelta(seconds=40), datetime.now(UTC)), Level.WARN),
        (work.unsealed(datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC)), Level.FAIL),
        (venue.head_age("head", 29, 1.0), Level.OK),
        (venue.head_age("head", stale_after(12) + 1, 12.0), Level.FAIL),
    ],
)
def test_the_line_between_sound_and_not(check: Check, level: Level) -> None:
    assert by_name([check])[check.name].level is level


def test_a_readable_secret_is_told(tmp_path: Path) -> None:
    key = tmp_path / "secret_key"
    assert machine.secret_file(key).level is Level.FAIL
    key.write_text("secret")
    key.chmod(0o640)
    assert "chmod 600" in machine.secret_file(key).do
    key.chmod(0o600)
    assert machine.secret_file(key).level is Level.OK


def test_what_waits_is_told(house: Venue) -> None:
    dao = house.contracts["dao"]
    BackfillRange.objects.create(
        chain=dao.chain, contract=dao, first=1, last=9, attempts=7, last_error="Refused."
    )
    tell(topic="proposals", event="changed")
    OutboxEntry.objects.update(at=timezone.now() - timedelta(minutes=20))
    found = by_name(list(work.queues()))
    assert "Refused." in found["backfill queue"].says
    assert found["outbox"].level is Level.FAIL
    Coverage.objects.filter(contract=dao).update(blocks=[(1, 100)], folded_to=100)
    Coverage.objects.filter(contract__key="token").update(fold_error="A row is in the way.")
    found = by_name(list(work.coverage()))
    assert "900 of 1,000 blocks are still to be read" in found["coverage of dao"].says
    assert found["coverage of token"].level is Level.FAIL
    assert found["coverage of timelock"].level is Level.OK
    EndpointStatus.objects.filter(endpoint__name="l2-b").update(disagrees="Another hash of 5.")
    assert by_name(list(work.findings()))["endpoint l2-b says"].says == "Another hash of 5."
    Lease.objects.create(
        name="follow:l2", owner="one", expires_at=timezone.now() + timedelta(seconds=9)
    )
    (check,) = work.workers()
    assert check.level is Level.OK


def test_a_check_that_breaks_off_is_a_failed_one_and_stops_no_other() -> None:
    def broken() -> Iterator[Check]:
        raise LookupError("nothing there")
        yield  # pragma: no cover

    found = list(examine([("one", broken), ("two", machine.versions)]))
    assert "LookupError: nothing there" in found[0].says
    assert len(found) > 1
    assert not sound(found)


@pytest.mark.parametrize("as_json", [True, False])
def test_without_a_database_the_command_still_says_what_is_so(
    tmp_path: Path, as_json: bool
) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", *(["--json"] if as_json else [])],
        cwd=ROOT,
        env={
            **os.environ,
            "TOCSIN_DATA_DIR": str(tmp_path),
            "DATABASE_URL": f"postgresql://nobody@127.0.0.1:{closed_port()}/none",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    if as_json:
        told = json.loads(done.stdout)
        assert told["sound"] is False
        levels = {check["name"]: check["level"] for check in told["checks"]}
        assert levels["database"] == "fail"
        assert levels["python"] == "ok"
    else:
        assert "fail  database: It cannot be looked at without the database" in done.stdout
        assert "Not sound:" in done.stdout

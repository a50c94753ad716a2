"""A venue on five hosts, one of which loses its network while it follows.

Database and broker, two hosts of workers, one of pages, and the lab: each in a network namespace
of its own. Then the workers are drained and started again one host after the other, as for a new
version. In the end every block and every log is there once, as the nodes have them.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from deployment import ROOT, environment, until
from honcho.environ import parse_procfile
from services import absent

from tools import hosts, postgres
from tools.hosts import Host
from tools.run import read_lab

pytestmark = [pytest.mark.slow, pytest.mark.node, pytest.mark.timeout(600)]

LAB_PORT, PAGES_PORT = 18900, 8000
WORKERS = ("worker-1", "worker-2")
LINES = dict(parse_procfile((ROOT / "Procfile").read_text()).processes)


class Town:
    """The hosts, what runs on them, and a look into their database."""

    def __init__(self, network: dict[str, Host], folder: Path) -> None:
        self.hosts = network
        self.folder = folder
        self.processes: dict[tuple[str, str], subprocess.Popen[bytes]] = {}
        self.server: postgres.Server | None = None
        self.connection: psycopg.Connection[Any] | None = None

    def open(self) -> None:
        """From nothing to a venue that follows, in the order that the documentation gives."""
        store = self.hosts["store"]
        self.server = postgres.start(
            self.folder / "pg",
            port=5432,
            durable=False,
            address=store.address,
            within=store.command,
        )
        self.spawn(
            "store",
            "redis",
            *("redis-server", "--bind", store.address, "--port", "6379", "--save", ""),
            *("--protected-mode", "no", "--dir", str(self.folder)),
        )
        lab = self.hosts["lab"]
        self.spawn("lab", "lab", sys.executable, "-m", "lab", "serve")
        self.spawn(
            "lab",
            "relay",
            *(sys.executable, str(ROOT / "tests/grown/relay.py")),
            *(lab.address, str(LAB_PORT), str(LAB_PORT)),
        )
        url = self.server.url()
        self.connection = store.inside(lambda: psycopg.connect(url, autocommit=True))
        self.connection.execute("CREATE DATABASE town")
        self.connection.close()
        town = self.server.url("town")
        self.connection = store.inside(lambda: psycopg.connect(town, autocommit=True))
        until(lambda: self.lab_status().get("ready"), self.said)
        self.manage("migrate", "--no-input", "-v0")
        self.manage("charter_load")
        self.spawn("pages", "web", "sh", "-c", f"exec {LINES['web']}")
        for name in WORKERS:
            self.start_workers(name)

    def env(self, host: str) -> dict[str, str]:
        """The environment of a host's processes."""
        assert self.server is not None
        folder = self.folder / host
        folder.mkdir(exist_ok=True)
        return environment(
            self.server.url("town"),
            folder,
            CELERY_BROKER_URL=f"redis://{self.hosts['store'].address}:6379/0",
            TOCSIN_LAB_URL=f"http://{self.hosts['lab'].address}:{LAB_PORT}",
            **self.beacon(),
            TOCSIN_LAB_PORT=str(LAB_PORT),
            TOCSIN_BIND=self.hosts["pages"].address,
            TOCSIN_HOSTS=self.hosts["pages"].address,
            TOCSIN_SECRET_KEY="the same on every host",
            PORT=str(PAGES_PORT),
        )

    def beacon(self) -> dict[str, str]:
        """What a light client of the lab's L1 begins with, once there is a lab."""
        data = self.folder / "lab"
        return read_lab(data).beacon if (data / "lab" / "lab.json").exists() else {}

    def spawn(self, host: str, name: str, *arguments: str) -> None:
        """A process on a host."""
        env = self.env(host)
        self.processes[host, name] = self.hosts[host].start(
            arguments, log=self.log(host, name), env=env, cwd=ROOT
        )

    def start_workers(self, host: str) -> None:
        """The lines of the Procfile that belong on a host of workers, a scheduler included."""
        for name in ("urgent", "bulk", "beat"):
            arguments = shlex.split(
                LINES[name].replace("$TOCSIN_DATA_DIR", str(self.folder / host))
            )
            self.spawn(host, name, *arguments)

    def drain(self, host: str) -> None:
        """Have a host's workers end what they do and go, as before a new version."""
        for name in ("beat", "urgent", "bulk"):
            self.processes[host, name].terminate()
        for name in ("beat", "urgent", "bulk"):
            assert self.processes[host, name].wait(90) == 0, self.said()

    def manage(self, *arguments: str) -> str:
        """What `manage.py` printed on the host of the pages."""
        command = [sys.executable, "manage.py", *arguments]
        try:
            return self.hosts["pages"].run(command, env=self.env("pages"), cwd=ROOT)
        except subprocess.CalledProcessError as error:
            raise AssertionError(f"{error}\n{error.stdout}{error.stderr}") from error

    def fetch(self, url: str, body: Any = None) -> Any:
        """What a host's server answers, as the host of the pages sees it."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"content-type": "application/json"})

        def ask() -> Any:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)

        return self.hosts["pages"].inside(ask)

    def lab_status(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            return self.fetch(f"http://{self.hosts['lab'].address}:{LAB_PORT}/")
        return {}

    def rpc(self, *calls: tuple[str, list[Any]]) -> list[Any]:
        """Results of calls to the lab's L2."""
        batch = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
            for number, (method, parameters) in enumerate(calls)
        ]
        replies = self.fetch(f"http://{self.hosts['lab'].address}:{LAB_PORT}/l2-a", batch)
        return [reply["result"] for reply in sorted(replies, key=lambda reply: reply["id"])]

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        assert self.connection is not None
        cursor = self.connection.execute(statement, values)  # type: ignore[call-overload]
        return cursor.fetchall()

    @property
    def head(self) -> int:
        """The head of L2 that is followed; -1 before the first."""
        rows = self.rows(
            "SELECT head_number FROM chainsync_chainstatus AS status"
            " JOIN charter_chain AS chain ON chain.id = status.chain_id"
            " WHERE chain.key = 'l2' AND head_number IS NOT NULL"
        )
        return rows[0][0] if rows else -1

    def moves(self, blocks: int = 3) -> None:
        """Wait until so many more blocks are followed."""
        goal = self.head + blocks
        until(lambda: self.head >= goal, lambda: f"head {self.head}, not {goal}\n{self.said()}")

    def lease(self) -> tuple[str, int]:
        """The host that holds the lease of following L2, and its fence; empty when it lapsed."""
        rows = self.rows(
            "SELECT owner, fence FROM ledger_lease"
            " WHERE name = 'follow:l2' AND expires_at > clock_timestamp()"
        )
        return (rows[0][0].partition(":")[0], rows[0][1]) if rows else ("", 0)

    def log(self, host: str, name: str) -> Path:
        return self.folder / f"{host}-{name}.log"

    def said(self) -> str:
        """The ends of all logs."""
        return "\n".join(
            f"--- {host} {name}\n" + self.log(host, name).read_text(errors="replace")[-1500:]
            for host, name in self.processes
        )

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()
        postgres.stop(self.folder / "pg")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    if reason := hosts.unavailable():
        absent(f"hosts cannot be made here: {reason}")
    if shutil.which("redis-server") is None:
        absent("redis-server is not installed, which the host of the broker runs")
    with hosts.network("store", "lab", "pages", *WORKERS) as network:
        found = Town(network, tmp_path)
        try:
            yield found
        finally:
            found.close()
    left = [name for name in os.listdir("/run/netns") if name.startswith(f"tocsin{os.getpid()}-")]
    assert left == []


def test_a_host_that_is_cut_off_is_replaced_and_no_block_is_lost_or_written_twice(
    town: Town,
) -> None:
    town.open()
    town.moves()
    until(lambda: town.lease()[0], town.said)
    holder, fence = town.lease()
    assert holder in WORKERS
    other = next(name for name in WORKERS if name != holder)
    pages = f"http://{town.hosts['pages'].address}:{PAGES_PORT}"

    town.hosts[holder].cut()
    until(lambda: town.lease()[0] == other and town.lease()[1] > fence, town.said)
    town.moves()
    assert town.fetch(f"{pages}/api/v1/chains/")["results"]

    town.hosts[holder].join()
    [(rejoined,)] = town.rows("SELECT clock_timestamp()")
    until(
        lambda: town.rows(
            "SELECT 1 FROM ledger_lease WHERE owner LIKE %s AND expires_at > %s",
            *(f"{holder}:%", rejoined),
        ),
        lambda: f"{holder} does no work after it came back\n{town.said()}",
    )

    for name in WORKERS:
        town.drain(name)
        town.manage("migrate", "--no-input", "-v0")
        town.moves()
        town.start_workers(name)
    town.moves()

    assert {name: host.listening() for name, host in town.hosts.items()} == {
        "store": {5432, 6379},
        "lab": {LAB_PORT},
        "pages": {PAGES_PORT},
        **{name: set() for name in WORKERS},
    }
    until(lambda: not town.rows("SELECT 1 FROM chainsync_backfillrange"), town.said)
    _as_the_nodes_have_it(town)


def _as_the_nodes_have_it(town: Town) -> None:
    """Followed blocks are dense, and blocks and logs are those of the chain, each once."""
    [(chain, first, head)] = town.rows(
        "SELECT chain.id, dense_from, head_number FROM chainsync_chainstatus AS status"
        " JOIN charter_chain AS chain ON chain.id = status.chain_id WHERE chain.key = 'l2'"
    )
    last = head - 3  # what the node may still replace is left out
    blocks = town.rows(
        "SELECT number, '0x' || encode(hash, 'hex') FROM chainsync_block WHERE chain_id = %s"
        " AND canonical AND number BETWEEN %s AND %s ORDER BY number",
        *(chain, first, last),
    )
    assert [number for number, _ in blocks] == list(range(first, last + 1))
    headers = town.rpc(*(("eth_getBlockByNumber", [hex(number), False]) for number, _ in blocks))
    assert [block_hash for _, block_hash in blocks] == [header["hash"] for header in headers]

    addresses = [
        row[0]
        for row in town.rows(
            "SELECT '0x' || encode(address, 'hex') FROM charter_contract"
            " WHERE chain_id = %s AND active",
            chain,
        )
    ]
    where = {"fromBlock": "0x0", "toBlock": hex(last), "address": addresses}
    [logs] = town.rpc(("eth_getLogs", [where]))
    topics = {
        topic
        for row in town.rows("SELECT topics FROM chainsync_coverage")
        for topic in (row[0] or [])
    }
    expected = sorted(
        (int(log["blockNumber"], 16), int(log["logIndex"], 16), log["address"].lower())
        for log in logs
        if not topics or log["topics"][0] in topics
    )
    found = town.rows(
        "SELECT block_number, log_index, '0x' || encode(address, 'hex') FROM chainsync_log"
        " WHERE chain_id = %s AND canonical AND block_number <= %s"
        " ORDER BY block_number, log_index",
        *(chain, last),
    )
    assert found
    assert found == expected

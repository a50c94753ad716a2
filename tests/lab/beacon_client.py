"""The product's light client, fed by the lab's beacon endpoint over HTTP."""

import json
import urllib.request
from typing import Any

from proofs.chain.beacon import Fork
from proofs.chain.beacon_network import ForkStart, Network
from proofs.statements import light_client_record
from proofs.statements.light_client import begin, process_update
from proofs.statements.light_client_data import Update, form
from proofs.statements.light_client_store import Certified, Committees, Store, certifies

LIGHT_CLIENT = "/eth/v1/beacon/light_client"


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def network_of(genesis: dict[str, str], spec: dict[str, str]) -> Network:
    """The network that a beacon node says it is on."""
    version = bytes.fromhex(spec["ELECTRA_FORK_VERSION"][2:])
    return Network(
        genesis_time=int(genesis["genesis_time"]),
        genesis_validators_root=bytes.fromhex(genesis["genesis_validators_root"][2:]),
        forks=(ForkStart(Fork.ELECTRA, int(spec["ELECTRA_FORK_EPOCH"]), version),),
        seconds_per_slot=int(spec["SECONDS_PER_SLOT"]),
        slots_per_epoch=int(spec["SLOTS_PER_EPOCH"]),
        epochs_per_period=int(spec["EPOCHS_PER_SYNC_COMMITTEE_PERIOD"]),
        committee_size=int(spec["SYNC_COMMITTEE_SIZE"]),
    )


class Client:
    """A light client that begins at a trusted root and is brought up to date by `follow`."""

    def __init__(self, url: str, trusted: str, record: bytes = b"") -> None:
        self.url = url
        self.trusted = trusted
        self.network = network_of(
            self.get("/eth/v1/beacon/genesis")["data"], self.get("/eth/v1/config/spec")["data"]
        )
        self.form = form(Fork.ELECTRA, self.network.committee_size)
        self.committees = Committees()
        self.periods: list[int] = []
        self.store: Store = (
            light_client_record.load(self.network, record) if record else self._begun(trusted)
        )

    def _begun(self, trusted: str) -> Store:
        answer = self.get(f"{LIGHT_CLIENT}/bootstrap/{trusted}")
        assert answer["version"] == "electra"
        bootstrap = self.form.bootstrap.parse(answer["data"])
        return begin(self.network, bytes.fromhex(trusted[2:]), bootstrap)

    def get(self, path: str) -> Any:
        return get(self.url + path)

    @property
    def record(self) -> bytes:
        return light_client_record.dump(self.store)

    @property
    def slot(self) -> int:
        """The slot of the head: the clock of a chain whose time is warped."""
        header = self.get("/eth/v1/beacon/headers/head")["data"]["header"]["message"]
        return int(header["slot"])

    def updates(self, start: int, count: int = 128) -> list[Update]:
        rows = self.get(f"{LIGHT_CLIENT}/updates?start_period={start}&count={count}")
        return [self.form.update.parse(row["data"]) for row in rows]

    def finality_update(self) -> Update:
        answer = self.get(f"{LIGHT_CLIENT}/finality_update")
        assert answer["version"] == "electra"
        return self.form.finality_update.parse(answer["data"])

    def process(self, update: Update) -> None:
        self.store = process_update(
            self.store, update, current_slot=self.slot, committees=self.committees
        )

    def follow(self) -> Certified:
        """Take the updates of all periods that passed, then the newest one."""
        before = -1
        while self.store.period > before:
            before = self.store.period
            for update in self.updates(before + (self.store.next_committee is not None)):
                self.process(update)
                self.periods.append(self.store.period)
        self.process(self.finality_update())
        return certifies(self.store)

"""A beacon node over real HTTP: it serves the miniature chain, or what a story makes of it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chainsync.light_client.following import turn
from chainsync.models import LightClient
from proofs.statements.light_client_data import Bootstrap, Update, form
from tests.proofs.light_client_chain import MEMBERS, NETWORK, bootstrap, update
from tests.proofs.ssz_json import as_json

FORM = form(NETWORK.fork(0), MEMBERS)
FORK = NETWORK.fork(0).name.lower()
PREFIX = "/eth/v1/beacon/light_client"


TABLE: dict[str, Any] = {
    "genesis_time": NETWORK.genesis_time,
    "genesis_validators_root": "0x" + NETWORK.genesis_validators_root.hex(),
    "seconds_per_slot": NETWORK.seconds_per_slot,
    "slots_per_epoch": NETWORK.slots_per_epoch,
    "epochs_per_period": NETWORK.epochs_per_period,
    "committee_size": NETWORK.committee_size,
    "weak_subjectivity_epochs": 256,
    "forks": [{"name": "electra", "epoch": 0, "version": "0x05000001"}],
}


@dataclass
class Cut:
    """A body that is announced whole and ends early."""

    body: bytes


Reply = tuple[int, bytes | Cut]


@dataclass
class BeaconNode:
    """What the node has. `spoil` may change any answer: path and honest reply in, reply out."""

    checkpoint: Bootstrap
    updates: dict[int, Update] = field(default_factory=dict)
    finality: Update | None = None
    spoil: Callable[[str, int, bytes], Reply] | None = None
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def reply(self, path: str) -> Reply:
        """Status and body of the answer to a GET."""
        self.asked.append(path)
        status, said = self._honest(path)
        body = json.dumps(said).encode()
        return self.spoil(path, status, body) if self.spoil else (status, body)

    def _honest(self, path: str) -> tuple[int, Any]:
        parts = urlsplit(path)
        below = parts.path.partition(PREFIX)[2]
        if below == "/bootstrap/0x" + self.checkpoint.header.beacon.root().hex():
            return 200, answer(FORM.bootstrap, self.checkpoint)
        if below == "/updates":
            asked = parse_qs(parts.query)
            first, count = int(asked["start_period"][0]), int(asked["count"][0])
            found = [self.updates.get(period) for period in range(first, first + count)]
            return 200, [answer(FORM.update, one) for one in found if one]
        if below == "/finality_update" and self.finality is not None:
            return 200, answer(FORM.finality_update, self.finality)
        return 404, {"code": 404, "message": "not here"}

    def go_to(self, slot: int, *, finalized: int, signers: int = MEMBERS) -> None:
        """Have it serve the chain as it is when `slot` was attested."""
        self.finality = update(slot, finalized, signers=signers)
        for period in range(NETWORK.period(slot) + 1):
            last = (period + 1) * NETWORK.slots_per_period - 2
            if period not in self.updates and last - 16 <= slot:
                at = min(last, slot)
                self.updates[period] = update(at, at - 16, handover=True)


def answer(schema: Any, value: Any) -> dict[str, Any]:
    """The envelope of the beacon API around an object."""
    return {"version": FORK, "data": as_json(schema, value)}


def node_at(slot: int = 8) -> BeaconNode:
    """A node whose chain begins at a checkpoint in this slot."""
    return BeaconNode(bootstrap(slot))


@contextmanager
def serving(node: BeaconNode) -> Iterator[BeaconNode]:
    """Serve the node on a free port; its `url` is set."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = node.reply(self.path)
            whole_body = body.body if isinstance(body, Cut) else body
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(whole_body)))
            self.end_headers()
            if isinstance(body, Cut):
                self.wfile.write(whole_body[: len(whole_body) // 2])
                self.wfile.flush()
                self.connection.close()
                self.close_connection = True
            else:
                self.wfile.write(whole_body)

        def log_message(self, *args: object) -> None:
            """Say nothing: the story is told by the test."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    node.url = f"http://127.0.0.1:{server.server_port}/beacon?key=hush"
    try:
        yield node
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def at(slot: int) -> float:
    """The time in the middle of a slot."""
    return NETWORK.genesis_time + (slot + 0.5) * NETWORK.seconds_per_slot


def go(slot: int) -> LightClient:
    """One turn at a slot."""
    row = turn("l1", lambda: at(slot))
    assert row is not None
    return row

"""Serving a lab: its nodes, its gateway, its life, its dumps, and a clean end."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lab import artifacts, history, labfile
from lab.anvil import AnvilFailed, free_port
from lab.beacon.follower import Follower
from lab.bridge_governance import BridgeGovernance
from lab.chain import Chain
from lab.deployment import as_json, deploy_l1, deploy_l2, from_json
from lab.gateway import OPERATORS, Gateway
from lab.labfile import LabFile
from lab.life import prologue
from lab.life.director import Director
from lab.nodes import ChainNode
from lab.rpc import NodeUnreachable, Rpc, RpcError
from lab.schedule import CHAINS, DUMP_INTERVAL, PROLOGUE_SPAN
from lab.venue_governance import VenueGovernance
from tools import node

log = logging.getLogger("lab")

STOP_BUDGET = 2.6
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class SetupFailed(RuntimeError):
    """The lab cannot be set up; the message is for a person."""


def wanted_port(stored: LabFile | None) -> int:
    """The gateway's port: ``TOCSIN_LAB_PORT``, else that of the last run, else a free one."""
    asked = os.environ.get("TOCSIN_LAB_PORT", "")
    if asked:
        if not asked.isdigit() or not 0 < int(asked) < 65536:
            raise SetupFailed(f"TOCSIN_LAB_PORT is {asked!r}: write a port number, e.g. 18900.")
        if not _is_free(int(asked)):
            raise SetupFailed(f"Port {asked} (TOCSIN_LAB_PORT) is in use: choose another one.")
        return int(asked)
    return stored.port if stored and _is_free(stored.port) else free_port()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass(frozen=True)
class Prepared:
    """What is to be served: a lab, and the chains it goes on with (none for a new one)."""

    lab: LabFile
    states: dict[str, history.State]

    @property
    def is_new(self) -> bool:
        """Whether this lab has never been served."""
        return not self.states


def prepare(folder: Path) -> Prepared:
    """Set up everything that serving needs and decide what is served; idempotent.

    Raises `SetupFailed`, `lab.artifacts.CompileError` or the errors of `tools.node`. The caller
    holds the folder (`labfile.take`).
    """
    node.npm_install(artifacts.ROOT)
    node.anvil_binary(artifacts.ROOT)
    if artifacts.build():
        log.info("contracts compiled")
    stored = LabFile.read(folder)
    _end_leftovers(folder, stored)
    port = wanted_port(stored)
    states: dict[str, history.State] = {}
    reason = _why_new(folder, stored) or _read_chains(folder, stored, states)
    if stored is None or reason:
        log.info("a new lab begins: %s", reason)
        for chain in CHAINS:
            history.discard(folder, chain)
        stored, states = LabFile.fresh(port), {}
    stored.port, stored.server_pid, stored.nodes = port, 0, {}
    stored.write(folder)
    return Prepared(stored, states)


def _why_new(folder: Path, stored: LabFile | None) -> str:
    if stored is None:
        if (folder / labfile.FILE).exists():
            return f"{folder / labfile.FILE} cannot be read"
        return f"there is none in {folder} yet"
    if stored.fingerprint != labfile.fingerprint():
        return "the contracts or the schedule have changed since the last one"
    if not stored.is_untouched and set(stored.contracts) != set(CHAINS):
        return "the last one was not set up to its end"
    return ""


def _read_chains(folder: Path, stored: LabFile | None, states: dict[str, history.State]) -> str:
    """Fill ``states`` with the stored chains; why that is not possible, or an empty string."""
    if stored is None or stored.is_untouched:
        return ""
    for chain in CHAINS:
        state, problems = history.latest(folder, chain)
        for problem in problems:
            log.warning("[%s] a stored chain cannot be read: %s", chain, problem)
        if state is None:
            return f"no readable dump of {chain} is left"
        states[chain] = state
    return ""


def _end_leftovers(folder: Path, stored: LabFile | None) -> None:
    for chain, record in (stored.nodes if stored else {}).items():
        if not record.is_running():
            continue
        # Left by a crash, it still holds blocks that were served but not dumped.
        with contextlib.suppress(ProcessLookupError):
            os.kill(record.pid, signal.SIGCONT)
        try:
            with Rpc(f"http://127.0.0.1:{record.port}", 5) as rpc:
                history.save(folder, chain, rpc)
        except (NodeUnreachable, RpcError, OSError, ValueError) as error:
            log.warning("[%s] the node left by a crash could not be stored: %s", chain, error)
        record.end()
        log.info("[%s] ended the node that a crash had left (pid %d)", chain, record.pid)


class Server:
    """A lab being served from a folder, from `start` to `stop`."""

    def __init__(self, folder: Path, prepared: Prepared, *, life: bool = True) -> None:
        self.folder = folder
        self.lab = prepared.lab
        self.ready = False
        self._states = prepared.states
        self._life = life
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.beacon = Follower(self._genesis_time, time.time)
        beacons = {"l1": self.beacon}
        self.nodes = {
            name: ChainNode(name, folder, self._write, beacons.get(name)) for name in CHAINS
        }
        upstreams = {name: chain.upstream for name, chain in self.nodes.items()}
        self.gateway = Gateway(upstreams, self.status, self.lab.token, self.beacon)

    @property
    def _genesis_time(self) -> int:
        return int(self.lab.beacon["genesis_time"])

    def _write(self) -> None:
        records = {name: entry.record for name, entry in self.nodes.items()}
        self.lab.nodes = {name: record for name, record in records.items() if record}
        self.lab.server_pid = os.getpid()
        self.lab.write(self.folder)

    def start(self) -> None:
        """Bring everything up.

        Raises `AnvilFailed`, `lab.gateway.PortTaken` or the errors of a deployment.
        """
        self.gateway.start(self.lab.port)
        self.lab.port = self.gateway.port
        if self._states:
            try:
                self._continue()
            except (AnvilFailed, NodeUnreachable, RpcError) as error:
                log.warning("the stored chains cannot be loaded (%s): a new lab begins", error)
                self._abandon()
                self._begin()
        else:
            self._begin()
        for entry in self.nodes.values():
            entry.run()
        self.ready = True
        self._write()
        if self._life:
            self._start_life()
        for entry in self.nodes.values():
            self._spawn(f"{entry.name} dumps", partial(self._keep, entry))

    def _continue(self) -> None:
        self.beacon.load(self.folder)
        for name, entry in self.nodes.items():
            chain = entry.start_from(self._states.pop(name))
            log.info("[%s] continued at block %d", name, chain.block_number())

    def _abandon(self) -> None:
        for name, entry in self.nodes.items():
            if entry.anvil is not None:
                entry.anvil.kill()
            history.discard(self.folder, name)
            entry.consensus.reset()
        self.lab = replace(LabFile.fresh(self.lab.port), token=self.lab.token)
        self.beacon.begin(self._genesis_time)

    def _begin(self) -> None:
        # The beacon chain of L1 began when the lab was prepared, and L1 with it.
        begins = {"l1": self._genesis_time, "l2": int(time.time()) - PROLOGUE_SPAN["l2"]}
        for name, entry in self.nodes.items():
            chain = entry.start_new(begins[name])
            deployed = deploy_l2(chain) if name == "l2" else deploy_l1(chain)
            self.lab.contracts[name] = as_json(deployed)
            told = prologue.tell(name, self.governance(name, chain))
            height = chain.block_number()
            log.info("[%s] deployed, %d proposals told, at block %d", name, told, height)

    def governance(self, name: str, chain: Chain) -> VenueGovernance | BridgeGovernance:
        """The driver of a chain's governance."""
        deployed = from_json(self.lab.contracts[name])
        return (VenueGovernance if name == "l2" else BridgeGovernance)(chain, deployed)

    def _start_life(self) -> None:
        for name, entry in self.nodes.items():
            if entry.chain is None:
                continue
            gov = self.governance(name, entry.chain)
            director = Director(name, gov, first_block=1, seed=int(self.lab.id, 16))
            self._spawn(f"{name} life", partial(director.run, self._stop))

    def _spawn(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _keep(self, entry: ChainNode) -> None:
        dumped_at = 0.0
        while not self._stop.wait(1.0):
            try:
                entry.tend()
                if time.monotonic() - dumped_at >= DUMP_INTERVAL:
                    dumped_at = time.monotonic()
                    entry.dump()
            except (AnvilFailed, NodeUnreachable, RpcError) as error:
                log.warning("[%s] %s", entry.name, error)

    def status(self) -> dict[str, Any]:
        """What the gateway's front page says."""
        chains = {}
        for name, entry in self.nodes.items():
            chains[name] = {
                "chain_id": entry.times.chain_id,
                "head": entry.upstream.head,
                "safe": max(0, entry.consensus.safe),
                "finalized": max(0, entry.consensus.finalized),
                "answering": entry.upstream.is_answering(),
                "endpoints": [f"{self.gateway.url}/{name}-{letter}" for letter in OPERATORS],
            }
        suffering = self.gateway.suffering()
        return {"id": self.lab.id, "ready": self.ready, "chains": chains, "suffering": suffering}

    def stop(self) -> None:
        """End life, store the chains, end the nodes; within three seconds."""
        self.ready = False
        self._stop.set()
        enders = [
            threading.Thread(target=entry.stop, name=f"{entry.name} end", daemon=True)
            for entry in self.nodes.values()
        ]
        deadline = time.monotonic() + STOP_BUDGET
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join(max(0.0, deadline - time.monotonic()))
        for entry in self.nodes.values():
            if entry.anvil is not None:
                entry.anvil.kill()
        self.gateway.stop()
        self.lab.nodes, self.lab.server_pid = {}, 0
        self.lab.write(self.folder)


def serve(folder: Path, *, life: bool = True) -> None:
    """Serve the folder's lab in the foreground until SIGINT or SIGTERM.

    Raises `labfile.LabBusy`, `SetupFailed`, and the errors of `prepare` and `Server.start`.
    """
    asked = threading.Event()
    # Until it is ready a signal interrupts whatever is being done; afterwards it is waited for.
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    with labfile.take(folder, patience=1.0):
        server = Server(folder, prepare(folder), life=life)
        try:
            server.start()
            for number in _STOP_SIGNALS:
                signal.signal(number, lambda *_arguments: asked.set())
            log.info("lab %s is ready at %s", server.lab.id, server.gateway.url)
            asked.wait()
            log.info("stopping")
        finally:
            for number in _STOP_SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            server.stop()
        log.info("stopped; the chains are kept in %s", folder)

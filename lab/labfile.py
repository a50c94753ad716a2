"""What is written down about a lab: `lab.json` in its data folder, read by its command line."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from lab import artifacts, schedule
from lab.anvil import ProcessRecord
from lab.beacon.blocks import genesis_block
from lab.beacon.validators import genesis_validators_root

FILE = "lab.json"


class LabNotRunning(RuntimeError):
    """There is no lab at work in the data folder; the message says what to do."""


class LabBusy(RuntimeError):
    """Another process serves this lab already."""


def data_folder() -> Path:
    """``$TOCSIN_DATA_DIR/lab``, by default ``.data/lab`` in the project."""
    base = os.environ.get("TOCSIN_DATA_DIR")
    return (Path(base) if base else artifacts.ROOT / ".data").resolve() / "lab"


def fingerprint() -> str:
    """What must be unchanged for a stored lab to be continued: contracts and schedule."""
    return f"{artifacts.fingerprint()}-{schedule.fingerprint()}"


def begin_beacon(created_at: int) -> dict[str, Any]:
    """The beacon chain of a lab of this age: genesis time in seconds, and as hex the root of its
    validators and the checkpoint, which is the root of its first block."""
    genesis_time = created_at - schedule.PROLOGUE_SPAN["l1"]
    return {
        "genesis_time": genesis_time,
        "genesis_validators_root": "0x" + genesis_validators_root().hex(),
        "checkpoint": "0x" + genesis_block(genesis_time).root.hex(),
    }


@dataclass
class LabFile:
    """Identity and whereabouts of a lab; ``contracts`` by chain as stored by the deployment.

    ``beacon`` is what a light client of L1 begins with: `begin_beacon` says its keys.
    Who knows the ``token`` decides what the endpoints suffer.
    """

    id: str
    created_at: int
    fingerprint: str
    port: int
    server_pid: int = 0
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    nodes: dict[str, ProcessRecord] = field(default_factory=dict)
    contracts: dict[str, dict[str, Any]] = field(default_factory=dict)
    beacon: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def fresh(cls, port: int) -> LabFile:
        """A new lab with a random id."""
        now = int(time.time())
        return cls(secrets.token_hex(8), now, fingerprint(), port, beacon=begin_beacon(now))

    @classmethod
    def read(cls, folder: Path) -> LabFile | None:
        """The stored lab, or None when there is none or it cannot be read."""
        try:
            stored = json.loads((folder / FILE).read_text())
            token = str(stored["gateway"].get("token") or secrets.token_urlsafe(32))
            nodes = {
                chain: ProcessRecord(int(record["pid"]), int(record["port"]))
                for chain, record in stored["nodes"].items()
            }
            return cls(
                id=str(stored["id"]),
                created_at=int(stored["created_at"]),
                fingerprint=str(stored["fingerprint"]),
                port=int(stored["gateway"]["port"]),
                server_pid=int(stored["gateway"]["pid"]),
                token=token,
                nodes=nodes,
                contracts=dict(stored["contracts"]),
                beacon=dict(stored["beacon"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def write(self, folder: Path) -> None:
        """Store the lab; a reader sees the old file or the new one, never half of one."""
        folder.mkdir(parents=True, exist_ok=True)
        document = {
            "id": self.id,
            "created_at": self.created_at,
            "fingerprint": self.fingerprint,
            "gateway": {
                "port": self.port,
                "pid": self.server_pid,
                "url": self.url,
                "token": self.token,
            },
            "nodes": {c: {"pid": n.pid, "port": n.port} for c, n in self.nodes.items()},
            "contracts": self.contracts,
            "beacon": self.beacon,
        }
        part = folder / f"{FILE}.part"
        part.unlink(missing_ok=True)
        # The token is for the owner's eyes only.
        part.touch(mode=0o600)
        part.write_text(json.dumps(document, indent=1))
        part.replace(folder / FILE)

    @property
    def is_untouched(self) -> bool:
        """Whether this lab was only prepared and never served."""
        return not (self.contracts or self.nodes or self.server_pid)

    @property
    def url(self) -> str:
        """Base URL of the gateway."""
        return f"http://127.0.0.1:{self.port}"

    def node_url(self, chain: str) -> str:
        """URL of a chain's own node; raises `LabNotRunning`."""
        record = self.nodes.get(chain)
        if record is None or not record.is_running():
            raise LabNotRunning(f"The node of {chain} is not running: start the lab first.")
        return f"http://127.0.0.1:{record.port}"


def running(folder: Path) -> LabFile:
    """The lab that is being served from a folder; raises `LabNotRunning`."""
    stored = LabFile.read(folder)
    if stored is None or not is_served(folder):
        raise LabNotRunning(
            f"No lab is running in {folder}: start it with `make run` or `python -m lab serve`, "
            "or set TOCSIN_DATA_DIR to the folder of the one that is."
        )
    return stored


def _locked(handle: IO[str]) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def take(folder: Path, patience: float = 0) -> IO[str]:
    """Claim the folder for this process until the handle is closed.

    Tries for ``patience`` seconds, since a mere look by `is_served` holds the claim for an
    instant. Raises `LabBusy`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = open(folder / "serving", "w")  # noqa: SIM115 - held for the life of the process
    deadline = time.monotonic() + patience
    while not _locked(handle):
        if time.monotonic() >= deadline:
            handle.close()
            raise LabBusy(f"A lab is already being served from {folder}.")
        time.sleep(0.05)
    return handle


def is_served(folder: Path) -> bool:
    """Whether some process serves this folder now."""
    if not (folder / "serving").exists():
        return False
    try:
        take(folder).close()
    except LabBusy:
        return True
    return False

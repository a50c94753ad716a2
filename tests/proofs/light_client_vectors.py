"""Reading the published light client vectors: their networks, their steps, their snappy files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from proofs.chain.beacon import Fork, LightHeader, sync_committee_domain
from proofs.chain.beacon_network import ForkStart, Network
from proofs.statements.light_client import begin
from proofs.statements.light_client_data import Update, form
from proofs.statements.light_client_store import Store

MEMBERS = 32  # of the minimal preset, as are the other lengths below
NEVER = 2**64 - 1


class Case:
    """One folder of vectors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.meta = self._yaml("meta")
        self.steps: list[dict[str, Any]] = self._yaml("steps")
        config = self._yaml("config")
        starts = [
            (fork, int(config.get(f"{fork.name}_FORK_EPOCH", NEVER)), config) for fork in Fork
        ]
        self.network = Network(
            genesis_time=0,
            genesis_validators_root=raw(self.meta["genesis_validators_root"]),
            forks=tuple(
                ForkStart(fork, epoch, raw(values[f"{fork.name}_FORK_VERSION"]))
                for fork, epoch, values in starts
                if epoch != NEVER
            ),
            seconds_per_slot=6,
            slots_per_epoch=8,
            epochs_per_period=8,
            committee_size=MEMBERS,
        )

    def _yaml(self, name: str) -> Any:
        # The base loader leaves 0x… as text, where others make a number of it.
        text = (self.folder / f"{name}.yaml").read_text()
        return yaml.load(text, Loader=yaml.BaseLoader)

    def fork(self, digest: str) -> Fork:
        """The fork of data with this fork digest."""
        root = self.network.genesis_validators_root
        for start in self.network.forks:
            if sync_committee_domain(start.version, root)[4:8] == raw(digest):
                return start.fork
        raise AssertionError(digest)

    def ssz(self, name: str) -> bytes:
        return unsnap((self.folder / f"{name}.ssz_snappy").read_bytes())

    def bootstrap(self) -> Store:
        schema = form(self.fork(self.meta["bootstrap_fork_digest"]), MEMBERS).bootstrap
        trusted = raw(self.meta["trusted_block_root"])
        return begin(self.network, trusted, schema.read(self.ssz("bootstrap")))

    def update(self, step: dict[str, str]) -> Update:
        schema = form(self.fork(step["update_fork_digest"]), MEMBERS).update
        data = self.ssz(step["update"])
        update: Update = schema.read(data)
        return update


def raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def shown(network: Network, header: LightHeader) -> dict[str, str]:
    """A header as the checks of a step show it."""
    fork = network.fork(header.slot)
    execution = header.execution_root(fork) if fork >= Fork.CAPELLA else bytes(32)
    return {
        "slot": str(header.slot),
        "beacon_root": "0x" + header.beacon.root().hex(),
        "execution_root": "0x" + execution.hex(),
    }


def unsnap(data: bytes) -> bytes:
    """The block format of snappy: a length, then literals and copies of what came before."""
    size, at = _varint(data)
    out = bytearray()
    while at < len(data):
        tag, kind = data[at], data[at] & 3
        at += 1
        if kind == 0:
            length, wide = tag >> 2, max(0, (tag >> 2) - 59)
            if wide:
                length = int.from_bytes(data[at : at + wide], "little")
            at += wide
            out += data[at : at + length + 1]
            at += length + 1
            continue
        if kind == 1:
            length, offset = (tag >> 2 & 7) + 4, tag >> 5 << 8 | data[at]
        else:
            length, offset = (tag >> 2) + 1, int.from_bytes(data[at : at + 2 * kind - 2], "little")
        at += (1, 2, 4)[kind - 1]
        for _ in range(length):
            out.append(out[-offset])
    assert len(out) == size
    return bytes(out)


def _varint(data: bytes) -> tuple[int, int]:
    value = at = 0
    while True:
        value |= (data[at] & 0x7F) << 7 * at
        at += 1
        if data[at - 1] < 0x80:
            return value, at

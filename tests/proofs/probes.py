"""The real contracts on a node of their own, to be asked about facts written into their slots."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_abi.abi import encode

from lab.anvil import Anvil
from lab.rpc import RpcError
from lab.schedule import L2
from proofs.keccak import keccak256
from proofs.statements.family import Family, Timelock
from proofs.statements.lifecycle import ProposalFacts
from tools import node

ROOT = Path(__file__).resolve().parents[2]
CONTROLLER = "governance/TimelockController.sol"
WANTED = {
    "Plain5": ("Probe5.sol", "Plain5"),
    "Controlled5": ("Probe5.sol", "Controlled5"),
    "Compound5": ("Probe5.sol", "Compound5"),
    "GracePeriod": ("Probe5.sol", "GracePeriod"),
    "Timelock5": (f"@openzeppelin/contracts/{CONTROLLER}", "TimelockController"),
    "Controlled4": ("Probe4.sol", "Controlled4"),
    "Extended5": ("Overridable5.sol", "Extended5"),
    "Overridable5": ("Overridable5.sol", "Overridable5"),
    "Timelock4": (f"openzeppelin-contracts-4/{CONTROLLER}", "TimelockController"),
}
TIMELOCKS = {"Controlled5": "Timelock5", "Compound5": "GracePeriod", "Controlled4": "Timelock4"}
PROPOSAL, OPERATION = 12345, 77
VOTER = bytes([17]) * 20

Slots = dict[int, int]
Call = tuple[str, list[Any]]


def compiled(folder: Path) -> dict[str, Any]:
    """The probes and the timelocks from their npm packages: runtime code and storage layout."""
    node.npm_install(ROOT)
    request, answer = folder / "request.json", folder / "probes.json"
    roots = [str(ROOT / "tests" / "proofs" / "contracts"), str(ROOT / "node_modules")]
    settings = {"optimizer": {"enabled": True, "runs": 1}, "evmVersion": "cancun"}
    request.write_text(json.dumps({"roots": roots, "settings": settings, "wanted": WANTED}))
    script = ROOT / "lab" / "compile.js"
    runtime = str(node.find_node().node)
    subprocess.run([runtime, str(script), str(request), str(answer)], check=True)
    artifacts: dict[str, Any] = json.loads(answer.read_text())
    return artifacts


def hexed(value: int) -> str:
    """One storage word."""
    return f"0x{value:064x}"


def at(slot: int, *keys: int) -> int:
    """The slot of an entry of nested mappings."""
    for key in keys:
        slot = int.from_bytes(keccak256(key.to_bytes(32, "big") + slot.to_bytes(32, "big")), "big")
    return slot


@dataclass
class Probes:
    """A node with the code of every probe, and where they keep what."""

    anvil: Anvil
    slots: dict[str, dict[str, int]]

    @staticmethod
    def address(name: str) -> str:
        """Where the code of a contract was put."""
        return f"0x{0x5000 + list(WANTED).index(name):040x}"

    def ask(
        self,
        name: str,
        signature: str,
        arguments: list[Any],
        storage: dict[str, Slots] | None = None,
        timestamp: int | None = None,
    ) -> Call:
        """An eth_call of ``signature`` with ``storage`` of any contract laid over."""
        types = signature.partition("(")[2].removesuffix(")").split(",")
        data = keccak256(signature.encode())[:4] + encode(types, arguments)
        overlay = {
            self.address(contract): {
                "stateDiff": {hexed(slot): hexed(value) for slot, value in words.items()}
            }
            for contract, words in (storage or {}).items()
        }
        block = {} if timestamp is None else {"time": hex(timestamp)}
        call = {"to": self.address(name), "data": "0x" + data.hex()}
        return "eth_call", [call, "latest", overlay, block]

    def ask_state(self, facts: ProposalFacts, clock: int, timestamp: int) -> Call:
        """``state()`` of the governor that holds exactly these facts at these clocks."""
        name, layout = self._governor(facts)
        words: Slots = {
            layout["_clock"]: clock,
            layout["_quorum"]: facts.quorum or 0,
            at(layout["_extendedDeadlines"], PROPOSAL): facts.extended_deadline or 0,
        }
        core = at(layout["_proposals"], PROPOSAL)
        flags = facts.executed | facts.canceled << 8
        tally = facts.tally
        if facts.family is Family.OZ4:
            words |= {core: facts.vote_start, core + 1: facts.vote_end, core + 2: flags}
            votes = at(layout["_proposalDetails"], PROPOSAL) + 5
            counts = (tally.for_, tally.against, tally.abstain)
        else:
            duration = facts.vote_end - facts.vote_start
            words |= {core: facts.vote_start << 160 | duration << 208 | flags << 240}
            words |= {core + 1: facts.eta or 0}
            votes = at(layout["_proposalVotes"], PROPOSAL)
            counts = (tally.against, tally.for_, tally.abstain)
        words |= {votes + index: count for index, count in enumerate(counts)}
        storage = {name: words}
        if facts.timelock is not Timelock.NONE:
            timelock = TIMELOCKS[name]
            words[layout["_timelock"]] = int(self.address(timelock), 16)
            storage[timelock] = self._timelock_words(facts, timelock)
        if facts.timelock is Timelock.CONTROLLER:
            words[at(layout["_timelockIds"], PROPOSAL)] = OPERATION if facts.eta else 0
        return self.ask(name, "state(uint256)", [PROPOSAL], storage, timestamp)

    def answers(self, calls: list[Call]) -> list[bytes | None]:
        """Raw results in order, None for a call that reverted."""
        return [
            None if isinstance(answer, RpcError) else bytes.fromhex(answer[2:])
            for answer in self.anvil.rpc.try_batch(calls)
        ]

    def _governor(self, facts: ProposalFacts) -> tuple[str, dict[str, int]]:
        kind = {"none": "Plain", "controller": "Controlled", "compound": "Compound"}
        name = kind[facts.timelock] + facts.family.removeprefix("oz")
        return name, self.slots[name]

    def _timelock_words(self, facts: ProposalFacts, timelock: str) -> Slots:
        layout = self.slots[timelock]
        if facts.operation is None:
            return {layout["GRACE_PERIOD"]: facts.grace_period or 0}
        return {at(layout["_timestamps"], OPERATION): facts.operation.timestamp}


@contextmanager
def running(folder: Path) -> Iterator[Probes]:
    """Compile, start a node, set the code of every contract; the node ends with the block."""
    artifacts = compiled(folder)
    anvil = Anvil.start(L2, folder / "anvil.log")
    try:
        for name in WANTED:
            code = artifacts[name]["deployedBytecode"]
            anvil.rpc.call("anvil_setCode", Probes.address(name), code)
        slots = {
            name: {
                entry["label"]: int(entry["slot"]) for entry in artifact["storageLayout"]["storage"]
            }
            for name, artifact in artifacts.items()
        }
        yield Probes(anvil, slots)
    finally:
        anvil.rpc.close()
        anvil.kill()

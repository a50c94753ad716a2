"""Contract artifacts: our own and OpenZeppelin's compiled from npm, Safe's as published.

The compiled ones are cached below ``node_modules/.tocsin`` under the hash of everything that goes
into them, so a second call costs only the hashing.
"""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tools import node

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "lab" / "contracts"
MODULES = ROOT / "node_modules"

SETTINGS = {"optimizer": {"enabled": True, "runs": 200}, "evmVersion": "cancun"}
_OZ5 = "@openzeppelin/contracts/governance/TimelockController.sol"
_OZ4 = "openzeppelin-contracts-4/governance/TimelockController.sol"
WANTED = {
    "VenueToken": ("VenueToken.sol", "VenueToken"),
    "VenueGovernor": ("VenueGovernor.sol", "VenueGovernor"),
    "VenueTimelock": (_OZ5, "TimelockController"),
    "Venue": ("Venue.sol", "Venue"),
    "Muster": ("Muster.sol", "Muster"),
    "BridgeToken": ("BridgeToken.sol", "BridgeToken"),
    "BridgeGovernor": ("BridgeGovernor.sol", "BridgeGovernor"),
    "BridgeTimelock": (_OZ4, "TimelockController"),
    "BridgeParameters": ("BridgeParameters.sol", "BridgeParameters"),
}
_SAFE = MODULES / "@safe-global" / "safe-contracts" / "build" / "artifacts" / "contracts"
SAFE_FILES = {
    "SafeL2": "SafeL2.sol",
    "SafeProxyFactory": "proxies/SafeProxyFactory.sol",
    "CompatibilityFallbackHandler": "handler/CompatibilityFallbackHandler.sol",
    "MultiSendCallOnly": "libraries/MultiSendCallOnly.sol",
}

Artifact = dict[str, Any]


class CompileError(RuntimeError):
    """The Solidity compiler refused our sources; the message holds what it said."""


def fingerprint() -> str:
    """Hash of the sources, the pinned packages and the compiler settings."""
    digest = hashlib.sha256()
    for path in sorted(CONTRACTS.glob("*.sol")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for package in ("@openzeppelin/contracts", "openzeppelin-contracts-4", "solc"):
        digest.update(lock[f"node_modules/{package}"]["integrity"].encode())
    digest.update((ROOT / "lab" / "compile.js").read_bytes())
    digest.update(json.dumps([SETTINGS, WANTED], sort_keys=True).encode())
    return digest.hexdigest()[:24]


def build() -> bool:
    """Compile what is not cached yet; True when the compiler ran.

    Raises `CompileError`, or the errors of `tools.node` when npm cannot give the packages.
    """
    node.npm_install(ROOT)
    target = _cache_file()
    if target.exists():
        return False
    with node.exclusively(ROOT):
        if target.exists():
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            _compile(Path(scratch), target)
    return True


def _cache_file() -> Path:
    return ROOT / node.CACHE / "contracts" / f"{fingerprint()}.json"


def _compile(scratch: Path, target: Path) -> None:
    request, answer = scratch / "request.json", scratch / "artifacts.json"
    roots = [str(CONTRACTS), str(MODULES)]
    request.write_text(json.dumps({"roots": roots, "settings": SETTINGS, "wanted": WANTED}))
    runtime = node.find_node()
    script = ROOT / "lab" / "compile.js"
    done = subprocess.run(
        [str(runtime.node), str(script), str(request), str(answer)], capture_output=True, text=True
    )
    if done.returncode:
        raise CompileError(done.stderr.strip() or f"compiler exit code {done.returncode}")
    answer.replace(target)


@functools.cache
def _compiled() -> dict[str, Artifact]:
    build()
    artifacts: dict[str, Artifact] = json.loads(_cache_file().read_text())
    return artifacts


@functools.cache
def load(name: str) -> Artifact:
    """The artifact called ``name`` in `WANTED` or `SAFE_FILES`: ``abi`` and ``bytecode`` (hex)."""
    if name in SAFE_FILES:
        node.npm_install(ROOT)
        path = _SAFE / SAFE_FILES[name] / f"{name}.json"
        artifact: Artifact = json.loads(path.read_text())
        return artifact
    return _compiled()[name]

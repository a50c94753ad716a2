"""Peers from npm, installed by the bench below `.data` as `bench/peers/` pins them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tools.node import NodeError, find_node

ROOT = Path(__file__).resolve().parent.parent


def installed(name: str) -> Path:
    """The folder of a peer with its packages, kept there for the next run. Raises NodeError."""
    home = ROOT / ".data" / "bench" / name
    shutil.copytree(ROOT / "bench" / "peers" / name, home, dirs_exist_ok=True)
    if (home / "node_modules" / name).exists():
        return home
    node = find_node()
    command = [*node.npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"]
    done = subprocess.run(
        command, cwd=home, env=node.environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NodeError(f"npm could not install {name}: {done.stderr.strip()[-500:]}")
    return home

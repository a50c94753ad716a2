"""`make` explains itself."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def test_help_lists_every_target() -> None:
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "quick", "check", "bench", "lock", "clean"} <= set(targets)
    for target in set(targets) - {"setup"}:
        assert re.search(rf"^  make {target} +\w", said, re.MULTILINE), target

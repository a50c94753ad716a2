"""The operations page names every variable that the code reads, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
READ = re.compile(
    r"""(?:environ(?:\.get\(|\[|\.setdefault\()|getenv\(|\$\{?)\s*["']?(TOCSIN_\w+)""", re.VERBOSE
)
ROOMS = ("chainsync", "charter", "governance", "lab", "ledger", "tocsin", "tools")


def test_every_variable_is_documented() -> None:
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    files += [ROOT / "Procfile", ROOT / "venue.toml", ROOT / "tests" / "conftest.py"]
    read = {name for path in files for name in READ.findall(path.read_text(encoding="utf-8"))}
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(TOCSIN_\w+)` \|", page, re.MULTILINE))
    assert read >= {"TOCSIN_DATA_DIR", "TOCSIN_VENUE", "TOCSIN_LAB_URL"}
    assert read == documented

"""The import contracts of pyproject.toml hold the floors of the house."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def lint(tmp_path: Path, imports: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the project's contracts on empty packages of the same names, with these imports."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for name in config["tool"]["importlinter"]["root_packages"]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(imports.get(name, ""))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("room", "statement"),
    [
        ("chainsync", "import governance"),
        ("governance", "import tocsin"),
        ("charter", "import chainsync"),
        ("charter", "import ledger"),
        ("ledger", "import proofs"),
        ("proofs", "import django"),
        ("proofs", "from urllib import request"),
        ("proofs", "import time"),
        ("governance", "import lab"),
        ("lab", "import proofs"),
        ("tocsin", "import tools"),
        ("tools", "import charter"),
    ],
)
def test_an_import_that_climbs_is_refused(tmp_path: Path, room: str, statement: str) -> None:
    done = lint(tmp_path, {room: statement + "\n"})
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout


def test_imports_from_lower_floors_are_welcome(tmp_path: Path) -> None:
    done = lint(
        tmp_path,
        {
            "tocsin": "import governance\n",
            "governance": "import chainsync, charter, ledger, proofs\n",
            "chainsync": "import charter, ledger, proofs, django\n",
            "lab": "import tools\n",
        },
    )
    assert done.returncode == 0, done.stdout

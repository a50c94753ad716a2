"""Named fault points do nothing unless a chaos run arms them, and then hit one process once."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PASSING = """
from ledger.faultpoints import reached
for number in range(5):
    reached("here")
    print(number, flush=True)
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("armed", "fired", "reached"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    def start(**environment: str) -> subprocess.CompletedProcess[str]:
        given = {"TOCSIN_CHAOS": "1", "TOCSIN_FAULT_POINTS": str(folder), **environment}
        return subprocess.run(
            [sys.executable, "-c", PASSING], env=given, cwd=ROOT, capture_output=True, text=True
        )

    return start


def test_a_process_dies_at_the_passing_that_was_named_and_no_other_does(
    folder: Path, run: Run
) -> None:
    (folder / "armed" / "here").write_text("kill 3")
    first = run()
    assert (first.returncode, first.stdout.split()) == (-signal.SIGKILL, ["0", "1"])
    assert (folder / "fired" / "here").exists()
    assert run().stdout.split() == list("01234")


def test_places_that_are_passed_are_known(folder: Path, run: Run) -> None:
    run()
    assert [path.name for path in (folder / "reached").iterdir()] == ["here"]


@pytest.mark.parametrize("environment", [{"TOCSIN_CHAOS": ""}, {"TOCSIN_FAULT_POINTS": ""}])
def test_nothing_happens_outside_of_a_chaos_run(
    folder: Path, run: Run, environment: dict[str, str]
) -> None:
    (folder / "armed" / "here").write_text("kill 1")
    assert run(**environment).returncode == 0
    assert not list((folder / "reached").iterdir())

"""`python -m proofs verify`: needs nothing but the core, and ends in words and an exit code."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from made_certificate import VOTES, Made, checked
from taken_apart import apart, sealed

from proofs.__main__ import LOWER, PROVEN, REFUSED, UNREADABLE, main

ROOT = Path(__file__).resolve().parents[3]
# Whatever the core may not need is made impossible to import before it runs.
ALONE = """
import runpy, sys
for name in "django web3 aiohttp urllib3 requests celery psycopg http.client".split():
    sys.modules[name] = None
sys.argv = ["proofs", *sys.argv[1:]]
runpy.run_module("proofs", run_name="__main__")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tally.certificate"
    path.write_bytes(Made().write())
    return path


def told(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    return main(["verify", *arguments], out), out.getvalue()


def test_the_core_alone_verifies_a_file(file: Path) -> None:
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})" + ALONE]
    done = subprocess.run([*command, "verify", str(file)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.rstrip().endswith("The tally is proven.")
    file.write_bytes(file.read_bytes()[:-1])
    done = subprocess.run([*command, "verify", str(file)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (REFUSED, "")
    assert "ends after" in done.stdout


def test_it_tells_step_by_step_what_is_proven_and_trusted(file: Path) -> None:
    code, text = told(str(file))
    assert code == PROVEN
    order = [
        "Proven:",
        "1. Block",
        "The totals: 720 for",
        "5 vote events",
        "Trusted:",
        "Not proven:",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_machines_get_the_same_in_json(file: Path) -> None:
    code, text = told(str(file), "--json")
    answer = json.loads(text)
    assert code == PROVEN
    assert answer["holds"] is answer["proven"] is True
    assert answer["root"] == "0x" + checked(file.read_bytes()).root.hex()
    assert answer["result"]["totals"]["for"] == "720"
    assert len(answer["steps"]) == 7
    head, shards = apart(file.read_bytes())
    head["result"]["totals"]["for"] = "721"
    file.write_bytes(sealed(head, shards))
    code, text = told(str(file), "--json")
    answer = json.loads(text)
    assert code == REFUSED
    assert (answer["holds"], answer["proven"], answer["refusal"]) == (False, False, "ClaimMismatch")
    assert (answer["item"], answer["place"]) == ("head", "result.totals.for")


def test_a_lower_certificate_is_not_taken_for_a_proven_tally(file: Path) -> None:
    file.write_bytes(Made(missing={"powers": "No endpoint proves storage."}).write())
    code, text = told(str(file))
    assert code == LOWER
    assert "the power of voters is not proven" in text
    assert json.loads(told(str(file), "--json")[1])["proven"] is False


def test_a_certificate_is_held_against_the_root_that_is_asked_for(file: Path) -> None:
    root = "0x" + checked(file.read_bytes()).root.hex()
    assert told(str(file), "--root", root)[0] == PROVEN
    file.write_bytes(Made(votes=VOTES[::-1], hop=True).write())
    code, text = told(str(file), "--root", root)
    assert code == REFUSED
    assert "WrongHash" in text


def test_what_cannot_be_read_is_said_in_words(tmp_path: Path, capsys) -> None:
    assert told(str(tmp_path))[0] == UNREADABLE
    assert told(str(tmp_path / "nothing"))[0] == UNREADABLE
    assert "cannot be read" in capsys.readouterr().err
    (tmp_path / "empty").touch()
    code, text = told(str(tmp_path / "empty"))
    assert code == REFUSED
    assert "the file is empty" in text
    with pytest.raises(SystemExit) as caught:
        told(str(tmp_path), "--root", "0x12")
    assert caught.value.code == UNREADABLE

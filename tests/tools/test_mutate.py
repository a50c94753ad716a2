"""`make mutate` names the refusals that no test holds, of all the languages that they are in."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.mutating import compiled, statements
from tools.mutating.__main__ import main
from tools.mutating.javascript import neutralised
from tools.mutating.site import Form
from tools.node import find_node

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

MADE = '''"""Made to be refused."""

from __future__ import annotations


class Odd(ValueError):
    """It is odd."""


def even(number: int) -> int:
    if number % 2:
        raise Odd("odd")
    if number < 0:
        raise Odd("negative")
    return number


def check(number: int) -> None:
    if number > 9:
        raise Odd("large")


def even_digit(number: int) -> int:
    check(number)
    return even(number)


def odd_ones(numbers: list[int]) -> dict[int, Odd]:
    refusals = {}
    for number in numbers:
        try:
            even(number)
        except Odd as refusal:
            refusals[number] = refusal
    return refusals
'''
HELD = """import pytest

from proofs import made


def test_even() -> None:
    assert made.even(4) == 4
    with pytest.raises(made.Odd):
        made.even(3)


def test_large() -> None:
    with pytest.raises(made.Odd):
        made.check(10)


def test_digit() -> None:
    assert made.even_digit(4) == 4
"""
MORE = """

def test_all_the_others() -> None:
    assert list(made.odd_ones([2, 3])) == [3]
    for refused in (12, -2):
        with pytest.raises(made.Odd):
            made.even_digit(refused)
"""
LOOPS = """from proofs import made


def test_a_loop_that_only_a_refusal_ends() -> None:
    while True:
        try:
            made.check(10)
        except made.Odd:
            break
"""
SETTINGS = """[tool.pytest.ini_options]
addopts = "--import-mode=importlib"
markers = ["slow", "browser", "node"]
"""
VERIFIER = """// Nothing of `throw` here, and "throw" there.
import { check } from "./other.js";
export class Shard {
  refuse(Type, words) {
    throw new Type(words);
  }
}
export function read(byte, shard) {
  if (byte > 9) throw new RangeError("it's large");
  else if (byte < 0) shard.refuse(RangeError, "throw");
  return byte;
}
"""
ASKED = """import { read, Shard } from "./made.js";
const answers = [10, 5, -1].map((byte) => {
  try {
    return read(byte, new Shard());
  } catch {
    return "refused";
  }
});
process.stdout.write(JSON.stringify(answers));
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project with refusals of each form, some of them held by tests."""
    tests = tmp_path / "tests" / "proofs"
    for folder in (tmp_path / "proofs", tests):
        folder.mkdir(parents=True)
    (tmp_path / "proofs" / "__init__.py").touch()
    (tmp_path / "proofs" / "made.py").write_text(MADE)
    (tests / "test_made.py").write_text(HELD)
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    # It is no Django project, unlike the one around it.
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def test_the_refusals_that_no_test_holds_are_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], project) == 1
    said = capsys.readouterr().out
    survivors = said.partition("Survivors, 4")[2].splitlines()[1:]
    assert survivors == [
        '  proofs/made.py:14: unreached: raise Odd("negative")',
        "  proofs/made.py:24: unreached: check(number)",
        "  proofs/made.py:32: unreached: even(number)",
        "  proofs/made.py:34: unreached: refusals[number] = refusal",
    ]
    assert (project / "proofs" / "made.py").read_text() == MADE


def test_a_refusal_that_is_reached_and_not_looked_at_survives(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blind = HELD.replace(
        "with pytest.raises(made.Odd):\n        made.even(3)", "made.odd_ones([3])"
    )
    (project / "tests" / "proofs" / "test_made.py").write_text(blind)
    assert main(["proofs/made.py", "--jobs", "1"], project) == 1
    said = capsys.readouterr().out
    assert '  proofs/made.py:12: survived: raise Odd("odd")\n' in said
    assert "  proofs/made.py:34: survived: refusals[number] = refusal\n" in said


def test_where_all_are_held_there_are_no_survivors(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "tests" / "proofs" / "test_made.py").write_text(HELD + MORE)
    assert main([], project) == 0
    assert "6 refusals in" in (said := capsys.readouterr().out)
    assert said.endswith("6 killed.\nSurvivors: none.\n")
    assert main(["--sample", "2", "--seed", "3"], project) == 0
    assert "2 killed." in capsys.readouterr().out
    assert main(["proofs/other.py"], project) == 2


def test_a_mutant_that_hangs_is_ended_and_said_to_hang(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "tests" / "proofs" / "test_made.py").write_text(LOOPS)
    assert main(["proofs/made.py", "--patience", "1"], project) == 1
    said = capsys.readouterr().out
    assert "proofs/made.py:20: hung tests/proofs/test_made.py::test_a_loop_that_only" in said
    assert "1 hung" in said


def test_what_fails_without_a_mutant_holds_nothing_and_is_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = "\n\ndef test_broken() -> None:\n    made.even(3)\n"
    (project / "tests" / "proofs" / "test_made.py").write_text(HELD + MORE + broken)
    assert main([], project) == 1
    said = capsys.readouterr().out
    assert "fails without a mutant: tests/proofs/test_made.py::test_broken" in said
    assert "Survivors: none." in said


def test_what_is_listed_as_equivalent_is_no_survivor_until_it_is_killed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "tools" / "mutating").mkdir(parents=True)
    lines = ['raise Odd("negative")', "check(number)", "even(number)"]
    lines.append("refusals[number] = refusal")
    (project / "tools" / "mutating" / "equivalent.toml").write_text(
        "".join(
            f"[[equivalent]]\nfile = 'proofs/made.py'\ntext = '{line}'\nreason = 'Made so.'\n"
            for line in lines
        )
    )
    assert main([], project) == 0
    assert "Survivors: none but 4 listed as equivalent." in capsys.readouterr().out
    (project / "tests" / "proofs" / "test_made.py").write_text(HELD + MORE)
    assert main([], project) == 1
    assert f"killed, or not there: proofs/made.py: {lines[0]}" in capsys.readouterr().out


def test_what_giving_up_means_in_compiled_code() -> None:
    source = """
@compiled
def scan(text, at) -> bool:
    if at < 0:
        return IRREGULAR, -1
    while at:
        if text[at] == 3:
            known = PLAIN
            break
        at -= 1
        if at == 7:
            at += 1
            continue
    if at > 9:
        return at
    if text:
        return at if text[at] else -1
    return text[at] == 1 and at < 5


def plain(at) -> int:
    if at < 0:
        return -1
    return at
"""
    tree = ast.parse(source)
    found: list[tuple[str, Form]] = []

    def number(node: ast.stmt, form: Form, text: str) -> int:
        found.append((text, form))
        return len(found)

    compiled.neutralised(tree, number)
    assert [text for text, _ in found] == [
        "scan: if at < 0: return (IRREGULAR, -1)",
        "scan: if text[at] == 3: break",
        "scan: return at if text[at] else -1",
        "scan: return text[at] == 1 and at < 5",
    ]
    assert {form for _, form in found} == {Form.GIVES_UP}
    known: dict[str, object] = {"compiled": lambda function: function, "IRREGULAR": -1}
    exec(ast.unparse(ast.fix_missing_locations(tree)), known)
    scan = known["scan"]
    assert callable(scan)
    assert scan([0, 0, 0], 0) == -1
    known["_NEUTRAL"] = 3
    assert scan([0, 0, 0], 0) == 0


def test_calls_are_checks_if_what_they_call_refuses() -> None:
    tree = ast.parse(
        "def one():\n    raise ValueError\n"
        "def two(self):\n    self.one()\n"
        "def three():\n    return one()\n"
        "def four():\n    try:\n        one()\n    except ValueError:\n        pass\n"
    )
    assert statements.refusing([tree]) == {"one", "two"}


def test_refusals_in_javascript_are_switched_off_one_by_one(tmp_path: Path) -> None:
    lines: list[int] = []

    def number(line: int) -> int:
        lines.append(line)
        return len(lines)

    changed = neutralised(VERIFIER, number, "switch.mjs")
    assert lines == [5, 9, 10]
    assert changed.splitlines()[1:4] == VERIFIER.splitlines()[:3]
    (tmp_path / "other.js").write_text("export const check = 1;\n")
    (tmp_path / "package.json").write_text('{ "type": "module" }')
    (tmp_path / "made.js").write_text(changed)
    shutil.copy(ROOT / "tools" / "mutating" / "switch.mjs", tmp_path)
    (tmp_path / "asked.mjs").write_text(ASKED)

    def answers(neutral: int) -> list[str]:
        done = subprocess.run(
            [str(find_node().node), str(tmp_path / "asked.mjs")],
            env={**os.environ, "MUTATING_NEUTRAL": str(neutral)},
            capture_output=True,
            check=True,
        )
        return json.loads(done.stdout)

    assert answers(0) == ["refused", 5, "refused"]
    assert answers(1) == ["refused", 5, -1]
    assert answers(2) == [10, 5, "refused"]
    assert answers(3) == ["refused", 5, -1]

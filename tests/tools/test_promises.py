"""The register of promises notices every way of breaking one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools import promises

DOCUMENT = "Start it. One command\nruns **everything**. <!-- promise: run --> More."
ENTRY = '[[promise]]\nid = "run"\ndoc = "README.md"\nsays = "One command runs everything."\n'
TEST = 'tests = ["tests/test_run.py::test_it"]\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project whose one promise is held."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "README.md").write_text(DOCUMENT)
    (tmp_path / "Makefile").write_text("run: setup\n\ttrue\n")
    (tmp_path / "docs" / "promises.toml").write_text(ENTRY + TEST)
    (tmp_path / "tests" / "test_run.py").write_text(
        "import pytest\n\n\ndef test_it() -> None:\n    assert True\n\n\n"
        "class TestMore:\n    @pytest.mark.slow\n    def test_too(self) -> None:\n        pass\n"
    )
    return tmp_path


def register(project: Path, text: str) -> list[str]:
    (project / "docs" / "promises.toml").write_text(text)
    return promises.problems(project)


def test_a_held_promise_passes(project: Path) -> None:
    assert promises.problems(project) == []
    assert register(project, ENTRY + 'commands = ["make run"]\n') == []
    assert register(project, ENTRY + 'tests = ["tests/test_run.py::TestMore::test_too"]\n') == []


@pytest.mark.parametrize(
    ("holder", "wrong"),
    [
        ("", "nothing holds it"),
        ('tests = ["tests/test_gone.py::test_it"]\n', "there is no test tests/test_gone.py"),
        (
            'tests = ["tests/test_run.py::test_gone"]\n',
            "there is no test tests/test_run",
        ),
        ('tests = ["tests/test_run.py::TestMore::test_no"]\n', "there is no test"),
        ('tests = ["tests/test_run.py"]\n', "there is no test"),
        ('commands = ["make fly"]\n', "there is no command `make fly`"),
        ('commands = ["manage.py fly"]\n', "there is no command `manage.py fly`"),
        ('commands = ["python -m fly"]\n', "there is no command `python -m fly`"),
        ('test = ["tests/test_run.py::test_it"]\n', "unknown key test"),
    ],
)
def test_each_way_of_breaking_a_promise_is_named(project: Path, holder: str, wrong: str) -> None:
    (problem,) = register(project, ENTRY + holder)
    assert wrong in problem


@pytest.mark.parametrize("mark", ["skip", "skipif(True, reason='')", "xfail"])
def test_a_test_that_may_not_run_holds_nothing(project: Path, mark: str) -> None:
    body = "def test_it() -> None:\n    assert True\n"
    file = project / "tests" / "test_run.py"
    file.write_text(f"import pytest\n\n\n@pytest.mark.{mark}\n{body}")
    assert promises.problems(project) == ["run: tests/test_run.py::test_it is marked to be skipped"]
    file.write_text(f"import pytest\n\npytestmark = [pytest.mark.{mark}]\n\n\n{body}")
    assert promises.problems(project) == ["run: all of tests/test_run.py is marked to be skipped"]


@pytest.mark.parametrize(
    ("outcome", "wrong"), [("skipped", "was skipped when it last ran"), ("failed", "failed when")]
)
def test_the_last_run_counts(project: Path, outcome: str, wrong: str) -> None:
    path = project / promises.OUTCOMES
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"tests/test_run.py::test_it[1]": outcome}))
    (problem,) = promises.problems(project)
    assert wrong in problem


def test_documents_and_register_name_the_same_promises(project: Path) -> None:
    (project / "docs" / "more.md").write_text("It flies. <!-- promise: fly -->")
    assert promises.problems(project) == [
        "fly: promised in docs/more.md, but not in docs/promises.toml"
    ]
    (project / "docs" / "more.md").unlink()
    (project / "README.md").write_text("Nothing is promised.")
    assert promises.problems(project) == ["run: no document carries `<!-- promise: run -->`"]


def test_the_words_are_those_of_the_document(project: Path) -> None:
    (project / "README.md").write_text("Two commands run it. <!-- promise: run -->")
    (problem,) = promises.problems(project)
    assert "README.md does not say before its marker: One command runs everything." in problem


def test_a_promise_is_registered_once_and_completely(project: Path) -> None:
    assert register(project, (ENTRY + TEST) * 2) == ["run: is in docs/promises.toml more than once"]
    assert register(project, '[[promise]]\nid = "run"\n') == [
        "docs/promises.toml: run lacks doc, says"
    ]
    (problem,) = register(project, "[[promise\n")
    assert problem.startswith("docs/promises.toml: ")


@pytest.mark.parametrize("alone", [True, False])
def test_the_session_leaves_the_outcome_of_its_tests(tmp_path: Path, alone: bool) -> None:
    """By the names that promises give them, also where several processes share them by groups."""
    conftest = Path(__file__).parent.parent / "conftest.py"
    hooks = conftest.read_text().split("_outcomes: dict[str, str] = {}")[1]
    (tmp_path / "conftest.py").write_text(
        "import pytest\nOUTCOMES = 'tocsin/outcomes'\n_outcomes: dict[str, str] = {}\n" + hooks
    )
    (tmp_path / "test_few.py").write_text(
        "import pytest\n"
        "@pytest.mark.xdist_group('a_folder/test_few')\n"
        "def test_good(): pass\n"
        "def test_left(): pytest.skip('no browser')\n"
        "@pytest.fixture\ndef gone(): pytest.skip('no node')\n"
        "def test_needs(gone): pass\n"
    )
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:django", "--rootdir", str(tmp_path)),
            *(() if alone else ("-n", "1", "--dist", "loadgroup")),
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert promises.last_outcomes(tmp_path) == {
        "test_few.py::test_good": "passed",
        "test_few.py::test_left": "skipped",
        "test_few.py::test_needs": "skipped",
    }

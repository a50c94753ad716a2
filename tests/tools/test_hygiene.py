"""Locks name no package index, dependencies have a reason, text names no machine."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tools import hygiene

LOCKED = "attrs==25.1.0 \\\n    --hash=sha256:ab\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project that keeps all the rules."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text(LOCKED)
    (tmp_path / "package.json").write_text(
        json.dumps({"dependencies": {"htmx.org": "2.0.11"}, "devDependencies": {}})
    )
    (tmp_path / "package-lock.json").write_text(
        json.dumps({"packages": {"node_modules/htmx.org": {"version": "2.0.11"}}})
    )
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["attrs>=25"]\n[project.optional-dependencies]\ndev = []\n'
        '[dependency-groups]\nnode = []\n[tool.importlinter]\nroot_packages = ["app"]\n'
    )
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "dependencies.md").write_text(
        "| attrs | classes | MIT |\n| htmx.org | fragments | 0BSD |\n"
    )
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("import json\nimport attrs\n")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    return tmp_path


def test_a_tidy_project_passes(project: Path) -> None:
    assert hygiene.problems(project) == []


@pytest.mark.parametrize(
    ("file", "text", "wrong"),
    [
        ("requirements.txt", "--index-url x\n" + LOCKED, "names a package index"),
        ("requirements.txt", LOCKED + "# https://mirror.example/attrs.whl\n", "names a package"),
        ("requirements-dev.txt", LOCKED + "pytest==8.0.0\n", "pytest has no hash"),
        ("requirements-dev.txt", LOCKED.replace("25.1.0", "24.0.0"), "attrs is 24.0.0"),
        (
            "package-lock.json",
            '{"packages": {"node_modules/htmx.org": {"resolved": "https://mirror.example/"}}}',
            "node_modules/htmx.org records an address",
        ),
        ("package.json", '{"dependencies": {"htmx.org": "^2.0.11"}, "devDependencies": {}}', "pin"),
    ],
)
def test_a_lock_with_an_address_or_without_a_hash_is_refused(
    project: Path, file: str, text: str, wrong: str
) -> None:
    (project / file).write_text(text)
    (problem,) = hygiene.problems(project)
    assert problem.startswith(file)
    assert wrong in problem


def test_a_dependency_without_a_reason_is_refused(project: Path) -> None:
    (project / "docs" / "dependencies.md").write_text(
        "| htmx.org | fragments | 0BSD |\n| left-pad | pads | MIT |\n"
    )
    assert hygiene.problems(project) == [
        "docs/dependencies.md: say why attrs is here, and its licence",
        "docs/dependencies.md: left-pad is no direct dependency any more",
    ]


def test_an_import_of_what_only_another_package_needs_is_refused(project: Path) -> None:
    (project / "app" / "__init__.py").write_text("import attrs\nfrom pygments.lexers import x\n")
    assert hygiene.problems(project) == [
        "app/__init__.py: imports pygments; name pygments in pyproject.toml"
    ]


def test_a_package_that_the_floors_do_not_know_is_refused(project: Path) -> None:
    shutil.copytree(project / "app", project / "attic")
    (problem,) = hygiene.problems(project)
    assert "the folder attic/ disagree" in problem


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("See /home/ada/notes.txt for more.\n", "/home/ada/notes.txt is a path of one machine"),
        ("Mended in issue 12.\n", "'issue 12' says nothing outside a tracker"),
        ("Mended (#12).\n", "'#12' says nothing outside a tracker"),
    ],
)
def test_text_that_means_nothing_in_a_clone_is_refused(
    project: Path, text: str, wrong: str
) -> None:
    (project / "app" / "__init__.py").write_text(f'"""{text}"""\nimport attrs\n')
    (problem,) = hygiene.problems(project)
    assert problem == f"app/__init__.py:1: {wrong}" or wrong in problem


def test_ordinary_text_is_left_alone(project: Path) -> None:
    (project / "app" / "__init__.py").write_text(
        '"""Served at /api/v1/root/x, ~/work/x; proposal #12345; the root/leaf; color #123456."""\n'
    )
    assert hygiene.problems(project) == []

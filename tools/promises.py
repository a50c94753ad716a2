"""Checks `docs/promises.toml`: what README and docs promise, and what holds each promise.

In a document, a promise is a sentence followed by `<!-- promise: its-id -->`. In the register it is

    [[promise]]
    id = "its-id"
    doc = "README.md"
    says = "The sentence, word for word."
    tests = ["tests/area/test_file.py::test_name"]   # and/or
    commands = ["make bench"]                        # whose success holds it
    needs = "RabbitMQ"                               # what a machine may lack: a test may then be
                                                     # skipped, but not with CI=true

A promise without a holder, with a test that does not exist, is marked to be skipped or was skipped
when it last ran, or with a command that does not exist, is a broken one.
"""

import ast
import json
import os
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REGISTER = "docs/promises.toml"
OUTCOMES = ".pytest_cache/v/tocsin/outcomes"
MARKER = re.compile(r"(?<!`)<!--\s*promise:\s*(?P<id>[\w-]+)\s*-->")
SKIPPING = {"skip", "skipif", "xfail"}
KEYS = {"id", "doc", "says", "tests", "commands", "needs"}


@dataclass(frozen=True)
class Promise:
    """One entry of the register."""

    id: str
    doc: str
    says: str
    tests: tuple[str, ...]
    commands: tuple[str, ...]
    needs: str = ""


class BadRegister(ValueError):
    """The register cannot be read as one; says which entry and why."""


def read_register(root: Path = ROOT) -> list[Promise]:
    """The promises on record; BadRegister when an entry is not one."""
    try:
        entries = tomllib.loads((root / REGISTER).read_text(encoding="utf-8")).get("promise", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadRegister(f"{REGISTER}: {error}") from error
    return [_promise(entry, number) for number, entry in enumerate(entries, 1)]


def _promise(entry: dict[str, Any], number: int) -> Promise:
    name = entry.get("id", f"entry {number}")
    if missing := {"id", "doc", "says"} - entry.keys():
        raise BadRegister(f"{REGISTER}: {name} lacks {', '.join(sorted(missing))}")
    if unknown := entry.keys() - KEYS:
        raise BadRegister(f"{REGISTER}: {name} has the unknown key {', '.join(sorted(unknown))}")
    return Promise(
        id=entry["id"],
        doc=entry["doc"],
        says=entry["says"],
        tests=tuple(entry.get("tests", ())),
        commands=tuple(entry.get("commands", ())),
        needs=entry.get("needs", ""),
    )


def problems(root: Path = ROOT) -> list[str]:
    """Everything that is wrong, one sentence each, or an empty list."""
    try:
        promises = read_register(root)
    except BadRegister as error:
        return [str(error)]
    found = [*_against_documents(promises, root)]
    outcomes = last_outcomes(root)
    for promise in promises:
        if not promise.tests and not promise.commands:
            found.append(f"{promise.id}: nothing holds it; name a test or a command")
        for test in promise.tests:
            lacking = bool(promise.needs) and os.environ.get("CI") != "true"
            borne = {k: v for k, v in outcomes.items() if not (lacking and v == "skipped")}
            found.extend(f"{promise.id}: {wrong}" for wrong in test_problems(test, root, borne))
        found.extend(
            f"{promise.id}: there is no command `{command}`"
            for command in promise.commands
            if not command_exists(command, root)
        )
    return found


def _against_documents(promises: list[Promise], root: Path) -> Iterator[str]:
    """Register and documents name the same promises in the same words, each once."""
    ids = [promise.id for promise in promises]
    for double in sorted({name for name in ids if ids.count(name) > 1}):
        yield f"{double}: is in {REGISTER} more than once"
    marked: dict[str, str] = {}
    for path in [root / "README.md", *sorted((root / "docs").glob("**/*.md"))]:
        if path.exists():
            for match in MARKER.finditer(path.read_text(encoding="utf-8")):
                marked[match["id"]] = path.relative_to(root).as_posix()
    for name in sorted(marked.keys() - set(ids)):
        yield f"{name}: promised in {marked[name]}, but not in {REGISTER}"
    for promise in promises:
        if promise.id not in marked:
            yield f"{promise.id}: no document carries `<!-- promise: {promise.id} -->`"
        elif marked[promise.id] != promise.doc:
            yield f"{promise.id}: stands in {marked[promise.id]}, not in {promise.doc}"
        elif not _said_before_marker(promise, root):
            yield f"{promise.id}: {promise.doc} does not say before its marker: {promise.says}"


def _said_before_marker(promise: Promise, root: Path) -> bool:
    text = (root / promise.doc).read_text(encoding="utf-8")
    for match in MARKER.finditer(text):
        if match["id"] == promise.id:
            before = _plain(MARKER.sub("", text[: match.start()]))
            return before.endswith(_plain(promise.says))
    return False


def _plain(text: str) -> str:
    """The words alone: emphasis marks and line breaks do not matter."""
    return " ".join(re.sub(r"[*_`]", "", text).split())


def test_problems(test: str, root: Path, outcomes: dict[str, str]) -> Iterator[str]:
    """What is wrong with one test: absent, marked to be skipped, or skipped when it last ran."""
    file, *names = test.split("[")[0].split("::")
    path = root / file
    if not names or not path.is_file():
        yield f"there is no test {test}"
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if _module_skips(tree):
        yield f"all of {file} is marked to be skipped"
    scope: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef = tree
    for name in names:
        inner = [
            node
            for node in scope.body
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name == name
        ]
        if not inner:
            yield f"there is no test {test}"
            return
        scope = inner[-1]
        if any(_skips(decorator) for decorator in scope.decorator_list):
            yield f"{test} is marked to be skipped"
    ran = [outcome for node, outcome in outcomes.items() if node.split("[")[0] == test]
    for outcome in sorted(set(ran) - {"passed"}):
        yield f"{test} {'was skipped' if outcome == 'skipped' else outcome} when it last ran"


def _module_skips(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Assign)
        and any(
            isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
        )
        and _skips(node.value)
        for node in tree.body
    )


def _skips(expression: ast.expr) -> bool:
    """Whether a decorator or mark means that the test may not run or may fail."""
    return any(
        isinstance(node, ast.Attribute) and node.attr in SKIPPING for node in ast.walk(expression)
    )


def last_outcomes(root: Path) -> dict[str, str]:
    """Outcome of each test in the last run that had it; empty when none ran here yet."""
    path = root / OUTCOMES
    return dict(json.loads(path.read_text())) if path.exists() else {}


def command_exists(command: str, root: Path) -> bool:
    """Whether `make X`, `manage.py X` or `python -m X` is there to be run."""
    match command.split():
        case ["make", target, *_]:
            makefile = (root / "Makefile").read_text(encoding="utf-8")
            return re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE) is not None
        case ["manage.py", name, *_]:
            return any(root.glob(f"*/management/commands/{name}.py"))
        case ["python", "-m", module, *_]:
            place = root / module.replace(".", "/")
            return (place / "__main__.py").exists() or place.with_suffix(".py").exists()
    return False


def main() -> int:
    """Print what is wrong; 1 when anything is."""
    found = problems()
    for problem in found:
        print(problem)
    if not found:
        print(f"{len(read_register())} promises, each with what holds it.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

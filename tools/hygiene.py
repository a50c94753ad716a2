"""Rules about files as a whole: lock files name no package index, and text names no machine.

Addresses in a lock bind everybody to one mirror; a path of somebody's machine, or a number of
somebody's tracker, means nothing to the reader of a clone.
"""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = {"", ".css", ".html", ".js", ".json", ".md", ".py", ".sol", ".toml", ".txt", ".yaml"}
PERSONAL_PATH = re.compile(r"(?<![\w.{}/~-])/(?:work|root|home/[a-z]\w*|Users/\w+)/[\w.-]+")
TRACKER_NUMBER = re.compile(
    r"\b(?:issue|ticket|PR) (?:no\. ?|#)?\d+\b|(?<=[\s(])#\d{1,4}(?=[\s).,])"
)
INDEX_OPTION = re.compile(r"^\s*(?:--(?:extra-)?index-url|--find-links|-i|-f)\b")
EXEMPT = ("tools/hygiene.py", "tests/tools/test_hygiene.py")


def problems(root: Path = ROOT) -> list[str]:
    """Every breach, as `file:line: what is wrong`."""
    files = tracked(root)
    found = [*lock_problems(root), *root_package_problems(root), *reason_problems(root)]
    found.extend(import_problems(root, [name for name in files if name.endswith(".py")]))
    for name in files:
        path = root / name
        if path.suffix in TEXT and not name.startswith("requirements") and name not in EXEMPT:
            found.extend(text_problems(name, path))
    return found


def tracked(root: Path) -> list[str]:
    """Names of the files that git tracks and that exist."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name and (root / name).is_file()]


def text_problems(name: str, path: Path) -> Iterator[str]:
    """Paths of one machine and numbers of a tracker in one file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return
    for number, line in enumerate(lines, 1):
        if found := PERSONAL_PATH.search(line):
            yield f"{name}:{number}: {found[0]} is a path of one machine"
        if path.suffix not in {".css", ".json", ".html"} and (found := TRACKER_NUMBER.search(line)):
            yield f"{name}:{number}: {found[0]!r} says nothing outside a tracker; say what is meant"


def lock_problems(root: Path) -> Iterator[str]:
    """Addresses of package indexes, packages without hashes, and locks that disagree."""
    pins = {name: _pins(root / name) for name in ("requirements.txt", "requirements-dev.txt")}
    for package, version in pins["requirements.txt"].items():
        if (other := pins["requirements-dev.txt"].get(package)) != version:
            yield f"requirements-dev.txt: {package} is {other}, requirements.txt has {version}"
    for path in sorted(root.glob("requirements*.txt")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if INDEX_OPTION.match(line) or "://" in line:
                yield f"{path.name}:{number}: names a package index; run `make lock`"
        for package in _pins(path):
            if not re.search(rf"^{re.escape(package)}==.*\\\n\s+--hash=", path.read_text(), re.M):
                yield f"{path.name}: {package} has no hash; run `make lock`"
    lock = json.loads((root / "package-lock.json").read_text())
    for name, entry in lock["packages"].items():
        if "resolved" in entry:
            yield f"package-lock.json: {name} records an address; run `make lock`"
    package = json.loads((root / "package.json").read_text())
    for group in ("dependencies", "devDependencies"):
        for name, wanted in package.get(group, {}).items():
            if not re.fullmatch(r"(npm:@?[\w./-]+@)?\d+\.\d+\.\d+[\w.-]*", wanted):
                yield f"package.json: {name} is {wanted!r}; pin one exact version"


def root_package_problems(root: Path) -> Iterator[str]:
    """Packages of ours that the import contracts do not know, and would let through."""
    config = tomllib.loads((root / "pyproject.toml").read_text())
    known = set(config["tool"]["importlinter"]["root_packages"])
    ours = {path.parent.name for path in root.glob("*/__init__.py")} - {"tests"}
    for name in sorted(ours ^ known):
        yield f"pyproject.toml: importlinter.root_packages and the folder {name}/ disagree"


def direct_dependencies(root: Path) -> tuple[set[str], set[str]]:
    """Names of the Python and of the npm packages that the project asks for itself."""
    config = tomllib.loads((root / "pyproject.toml").read_text())
    wanted = [
        *config["project"]["dependencies"],
        *config["project"]["optional-dependencies"]["dev"],
        *config["dependency-groups"]["node"],
    ]
    package = json.loads((root / "package.json").read_text())
    npm = package["dependencies"].keys() | package["devDependencies"].keys()
    return {re.split(r"[\[<>=!~ ]", line)[0] for line in wanted}, set(npm)


def reason_problems(root: Path) -> Iterator[str]:
    """Direct dependencies without a line of why in docs/dependencies.md, and the reverse."""
    python, npm = direct_dependencies(root)
    text = (root / "docs" / "dependencies.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| (@?[a-z][\w./-]*) \|[^|]+\|[^|]+\|$", text, re.MULTILINE))
    for name in sorted((python | npm) - listed):
        yield f"docs/dependencies.md: say why {name} is here, and its licence"
    for name in sorted(listed - python - npm):
        yield f"docs/dependencies.md: {name} is no direct dependency any more"


def import_problems(root: Path, files: list[str]) -> Iterator[str]:
    """Imports of packages that are only here because another package needs them."""
    python, _ = direct_dependencies(root)
    providers = packages_distributions()
    for file in files:
        for name in sorted(_imported(root / file)):
            given_by = {given.lower().replace("_", "-") for given in providers.get(name, ())}
            if given_by and not given_by & python:
                needed = " or ".join(sorted(given_by))
                yield f"{file}: imports {name}; name {needed} in pyproject.toml"


def _imported(path: Path) -> set[str]:
    """Top-level names that a file imports from outside itself."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def _pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][\w.-]*)==([^\s\\;]+)", path.read_text(), re.M))


def main() -> int:
    """Print every breach; 1 when there is one."""
    found = problems()
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

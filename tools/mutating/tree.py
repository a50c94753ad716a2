"""The mutated copy of a tree: all sites behind switches, all switches off."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path

from . import compiled, javascript, statements
from .site import Form, Site
from .switch import PACKAGE_NAME

HERE = Path(__file__).parent
SOURCES = ("proofs", "static/js/verifier")
SWITCH_JS = "switch.mjs"
# Installed rather than tracked: the copy uses what is there.
_INSTALLED = ("node_modules", "static/vendor")


def copy(root: Path, to: Path) -> None:
    """Copy what git would track of the tree, as it is on disk now, and this package."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, to / name)
    for name in _INSTALLED:
        if (root / name).is_dir():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            (to / name).symlink_to((root / name).resolve(), target_is_directory=True)
    shutil.copytree(HERE, to / "tools" / HERE.name, dirs_exist_ok=True)
    (to / "tools" / "__init__.py").touch()


def mutate(root: Path) -> list[Site]:
    """Put every refusal of the sources below ``root`` behind a switch of its own."""
    found: list[Site] = []

    def noted(name: str, line: int, form: Form, text: str) -> int:
        found.append(Site(len(found) + 1, name, line, form, text.strip()))
        return len(found)

    for source in SOURCES:
        files = sorted((root / source).rglob("*.py"))
        trees = {file: ast.parse(file.read_text(encoding="utf-8")) for file in files}
        checks = statements.refusing(trees.values())
        for file, tree in trees.items():
            name = file.relative_to(root).as_posix()
            lines = file.read_text(encoding="utf-8").splitlines()

            def number(
                node: ast.stmt,
                form: Form,
                text: str | None = None,
                name: str = name,
                lines: list[str] = lines,
            ) -> int:
                return noted(name, node.lineno, form, text or lines[node.lineno - 1])

            if compiled.is_kernel(tree):
                compiled.neutralised(tree, number)
            else:
                switch = f"{source.replace('/', '.')}.{Path(PACKAGE_NAME).stem}"
                statements.neutralised(tree, switch, checks, number)
            file.write_text(ast.unparse(ast.fix_missing_locations(tree)), encoding="utf-8")
        if files:
            shutil.copy(HERE / "switch.py", root / source / PACKAGE_NAME)
        modules = sorted((root / source).rglob("*.js"))
        for module in modules:
            name, text = module.relative_to(root).as_posix(), module.read_text(encoding="utf-8")
            lines = text.splitlines()

            def line_number(line: int, name: str = name, lines: list[str] = lines) -> int:
                return noted(name, line, Form.THROW, lines[line - 1])

            module.write_text(
                javascript.neutralised(text, line_number, SWITCH_JS), encoding="utf-8"
            )
        if modules:
            shutil.copy(HERE / SWITCH_JS, root / source / SWITCH_JS)
    return found

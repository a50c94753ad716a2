"""The library's own page: its example runs, and it names every module of the statements."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

from proofs import statements

README = Path(__file__).resolve().parents[2] / "proofs" / "README.md"


def test_the_example_of_the_readme_runs_as_printed() -> None:
    examples = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) == 1
    exec(compile(examples[0], str(README), "exec"), {})


def test_the_readme_names_every_module_of_the_statements() -> None:
    named = set(re.findall(r"`statements\.(\w+)`", README.read_text(encoding="utf-8")))
    assert named == {module.name for module in pkgutil.iter_modules(statements.__path__)}

"""A process inside an installation that carries out orders; see `chaos.inside`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaos.processes import ROOT


class Unsettled(AssertionError):
    """An order was not carried out; the text says what is missing, or what went wrong."""


class Servant:
    """`python -m chaos.inside`, started once and ordered about; one at a time."""

    def __init__(self, name: str, environment: Mapping[str, str], log: Path) -> None:
        self._name = name
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "chaos.inside"],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )

    def order(self, *words: Any) -> dict[str, Any]:
        """Give an order and wait for the answer. Raises Unsettled."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise Unsettled(f"{self._name} has ended: {self._log.read_text()[-3000:]}")
        answer: dict[str, Any] = json.loads(line)
        if answer["missing"]:
            raise Unsettled(f"{self._name}, {words[0]}:\n" + "\n".join(answer["missing"]))
        return answer

    def end(self) -> None:
        """Let it go."""
        self._process.kill()
        self._process.communicate()

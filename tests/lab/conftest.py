"""Fixtures of the lab's tests: one chain of the harness, or a whole lab as a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_process import LabProcess

from lab import harness
from lab.harness import Harness


@pytest.fixture
def l2() -> Iterator[Harness]:
    with harness.start("l2") as chain:
        yield chain


@pytest.fixture
def l1() -> Iterator[Harness]:
    with harness.start("l1") as chain:
        yield chain


@pytest.fixture
def lab_process(tmp_path: Path) -> Iterator[LabProcess]:
    lab = LabProcess(tmp_path)
    yield lab
    lab.clean_up()

"""One database server and one chain for all stories; each has installations of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos import ground, house, workshop
from chaos.ground import Ground
from chaos.house import Cellar

SEED = 20
HISTORY = 80


@pytest.fixture(scope="package")
def folder() -> Iterator[Path]:
    with workshop.folder() as made:
        yield made


@pytest.fixture(scope="package")
def cellar(folder: Path) -> Iterator[Cellar]:
    with house.cellar(folder) as made:
        yield made


@pytest.fixture(scope="package")
def grounds() -> Iterator[list[Ground]]:
    with ground.start("l2", SEED, HISTORY) as l2:
        yield [l2]

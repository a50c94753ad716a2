"""Scenes on real nodes. Models are imported inside: this file is read before Django is set up."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.governance.live import Scene


def _scene(name: str) -> "Iterator[Scene]":
    from chainsync.endpoint import pool
    from lab import harness
    from tests.governance.live import Scene

    # So far back that no step of the story catches up with the wall clock.
    genesis = int(time.time()) - 1_000_000
    with harness.start(name, prepared_voters=3, genesis_time=genesis) as lab:
        yield Scene.of(lab)
        pool.close_all()


@pytest.fixture
def venue(transactional_db: None) -> "Iterator[Scene]":
    """The L2 of the lab: OpenZeppelin 5, timestamps, fractional counting."""
    yield from _scene("l2")


@pytest.fixture
def bridge(transactional_db: None) -> "Iterator[Scene]":
    """The L1 of the lab: OpenZeppelin 4.9 with Bravo's interface, block numbers."""
    yield from _scene("l1")

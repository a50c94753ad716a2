"""Fixtures of the core's tests: third-party vectors, read in place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[3] / "shared" / "vectors"


@pytest.fixture(scope="session")
def governance_vectors() -> Path:
    """Folder of real governance payloads. Missing, it fails in CI and skips elsewhere."""
    folder = Path(os.environ.get("TOCSIN_VECTORS") or BESIDE_THE_CHECKOUT) / "governance"
    if not folder.is_dir():
        reason = f"The third-party vectors are not at {folder}."
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    return folder

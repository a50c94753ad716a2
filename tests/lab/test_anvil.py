"""One node: whoever starts it ends it, also when he is interrupted in the middle."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from lab.anvil import Anvil
from lab.schedule import CHAINS

pytestmark = pytest.mark.node


def test_an_interrupted_start_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[psutil.Process] = []

    def interrupted(node: Anvil, chain_id: int) -> bool:
        started.append(psutil.Process(node.process.pid))
        raise KeyboardInterrupt

    monkeypatch.setattr(Anvil, "_answers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Anvil.start(CHAINS["l1"], tmp_path / "node.log")
    assert len(started) == 1
    assert not started[0].is_running()

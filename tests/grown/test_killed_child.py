"""A child of a worker is killed, as the kernel does when memory is short."""

import psutil
import pytest
from deployment import Deployment, until

from tocsin.pool import EXIT_CODE

pytestmark = [pytest.mark.slow, pytest.mark.node]


def test_a_worker_whose_child_was_killed_while_it_waited_ends_to_be_started_again(
    deployment: Deployment,
) -> None:
    """On the embedded broker; it would look alive and fetch nothing any more."""
    deployment.start_worker()
    worker = psutil.Process(deployment.processes["worker"].pid)
    until(lambda: len(worker.children()) >= 3, deployment.said)
    children = worker.children()
    for child in children:
        child.kill()
    until(lambda: deployment.processes["worker"].poll() is not None, deployment.said)
    assert deployment.processes["worker"].returncode == EXIT_CODE, deployment.said()
    assert not any(child.is_running() for child in children)
    assert "starting anew" in deployment.log("worker").read_text()

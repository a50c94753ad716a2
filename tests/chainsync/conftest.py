"""A real node behind two endpoints of two operators, and a toy kind that keeps what it is told.

Models are imported inside the fixtures: this file is read before Django is set up.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from lab.anvil import Anvil
from lab.consensus import Consensus
from lab.endpoint import Upstream
from lab.gateway import Gateway
from lab.schedule import ChainTimes

if TYPE_CHECKING:
    from charter.models import Chain
    from tests.chainsync.beacon_node import BeaconNode
    from tests.chainsync.scene import Aside, Node, Toy
    from tests.chainsync.stage import Stage


@pytest.fixture
def node() -> "Iterator[Node]":
    from tests.chainsync.scene import FINALIZED_DEPTH, Node

    times = ChainTimes(901, 1, 300_000_000, safe_depth=4, finalized_depth=FINALIZED_DEPTH)
    with tempfile.TemporaryDirectory(prefix="tocsin-node-") as folder:
        anvil = Anvil.start(
            times, Path(folder) / "anvil.log", genesis_time=int(time.time()) - 10_000
        )
        gateway = Gateway({"l2": Upstream(anvil.rpc.url, Consensus(times))}, dict)
        gateway.start()
        try:
            yield Node(anvil, gateway)
        finally:
            gateway.stop()
            anvil.stop()
            anvil.rpc.close()


@pytest.fixture
def chain(transactional_db: None, node: "Node") -> "Iterator[Chain]":
    """The chain with both endpoints, and no contract."""
    from chainsync.endpoint import pool
    from charter.models import Chain, Endpoint

    chain = Chain.objects.create(key="l2", chain_id=901, name="Venue L2", role="l2", block_time=0.2)
    for letter, url in zip("ab", node.urls, strict=True):
        Endpoint.objects.create(
            chain=chain, name=f"l2-{letter}", operator=f"Operator {letter.upper()}", url=url
        )
    yield chain
    pool.close_all()


@pytest.fixture
def toy(chain: "Chain", node: "Node") -> "Iterator[Toy]":
    from chainsync import kinds
    from tests.chainsync import scene

    kinds.register(scene.KIND)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE toy_row (contract bigint, block bigint, index int, "
            "number numeric, PRIMARY KEY (contract, block, index))"
        )
    try:
        yield scene.Toy(chain, node)
    finally:
        kinds.unregister("toy")
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE toy_row")


@pytest.fixture
def stage(node: "Node", chain: "Chain", toy: "Toy") -> "Stage":
    from tests.chainsync.stage import Stage

    return Stage(node, chain, toy)


@pytest.fixture
def aside(transactional_db: None) -> "Iterator[Aside]":
    """Run a function in a thread, on a database connection of its own."""
    with ThreadPoolExecutor(4) as pool:

        def closing(work: Callable[[], Any]) -> Any:
            try:
                return work()
            finally:
                connection.close()

        yield lambda work: pool.submit(closing, work)


@pytest.fixture
def beacon() -> "Iterator[BeaconNode]":
    """A beacon node whose chain begins at a checkpoint in slot 8."""
    from tests.chainsync.beacon_node import node_at, serving

    with serving(node_at(8)) as one:
        yield one


@pytest.fixture
def l1(db: None, beacon: "BeaconNode") -> "Chain":
    """An L1 whose charter has the node as its beacon endpoint, and its checkpoint."""
    from charter.models import Beacon, BeaconEndpoint, Chain
    from tests.chainsync.beacon_node import TABLE

    chain = Chain.objects.create(key="l1", chain_id=900, name="L1", role="l1", block_time=12)
    root = "0x" + beacon.checkpoint.header.beacon.root().hex()
    row = Beacon.objects.create(chain=chain, checkpoint=root, network=TABLE)
    BeaconEndpoint.objects.create(beacon=row, name="l1-beacon", url=beacon.url, position=0)
    return chain

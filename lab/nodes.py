"""One chain of a served lab: its node through starts, dumps and restarts, under one gateway."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from lab import history
from lab.anvil import Anvil, AnvilFailed, ProcessRecord
from lab.beacon.follower import Follower
from lab.chain import Chain
from lab.consensus import BeaconConsensus, Consensus, Finality
from lab.endpoint import Upstream
from lab.rpc import NodeUnreachable, Rpc, RpcError
from lab.schedule import BLOCKS_PER_NODE, CHAINS

log = logging.getLogger("lab")

DUMP_TIMEOUT = 30.0
LAST_DUMP_TIMEOUT = 1.6


class ChainNode:
    """The node of one chain. ``changed`` is called whenever its process is another one.

    With a ``beacon`` chain that follows it, finality is as that one has it, and it is stored too.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        changed: Callable[[], None],
        beacon: Follower | None = None,
    ) -> None:
        self.name = name
        self.times = CHAINS[name]
        self.folder = folder
        self.beacon = beacon
        self.consensus: Finality = BeaconConsensus(beacon) if beacon else Consensus(self.times)
        self.upstream = Upstream("", self.consensus, held=True)
        self.anvil: Anvil | None = None
        self.chain: Chain | None = None
        self._changed = changed
        self._started_at_block = 0
        self._dumping = threading.Lock()

    def start_new(self, genesis_time: int) -> Chain:
        """Start an empty chain that mines on demand; raises `AnvilFailed`."""
        anvil = Anvil.start(self.times, self._log_file, genesis_time=genesis_time)
        return self._use(anvil, Chain(anvil.rpc, self.times.chain_id, step=self.times.block_time))

    def start_from(self, state: history.State) -> Chain:
        """Start from a stored state; what it holds is final. Raises `AnvilFailed`."""
        load = self.folder / f"{self.name}.load"
        history.write_for_node(history.trim(state), load)
        try:
            anvil = Anvil.start(self.times, self._log_file, state=load)
        finally:
            load.unlink(missing_ok=True)
        chain = self._use(anvil, Chain(anvil.rpc, self.times.chain_id, step=None))
        head = chain.block_number()
        self._started_at_block = head
        # The node cannot undo blocks from before its start, so nothing can: they are final.
        self.consensus.finalize(head)
        return chain

    def _use(self, anvil: Anvil, chain: Chain) -> Chain:
        if self.chain is None:
            self.chain = chain
        else:
            # Whoever acts on this chain holds the object: it moves on to the new process.
            self.chain.rpc, self.chain.step = anvil.rpc, chain.step
        self.anvil = anvil
        if self.beacon is not None:
            self.beacon.use(anvil.rpc.url)
        self.upstream.url = anvil.rpc.url
        self.upstream.held = False
        self._changed()
        return self.chain

    @property
    def _log_file(self) -> Path:
        return self.folder / f"{self.name}.anvil.log"

    @property
    def record(self) -> ProcessRecord | None:
        """The process to be written down."""
        return self.anvil.record if self.anvil else None

    def run(self) -> None:
        """Let the clock run: from now on the node produces its blocks by itself."""
        if self.chain is None:
            raise AnvilFailed(f"{self.name} was not started")
        self.chain.step = None
        # A stored or scripted head may lie ahead of the clock; time must not go backwards.
        now = max(int(time.time()), self.chain.timestamp())
        self.chain.rpc.call("evm_setTime", now)
        self.chain.rpc.call("evm_setIntervalMining", self.times.block_time)

    def dump(self, timeout: float = DUMP_TIMEOUT) -> bool:
        """Store the chain; False (and a line in the log) when the node does not answer."""
        if self.anvil is None or not self.anvil.is_alive():
            return False
        with self._dumping:
            try:
                with Rpc(self.anvil.rpc.url, timeout) as rpc:
                    history.save(self.folder, self.name, rpc)
                if self.beacon is not None:
                    # After the node, so that it knows all that the node does.
                    self.beacon.save(self.folder)
            except (NodeUnreachable, RpcError, OSError, ValueError) as error:
                log.warning("[%s] not stored this time: %s", self.name, error)
                return False
        return True

    def tend(self) -> None:
        """Start the node again when it died or carries too long a history."""
        if self.anvil is None:
            return
        if not self.anvil.is_alive():
            log.warning("[%s] the node ended by itself; starting it from its last dump", self.name)
            self._restart()
        elif self.upstream.head - self._started_at_block > BLOCKS_PER_NODE:
            log.info("[%s] starting the node again with a shorter history", self.name)
            self.recycle()

    def recycle(self) -> None:
        """Dump, trim and start again; requests wait meanwhile."""
        if self.anvil is None or self.chain is None:
            return
        self.upstream.held = True
        try:
            self.chain.rpc.call("evm_setIntervalMining", 0)
            if self.dump():
                self.anvil.stop()
                self._restart()
            else:
                self.run()
        finally:
            self.upstream.held = False

    def _restart(self) -> None:
        state, problems = history.latest(self.folder, self.name)
        if state is None:
            raise AnvilFailed(f"{self.name} has no usable dump: {'; '.join(problems) or 'none'}")
        self.start_from(state)
        self.run()

    def stop(self) -> None:
        """Store the chain a last time and end its node, within some two seconds."""
        if self.anvil is None:
            return
        if self.beacon is not None:
            self.beacon.rest()
        self.anvil.wake()
        self.dump(LAST_DUMP_TIMEOUT)
        self.anvil.stop()
        if self.beacon is not None:
            self.beacon.use(None)

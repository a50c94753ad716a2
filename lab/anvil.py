"""One anvil process: started on a free port, watched, paused, stopped."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from lab.artifacts import ROOT
from lab.rpc import NodeUnreachable, Rpc, RpcError
from lab.schedule import STATES_KEPT, ChainTimes
from tools import node

START_TIMEOUT = 60.0
STOP_TIMEOUT = 1.0


class AnvilFailed(RuntimeError):
    """The node did not start; the message ends with what it said."""


@dataclass(frozen=True)
class ProcessRecord:
    """What is written down about a node so that a later run can recognise and end it."""

    pid: int
    port: int

    def is_running(self) -> bool:
        """Whether this pid still is our anvil on that port, and not somebody else's process."""
        words = _command_line(self.pid)
        return any("anvil" in Path(word).name for word in words[:1]) and str(self.port) in words

    def is_paused(self) -> bool:
        """Whether the process is stopped by a signal; False where that cannot be told."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] == "T"

    def end(self) -> bool:
        """End a node left over by a crash; True when there was one."""
        if not self.is_running():
            return False
        for number in (signal.SIGCONT, signal.SIGKILL):
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return True
        deadline = time.monotonic() + 5
        while self.is_running() and time.monotonic() < deadline:
            time.sleep(0.02)
        return True


def _command_line(pid: int) -> list[str]:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        return [part.decode(errors="replace") for part in raw.split(b"\0") if part]
    except OSError:
        pass
    ps = shutil.which("ps")
    if ps is None or Path("/proc/self").exists():
        return []
    done = subprocess.run([ps, "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout.split()


def free_port() -> int:
    """A TCP port on 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Anvil:
    """A running node of one chain. It produces no block until it is told to."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log
        self.rpc = Rpc(f"http://127.0.0.1:{port}")

    @classmethod
    def start(
        cls,
        times: ChainTimes,
        log: Path,
        *,
        state: Path | None = None,
        genesis_time: int | None = None,
    ) -> Anvil:
        """Start a node, from a stored ``state`` if given; raises `AnvilFailed`."""
        binary = node.anvil_binary(ROOT)
        arguments = ["--host", "127.0.0.1", "--chain-id", str(times.chain_id), "--no-mining"]
        arguments += ["--gas-limit", str(times.gas_limit), "--accounts", "20"]
        # Without the second flag a pruned node cannot be reorganised.
        arguments += ["--prune-history", str(STATES_KEPT), "--preserve-historical-states"]
        arguments += ["--no-request-size-limit", "--quiet"]
        if genesis_time is not None:
            arguments += ["--timestamp", str(genesis_time)]
        if state is not None:
            arguments += ["--load-state", str(state)]
        reason = ""
        for _attempt in range(3):
            port = free_port()
            command = [str(binary), *arguments, "--port", str(port)]
            with log.open("wb") as output:
                # A session of its own, so that Ctrl-C reaches the lab alone and it can dump first.
                process = subprocess.Popen(
                    command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
                )
            started = cls(process, port, log)
            try:
                if started._answers(times.chain_id):
                    return started
            except BaseException:
                # Interrupted before anybody knows of it: nobody else could end it.
                started.kill()
                raise
            reason = log.read_text(errors="replace").strip()[-600:]
            started.kill()
            if "in use" not in reason:
                break
        raise AnvilFailed(f"anvil for chain {times.chain_id} did not start: {reason or 'no word'}")

    def _answers(self, chain_id: int) -> bool:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                answer = self.rpc.call("eth_chainId")
            except (NodeUnreachable, RpcError):
                time.sleep(0.01)
                continue
            # The port may have been taken by another process: only a living child is ours.
            time.sleep(0.02)
            return int(answer, 16) == chain_id and self.process.poll() is None
        return False

    @property
    def record(self) -> ProcessRecord:
        """What to write down about this process."""
        return ProcessRecord(self.process.pid, self.port)

    def is_alive(self) -> bool:
        """Whether the process runs (a paused one does)."""
        return self.process.poll() is None

    def wake(self) -> None:
        """Let a paused process go on."""
        if self.is_alive():
            self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End the process, kindly at first; wakes it if it was paused."""
        self.wake()
        self.rpc.close()
        if self.is_alive():
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End the process at once."""
        self.rpc.close()
        if self.is_alive():
            self.process.kill()
            self.process.wait(5)

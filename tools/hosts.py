"""Several machines on one: network namespaces, each with an address of its own on one switch.

What runs in a host sees that host's network and nothing else: not the loopback of this machine,
not the internet. A host can be cut off, as by a pulled cable, and joined again. Linux, as root.

    python -m tools.hosts         says whether this works here, and removes what killed runs left
"""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import psutil

PREFIX = "tocsin"
NETWORK = "10.77.0"
_CLONE_NEWNET = 0x40000000
_NAMED = 'hostname "$0" && exec "$@"'

T = TypeVar("T")


class HostsUnavailable(RuntimeError):
    """This machine does not let us make network namespaces; the text says why."""


class Host:
    """One machine of the network; made by `network`."""

    def __init__(self, name: str, namespace: str, port: str, switch: str, address: str) -> None:
        self.name = name
        self.address = address
        self._namespace = namespace
        self._port = port
        self._switch = switch

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The command that runs these arguments on this host, under its own host name."""
        inside = ["ip", "netns", "exec", self._namespace, "unshare", "--uts"]
        return [*inside, "sh", "-c", _NAMED, self.name, *arguments]

    def start(
        self, arguments: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path
    ) -> subprocess.Popen[bytes]:
        """A process on this host, its output added to a file; ended with the network at latest."""
        with log.open("ab") as output:
            return subprocess.Popen(
                self.command(arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
            )

    def run(self, arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> str:
        """What a command on this host printed. Raises CalledProcessError with its output."""
        done = subprocess.run(
            self.command(arguments), env=dict(env), cwd=cwd, capture_output=True, text=True
        )
        if done.returncode:
            raise subprocess.CalledProcessError(
                done.returncode, list(arguments), done.stdout, done.stderr
            )
        return done.stdout

    def inside(self, work: Callable[[], T]) -> T:
        """What `work` returns when it is done by a thread of ours that stands on this host.

        Connections that it opens stay on this host, whoever uses them afterwards.
        """
        found: list[T] = []
        failed: list[BaseException] = []

        def enter() -> None:
            try:
                _enter(f"/run/netns/{self._namespace}")
                found.append(work())
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=enter, name=f"on {self.name}")
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return found[0]

    def processes(self) -> list[psutil.Process]:
        """Live processes on this host."""
        found = []
        for pid in _ip("netns", "pids", self._namespace).split():
            with suppress(psutil.NoSuchProcess):
                found.append(psutil.Process(int(pid)))
        return found

    def listening(self) -> set[int]:
        """TCP ports on which others reach this host: those of its loopback do not count."""

        def look() -> set[int]:
            ports = set()
            for table in ("/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"):
                for line in Path(table).read_text().splitlines()[1:]:
                    _, local, _, state, *_ = line.split()
                    address, _, port = local.partition(":")
                    if state == "0A" and address != "0100007F":
                        ports.add(int(port, 16))
            return ports

        return self.inside(look)

    def cut(self) -> None:
        """Pull the cable: nothing comes in or goes out, and nobody is told."""
        _ip("-n", self._switch, "link", "set", self._port, "down")

    def join(self) -> None:
        """Plug the cable in again."""
        _ip("-n", self._switch, "link", "set", self._port, "up")


@contextmanager
def network(*names: str) -> Iterator[dict[str, Host]]:
    """Hosts of these names on one switch; everything on them is ended, and they go, at the end.

    Raises HostsUnavailable where the machine does not let us.
    """
    sweep()
    if reason := unavailable():
        raise HostsUnavailable(reason)
    mark = f"{PREFIX}{os.getpid()}"
    switch = f"{mark}-switch"
    try:
        _ip("netns", "add", switch)
        _ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", switch, "link", "set", "bridge", "up")
        yield {
            name: _host(name, f"{mark}-{name}", switch, number)
            for number, name in enumerate(names, 1)
        }
    finally:
        _remove(mark)


def _host(name: str, namespace: str, switch: str, number: int) -> Host:
    port, address = f"port{number}", f"{NETWORK}.{number}"
    _ip("netns", "add", namespace)
    _ip("-n", switch, "link", "add", port, "type", "veth", "peer", "name", "eth0")
    _ip("-n", switch, "link", "set", "eth0", "netns", namespace)
    _ip("-n", switch, "link", "set", port, "master", "bridge", "up")
    _ip("-n", namespace, "link", "set", "lo", "up")
    _ip("-n", namespace, "address", "add", f"{address}/24", "dev", "eth0")
    _ip("-n", namespace, "link", "set", "eth0", "up")
    return Host(name, namespace, port, switch, address)


def unavailable() -> str:
    """Why there can be no hosts here; empty when there can."""
    if sys.platform != "linux":
        return "network namespaces are a part of Linux"
    if os.geteuid() != 0:
        return "network namespaces need root"
    if missing := [name for name in ("ip", "unshare", "hostname") if shutil.which(name) is None]:
        return f"not installed: {', '.join(missing)}"
    probe = f"{PREFIX}{os.getpid()}-probe"
    try:
        _ip("netns", "add", probe)
        _ip("-n", probe, "link", "add", "one", "type", "veth", "peer", "name", "two")
    except HostsUnavailable as error:
        return str(error)
    finally:
        _remove(probe)
    return ""


def sweep() -> list[str]:
    """Remove the namespaces of runs whose process is gone; their names."""
    swept = []
    for name in _namespaces():
        match = re.fullmatch(rf"{PREFIX}(\d+)-[\w-]+", name)
        if match and not psutil.pid_exists(int(match[1])):
            _remove(name)
            swept.append(name)
    return swept


def _namespaces() -> list[str]:
    folder = Path("/run/netns")
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _remove(beginning: str) -> None:
    """End what runs in the namespaces whose names begin so, and delete them."""
    names = [name for name in _namespaces() if name.startswith(beginning)]
    for name in names:
        deadline = time.monotonic() + 10
        while pids := subprocess.run(
            ["ip", "netns", "pids", name], capture_output=True, text=True
        ).stdout.split():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
    for name in names:
        subprocess.run(["ip", "netns", "delete", name], capture_output=True)


def _enter(path: str) -> None:
    """Move the calling thread into a network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(path) as namespace:
        if libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise HostsUnavailable(f"`ip {' '.join(arguments)}` says: {done.stderr.strip()}")
    return done.stdout


def main() -> int:
    """Say whether hosts can be made here; 1 when not."""
    swept = sweep()
    if swept:
        print(f"Removed what killed runs left: {', '.join(swept)}.")
    reason = unavailable()
    print(f"No hosts here: {reason}." if reason else "Hosts can be made here.")
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())

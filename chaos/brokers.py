"""The broker of a chaos run: one that can be ended, emptied and filled up."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import redis

from chaos import disk
from lab.anvil import free_port


class Broker:
    """What a run may do to its broker."""

    def __init__(self, url: str) -> None:
        self.url = url

    def lose(self) -> int:
        """End it if it is a server, lose all that waits in it, start it again; how much was lost
        where that is known."""
        raise NotImplementedError

    def fill(self) -> bool:
        """Leave no room on its disk; False where it has none of its own."""
        return False

    def heal(self) -> None:
        """Nothing is wrong with it any more."""


class Folder(Broker):
    """Celery's filesystem transport in the data directory, on a small disk of its own."""

    def __init__(self, data: Path, small: bool) -> None:
        super().__init__("filesystem://")
        self._folder = data / "broker"
        self._small = small

    def lose(self) -> int:
        lost = 0
        for name in ("messages", "processed", "control"):
            for path in (self._folder / name).glob("*"):
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
                    lost += 1
        return lost

    def fill(self) -> bool:
        if self._small:
            disk.fill(self._folder)
        return self._small

    def heal(self) -> None:
        disk.empty(self._folder)


class Redis(Broker):
    """A Redis of our own that keeps nothing on disk: what it held is lost when it ends."""

    def __init__(self, binary: str, folder: Path) -> None:
        self._port = free_port()
        self._command = [
            binary, "--port", str(self._port), "--bind", "127.0.0.1", "--save", "",
            "--appendonly", "no", "--dir", str(folder),
        ]  # fmt: skip
        super().__init__(f"redis://127.0.0.1:{self._port}/0")
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, start_new_session=True
        )
        client = redis.Redis(port=self._port)
        deadline = time.monotonic() + 30
        while True:
            try:
                client.ping()
            except redis.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                client.close()
                return

    def lose(self) -> int:
        with redis.Redis(port=self._port) as client:
            lost = sum(int(client.llen(queue)) for queue in ("urgent", "bulk"))
        self.end()
        self._start()
        return lost

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()


class RabbitMQ(Broker):
    """A virtual host of the RabbitMQ on this machine; ended by cutting off everybody in it."""

    def __init__(self, vhost: str) -> None:
        super().__init__(f"amqp://guest:guest@127.0.0.1:5672/{vhost}")
        self._vhost = vhost
        self._ctl("add_vhost", vhost)
        self._ctl("set_permissions", "-p", vhost, "guest", ".*", ".*", ".*")

    def _ctl(self, *arguments: str) -> str:
        done = subprocess.run(
            ["rabbitmqctl", "--silent", *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout

    def lose(self) -> int:
        rows = self._ctl("list_queues", "-p", self._vhost, "name", "messages").split()
        waiting = dict(zip(rows[::2], map(int, rows[1::2]), strict=True))
        for name in waiting:
            self._ctl("delete_queue", "-p", self._vhost, name)
        self._ctl("close_all_connections", "--vhost", self._vhost, "chaos")
        return sum(waiting.values())

    def end(self) -> None:
        """Take the virtual host away."""
        self._ctl("delete_vhost", self._vhost)


@contextlib.contextmanager
def start(kind: str, data: Path) -> Iterator[Broker]:
    """The broker of an episode: `filesystem`, `redis` or `rabbitmq`."""
    if kind == "filesystem":
        with disk.small(data / "broker", 1) as small:
            yield Folder(data, small)
        return
    if kind == "redis":
        binary = shutil.which("redis-server")
        if binary is None:
            raise FileNotFoundError("redis-server is not installed")
        broker: Redis | RabbitMQ = Redis(binary, data)
    else:
        broker = RabbitMQ(f"chaos-{data.name}-{time.time_ns()}")
    try:
        yield broker
    finally:
        broker.end()

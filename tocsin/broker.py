"""The filesystem broker, made safe for several processes.

kombu's own transport writes a message in place, so a consumer can take the file while it is still
empty and dies of it. Here a message appears under its name only when it is whole, and is taken by
a rename, which one consumer alone can win.
"""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    """A channel whose messages are complete as soon as they can be seen."""

    def _put(  # type: ignore[override]
        self, queue: str, payload: Any, **kwargs: Any
    ) -> None:
        folder = Path(self.data_folder_out)
        # Names sort by age: consumers take the oldest first.
        name = f"{time.monotonic_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        _write_whole(folder / name, dumps(payload), f"a message to {folder}")

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        folder = Path(self.data_folder_in)
        wanted = f"{queue}.msg"
        for name in sorted(os.listdir(folder)):
            if name.partition(".")[2] != wanted:
                continue
            taken = folder / f"{name}.taken"
            try:
                (folder / name).rename(taken)
            except FileNotFoundError:
                continue
            try:
                return loads(taken.read_text(encoding="utf-8"))
            finally:
                taken.unlink(missing_ok=True)
        raise Empty

    def get_table(self, exchange: str) -> list[Any]:
        """Bindings of an exchange, as (routing key, pattern, queue).

        Where nothing is written down (a folder that was emptied, or a file that a full disk cut
        short), those that this process has declared itself: it would not declare them again.
        """
        if stored := self._stored(exchange):
            return stored
        bind = self.typeof(exchange).prepare_bind
        return [
            filesystem.exchange_queue_t(*(part or "" for part in bind(queue, exchange, key, {})))
            for queue, of, key in list(self.state.bindings)
            if of == exchange
        ]

    def _stored(self, exchange: str) -> list[Any]:
        try:
            rows = loads(self._exchange_file(exchange).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        except OSError as error:
            raise ChannelError(f"Cannot read the bindings of {exchange}: {error}") from error
        return [filesystem.exchange_queue_t(*row) for row in rows]

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        bound = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._one_writer(exchange):
            table = self._stored(exchange)
            if bound not in table:
                self._put_table(exchange, [bound, *table])

    def _delete(
        self, queue: str, exchange: str, routing_key: str, pattern: str, *args: Any, **kwargs: Any
    ) -> None:
        self._purge(queue)
        bound = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._one_writer(exchange):
            table = self._stored(exchange)
            if bound in table:
                self._put_table(exchange, [row for row in table if row != bound])

    @contextmanager
    def _one_writer(self, exchange: str) -> Iterator[None]:
        self.control_folder.mkdir(exist_ok=True)
        try:
            file = (self.control_folder / f"{exchange}.lock").open("ab")
        except OSError as error:
            raise ChannelError(f"Cannot lock the bindings of {exchange}: {error}") from error
        with file:
            filesystem.lock(file, filesystem.LOCK_EX)
            try:
                yield
            finally:
                filesystem.unlock(file)

    def _put_table(self, exchange: str, table: list[Any]) -> None:
        """Replace a table by a whole one: a full disk leaves the old one as it was."""
        _write_whole(self._exchange_file(exchange), dumps(table), f"the bindings of {exchange}")


class Transport(filesystem.Transport):
    """kombu's filesystem transport with our channel."""

    Channel = Channel


def install() -> None:
    """Have `filesystem://` and `redis://` mean our transports in this process."""
    TRANSPORT_ALIASES["filesystem"] = "tocsin.broker:Transport"
    TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = "tocsin.redis_broker:Transport"


def _write_whole(path: Path, text: str, what: str) -> None:
    """Let a file appear under its name when all of it is written. Raises ChannelError."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.rename(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ChannelError(f"Cannot write {what}: {error}") from error

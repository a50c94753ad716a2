"""From the outbox to open pages: one LISTEN connection a process, fanned out in memory.

The hub of a process listens for `NOTIFY tocsin_outbox`, reads what was sealed since the last
position it knows, and puts it into the bounded queues of the streams that asked for the topic.
Notices are only nudges: positions decide, so a connection that was away misses nothing. A stream
that reads too slowly is ended; its reader comes back with the last position it saw.
"""

import asyncio
import logging
import random
import signal
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import connections

from ledger.actions import CHANNEL
from ledger.models import OutboxEntry, Seal
from ledger.queries import Told

QUEUE_LENGTH = 256
PAGE = 1000
LOOK_ANYWAY_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
APPLICATION_NAME = "tocsin live"

logger = logging.getLogger(__name__)


class Stream:
    """What one open page waits for."""

    def __init__(self, topics: Collection[str]) -> None:
        self.topics = frozenset(topics)
        self._queue: asyncio.Queue[Told | None] = asyncio.Queue(QUEUE_LENGTH + 1)
        self.ended = False

    def put(self, told: Told) -> None:
        """Queue an entry; a stream whose queue is full is ended instead."""
        if self.ended:
            return
        if self._queue.qsize() >= QUEUE_LENGTH:
            self.end()
        else:
            self._queue.put_nowait(told)

    def end(self) -> None:
        """Wake the reader for the last time, after what is queued already."""
        if not self.ended:
            self.ended = True
            self._queue.put_nowait(None)

    async def next(self, seconds: float) -> Told | None:
        """The next entry, None when the stream has ended. Raises TimeoutError when it is quiet."""
        async with asyncio.timeout(seconds):
            return await self._queue.get()


class Hub:
    """The fan-out of one event loop; created by `hub()` and alive until `close()`."""

    def __init__(self) -> None:
        self.closed = False
        self.position: int | None = None
        self._streams: dict[str, set[Stream]] = defaultdict(set)
        self._count = 0
        self._listening: asyncio.Task[None] | None = None

    @property
    def streams(self) -> int:
        """Number of open streams."""
        return self._count

    def open(self, topics: Collection[str]) -> Stream:
        """A new stream; the first one starts the listening."""
        stream = Stream(topics)
        if self.closed:
            stream.end()
        elif self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen(), name="ledger.live")
        for topic in stream.topics:
            self._streams[topic].add(stream)
        self._count += 1
        return stream

    def begin(self, position: int) -> None:
        """Listen from this position on, unless listening has begun: a stream was told of it."""
        if self.position is None:
            self.position = position

    def leave(self, stream: Stream) -> None:
        """Forget a stream that was opened here."""
        self._count -= 1
        for topic in stream.topics:
            self._streams[topic].discard(stream)
            if not self._streams[topic]:
                del self._streams[topic]

    def close(self) -> None:
        """End every stream and stop listening; streams opened later end at once."""
        self.closed = True
        self._end_all()
        if self._listening:
            self._listening.cancel()

    def _end_all(self) -> None:
        for stream in {stream for streams in self._streams.values() for stream in streams}:
            stream.end()

    async def _listen(self) -> None:
        """Listen for ever, coming back after each failure from the last known position."""
        pause = FIRST_PAUSE
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    **_connection_parameters(), autocommit=True
                ) as connection:
                    async for fresh in self._fresh(connection):
                        pause = FIRST_PAUSE
                        for told in fresh:
                            for stream in tuple(self._streams.get(told.topic, ())):
                                stream.put(told)
            except (psycopg.Error, OSError) as error:
                logger.warning(
                    "Live pages lost the database (%s); trying again in %.1f s",
                    type(error).__name__,
                    pause,
                )
                await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - only jitter
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _fresh(self, connection: psycopg.AsyncConnection) -> AsyncIterator[list[Told]]:
        """What was sealed after our position, after each nudge and every few seconds anyway."""
        await connection.execute(f"LISTEN {CHANNEL}")
        while True:
            sealed = await _sealed(connection)
            if self.position is None:
                self.position = sealed
            elif sealed < self.position:
                logger.warning("The outbox went back from %d to %d", self.position, sealed)
                self.position = sealed
                self._end_all()
            cursor = await connection.execute(
                "SELECT position, topic, event "  # noqa: S608 - the table's name is ours
                f"FROM {OutboxEntry._meta.db_table} "
                "WHERE position > %s ORDER BY position LIMIT %s",
                [self.position, PAGE],
            )
            fresh = [Told(*row) for row in await cursor.fetchall()]
            if fresh:
                self.position = fresh[-1].position
            yield fresh
            if len(fresh) < PAGE:
                async for _ in connection.notifies(timeout=LOOK_ANYWAY_SECONDS, stop_after=1):
                    pass


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
        _close_on_signals(loop, _hubs[loop])
    return _hubs[loop]


def _close_on_signals(loop: asyncio.AbstractEventLoop, closing: Hub) -> None:
    """End the streams as soon as the server is asked to stop.

    A server waits for open responses before it tells the application that it stops, so streams
    that waited for that would hold it until its patience ends.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)
        if not callable(before):
            continue

        def stop(received: int, frame: object, before: object = before) -> None:
            with suppress(RuntimeError):  # The loop has ended already.
                loop.call_soon_threadsafe(closing.close)
            before(received, frame)  # type: ignore[operator]

        signal.signal(number, stop)


async def _sealed(connection: psycopg.AsyncConnection) -> int:
    """Last sealed position of the outbox."""
    cursor = await connection.execute(
        f"SELECT position FROM {Seal._meta.db_table} WHERE name = 'outbox'"  # noqa: S608
    )
    row = await cursor.fetchone()
    return row[0] if row else 0


def _connection_parameters() -> dict[str, Any]:
    """How Django reaches the database, for a connection outside of Django."""
    configured = connections["default"].get_connection_params()
    ours = {"cursor_factory", "context", "prepare_threshold"}
    return {
        **{name: value for name, value in configured.items() if name not in ours},
        "application_name": APPLICATION_NAME,
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15000,
    }

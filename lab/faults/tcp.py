"""A faulty line for tests, in front of anything that speaks TCP: a database, a broker, a cache.

from lab.faults.tcp import Line

with Line("127.0.0.1", 5432) as line:
    connect(line.host, line.port)   # passes
    line.freeze()                   # nothing arrives any more, no connection ends
    line.cut()                      # every connection is reset now; new ones pass
    line.refuse()                   # as when the server is gone, until `heal`
    line.slow(0.2)                  # each piece arrives so many seconds late
    line.cut_after(1000)            # each connection is reset after so many bytes of answers
    line.heal()                     # passes again; what was held back arrives
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any, Self

_PIECE = 64 * 1024
_PATIENCE = 20.0


class Mode(Enum):
    """What the line does with what comes."""

    WELL = "well"
    FREEZE = "freeze"
    SLOW = "slow"
    CUT_AFTER = "cut after"
    REFUSE = "refuse"


@dataclass(eq=False)
class _Pair:
    """The two ends of one connection, and how many bytes of answers passed since the last order."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    answered: int = 0


class Line:
    """A TCP proxy on a port of its own, in a thread of its own; safe to command from any thread.

    Every order has taken effect when it returns. What was set lasts until the next order.
    """

    host = "127.0.0.1"

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._mode = Mode.WELL
        self._seconds = 0.0
        self._limit = 0
        self._pairs: set[_Pair] = set()
        self._connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line", daemon=True)
        self._server: asyncio.Server | None = None
        # Bound but never listening: nobody else gets the port while the line refuses.
        self._holder = _bound(0)
        self.port: int = self._holder.getsockname()[1]

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Reset every connection and end the thread."""
        self._run(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()
        self._holder.close()

    @property
    def mode(self) -> Mode:
        """What it does now."""
        return self._mode

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self._connections

    @property
    def open(self) -> int:
        """How many connections pass through now."""
        return len(self._pairs)

    def heal(self) -> None:
        """Pass everything on, with what was held back."""
        self._order(Mode.WELL)

    def refuse(self) -> None:
        """Reset every connection and refuse new ones, as when there is no server."""
        self._order(Mode.REFUSE)

    def freeze(self) -> None:
        """Keep connections, accept new ones, and pass nothing on."""
        self._order(Mode.FREEZE)

    def slow(self, seconds: float) -> None:
        """Pass each piece on so many seconds late, in both directions."""
        self._seconds = seconds
        self._order(Mode.SLOW)

    def cut(self) -> None:
        """Reset every connection now; new ones are treated as before."""
        self._run(self._reset)

    def cut_after(self, answered: int) -> None:
        """Reset each connection once so many more bytes came back to the client through it."""
        self._limit = answered
        self._order(Mode.CUT_AFTER)

    def _order(self, mode: Mode) -> None:
        async def obey() -> None:
            self._mode = mode
            for pair in self._pairs:
                pair.answered = 0
            if mode is Mode.REFUSE:
                await self._deafen()
                await self._reset()
            elif self._server is None:
                await self._listen()

        self._run(obey)

    def _run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(work(), self._loop).result(_PATIENCE)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=_bound(self.port))

    async def _deafen(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _end(self) -> None:
        await self._deafen()
        await self._reset()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _reset(self) -> None:
        for pair in list(self._pairs):
            _abort(pair)
        self._pairs.clear()

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            far_reader, far = await asyncio.open_connection(*self._target)
        except OSError:
            near.transport.abort()
            return
        pair = _Pair(near, far)
        self._pairs.add(pair)
        if self._mode is Mode.REFUSE:
            _abort(pair)
        pumps = [
            asyncio.create_task(self._pump(pair, reader, far, answers=False)),
            asyncio.create_task(self._pump(pair, far_reader, near, answers=True)),
        ]
        try:
            # A client that says no more may still listen, and so may a server. At the end of the
            # line this is cancelled, which the stream would report as an error.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*pumps)
        finally:
            for pump in pumps:
                pump.cancel()
            self._pairs.discard(pair)
            for writer in (near, far):
                writer.close()

    async def _pump(
        self,
        pair: _Pair,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        answers: bool,
    ) -> None:
        try:
            while piece := await reader.read(_PIECE):
                if self._mode is Mode.SLOW:
                    await asyncio.sleep(self._seconds)
                while self._mode is Mode.FREEZE:
                    await asyncio.sleep(0.01)
                if answers and self._mode is Mode.CUT_AFTER:
                    allowed = self._limit - pair.answered
                    pair.answered += len(piece)
                    if len(piece) >= allowed:
                        writer.write(piece[: max(allowed, 0)])
                        await writer.drain()
                        _abort(pair)
                        return
                writer.write(piece)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
        except OSError:
            # One end is gone without a word: the other must not wait for it.
            _abort(pair)


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    # Two sockets of ours on one port: the one that listens, and the one that keeps the place.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((Line.host, port))
    return bound


def _abort(pair: _Pair) -> None:
    """Reset both ends: the peers see an error rather than an orderly end."""
    for writer in (pair.near, pair.far):
        end = writer.get_extra_info("socket")
        if end is not None and end.fileno() >= 0:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

"""A worker's children on the embedded broker, and what to do when one of them is killed.

Without an event loop, as with a broker that is a folder, Celery's children fetch their work from
one pipe under one lock, and whoever waits holds it. A child that is killed while it waits (by the
kernel, when memory is short) takes the lock along: the worker looks alive and works no more. It
ends instead, and is started again by whoever supervises it; what it had to do is in rows.

With RabbitMQ and Redis each child has pipes of its own, and nothing of this is needed.
"""

import logging
import os
import signal
from contextlib import suppress
from typing import Any

from celery.concurrency import prefork

logger = logging.getLogger(__name__)

EXIT_CODE = 70


class Pool(prefork.BlockingPool):
    """Children that share a pipe: all end when one was killed."""

    def _join_exited_workers(self, shutdown: bool = False) -> Any:
        codes = super()._join_exited_workers(shutdown)
        # A child that is asked to end lets go of the lock first.
        killed = [code for code in codes if code is not None and code < 0]
        if self._state == prefork.RUN and any(code != -signal.SIGTERM for code in killed):
            self._end()
        return codes

    def _end(self) -> None:
        logger.critical("a child was killed and may hold what the others wait for: starting anew")
        for child in self._pool:
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)
        os._exit(EXIT_CODE)


class TaskPool(prefork.TaskPool):
    """Celery's prefork pool with our children where they share a pipe."""

    BlockingPool = Pool

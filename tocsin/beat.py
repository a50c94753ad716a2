"""The scheduler behind `celery beat`: it adds no message where enough wait already.

Not every broker drops what has expired: where no worker fetches, a folder or Redis would keep one
more message every two seconds for as long as that lasts.
"""

import logging
from typing import Any

from celery.beat import PersistentScheduler, ScheduleEntry, SchedulingError
from kombu.exceptions import OperationalError

from chainsync import nudges

logger = logging.getLogger(__name__)

MOST_WAITING = 10
"""With so many messages before it a reminder comes too late, and only makes the others later."""


class Scheduler(PersistentScheduler):
    """Celery's own scheduler, bounded, and patient with a broker that is away."""

    def apply_async(
        self, entry: ScheduleEntry, producer: Any = None, advance: bool = True, **kwargs: Any
    ) -> Any:
        """Send a due entry unless its queue is full or the broker does not answer.

        What is skipped is due again a few seconds later.
        """
        producer = producer or self.producer
        queue = self.app.amqp.router.route(entry.options, entry.task)["queue"]
        try:
            if not nudges.has_room(producer, queue, MOST_WAITING):
                logger.warning("%s is full: %s is not added", queue.name, entry.name)
                return None
            return super().apply_async(entry, producer=producer, advance=advance, **kwargs)
        except (OperationalError, SchedulingError) as error:
            logger.warning("the broker does not answer, %s is not sent: %s", entry.name, error)
            return None

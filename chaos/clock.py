"""A wrong wall clock for one process: what Python code of ours and of Celery's is told."""

from __future__ import annotations

import datetime
import sys
import time
from typing import Any

ROOMS = ("celery", "kombu", "django.utils", "django.db", "ledger", "chainsync", "charter",
         "governance")  # fmt: skip

_Real = datetime.datetime
_real_time = time.time


def shift(seconds: float) -> None:
    """Let `time.time` and `datetime.now` be wrong by so many seconds, in every module of `ROOMS`.

    Monotonic clocks and waits go on as they are, and so does the database's clock.
    """
    off = datetime.timedelta(seconds=seconds)

    class Meta(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, _Real)

    class Shifted(_Real, metaclass=Meta):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return _Real.now(tz) + off

        @classmethod
        def utcnow(cls) -> Any:
            return _Real.now(datetime.UTC).replace(tzinfo=None) + off

    def wrong_time() -> float:
        return _real_time() + seconds

    time.time = wrong_time
    for name, module in list(sys.modules.items()):
        if name.startswith(ROOMS):
            for attribute, value in list(vars(module).items()):
                if value is _Real:
                    setattr(module, attribute, Shifted)
                elif value is _real_time:
                    setattr(module, attribute, wrong_time)

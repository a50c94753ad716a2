"""Workers in processes of their own that stall at a named point, to be killed there."""

import importlib
import os
import time
from typing import Any


def work(database_url: str, data_dir: str, what: str, point: str, reached: Any) -> None:
    """Run `what` (follow, backfill, fold) and stall when `module.function` is about to return."""
    os.environ.update(
        DATABASE_URL=database_url,
        TOCSIN_DATA_DIR=data_dir,
        DJANGO_SETTINGS_MODULE="tocsin.settings",
    )
    import django

    django.setup()
    from chainsync import backfill, catching_up, following, kinds
    from tests.chainsync import scene

    kinds.register(scene.KIND)
    module, _, name = point.rpartition(".")
    owner = importlib.import_module(module)
    original = getattr(owner, name)

    def stall(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        reached.set()
        time.sleep(120)
        return result

    setattr(owner, name, stall)
    if what == "follow":
        following.turn("l2", seconds=30)
    elif what == "backfill":
        backfill.turn("l2", seconds=30)
    else:
        catching_up.turn("l2", seconds=30)

"""Work that runs at the same time as a test, on a database connection of its own."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

Aside = Callable[[Callable[[], Any]], "Future[Any]"]


@pytest.fixture
def aside(transactional_db: None) -> Iterator[Aside]:
    """Start a function in a thread; its connection is closed when it ends."""
    with ThreadPoolExecutor(16) as pool:

        def closing(work: Callable[[], Any]) -> Any:
            try:
                return work()
            finally:
                connection.close()

        yield lambda work: pool.submit(closing, work)

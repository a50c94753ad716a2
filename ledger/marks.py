"""What the work at hand is about: ids that every log line of it carries.

Lines are written on all floors, and only the edge knows the request or the task; so the ids stand
here, in a context of their own for every request, task and thread.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token

Ids = Mapping[str, str | int]
"""By name: `request`, `task`, `task_name`, `chain`, `block`."""

_marks: ContextVar[Ids] = ContextVar("marks", default={})  # noqa: B039 - never written to


def marks() -> Ids:
    """The ids at this moment."""
    return _marks.get()


def mark(**ids: str | int | None) -> Token[Ids]:
    """Add ids from now on, until `unmark` is given the answer; None takes an id away."""
    known = {**_marks.get(), **ids}
    return _marks.set({name: value for name, value in known.items() if value is not None})


def unmark(token: Token[Ids]) -> None:
    """Back to the ids before a `mark`."""
    _marks.reset(token)


@contextmanager
def about(**ids: str | int | None) -> Iterator[None]:
    """Ids for the length of a block."""
    token = mark(**ids)
    try:
        yield
    finally:
        unmark(token)

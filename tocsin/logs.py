"""What log lines are about: requests get their id here, tasks theirs from Celery.

The ids stand in `ledger/marks.py`; how lines look is decided in `tocsin/loglines.py`.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable
from contextvars import Token
from typing import Any

from asgiref.sync import iscoroutinefunction
from celery.signals import setup_logging, task_postrun, task_prerun
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.log import configure_logging

from ledger.marks import Ids, mark, unmark

HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_ABOUT_A_CHAIN = "chain_key"

requests = logging.getLogger("tocsin.request")


def request_id(given: str) -> str:
    """The id that a proxy gave if it is one (8 to 64 letters, digits, `.`, `_`, `-`), else anew."""
    return given if _WELL_FORMED.fullmatch(given) else secrets.token_hex(8)


@sync_and_async_middleware
def identified(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware: an id for each request, in every log line of it and in the answer."""
    if iscoroutinefunction(get_response):

        async def respond_async(request: HttpRequest) -> HttpResponseBase:
            given, began, token = _begin(request)
            try:
                return _end(request, await get_response(request), given, began)
            finally:
                unmark(token)

        return respond_async

    def respond(request: HttpRequest) -> HttpResponseBase:
        given, began, token = _begin(request)
        try:
            return _end(request, get_response(request), given, began)
        finally:
            unmark(token)

    return respond


def _begin(request: HttpRequest) -> tuple[str, float, Token[Ids]]:
    given = request_id(request.headers.get(HEADER, ""))
    return given, time.perf_counter(), mark(request=given)


def _end(
    request: HttpRequest, response: HttpResponseBase, given: str, began: float
) -> HttpResponseBase:
    response[HEADER] = given
    taken = round((time.perf_counter() - began) * 1000, 1)
    requests.info(
        "%s %s answered %s in %s ms",
        request.method,
        request.path,
        response.status_code,
        taken,
        extra={
            "facts": {
                "method": request.method,
                "path": request.path,
                "status": response.status_code,
                "milliseconds": taken,
            }
        },
    )
    return response


_tasks: dict[str, Token[Ids]] = {}


@task_prerun.connect
def task_begins(task_id: str, task: Any, args: Any = (), kwargs: Any = None, **_: Any) -> None:
    """Lines of a task carry its id, its name, and the chain that it works for."""
    names = task.run.__code__.co_varnames[: task.run.__code__.co_argcount]
    given = {**dict(zip(names, args or (), strict=False)), **(kwargs or {})}
    chain = given.get(_ABOUT_A_CHAIN)
    _tasks[task_id] = mark(task=task_id, task_name=task.name, chain=chain, block=None)


@task_postrun.connect
def task_ends(task_id: str, **_: Any) -> None:
    """The next task begins without the ids of this one."""
    token = _tasks.pop(task_id, None)
    if token is not None:
        unmark(token)


@setup_logging.connect
def as_elsewhere(**_: Any) -> None:
    """Workers and beat write their lines as every other process does."""
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)

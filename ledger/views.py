"""Server-sent events for open pages, and positions for those that poll."""

import json
import logging
import re
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from ledger import live
from ledger.queries import Told, last_position, positions, told_after

MOST_TOPICS = 20
MOST_MISSED = 500
HEARTBEAT_SECONDS = 15.0
RECONNECT_MILLISECONDS = 1000
_TOPIC = re.compile(r"[a-z][a-z-]{0,29}(:[A-Za-z0-9_.:~-]{1,89})?")

logger = logging.getLogger(__name__)


class BadQuestion(ValueError):
    """The query string does not say what to watch; the text says what to write."""


@require_GET
async def stream(request: HttpRequest) -> HttpResponseBase:
    """`/live/?topic=…&topic=…&after=…`: an endless stream of `{topic, event, position}`.

    Begins after the position in `Last-Event-ID` or `after`, else with what is told from now on.
    Answers 503 when this process serves as many streams as it may; poll instead.
    """
    try:
        topics = _topics(request)
        after = _after(request)
    except BadQuestion as error:
        return JsonResponse({"error": str(error)}, status=400)
    hub = live.hub()
    if hub.closed or hub.streams >= settings.LIVE_STREAMS:
        return JsonResponse(
            {"error": "No more live streams here; ask /live/positions/ every few seconds."},
            status=503,
            headers={"Retry-After": "30", "Cache-Control": "no-store"},
        )
    return StreamingHttpResponse(
        _frames(hub, topics, after),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"},
    )


@require_GET
def latest(request: HttpRequest) -> HttpResponseBase:
    """`/live/positions/?topic=…`: last position of the outbox and of each topic."""
    try:
        topics = _topics(request)
    except BadQuestion as error:
        return JsonResponse({"error": str(error)}, status=400)
    return JsonResponse(
        {"position": last_position(), "topics": positions(topics)},
        headers={"Cache-Control": "no-store"},
    )


async def _frames(hub: live.Hub, topics: list[str], after: int | None) -> AsyncIterator[str]:
    """Frames of one stream until it ends: what was missed, then what comes."""
    queue = hub.open(topics)
    try:
        yield f"retry: {RECONNECT_MILLISECONDS}\n\n"
        # The queue is open already, so nothing falls between the database's answer and it.
        position, missed = await sync_to_async(_since)(topics, after)
        hub.begin(position)
        yield f"id: {position}\nevent: ready\ndata: {json.dumps({'position': position})}\n\n"
        for told in missed:
            yield _frame(told)
            position = max(position, told.position)
        while True:
            try:
                heard = await queue.next(HEARTBEAT_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if heard is None:
                return
            if heard.position > position:
                position = heard.position
                yield _frame(heard)
    except DatabaseError as error:
        # The answer has begun; ending it makes the page come back from its last position.
        logger.warning("A live stream ended: the database is away (%s)", type(error).__name__)
    finally:
        hub.leave(queue)


def _since(topics: list[str], after: int | None) -> tuple[int, list[Told]]:
    """Where a stream begins, and what its topics told after that."""
    try:
        last = last_position()
        if after is None:
            return last, []
        # A position from the future is of a database that was replaced since.
        after = min(after, last)
        return after, told_after(after, topics, MOST_MISSED)
    finally:
        # This thread lives as long as the stream; its connection must not.
        connection.close()


def _frame(told: Told) -> str:
    data = json.dumps({"topic": told.topic, "event": told.event, "position": told.position})
    return f"id: {told.position}\ndata: {data}\n\n"


def _topics(request: HttpRequest) -> list[str]:
    topics = list(dict.fromkeys(request.GET.getlist("topic")))
    if not 1 <= len(topics) <= MOST_TOPICS:
        raise BadQuestion(f"Name 1 to {MOST_TOPICS} topics: ?topic=proposals&topic=chain:l2")
    for topic in topics:
        if not _TOPIC.fullmatch(topic):
            raise BadQuestion(f"{topic[:100]!r} is not a topic; write, for example, chain:l2")
    return topics


def _after(request: HttpRequest) -> int | None:
    written = request.headers.get("Last-Event-ID") or request.GET.get("after")
    if not written:
        return None
    if not (written.isascii() and written.isdigit() and len(written) <= 18):
        raise BadQuestion("after is the position of an event, a whole number")
    return int(written)

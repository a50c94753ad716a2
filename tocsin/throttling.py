"""Who asks how often: the API by key or by address, and every request that changes something.

Set as middleware before sessions are looked up. Reading pages is not counted: what a page may cost
is bounded by its queries and their time.
"""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from charter import keys, throttle
from charter.throttle import Rate, network_of
from tocsin import errors
from tocsin.headers import API

CHANGES = Rate(60, 60)
"""Requests of one address that are no mere reading."""
ADMIN_SIGN_IN = Rate(5, 300)
"""Attempts of one address to sign in to the administration with a password."""
_READS = ("GET", "HEAD", "OPTIONS")


@sync_and_async_middleware
def throttled(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware: refuse who asks too often, with 429 and the seconds to wait."""
    if iscoroutinefunction(get_response):

        async def respond_async(request: HttpRequest) -> HttpResponseBase:
            refusal = await sync_to_async(refused)(request) if _counted(request) else None
            answer: HttpResponseBase = refusal or await get_response(request)
            return answer

        return respond_async

    def respond(request: HttpRequest) -> HttpResponseBase:
        return (refused(request) if _counted(request) else None) or get_response(request)

    return respond


def refused(request: HttpRequest) -> HttpResponse | None:
    """The refusal of a request that is counted; None when it may go on."""
    sender = network_of(request.META.get("REMOTE_ADDR", ""))
    waiting = 0
    if request.method not in _READS:
        waiting = throttle.spend("change", sender, CHANGES)
        if not waiting and request.path.startswith("/admin/login/"):
            waiting = throttle.spend("admin", sender, ADMIN_SIGN_IN)
    elif sent := request.headers.get("Authorization"):
        return _by_key(sent, sender)
    elif rate := throttle.rate_of(settings.API_RATE):
        waiting = throttle.spend("api", sender, rate, by_shares=True)
    return _too_often(waiting) if waiting else None


def _by_key(sent: str, sender: str) -> HttpResponse | None:
    scheme, _, key = sent.partition(" ")
    try:
        found = keys.rate_of(key.strip()) if scheme.lower() == "bearer" else None
    except DatabaseError:
        return None  # the view finds the same and says so
    if found is not None:
        number, per_minute = found
        waiting = throttle.spend("key", str(number), Rate(per_minute, 60), by_shares=True)
        return _too_often(waiting) if waiting else None
    if waiting := throttle.spend("bad key", sender, CHANGES):
        return _too_often(waiting)
    message = "This key is not known here, or was revoked."
    return JsonResponse(
        errors.body("bad-key", message, 401),
        status=401,
        headers={"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"},
    )


def _too_often(seconds: int) -> HttpResponse:
    message = f"Too many requests. Expected available in {seconds} seconds."
    return JsonResponse(
        errors.body("throttled", message, 429),
        status=429,
        headers={"Retry-After": str(seconds), "Cache-Control": "no-store"},
    )


def _counted(request: HttpRequest) -> bool:
    if request.method not in _READS:
        return True
    return request.method != "OPTIONS" and request.path.startswith(API)

"""What every answer says to browsers beyond Django's own headers.

Content-Security-Policy, X-Frame-Options, nosniff and the referrer policy come from Django and
django-csp by the settings.
"""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

API = "/api/v1/"
HSTS = f"max-age={365 * 24 * 3600}"
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "autoplay", "camera", "display-capture", "fullscreen", "geolocation"),
        *("gyroscope", "hid", "magnetometer", "microphone", "midi", "payment"),
        *("publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
    )
)
"""Features of the browser that no page here uses, so that nothing in a page can."""
_OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match",
    "Access-Control-Max-Age": "86400",
}


@sync_and_async_middleware
def edge_headers(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware: the headers; set outermost, so that every answer has them.

    The API is public, reads no cookie and only reads: pages of any site may ask it. Keys do not
    belong into pages, so a browser is not allowed to send one from elsewhere.
    """
    if iscoroutinefunction(get_response):

        async def respond_async(request: HttpRequest) -> HttpResponseBase:
            return _with_headers(request, _preflight(request) or await get_response(request))

        return respond_async

    def respond(request: HttpRequest) -> HttpResponseBase:
        return _with_headers(request, _preflight(request) or get_response(request))

    return respond


def _preflight(request: HttpRequest) -> HttpResponse | None:
    """The answer to a browser that asks whether it may ask the API for a page of another site."""
    asked = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    if not (asked and request.path.startswith(API)):
        return None
    return HttpResponse(status=204, headers=_PREFLIGHT)


def _with_headers(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if request.path.startswith(API):
        for name, value in _OPEN.items():
            response[name] = value
    else:
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    response["Permissions-Policy"] = PERMISSIONS
    if settings.BY_TLS:
        # Said here and not by Django, which does not see that a proxy in front speaks TLS.
        response["Strict-Transport-Security"] = HSTS
    return response

"""Answers for what no view caught: pages for people, the usual shape for programs."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from tocsin import errors, views
from tocsin.headers import API


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for a request that cannot be read."""
    if _by_program(request):
        message = "The request cannot be read: it is too large, repeats itself or was altered."
        return JsonResponse(errors.body("bad-request", message, 400), status=400)
    return views.bad_request(request, exception)


def without_token(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer for a change that came without its token; set as `CSRF_FAILURE_VIEW`."""
    if _by_program(request) or request.content_type == "application/json":
        message = "The request came without its token. Reload the page and try again."
        return JsonResponse(errors.body("no-token", message, 403), status=403)
    context = {
        "status": 403,
        "title": "This came without its token",
        "words": "Nothing was changed. Go back, reload the page and try again; cookies of this "
        "site must be allowed.",
    }
    return render(request, "tocsin/fault.html", context, status=403)


def fault(request: HttpRequest) -> HttpResponse:
    """Answer for a fault of ours, 500; 503 where the database is away or too slow."""
    error = sys.exc_info()[1]
    if not isinstance(error, OperationalError | InterfaceError):
        if _by_program(request):
            message = "Something went wrong on our side."
            return JsonResponse(errors.body("fault", message, 500), status=500)
        return views.server_error(request)
    if _by_program(request):
        return errors.unavailable(error)
    code, sentence = errors.why_unavailable(error)
    context = {
        "title": "This page took too long" if code == "query-timeout" else "Not at the moment",
        "words": f"{sentence} Nothing on the chain is affected; try again in a moment.",
    }
    answer = render(request, "tocsin/fault.html", {**context, "status": 503}, status=503)
    answer["Retry-After"] = "5"
    return answer


def _by_program(request: HttpRequest) -> bool:
    return request.path.startswith(API) or not request.accepts("text/html")

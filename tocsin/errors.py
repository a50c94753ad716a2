"""Every refusal of the API in one shape: `{"error": {"code", "message", "hint"}}`."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from psycopg.errors import QueryCanceled
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

HINTS = {
    400: "Correct the parameter and ask again; /api/v1/docs/ lists what each address takes.",
    401: "Ask the operator for a key, or leave the Authorization header out.",
    403: "Ask an administrator of this installation for the permission.",
    404: "Start at /api/v1/ and follow its addresses; keys are those that the lists show.",
    405: "The API is read-only: use GET or HEAD.",
    406: "Ask for application/json, or leave the Accept header out.",
    408: "Send the whole request at once.",
    413: "Send less; nothing here takes more than a signed message.",
    414: "Shorten the address: take `next` as it is, and filter by less.",
    415: "The API is read-only: send no body.",
    429: "Wait for the seconds that the Retry-After header names, and use If-None-Match.",
    431: "Send fewer and shorter headers; old cookies of this site may be the cause.",
    500: "It has been recorded; try again in a moment.",
    503: "Ask again in some seconds; /readyz says what is wrong.",
}


def as_json(error: Exception, context: dict[str, Any]) -> Response | None:
    """Response for what a view raised; None for a fault of ours, which stays a 500 and is logged.

    Set as `EXCEPTION_HANDLER`.
    """
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, Http404):
        error = exceptions.NotFound(str(error) or None)
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        response.data = body(_code(error), " ".join(_sentences(error.detail)), response.status_code)
    return response


def body(code: str, message: str, status: int) -> dict[str, dict[str, str]]:
    """The JSON of a refusal with `status`; the hint says what to do next."""
    hint = HINTS.get(status, "See /api/v1/docs/.")
    return {"error": {"code": code.replace("_", "-"), "message": message, "hint": hint}}


def nothing_here(request: HttpRequest, rest: str = "") -> JsonResponse:
    """Answer for an address below /api/v1/ that does not exist."""
    message = f"There is nothing at {request.path[:200]}."
    return JsonResponse(body("not-found", message, 404), status=404)


def unavailable(error: Exception) -> JsonResponse:
    """Answer while the database does not, or not in time."""
    code, message = why_unavailable(error)
    return JsonResponse(body(code, message, 503), status=503, headers={"Retry-After": "5"})


def why_unavailable(error: Exception) -> tuple[str, str]:
    """Code and sentence for a failure of the database."""
    if isinstance(error.__cause__, QueryCanceled):
        return "query-timeout", "The answer took the database too long and was given up."
    return "unavailable", "The database does not answer."


def _code(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    while isinstance(codes, dict | list):
        codes = next(iter(codes.values() if isinstance(codes, dict) else codes))
    return str(codes)


def _sentences(detail: Any, name: str = "") -> Iterator[str]:
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _sentences(value, str(key))
    elif isinstance(detail, list):
        for value in detail:
            yield from _sentences(value, name)
    else:
        yield f"{name}: {detail}" if name else str(detail)

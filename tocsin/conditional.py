"""Conditional requests: an answer has a tag, and whoever still holds it gets 304 instead.

Tags are weak: they change when a fact changes, not when a chain's head merely moves on, so fields
named `as_of_…` are no part of them. A view may offer `version()`, values that change whenever its
answer does, found with a few bounded queries; then an unchanged answer is never rendered. The tag
of any other view is taken from what it rendered. What several ask for at the same time is put
together once (`ledger.sharing`), whatever tags they hold.
"""

import hashlib
import json
import logging
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.viewsets import GenericViewSet

from ledger import sharing
from tocsin.errors import unavailable
from tocsin.snapshot import snapshot

log = logging.getLogger(__name__)

SHAPE = 1
"""Raised when the same facts are told in another shape."""


class NotModified(Exception):
    """The reader already holds the current answer."""


class Conditional(GenericViewSet[Any]):
    """What `conditional` mixes into a viewset."""

    tag: str | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            key = sharing.key_of(request)
            if key is None:
                return self._answer(request, *args, **kwargs)

            def make() -> tuple[HttpResponseBase, sharing.Answer | None]:
                response = self._answer(request, *args, **kwargs)
                return response, _for_others(response)

            asked = (type(self).__qualname__, request.headers.get("Accept"), key)
            return _unless_held(request, sharing.answers.of(asked, make))
        except (OperationalError, InterfaceError) as error:
            log.exception("The database does not answer.")
            return unavailable(error)

    def _answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with snapshot():
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        version = getattr(self, "version", None)
        if request.method not in ("GET", "HEAD"):
            return
        if version is not None:
            self.tag = _tag([request.get_full_path(), version()])
            # `*` says nothing of this: whether there is an answer at all, parameters decide.
            if not _anything(request) and _held(request, self.tag):
                raise NotModified

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, NotModified):
            return Response(status=304)
        return super().handle_exception(exc)

    def finalize_response(  # type: ignore[override]  # it may answer without a body
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        response["Cache-Control"] = "no-cache"
        if response.status_code not in (200, 304) or request.method not in ("GET", "HEAD"):
            return response
        if self.tag is None and isinstance(response, Response):
            self.tag = _tag([request.get_full_path(), _lasting(response.data)])
            if _held(request, self.tag):
                response = _not_modified(response)
        if self.tag is not None:
            response["ETag"] = self.tag
        return response


def conditional(viewset: type[GenericViewSet[Any]]) -> type[GenericViewSet[Any]]:
    """The same viewset, answering conditional requests."""
    return type(
        viewset.__name__,
        (Conditional, viewset),
        {"__doc__": viewset.__doc__, "__module__": viewset.__module__},
    )


def _for_others(response: HttpResponseBase) -> sharing.Answer | None:
    """What everybody may be given who asks for the same at this moment."""
    if response.status_code != 200 or not isinstance(response, Response):
        return None
    body = response.render().content
    headers = {name: value for name, value in response.items() if name != "Content-Type"}
    return sharing.Answer(body, response.headers["Content-Type"], headers)


def _unless_held(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """304 in place of an answer that this reader holds already."""
    held = response.status_code == 200 and "ETag" in response and _held(request, response["ETag"])
    return _not_modified(response) if held else response


def _not_modified(response: HttpResponseBase) -> HttpResponseNotModified:
    kept = ("Cache-Control", "Vary", "ETag")
    return HttpResponseNotModified(
        headers={name: response[name] for name in kept if name in response}
    )


def _tag(facts: object) -> str:
    text = json.dumps([SHAPE, facts], cls=JSONEncoder, sort_keys=True)
    return f'W/"{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"'


def _anything(request: HttpRequest | Request) -> bool:
    return parse_etags(request.headers.get("If-None-Match", "")) == ["*"]


def _held(request: HttpRequest | Request, tag: str) -> bool:
    held = parse_etags(request.headers.get("If-None-Match", ""))
    return held == ["*"] or tag.removeprefix("W/") in [known.removeprefix("W/") for known in held]


def _lasting(data: object) -> object:
    """What an answer says apart from the block up to which it was checked."""
    if isinstance(data, dict):
        return {key: _lasting(value) for key, value in data.items() if not key.startswith("as_of_")}
    if isinstance(data, list | tuple):
        return [_lasting(value) for value in data]
    return data

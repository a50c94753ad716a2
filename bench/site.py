"""Beside each page that is measured, the same rendered without asking the database anything.

`/plain/<what>/<key>/` renders the template (for the API: the serializer) of the real address with
a context that was put together once, when it was first asked for. It refuses to answer when a
rendering asks anything all the same.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any
from unittest import mock

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import BaseSerializer

from governance import api
from governance.views import proposals
from tocsin import urls
from tocsin.context import house

Rendering = Callable[[HttpRequest], HttpResponse]
_prepared: dict[tuple[str, str], Rendering] = {}
_preparing = threading.Lock()


def plain(request: HttpRequest, what: str, key: str) -> HttpResponse:
    """The rendering alone."""
    with _preparing:
        if (what, key) not in _prepared:
            made = _MAKERS[what](request, key)
            made(request)  # what is lazy in the context is read now
            _prepared[what, key] = made
    with connection.execute_wrapper(_refuse):
        return _prepared[what, key](request)


def _refuse(execute: Any, sql: str, *rest: Any) -> Any:
    raise AssertionError(f"A rendering without queries asked: {sql[:200]}")


def _page(view: Any) -> Callable[[HttpRequest, str], Rendering]:
    def prepare(request: HttpRequest, key: str) -> Rendering:
        bare = inspect.unwrap(view)
        with mock.patch.object(proposals, "render") as seen:
            bare(request, key)
        _, template, context = seen.call_args.args
        context = {**house(request), **context}
        return lambda asked: render(asked, template, context)

    return prepare


def _answer(viewset: Any, act: str) -> Callable[[HttpRequest, str], Rendering]:
    def prepare(request: HttpRequest, key: str) -> Rendering:
        seen: list[BaseSerializer[Any]] = []

        class Watched(viewset):  # type: ignore[misc]
            def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
                made = super().get_serializer(*args, **kwargs)
                seen.append(made)
                return made

        detail = act == "retrieve"
        answered = Watched.as_view({"get": act}, detail=detail)(request, key=key)
        following = answered.data.get("next") if act == "list" else None
        (first,) = seen
        rows, context = first.instance, first.context
        kind = type(first.child) if act == "list" else type(first)

        def rendering(asked: HttpRequest) -> HttpResponse:
            data: Any = kind(rows, many=act == "list", context=context).data
            if act == "list":
                data = {"results": data, "next": following}
            return HttpResponse(JSONRenderer().render(data), content_type="application/json")

        return rendering

    return prepare


_MAKERS: dict[str, Callable[[HttpRequest, str], Rendering]] = {
    "page": _page(proposals.proposal),
    "votes": _page(proposals.proposal_votes),
    "api-votes": _answer(api.ProposalVoteViewSet, "list"),
    "api-page": _answer(api.ProposalDetailViewSet, "retrieve"),
}

urlpatterns = [path("plain/<slug:what>/<slug:key>/", plain), *urls.urlpatterns]

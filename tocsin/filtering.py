"""Filters of the API are strict: what is asked for and not understood is refused in words."""

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

PAGING = ("order", "cursor", "limit")


class UnknownFilter(ValidationError):
    """A query parameter that this address does not have."""

    default_code = "unknown-filter"


class RepeatedFilter(ValidationError):
    """A query parameter that was given more than once."""

    default_code = "repeated-filter"


class EmptyFilter(ValidationError):
    """A query parameter without a value."""

    default_code = "empty-filter"


class BadFilter(ValidationError):
    """A value that a filter cannot read."""

    default_code = "bad-filter"


class StrictFilters(DjangoFilterBackend):
    """Applies a view's `filterset_class` to its lists, and refuses every unknown parameter."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        known = self._known(view)
        unknown = sorted(set(request.query_params) - set(known))
        if unknown:
            listed = ", ".join(known) if known else "none"
            shown = ", ".join(repr(name[:40]) for name in unknown[:5])
            raise UnknownFilter(f"Unknown parameter {shown}. Parameters here: {listed}.")
        for name in known:
            if len(request.query_params.getlist(name)) > 1:
                raise RepeatedFilter(f"The parameter {name!r} is given twice: give it once.")
            # What paging takes says itself what is wrong with it.
            if request.query_params.get(name) == "" and name not in PAGING:
                raise EmptyFilter(
                    f"The parameter {name!r} has no value: give it one or leave it out."
                )
        if getattr(view, "detail", False):
            return queryset
        filters = self.get_filterset(request, queryset, view)
        if filters is None:
            return queryset
        if not filters.is_valid():
            raise BadFilter(dict(filters.errors))
        return filters.qs

    def _known(self, view: APIView) -> list[str]:
        """Names of all parameters of `view`, filters first."""
        if getattr(view, "detail", False):
            return []
        filters = self.get_filterset_class(view)
        paginator = getattr(view, "paginator", None)
        return [
            *(filters.base_filters if filters is not None else []),
            *(paginator.parameters(view) if paginator is not None else []),
        ]

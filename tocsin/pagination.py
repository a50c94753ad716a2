"""Pages of a list by keyset: each page goes on after the last row of the one before.

A cursor is the sort values of that row, so rows that arrive meanwhile shift nothing, and a deep
page costs what the first one does: every page is read from at most as many index ranges as there
are columns in the order.
"""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from django.db import models
from django.db.models import Model, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from charter.fields import Uint256Field

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR = 512
"""Characters; the longest order holds one 256-bit number and three row numbers."""
INT64 = range(-(2**63), 2**63)
UINT256 = range(2**256)

Values = list[int | str]


class BadCursor(ValidationError):
    """A cursor that this list never gave out."""

    default_code = "bad-cursor"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"cursor: {why} Take the address in `next` as it is, or start again without a cursor."
        )


class BadLimit(ValidationError):
    """A page size out of bounds."""

    default_code = "bad-limit"


class BadOrder(ValidationError):
    """An order that this list does not have."""

    default_code = "bad-order"


class Ordered(Protocol):
    """A view whose lists are paged. `orders` maps names to columns, the default one first.

    A column is named as in `order_by`, with `-` for descending; together they must be unique.
    """

    orders: Mapping[str, Sequence[str]]


class KeysetPagination(BasePagination):
    """Reads one page of a list; set as `DEFAULT_PAGINATION_CLASS`."""

    def parameters(self, view: APIView) -> list[str]:
        """Names of the query parameters that paging takes at `view`."""
        named = ["order"] if len(_orders(view)) > 1 else []
        return [*named, "cursor", "limit"]

    def paginate_queryset(  # type: ignore[override]
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        assert view is not None, "a page belongs to a view"
        name, columns = _chosen_order(view, request.query_params.get("order"))
        limit = read_limit(request.query_params.get("limit"))
        text = request.query_params.get("cursor")
        after = None if text is None else read_cursor(text, name, columns, queryset.model)
        rows = read_page(queryset, columns, after, limit + 1)
        self._next: str | None = None
        if len(rows) > limit:
            rows = rows[:limit]
            cursor = write_cursor(name, [getattr(rows[-1], bare(column)) for column in columns])
            self._next = replace_query_param(request.build_absolute_uri(), "cursor", cursor)
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self._next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        following = {
            "type": "string",
            "format": "uri",
            "nullable": True,
            "description": "Address of the next page; null on the last one.",
        }
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {"results": schema, "next": following},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        described: dict[str, dict[str, Any]] = {
            "order": {
                "description": "Order of the list.",
                "schema": {"type": "string", "enum": list(_orders(view))},
            },
            "cursor": {
                "description": "Where the page starts: taken from `next`, never made by hand.",
                "schema": {"type": "string", "maxLength": MAX_CURSOR},
            },
            "limit": {
                "description": f"Rows on a page, 1 to {MAX_LIMIT}.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_LIMIT,
                    "default": DEFAULT_LIMIT,
                },
            },
        }
        return [
            {"name": name, "in": "query", "required": False, **described[name]}
            for name in self.parameters(view)
        ]


def read_limit(text: str | None) -> int:
    """Rows on a page; BadLimit unless `text` is a whole number from 1 to MAX_LIMIT."""
    if text is None:
        return DEFAULT_LIMIT
    if text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    raise BadLimit(f"limit: {text[:40]!r} is not a whole number from 1 to {MAX_LIMIT}.")


def write_cursor(order: str, values: Sequence[int | str]) -> str:
    """Opaque text for `values`, the sort values of a page's last row in `order`."""
    raw = json.dumps([order, *values], separators=(",", ":")).encode()
    return urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(text: str, order: str, columns: Sequence[str], model: type[Model]) -> Values:
    """Sort values out of a cursor; BadCursor for whatever `write_cursor` cannot have written."""
    if len(text) > MAX_CURSOR:
        raise BadCursor(f"It has {len(text)} characters, more than any cursor of ours.")
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        parts = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise BadCursor("It is cut off or altered.") from error
    if not isinstance(parts, list) or not parts or not isinstance(parts[0], str):
        raise BadCursor("It is not a cursor of ours.")
    if parts[0] != order:
        raise BadCursor("It belongs to another order or another filter of this list.")
    values = parts[1:]
    if len(values) != len(columns):
        raise BadCursor("It is not a cursor of this list.")
    for value, column in zip(values, columns, strict=True):
        field = model._meta.get_field(bare(column))
        assert isinstance(field, models.Field), "orders name columns"
        if not _fits(value, field):
            raise BadCursor("It is not a cursor of this list.")
    return values


def read_page(
    queryset: QuerySet[Any], columns: Sequence[str], after: Values | None, count: int
) -> list[Any]:
    """The first `count` rows in the order of `columns` that come after the values `after`.

    With `after`, the rows are those that share all its values but the last, then those that share
    all but the last two, and so on: one index range each, in one direction each.
    """
    ordered = queryset.order_by(*columns)
    if after is None:
        return list(ordered[:count])
    rows: list[Any] = []
    for position in reversed(range(len(columns))):
        shared = {bare(columns[i]): after[i] for i in range(position)}
        beyond = "__lt" if columns[position].startswith("-") else "__gt"
        part = ordered.filter(**shared, **{bare(columns[position]) + beyond: after[position]})
        rows += part[: count - len(rows)]
        if len(rows) >= count:
            break
    return rows


def bare(column: str) -> str:
    """Name of a column without its direction."""
    return column.removeprefix("-")


def _orders(view: APIView) -> Mapping[str, Sequence[str]]:
    orders: Mapping[str, Sequence[str]] = view.orders  # type: ignore[attr-defined]
    return orders


def _chosen_order(view: APIView, asked: str | None) -> tuple[str, Sequence[str]]:
    orders = _orders(view)
    name = next(iter(orders)) if asked is None else asked
    if name not in orders:
        raise BadOrder(f"order: {name[:40]!r} is not an order of this list: {', '.join(orders)}.")
    return name, orders[name]


def _fits(value: object, field: "models.Field[Any, Any]") -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        if field.get_internal_type() in ("CharField", "SlugField", "TextField"):
            return False
        return value in (UINT256 if isinstance(field, Uint256Field) else INT64)
    return (
        isinstance(value, str)
        and field.get_internal_type() in ("CharField", "SlugField", "TextField")
        and "\0" not in value
        and value.isprintable()
    )

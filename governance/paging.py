"""Pages of long lists by cursor: a place in the order, so that new rows shift nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import SuspiciousOperation
from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)


class BadCursor(SuspiciousOperation):
    """The address of a page was changed by hand: answered with 400."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list, and the cursor after the last of them, None at the end."""

    rows: Sequence[Row]
    next: str | None
    first: bool


def page(rows: QuerySet[Row], *, by: Sequence[str], after: str | None, limit: int) -> Page[Row]:
    """The `limit` rows that follow cursor `after`, in descending order of the integer columns `by`.

    The columns must tell rows apart together. Raises BadCursor.
    """
    ordered = rows.order_by(*(f"-{column}" for column in by))
    if after:
        values = _parse(after, len(by))
        # The bound on the first column is implied by the rest, and is what an index can use.
        bound = {f"{by[0]}__lte": values[0]}
        ordered = ordered.filter(_below(by, values), **bound)
    found = list(ordered[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return Page(found, _cursor(found[-1], by) if more else None, not after)


def _below(columns: Sequence[str], values: Sequence[int]) -> Q:
    """Rows strictly after `values` when `columns` descend."""
    below = Q()
    equal: dict[str, Any] = {}
    for column, value in zip(columns, values, strict=True):
        below |= Q(**equal, **{f"{column}__lt": value})
        equal[column] = value
    return below


def _cursor(row: Model, columns: Sequence[str]) -> str:
    return ".".join(str(getattr(row, column)) for column in columns)


def _parse(cursor: str, length: int) -> list[int]:
    parts = cursor.split(".")
    if len(parts) != length or not all(
        part.isascii() and part.isdigit() and len(part) <= 78 for part in parts
    ):
        raise BadCursor(f"{cursor[:80]!r} is not a place in this list.")
    return [int(part) for part in parts]

"""Columns that only the journal needs."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from psycopg.types.multirange import Int8Multirange, Multirange
from psycopg.types.range import Range


class BlockRangesField(models.Field):
    """A set of block numbers as `int8multirange`; in Python a sorted list of (first, last)."""

    description = "Set of block numbers"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", list)
        super().__init__(*args, **kwargs)

    def db_type(self, connection: Any) -> str:
        return "int8multirange"

    def from_db_value(
        self, value: Multirange[int] | None, expression: Any, connection: Any
    ) -> list[tuple[int, int]] | None:
        if value is None:
            return None
        return [(r.lower, r.upper - 1) for r in value if r.lower is not None and r.upper]

    def get_prep_value(self, value: Iterable[tuple[int, int]] | None) -> Int8Multirange | None:
        value = super().get_prep_value(value)
        if value is None:
            return None
        return Int8Multirange([Range(first, last + 1, "[)") for first, last in value])

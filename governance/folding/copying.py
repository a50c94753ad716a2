"""Writing many rows at once."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from django.db import connection, models
from psycopg import Copy, sql

from chainsync.kinds import LogRecord
from charter.models import Contract

LOG_COLUMNS = ("contract_id", "block_number", "log_index", "tx_hash", "timestamp")
"""Columns that every row 1:1 with a log begins with; see `log_values`."""
ROWS_AT_ONCE = 1_000


def log_values(contract: Contract, log: LogRecord) -> tuple[Any, ...]:
    """Values of LOG_COLUMNS."""
    return (contract.pk, log.block_number, log.log_index, log.tx_hash, log.timestamp)


def copy_lines(model: type[models.Model], columns: Sequence[str], lines: Iterable[str]) -> None:
    """COPY lines of PostgreSQL's text format into the table of `model`: values between tabs, bytes
    as `\\\\x…`, text `escaped`.

    The ORM's bulk inserts spend twenty times as long, nearly all of it in Python, and values that
    are handed over one by one twice as long.
    """
    rest = iter(lines)
    with _copying(model, columns) as copy:
        while part := "".join(islice(rest, ROWS_AT_ONCE)):
            copy.write(part)


def escaped(text: str) -> str:
    """Text as a value between tabs."""
    text = text.replace("\\", "\\\\").replace("\t", "\\t")
    return text.replace("\n", "\\n").replace("\r", "\\r")


def copy_rows(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """COPY rows into the table of `model`; values as the columns hold them, addresses as bytes."""
    with _copying(model, columns) as copy:
        for row in rows:
            copy.write_row(row)


@contextmanager
def _copying(model: type[models.Model], columns: Sequence[str]) -> Iterator[Copy]:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(statement) as copy,
    ):
        yield copy

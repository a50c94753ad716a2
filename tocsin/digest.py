"""One number for everything that is canonical, so that two installations can be compared.

Each table of `tocsin.canonical` is streamed out by COPY in the order of its canonical columns and
hashed on the way (SHA-256), so memory stays the same however many rows there are. The digest of
the whole is the hash of the lines `table rows hash`, in the order of their names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.apps import apps
from django.db import connection, models
from psycopg import sql

from tocsin.canonical import NATURAL, TABLES, Table
from tocsin.snapshot import snapshot

ALL = 2**62
"""Stands for "as far as there is": above every block number, and still a bigint plus one."""
OURS = ("charter", "ledger", "chainsync", "governance", "oracles", "incidents", "tocsin")
# What text a value has must not depend on how a server happens to be configured.
_SETTINGS = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "intervalstyle": "iso_8601",
}


class UnknownChain(ValueError):
    """A chain was named that the charter does not have."""


@dataclass(frozen=True, slots=True)
class TableDigest:
    """Name of a model, how many rows count, and the SHA-256 of their canonical text."""

    table: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Digest:
    """The digest of the whole, the blocks it ends at by chain, and that of each table."""

    sha256: str
    upto: Mapping[str, int]
    tables: tuple[TableDigest, ...]

    def as_json(self) -> dict[str, Any]:
        """The form of `manage.py digest --json`."""
        return {
            "digest": self.sha256,
            "upto": dict(self.upto),
            "tables": {one.table: {"rows": one.rows, "sha256": one.sha256} for one in self.tables},
        }


def digest(upto: Mapping[str, int] | None = None) -> Digest:
    """Hash what is canonical, of one moment; of the chains in `upto` as far as those blocks.

    Below its head a chain has no summaries (tallies, states, powers): they are true of the head
    only, and left out. Raises UnknownChain.
    """
    upto = dict(upto or {})
    known = set(apps.get_model("charter.Chain").objects.values_list("key", flat=True))
    if strangers := sorted(set(upto) - known):
        raise UnknownChain(
            f"There is no chain {strangers[0]!r} here: write one of {', '.join(sorted(known))}."
        )
    with snapshot():
        with connection.cursor() as cursor:
            for name, value in _SETTINGS.items():
                cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        tables = tuple(
            _hashed(label, table, upto)
            for label, table in sorted(TABLES.items())
            if isinstance(table, Table)
        )
    whole = sha256()
    for one in tables:
        whole.update(f"{one.table} {one.rows} {one.sha256}\n".encode())
    return Digest(whole.hexdigest(), upto, tables)


def undeclared() -> list[str]:
    """Models and columns that are declared in no way, or in two, or that do not exist."""
    found = []
    existing = {
        model._meta.label: model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in OURS and not model._meta.proxy
    }
    found += [f"{label} is not declared" for label in sorted(set(existing) - set(TABLES))]
    found += [f"{label} does not exist" for label in sorted(set(TABLES) - set(existing))]
    for label, table in TABLES.items():
        if label in existing and isinstance(table, Table):
            declared = [*table.columns, *table.summary, *table.derived, *table.observed]
            columns = [one.name for one in existing[label]._meta.concrete_fields]
            found += [f"{label}.{name} is not declared" for name in columns if name not in declared]
            found += [f"{label}.{name} does not exist" for name in declared if name not in columns]
            twice = {name for name in declared if declared.count(name) > 1}
            found += [f"{label}.{name} is declared twice" for name in sorted(twice)]
    return found


def _hashed(label: str, table: Table, upto: Mapping[str, int]) -> TableDigest:
    hasher, rows = sha256(), 0
    with connection.cursor() as cursor, cursor.copy(_statement(label, table, upto)) as copy:
        for part in copy:
            # Each row is one line: COPY writes a line's end within a value as backslash and n.
            rows += bytes(part).count(b"\n")
            hasher.update(part)
    return TableDigest(label, rows, hasher.hexdigest())


class _Query:
    """SELECT of one table: its joins are made as columns of other tables are asked for."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.joins: dict[str, str] = {}
        self.sources = [f"{_quoted(model._meta.db_table)} AS t"]

    def column(self, path: str) -> tuple[str, Any]:
        """SQL of a column and its field, along foreign keys: `contract.chain`."""
        model, alias, walked = self.model, "t", ""
        *steps, last = path.split(".")
        for step in steps:
            field = _field(model, step)
            model = field.related_model
            walked = f"{walked}.{step}"
            alias = self._joined(walked, f"{alias}.{_quoted(field.column)}", model)
        found = _field(model, last)
        return f"{alias}.{_quoted(found.column)}", found

    def canonical(self, name: str) -> list[str]:
        """SQL of a canonical column, or of the natural key of what it refers to."""
        reference, field = self.column(name)
        if field.is_relation:
            label = field.related_model._meta.label
            return [part for key in NATURAL[label] for part in self.canonical(f"{name}.{key}")]
        if isinstance(field, models.CharField | models.TextField):
            return [f'{reference} COLLATE "C"']
        return [reference]

    def _joined(self, path: str, reference: str, model: type[models.Model]) -> str:
        if path not in self.joins:
            alias = self.joins[path] = f"j{len(self.joins)}"
            key: Any = model._meta.pk
            table, pk = _quoted(model._meta.db_table), _quoted(key.column)
            self.sources.append(f"LEFT JOIN {table} AS {alias} ON {alias}.{pk} = {reference}")
        return self.joins[path]


def _statement(label: str, table: Table, upto: Mapping[str, int]) -> sql.Composable:
    query = _Query(apps.get_model(label))
    limit = str(ALL)
    if table.chain and upto:
        key, _ = query.column(f"{table.chain}.key")
        cases = " ".join(f"WHEN {_literal(name)} THEN {block:d}" for name, block in upto.items())
        limit = f"(CASE {key} {cases} ELSE {ALL} END)"
    selected = [part for name in table.columns for part in query.canonical(name)]
    head_only = "{}" if limit == str(ALL) else f"CASE WHEN {limit} = {ALL} THEN {{}} END"
    selected += [head_only.format(part) for name in table.summary for part in query.canonical(name)]
    selected += [expression.format(upto=limit) for expression in table.derived.values()]
    conditions = [f"({table.where.format(upto=limit)})"] if table.where else []
    if table.at and limit != str(ALL):
        conditions.append(f"{query.column(table.at)[0]} <= {limit}")
    order = ", ".join(str(number + 1) for number in range(len(selected)))
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    # Names and literals above are quoted; nothing else comes from outside.
    return sql.SQL(
        f"COPY (SELECT {', '.join(selected)} FROM {' '.join(query.sources)} {where} "  # noqa: S608
        f"ORDER BY {order}) TO STDOUT"
    )


def _field(model: type[models.Model], name: str) -> Any:
    return model._meta.get_field(name)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _literal(text: str) -> str:
    return sql.Literal(text).as_string(None)

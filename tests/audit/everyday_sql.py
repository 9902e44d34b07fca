"""The ways to write a row of any model that bypass Django's models, in our own process and in psql."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from django.db import connection, models, transaction
from psycopg import NotSupportedError, sql

from audit.comment import comment
from tests.audit.everyday_writes import WAYS, Table, own_key, way
from tests.audit.making import as_json


@way
def write_raw_sql(table: Table) -> None:
    row, fields = table.altered()
    new, gone = _with_a_key(table), table.saved()
    with table.watch() as entries, connection.cursor() as cursor:
        cursor.execute(inserting(new))
        cursor.execute("  " + updating(row, fields))
        cursor.execute(
            sql.SQL("DELETE FROM {} WHERE {} = {}").format(_name(gone), sql.Identifier(_key(gone)), str(gone.pk))
        )
    table.is_told(entries, "create", "update", "delete")


@way
def execute_many(table: Table) -> None:
    columns, _ = as_json(_with_a_key(table))
    values = [[as_json(_with_a_key(table))[1]] for _ in range(2)]
    with table.watch() as entries, connection.cursor() as cursor:
        cursor.executemany(_insert(table.model, columns, "%s"), values)
    table.is_told(entries, "create", "create")


@way
def copy(table: Table) -> None:
    columns, lines = copied([_with_a_key(table), _with_a_key(table)])
    text = comment() + f"COPY {table.model._meta.db_table} ({columns}) FROM STDIN"
    with table.watch() as entries, _maybe_refused(table), connection.cursor() as cursor, cursor.copy(text) as stream:
        for line in lines:
            stream.write_row(line)
    table.is_told(entries, *([] if table.is_guarded else ["create", "create"]))


@way
def write_in_a_common_table_expression(table: Table) -> None:
    (row, fields), gone, new = table.altered(), table.saved(), _with_a_key(table)
    with table.watch() as entries, connection.cursor() as cursor:
        cursor.execute(
            f"WITH made AS ({inserting(new)}), gone AS (DELETE FROM {_table(gone)} WHERE {_key(gone)} = '{gone.pk}') "
            + updating(row, fields)
        )
    assert sorted(entry.action for entry in table.ours(entries)) == ["create", "delete", "update"]


def script(table: Table) -> tuple[str, list[str]]:
    """Return a script for psql with every kind of statement, alone and in transactions, and the expected changes."""
    (row, fields), (other, same) = table.altered(), table.altered()
    gone = table.saved()
    columns, (line,) = copied([_with_a_key(table)])
    copied_line = "\t".join(r"\N" if value is None else _escaped(value) for value in line)
    name = _table(gone)
    lines = [
        f"{inserting(_with_a_key(table))};",
        f"{updating(row, fields)};",
        f"DELETE FROM {name} WHERE {_key(gone)} = '{gone.pk}';",
        *([] if table.is_guarded else [f"COPY {name} ({columns}) FROM STDIN;\n{copied_line}\n\\."]),
        f"BEGIN; {inserting(_with_a_key(table))}; {updating(other, same)}; COMMIT;",
        f"BEGIN; {inserting(_with_a_key(table))}; DELETE FROM {name} WHERE {_key(other)} = '{other.pk}'; ROLLBACK;",
    ]
    copies = [] if table.is_guarded else ["create"]
    return "\n".join(lines), ["create", "update", "delete", *copies, "create", "update"]


def inserting(row: models.Model) -> str:
    columns, values = as_json(row)
    return _insert(type(row), columns, _literal(values))


def updating(row: models.Model, fields: list[str]) -> str:
    columns = ", ".join(str(row._meta.get_field(name).column) for name in fields)  # type: ignore[union-attr]
    source = f"(SELECT {columns} FROM jsonb_populate_record(NULL::{_table(row)}, {_literal(as_json(row)[1])}))"
    of_the_row = f"{_table(row)}.{_key(row)} = '{row.pk}'"
    return f"UPDATE {_table(row)} SET ({columns}) = ROW(n.*) FROM {source} n WHERE {of_the_row}"


def copied(rows: list[models.Model]) -> tuple[str, list[tuple[Any, ...]]]:
    """Return the columns, and the values of the rows as text."""
    columns = [f'"{column}"' for column in as_json(rows[0])[0]]
    as_text = ", ".join(f"{column}::text" for column in columns)
    lines = []
    with connection.cursor() as cursor:
        for row in rows:
            cursor.execute(
                f"SELECT {as_text} FROM jsonb_populate_record(NULL::{_table(row)}, %s)",
                [as_json(row)[1]],
            )
            lines.append(cursor.fetchone())
    return ", ".join(columns), lines


def _insert(model: type[models.Model], columns: list[str], values: str) -> str:
    table = model._meta.db_table
    names = ", ".join(f'"{column}"' for column in columns)
    return f'INSERT INTO "{table}" ({names}) SELECT {names} FROM jsonb_populate_record(NULL::"{table}", {values})'


def _key(row: models.Model) -> str:
    return str(row._meta.pk.column)


def _with_a_key(table: Table) -> models.Model:
    return table.maker.new(table.model, **own_key(table.model, next(table.maker.numbers)))


@contextmanager
def _maybe_refused(table: Table) -> Iterator[None]:
    with pytest.raises(NotSupportedError) if table.is_guarded else nullcontext(), transaction.atomic():
        yield


def _table(row: models.Model) -> str:
    return f'"{row._meta.db_table}"'


def _name(row: models.Model) -> sql.Identifier:
    return sql.Identifier(row._meta.db_table)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'::jsonb"


def _escaped(text: str) -> str:
    """Escape a value for COPY's text format."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


EVERY_WAY = WAYS

"""Reading and changing rows with fixed SQL, for the queries that every sign-in and every page makes.

Building such a query takes Django several times as long as PostgreSQL needs to answer it. The models are created as
Django creates them (``from_db``), so types, signals and the trail are the same.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import JSONField, Model

Row = TypeVar("Row", bound=Model)


class Rows(Generic[Row]):
    """A model's columns for use in fixed SQL, qualified by an alias."""

    def __init__(self, model: type[Row], alias: str) -> None:
        self.model, self.alias = model, alias

    @cached_property
    def names(self) -> list[str]:
        return [field.attname for field in self.model._meta.concrete_fields]

    @cached_property
    def columns(self) -> str:
        """The column list for SELECT, in the order that ``read`` expects."""
        return ", ".join(f'{self.alias}."{field.column}"' for field in self.model._meta.concrete_fields)

    @cached_property
    def _json(self) -> list[int]:
        fields = self.model._meta.concrete_fields
        return [place for place, field in enumerate(fields) if isinstance(field, JSONField)]

    def read(self, row: Sequence[Any]) -> Row:
        """Create the model instance from a row that begins with ``columns``."""
        values = list(row[: len(self.names)])
        for place in self._json:  # Django configures psycopg to return these as text
            values[place] = None if values[place] is None else json.loads(values[place])
        return self.model.from_db("default", self.names, values)


def fetch_one(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> Sequence[Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row: Sequence[Any] | None = cursor.fetchone()
        return row


def fetch_prepared(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> Sequence[Any] | None:
    """Like ``fetch_one``, for what every request reads: PostgreSQL plans it once for each connection (ADR 69).

    ``sql`` must be one of few texts, and each parameter of the type that the server expects there.
    """
    with connection.prepared_cursor() as cursor:  # type: ignore[attr-defined]  # of config.postgresql, our only engine
        cursor.execute(sql, parameters)
        row: Sequence[Any] | None = cursor.fetchone()
        return row


def fetch_all(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[Sequence[Any]] = cursor.fetchall()
        return rows


def change(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> int:
    """Execute a statement and return the number of rows that it changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def release_connection() -> None:
    """Close the database connection before waiting for another system. The next query opens one again."""
    if not connection.in_atomic_block:
        connection.close()

"""Reading and changing rows by SQL that is written once.

On the way of every sign-in and every page, building a query costs Django several times what PostgreSQL needs to
answer it. The models are made as Django makes them (``from_db``), so types, signals and trail are the same.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import JSONField, Model

Row = TypeVar("Row", bound=Model)


class Rows(Generic[Row]):
    """A model's columns as fixed SQL knows them, under an alias."""

    def __init__(self, model: type[Row], alias: str) -> None:
        self.model, self.alias = model, alias

    @cached_property
    def names(self) -> list[str]:
        return [field.attname for field in self.model._meta.concrete_fields]

    @cached_property
    def columns(self) -> str:
        """The list for SELECT, in the order that ``read`` expects."""
        return ", ".join(f'{self.alias}."{field.column}"' for field in self.model._meta.concrete_fields)

    @cached_property
    def _json(self) -> list[int]:
        fields = self.model._meta.concrete_fields
        return [place for place, field in enumerate(fields) if isinstance(field, JSONField)]

    def read(self, row: Sequence[Any]) -> Row:
        """Make the model of a row that begins with ``columns``."""
        values = list(row[: len(self.names)])
        for place in self._json:  # Django lets psycopg hand these over as text
            values[place] = None if values[place] is None else json.loads(values[place])
        return self.model.from_db("default", self.names, values)


def fetch_one(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> Sequence[Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row: Sequence[Any] | None = cursor.fetchone()
        return row


def fetch_all(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[Sequence[Any]] = cursor.fetchall()
        return rows


def change(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> int:
    """Return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def release_connection() -> None:
    """Hold no connection to the database while somebody else is waited for; the next question takes one again."""
    if not connection.in_atomic_block:
        connection.close()

"""Keyset pagination: an index leads to the rows after a position, so that each page costs the same."""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Func
from django.db.models.sql.compiler import SQLCompiler


class Beyond(Func):
    """A row comparison that is true for rows after a position in the list's order. It can use an index."""

    output_field = BooleanField()

    def __init__(self, keys: Sequence[Any], place: Sequence[Any], *, descending: bool) -> None:
        super().__init__(*keys, *place)
        self.operator = "<" if descending else ">"

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        parts: list[str] = []
        parameters: list[Any] = []
        for expression in self.get_source_expressions():
            sql, values = compiler.compile(expression)
            parts.append(sql)
            parameters += values
        half = len(parts) // 2
        return f"({', '.join(parts[:half])}) {self.operator} ({', '.join(parts[half:])})", tuple(parameters)

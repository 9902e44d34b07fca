"""Statements that PostgreSQL parses and plans once for each connection (ADR 69)."""

from hashlib import sha256
from typing import Any, Self

from psycopg import Cursor
from psycopg._preparing import Prepare, PrepareManager
from psycopg._queries import PostgresQuery
from psycopg.abc import Params


class NamedByText(PrepareManager):
    """Names each prepared statement by its text, and prepares no other statement than it is asked to.

    psycopg counts: ``_pg3_0``, ``_pg3_1``. Behind a pooler that exchanges the server's connections and knows nothing of
    prepared statements, such a name could be another statement of another process. With a name of its own, a statement
    can only be missing or be there twice, which the server refuses.
    """

    prepare_threshold = 0

    def get(self, query: PostgresQuery, prepare: bool | None = None) -> tuple[Prepare, bytes]:  # noqa: FBT001  # psycopg's signature
        if not prepare:
            return Prepare.NO, b""
        found, name = super().get(query, prepare)
        if found is Prepare.SHOULD:
            name = b"vestibule_" + sha256(repr(self.key(query)).encode()).hexdigest()[:40].encode()
        return found, name

    def maybe_add_to_cache(self, query: PostgresQuery, prep: Prepare, name: bytes) -> Any:
        """Remember only what is prepared. Most other statements are never the same again."""
        return None if prep is Prepare.NO else super().maybe_add_to_cache(query, prep, name)

    def validate(self, *_execution: object) -> None:
        """Keep the statement even if its first execution failed: the server has it by its name."""
        self._rotate()

    def clear(self) -> bool:
        """Keep all after a rollback, which undoes no preparing. psycopg would let the server forget them."""
        return False


class PreparingCursor(Cursor[Any]):
    """Prepares its statements, and sends their parameters apart from them."""

    def execute(self, query: Any, params: Params | None = None, **_others: Any) -> Self:
        if not isinstance(self.connection._prepared, NamedByText):  # noqa: SLF001  # psycopg has no other way
            self.connection._prepared = NamedByText()  # noqa: SLF001
        return super().execute(query, params, prepare=True)

    def _send_query_prepared(self, name: bytes, pgq: PostgresQuery, *, binary: bool | None = None) -> None:
        """Keep the text, which Django's log of statements reads."""
        self._query = pgq
        super()._send_query_prepared(name, pgq, binary=binary)

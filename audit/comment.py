"""The comment in front of each writing statement: who acts, and whether a signal announced this change."""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import Atomic
from psycopg.sql import Composable

from audit.context import Context, current
from audit.declarations import audited_tables
from audit.events import Event, record

WRITE = re.compile(
    r'\s*(?:(INSERT|UPDATE|DELETE)(?: INTO| FROM)? "([^"]+)"|(?:INSERT|UPDATE|DELETE|MERGE|WITH|COPY|CALL|DO)\b)',
    re.IGNORECASE,
)


_here = threading.local()  # the commenters of this thread's connections, by alias


@dataclass(eq=False, kw_only=True, slots=True)
class Announcement:
    """A change that a signal announced on this connection: how many rows of each table, by which verbs.

    ``subject`` is the instance of the signal, by which ``post_save`` finds the announcement of ``pre_save``.
    """

    verbs: frozenset[str]
    rows: dict[str, float]
    subject: object = None
    block: Atomic | None = None


class Commenter:
    """The execute wrapper of one connection, with the announcements that no statement has used up yet.

    An announcement is used up by the rows that its statements change. It is dropped if its statement fails and when the
    atomic block ends in which it was made; otherwise a later change would count as announced.
    """

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.announced: list[Announcement] = []
        self.given: tuple[object, ...] = ()  # the last reason that was recorded on this connection
        self.given_in: Atomic | None = None  # the atomic block whose rollback would undo it

    def announce(self, announcement: Announcement) -> None:
        """Add an announcement. Opens the connection first, because opening it drops all announcements."""
        self.connection.ensure_connection()
        blocks = self.connection.atomic_blocks
        announcement.block = blocks[-1] if blocks else None
        self.announced.append(announcement)

    def announce_delete(self, table: str) -> None:
        """Announce one more row to be deleted. All deletions in one atomic block share an announcement."""
        verbs = frozenset({"DELETE"})
        blocks = self.connection.atomic_blocks
        for known in reversed(self.announced):
            if known.verbs == verbs and known.subject is None and known.block is (blocks[-1] if blocks else None):
                known.rows[table] = known.rows.get(table, 0) + 1
                return
        self.announce(Announcement(verbs=verbs, rows={table: 1}))

    def withdraw(self, about: object) -> None:
        """Drop the newest announcement about this instance, if it is still there."""
        for known in reversed(self.announced):
            if known.subject is about:
                self.announced.remove(known)
                return

    def __call__(
        self, execute: Callable[..., Any], sql: str | Composable, params: Any, many: Any, context: dict[str, Any]
    ) -> Any:
        """Prefix a writing statement with its comment. Reads pass after one regular expression match."""
        if self.announced:
            self._drop_left_blocks()
        text = sql if isinstance(sql, str) else _text(sql, self.connection)
        write = WRITE.match(text) if text is not None else None
        if text is None or write is None:
            return execute(sql, params, many, context)
        verb, table = write.groups("")
        here = current()
        if here.traces and (not table or table in audited_tables()):
            here.traces.has_changed = True
        if here.reason:
            self._give_reason(here)
        claimed = self._claimed(verb.upper(), table) if self.announced else None
        try:
            result = execute(_comment(here, table if claimed else None) + text, params, many, context)
        except BaseException:
            if claimed in self.announced:
                self.announced.remove(claimed)
            raise
        if claimed:
            self._spend(claimed, table, context["cursor"].cursor.rowcount)
        return result

    def _claimed(self, verb: str, table: str) -> Announcement | None:
        for known in reversed(self.announced):
            if verb in known.verbs and table in known.rows:
                return known
        return None

    def _give_reason(self, context: Context) -> None:
        """Record the reason for a change before the change, once per transaction (ADR 18)."""
        reason = (context.reason, context.request_id, context.batch_id)
        blocks = self.connection.atomic_blocks
        if self.given != reason or (self.given_in and self.given_in not in blocks):
            record(Event.REASON_GIVEN)
            self.given, self.given_in = reason, blocks[-1] if blocks else None

    def _spend(self, claimed: Announcement, table: str, rows: int) -> None:
        claimed.rows[table] -= rows
        if claimed.rows[table] <= 0:
            del claimed.rows[table]
            if not claimed.rows and claimed in self.announced:
                self.announced.remove(claimed)

    def _drop_left_blocks(self) -> None:
        blocks = self.connection.atomic_blocks
        self.announced = [a for a in self.announced if a.block is None or a.block in blocks]


def of(connection: BaseDatabaseWrapper) -> Commenter:
    """Return the connection's commenter. The first call installs it."""
    for wrapper in connection.execute_wrappers:
        if isinstance(wrapper, Commenter):
            return wrapper
    commenter = Commenter(connection)
    connection.execute_wrappers.append(commenter)
    return commenter


def at(alias: str) -> Commenter:
    """Return the commenter of this thread's connection. It is cached, to avoid a registry look-up for each save."""
    known: Commenter | None = _here.__dict__.get(alias)
    return known or _here.__dict__.setdefault(alias, of(connections[alias]))


def install(*, connection: BaseDatabaseWrapper, **_signal: object) -> None:
    """Receive ``connection_created``: a new connection has no announcements."""
    commenter = _here.__dict__[connection.alias] = of(connection)
    commenter.announced.clear()
    commenter.given = ()


def comment(table: str | None = None) -> str:
    """Return the comment for a statement; ``table`` is the one whose change was announced.

    Only ``cursor.copy()`` needs it explicitly, in front of its text, because Django's execute wrappers do not see it.
    """
    return _comment(current(), table)


def _comment(context: Context, table: str | None) -> str:
    actor, behind = context.who(), context.who_is_behind()
    key = (actor, behind, table)
    known = context.comments.get(key)
    if known is None:
        values = {
            "k": actor and actor.kind,
            "a": actor and actor.id,
            "h": behind and behind.kind,
            "i": behind and behind.id,
            "n": context.tenant_id,
            "r": context.request_id,
            "b": context.batch_id,
            "t": table,
        }
        known = context.comments[key] = _written({name: str(value) for name, value in values.items() if value})
    return known


def _written(values: dict[str, str]) -> str:
    """Escape ``*`` and ``%``, so that a value can neither end the comment nor be a placeholder of psycopg."""
    if not values:
        return ""
    return "/*audit " + json.dumps(values).replace("*", "\\u002a").replace("%", "\\u0025") + "*/"


def _text(sql: object, connection: BaseDatabaseWrapper) -> str | None:
    return sql.as_string(connection.connection) if isinstance(sql, Composable) else None

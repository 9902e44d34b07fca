"""The trail as lines of JSON. Seals are made over these lines, exports contain them, and verification reads them.

An entry's line is its canonical form, byte for byte (ADR 14): columns in this order, without those that are NULL, and
times in UTC. A column that is added later goes to the end, so that the lines of older entries stay as they were sealed.
"""

import heapq
import json
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from audit.tallies import SLACK, first_id

FETCHED = 2000  # rows per fetch, which a stream holds in memory
_TIME = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_COLUMNS = {
    "txid": "txid::text",
    "request_id": "'\"' || request_id || '\"'",
    "batch_id": "'\"' || batch_id || '\"'",
    "source": "to_json(source)::text",
    "action": "to_json(action)::text",
    "actor_kind": "to_json(actor_kind)::text",
    "actor_id": "to_json(actor_id)::text",
    "object_table": "to_json(object_table)::text",
    "object_id": "to_json(object_id)::text",
    "person": "to_json(person)::text",
    "tenant_id": "to_json(tenant_id)::text",
    "reason": "to_json(reason)::text",
    "before": "before::text",
    "after": "after::text",
    "details": "details::text",
    "personal_digest": "'\"' || encode(personal_digest, 'hex') || '\"'",
    "behind_kind": "to_json(behind_kind)::text",
    "behind_id": "to_json(behind_id)::text",
}
ENTRY_LINE = (
    f"""concat('{{"id":', id, ',"at":"', {_TIME.format("at")}, '"'"""
    + "".join(f""", ',"{name}":' || {value}""" for name, value in _COLUMNS.items())
    + ", '}')"
)
# The values in the form that audit_digest() hashes, so that a verification can hash them without parsing.
PERSONAL_LINE = """concat('{"personal":', entry_id, ',"values":',
    jsonb_build_array(salt, before, after, host(ip_address), user_agent), '}')"""
_HEX = "encode({}, 'hex')"
SEAL_COLUMNS = {
    "seal": "number",
    "sealed_at": _TIME.format("sealed_at"),
    "entries": "entries",
    "ids": "ids",
    "first_id": "first_id",
    "last_id": "last_id",
    "first_at": _TIME.format("first_at"),
    "last_at": _TIME.format("last_at"),
    "upto_txid": "upto_txid",
    "upto_id": "upto_id",
    "cluster": "cluster",
    "floor_id": "floor_id",
    "carried": "carried",
    "digest": _HEX.format("digest"),
    "key_id": "key_id",
    "previous": _HEX.format("previous"),
    "mac": _HEX.format("mac"),
}
REMOVAL_COLUMNS = {
    "removal": "id",
    "removed_at": _TIME.format("removed_at"),
    "month": "month",
    "tenant_id": "tenant_id",
    "until": _TIME.format("until"),
    "entries": "entries",
    "ids": "ids",
    "first_id": "first_id",
    "last_id": "last_id",
    "key_id": "key_id",
    "mac": _HEX.format("mac"),
}


def _object(columns: dict[str, str]) -> str:
    return f"json_build_object({', '.join(f'{name!r}, {value}' for name, value in columns.items())})::text"


SEAL = _object(SEAL_COLUMNS)
_DIGESTS = "(SELECT encode(d.digests, 'hex') FROM audit_seal_digests d WHERE d.number = s.number)"
_SEAL_LINE, _REMOVAL_LINE = _object(SEAL_COLUMNS | {"digests": _DIGESTS}), _object(REMOVAL_COLUMNS)
HEADER = f"""
    SELECT json_build_object(
        'export', 1, 'at', {_TIME.format("clock_timestamp()")}, 'cluster', system_identifier,
        'xmin', pg_snapshot_xmin(pg_current_snapshot()), 'has_personal', %s::boolean,
        'first_id', %s::bigint, 'last_id', %s::bigint, 'seals', (SELECT max(number) FROM audit_seal)
    )::text FROM pg_control_system()
"""
# For the rest of the transaction, rows are read in index order and not sorted. The planner cannot know how many entries
# one transaction wrote, and after a bulk write it would read and sort all of them for each block.
BY_INDEX = "SELECT set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true)"
Item = tuple[int, int, str]  # the sort key (an id, and the rank of the kind of line), and the line


@dataclass(frozen=True, kw_only=True)
class Window:
    """A range of ids; None means the beginning, or the end."""

    first_id: int | None = None
    last_id: int | None = None

    @classmethod
    def between(cls, since: datetime | None, until: datetime | None) -> "Window":
        """Return a range that contains all ids of a time span, and some more: ids and times differ by up to an hour."""
        hour: timedelta = SLACK
        return cls(
            first_id=first_id(since - hour) if since else None, last_id=first_id(until + hour) - 1 if until else None
        )


def stream(window: Window | None = None, *, personal: bool) -> Generator[str, None, None]:
    """Yield a snapshot of the trail: a header, then seals, removals, entries and personal values, ordered by id.

    Seals and removals are included if they overlap the window. Memory use does not grow with the trail.
    """
    window = window or Window()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute(HEADER, [personal, window.first_id, window.last_id])
            yield cursor.fetchone()[0]
        spans = "{} <= coalesce(%(last_id)s, 9223372036854775807) AND {} >= coalesce(%(first_id)s, 0)"
        in_window, overlapping = spans.format("id", "id"), spans.format("first_id", "last_id")
        parts = [
            f"SELECT first_id, 0, {_SEAL_LINE} FROM audit_seal s WHERE {overlapping} ORDER BY first_id, number",
            f"SELECT first_id, 1, {_REMOVAL_LINE} FROM audit_removal WHERE {overlapping} ORDER BY first_id, id",
            f"SELECT id, 2, {ENTRY_LINE} FROM audit_entry WHERE {in_window} ORDER BY id, at",
        ]
        if personal:
            of_entries = spans.format("entry_id", "entry_id")
            parts.append(f"SELECT entry_id, 3, {PERSONAL_LINE} FROM audit_personal WHERE {of_entries} ORDER BY 1, at")
        parameters = {"first_id": window.first_id, "last_id": window.last_id}
        rows = [fetched(part, parameters) for part in parts]
        for _id, _rank, line in heapq.merge(*rows):
            yield line


def fetched(query: str, parameters: Any) -> Iterator[Any]:
    """Yield the rows of a query from a server-side cursor."""
    with connection.cursor() as cursor:
        cursor.execute(BY_INDEX)
    with closing(connection.chunked_cursor()) as cursor:
        cursor.execute(query, parameters)
        while rows := cursor.fetchmany(FETCHED):
            yield from rows


def read(line: str) -> dict[str, Any]:
    """Parse a line that is not an entry. Raises ValueError."""
    values: dict[str, Any] = json.loads(line)
    return values

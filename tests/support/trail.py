"""Entries of other days. The runtime role can only record the present, so the owner of the tables inserts them.

They are committed, so the tests must run without a surrounding transaction, and their tables are emptied afterwards.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from django.conf import settings
from psycopg.types.json import Jsonb

from audit.events import Event

INSERT = """
    INSERT INTO audit_entry (at, txid, source, action, actor_kind, actor_id, person, details)
    VALUES (%s, 1, 'event', %s, 'database', 'tests', %s, %s)
"""


@dataclass(frozen=True, kw_only=True)
class Happened:
    at: datetime
    event: Event = Event.SIGN_IN_SUCCEEDED
    provider: str = "google"
    reason: str = ""
    person: UUID | None = None


def tell(happened: Iterable[Happened]) -> None:
    """Insert entries in the order of their times, as in reality."""
    rows = [
        (one.at, one.event.value, one.person and str(one.person), Jsonb(_details(one)))
        for one in sorted(happened, key=lambda one: one.at)
    ]
    assert settings.DATABASE_OWNER_URL
    with psycopg.connect(settings.DATABASE_OWNER_URL) as owner:
        owner.cursor().executemany(INSERT, rows)


def _details(one: Happened) -> dict[str, str]:
    return {"provider": one.provider} | ({"reason": one.reason} if one.reason else {})

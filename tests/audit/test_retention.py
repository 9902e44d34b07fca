"""Months of the trail: made ahead, removed whole, or what is due of them; and all that is left can be verified."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.utils import timezone

from tests.audit.sealed import begin_anew
from tests.servers import Servers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise(75)]

TENANT, OTHER = "0b7e", "77aa"
FILL = """
    WITH made AS (
        INSERT INTO audit_entry (at, txid, source, action, actor_kind, actor_id, tenant_id, personal_digest)
        SELECT {at} + n * interval '1 ms', 3, 'database', 'update', 'database', 'tests', {tenant},
            audit_digest('00000000-0000-0000-0000-000000000000', NULL, '{{}}', NULL, NULL)
        FROM generate_series(1, {many}) n RETURNING id, at
    )
    INSERT INTO audit_personal (entry_id, at, salt, after)
    SELECT id, at, '00000000-0000-0000-0000-000000000000', '{{}}' FROM made
"""


@pytest.fixture(autouse=True)
def owner(servers: Servers) -> Iterator[psycopg.Connection]:
    begin_anew(servers)
    with psycopg.connect(servers.owner_url, autocommit=True) as owner:
        yield owner
        owner.execute("DELETE FROM audit_floor")
        for (name,) in owner.execute("SELECT name FROM audit_months() WHERE upper < now()").fetchall():
            owner.execute(f"DROP TABLE {name}".encode())


def fill(owner: psycopg.Connection, *, days_ago: int, tenant: str | None = None, many: int = 10) -> datetime:
    """Write entries of a past day, whose month is made for them where it is missing; return when they were."""
    at = timezone.now() - timedelta(days=days_ago)
    a_month(owner, at)
    owner.execute(
        FILL.format(
            at=f"'{at.isoformat()}'::timestamptz", tenant=f"'{tenant}'" if tenant else "NULL", many=many
        ).encode()
    )
    return at


def a_month(owner: psycopg.Connection, at: datetime) -> None:
    """Let a past month be a partition, as if the product had run then already."""
    lower = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    upper = (lower + timedelta(days=32)).replace(day=1)
    for parent in ("audit_entry", "audit_personal"):
        (first, begins, ends), *_ = owner.execute(
            "SELECT name, nullif(lower, '-infinity'), upper FROM audit_months() WHERE parent = %s AND upper IS NOT NULL "
            "ORDER BY upper", [parent],
        ).fetchall()  # fmt: skip
        if begins is None and upper < ends:
            owner.execute(f"ALTER TABLE {parent} DETACH PARTITION {first}".encode())
            owner.execute(
                f"ALTER TABLE {parent} ATTACH PARTITION {first} FOR VALUES FROM ('{upper}') TO ('{ends}')".encode()
            )
            begins = upper
        if begins is not None and begins >= upper:
            name = f"{parent}{lower:_%Y_%m}"
            owner.execute(f"CREATE TABLE {name} (LIKE {parent} INCLUDING DEFAULTS)".encode())
            owner.execute("SELECT audit_close(%s), audit_guard(%s, %s)", [name, name, parent])
            owner.execute(
                f"ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ('{lower}') TO ('{upper}')".encode()
            )

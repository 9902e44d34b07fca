"""The query that begins every signed-in request: it reads the session, its person, and what pages show of both."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import User
from accounts.models.active_membership import ActiveMembership
from accounts.models.identity import LISTED_IN_JSON
from accounts.models.session import row_key
from foundation.rows import Rows, fetch_prepared

PERSON = Rows(User, "(f.person)")
ACTIVE_MEMBERSHIP = "tenant_id, tenant_name, role_id, role_name, permissions, scopes, tenants"
READ = f"""
    SELECT
        (f.session).session_data, (f.session).created_at, (f.session).active_tenant, (f.session).ends_at,
        (f.session).is_remembered, (f.session).revalidate_at, (f.session).unverified_since,
        (f.session).pinned_tenant,
        abs(extract(epoch FROM statement_timestamp() - (f.session).last_seen_at)) > 60, {ACTIVE_MEMBERSHIP},
        {LISTED_IN_JSON.format(person="(f.person).id")}, {PERSON.columns}
    FROM public.session_enter(%s) f
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedSession:
    """A live session. ``person`` is None if nobody is signed in with it."""

    data: str
    created_at: datetime
    active_tenant: UUID | None
    ends_at: datetime | None
    is_remembered: bool
    revalidate_at: datetime | None
    unverified_since: datetime | None
    pinned_tenant: UUID | None
    is_seen_long_ago: bool
    person: User | None


def read(key: str) -> LoadedSession | None:
    """Return the live session with this browser's key, with its person, their active membership and their identities.

    In a transaction this also sets the row-level-security context, as ``active_membership.set_context`` does.
    """
    row = fetch_prepared(READ, [row_key(key)])
    if row is None:
        return None
    data, created_at, active_tenant, ends_at, is_remembered, revalidate_at, unverified_since, pinned_tenant = row[:8]
    membership, identities, person_columns = row[9:16], row[16], row[17:]
    person = PERSON.read(person_columns) if person_columns[0] is not None else None
    if person is not None:
        person.active_membership = ActiveMembership.of(membership)
        person.identities_as_read = identities
        person.pinned_tenant = pinned_tenant
    return LoadedSession(
        data=data,
        created_at=created_at,
        active_tenant=active_tenant,
        ends_at=ends_at,
        is_remembered=is_remembered,
        revalidate_at=revalidate_at,
        unverified_since=unverified_since,
        pinned_tenant=pinned_tenant,
        is_seen_long_ago=row[8],
        person=person,
    )

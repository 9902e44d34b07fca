"""``/v1/admin/sessions``: where people are signed in, and signing them out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Path, Query, Router, Schema, Status

from accounts.bulk.actions import REVOKE_SESSIONS
from accounts.models import Session
from accounts.models.session import PUBLIC_DIGITS
from accounts.organizations import delegation
from accounts.people import filters
from accounts.sessions import SessionRevocationReason, revoke
from api.administration.acting import above, administrator
from api.administration.users import WRITE, act, person_of
from api.guards import requires
from api.problems import Problem
from authserver.scopes import USERS_READ

router = Router(tags=["Administration: sessions"])
READ = requires(scope=USERS_READ, permission="accounts.view_session")
OfPerson = Annotated[UUID, Query(description="The id of the person.")]
SessionId = Annotated[str, Path(pattern=f"^[0-9a-f]{{{PUBLIC_DIGITS}}}$", description="The id in the list.")]


class LiveSessionOut(Schema):
    """A browser in which a person is signed in. ``id`` is that of the admin and of the trail."""

    id: str
    user_id: UUID
    user_agent: str
    ip_address: str | None
    provider: str
    created_at: datetime
    last_seen_at: datetime


@router.get("/admin/sessions", response={200: list[LiveSessionOut], 404: Problem}, auth=READ)
def sessions(request: HttpRequest, user: OfPerson) -> Sequence[dict[str, Any]]:
    """List the browsers in which a person is signed in, the last used first."""
    person = person_of(administrator(request), user)
    plain = [name for name in LiveSessionOut.model_fields if name != "id"]
    return [
        {name: getattr(row, name) for name in plain} | {"id": row.public_id}
        for row in person.sessions.live().defer("session_data")
    ]


@router.delete("/admin/sessions", response={204: None, 404: Problem}, auth=WRITE)
def revoke_sessions(request: HttpRequest, user: OfPerson) -> Status[None]:
    """Sign a person out everywhere, and cancel their sign-ins that wait for a second factor."""
    return act(request, REVOKE_SESSIONS, user)


@router.delete("/admin/sessions/{session_id}", response={204: None}, auth=WRITE)
def revoke_one_session(request: HttpRequest, session_id: SessionId) -> Status[None]:
    """Sign a person out in one browser."""
    actor = administrator(request)
    found = (
        Session.objects.live()
        .filter(session_key__startswith=session_id, user__in=filters.seen_by(actor))
        .select_related("user")
        .defer("session_data")
    )
    rows = list(found)
    if not rows:
        raise Http404
    for row in rows:
        if row.user is not None and not delegation.is_theirs_alone(actor, row.user):
            raise above(request, row.user)
    revoke(rows, reason=SessionRevocationReason.ADMINISTRATOR)
    return Status(204, None)

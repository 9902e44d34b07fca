"""``/v1/tenants/{tenant_id}/invitations``: offers to e-mail addresses to join an organization."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from ninja import Field, Router, Schema, Status

from accounts.models import Invitation, InvitationState, Role, Tenant
from accounts.organizations import delegation
from accounts.organizations import invitations as acts
from accounts.organizations.invitations import REFUSED as IN_WORDS
from accounts.organizations.invitations import InvitationRefusalReason, InvitationRefused
from accounts.organizations.invitations.sending import DAY, HOUR, MOST_A_DAY, MOST_REPEATED, TO_INVITE
from accounts.sign_in import rate_limits
from accounts.sign_in.rate_limits import Limit
from api.administration.acting import member_acting, record_afterwards
from api.guards import requires
from api.idempotency import idempotent
from api.inputs import Id, Input, invalid
from api.paging import After, Page, cut, newest_first
from api.paging import Limit as PageLimit
from api.problems import CONFLICT, FORBIDDEN, NOT_FOUND, TOO_MANY_REQUESTS, UNAVAILABLE, ApiError, ProblemKind
from api.tenants.members import unknown_role
from authserver.scopes import MEMBERS_READ, MEMBERS_WRITE

router = Router(tags=["Organizations: invitations"])
READ = requires(scope=MEMBERS_READ, permission="accounts.view_invitation", tenant=True)
INVITE = requires(scope=MEMBERS_WRITE, permission=TO_INVITE, tenant=True, fresh="10m")
CHANGE = requires(scope=MEMBERS_WRITE, permission="accounts.change_invitation", tenant=True, fresh="10m")

Reason = InvitationRefusalReason
KINDS: Mapping[InvitationRefusalReason, ProblemKind] = {
    Reason.UNKNOWN: NOT_FOUND,
    Reason.USED: CONFLICT,
    Reason.REVOKED: CONFLICT,
    Reason.INVITER_WITHOUT_RIGHT: FORBIDDEN,
    Reason.ROLE_ABOVE_INVITER: FORBIDDEN,
    Reason.TOO_MANY: TOO_MANY_REQUESTS,
    Reason.TOO_OFTEN: TOO_MANY_REQUESTS,
    Reason.NO_MAIL: UNAVAILABLE,
}
MISSING: Mapping[InvitationRefusalReason, Mapping[str, Any]] = {
    Reason.INVITER_WITHOUT_RIGHT: {"permission": TO_INVITE},
    Reason.ROLE_ABOVE_INVITER: {"reach": True},
}
AN_HOUR = Limit(kind="invitation", most=MOST_REPEATED, seconds=HOUR)
WINDOWS: Mapping[InvitationRefusalReason, Limit] = {  # after which to try again
    Reason.TOO_MANY: Limit(kind="invitations", most=MOST_A_DAY, seconds=DAY),
    Reason.TOO_OFTEN: AN_HOUR,
    Reason.NO_MAIL: AN_HOUR,
}


class InvitationOut(Schema):
    """An invitation. The link is only in the mail. ``invited_by`` is a name, or an address without one."""

    id: UUID
    email: str
    role: str
    role_id: int
    state: InvitationState
    invited_by: str | None
    created_at: datetime
    sent_at: datetime
    expires_at: datetime


class InvitationIn(Input):
    email: str = Field(max_length=254, examples=["ada@example.com"])
    role_id: Id = Field(examples=[3])


@router.get("/tenants/{tenant_id}/invitations", response=Page[InvitationOut], auth=READ)
def invitations(
    request: HttpRequest,
    tenant_id: UUID,
    state: InvitationState | None = None,
    limit: PageLimit = 50,
    after: After = "",
) -> dict[str, Any]:
    """List the invitations of the organization, the newest first. Those that are long over are removed."""
    rows = _of(tenant_id).filter(state.rows) if state else _of(tenant_id)
    shown, following = cut(list(newest_first(rows, after)[: limit + 1]), limit)
    return {"items": [_invitation(one) for one in shown], "next": following}


@router.post("/tenants/{tenant_id}/invitations", response={201: InvitationOut}, auth=INVITE)
@idempotent(reach=lambda _request, created, tenant_id, **_: _find(tenant_id, created["id"]))
def invite(request: HttpRequest, tenant_id: UUID, wanted: InvitationIn) -> Status[dict[str, Any]]:
    """Invite an address to a role, and mail it a link. This replaces an earlier invitation of the address."""
    role = Role.objects.filter(pk=wanted.role_id).first()
    if role is None or not role.fits(tenant_id):
        raise unknown_role()
    try:
        _check_reach(request, role, tenant_id)
        made = acts.invite(Tenant.objects.get(pk=tenant_id), role, wanted.email, member_acting(request))
    except InvitationRefused as refused:
        raise _refusal(request, refused, tenant_id) from None
    except ValidationError as found:
        raise invalid(found) from None
    return Status(201, _invitation(made))


@router.post(
    "/tenants/{tenant_id}/invitations/{invitation_id}/resend",
    response={200: InvitationOut},
    auth=CHANGE,
)
@idempotent(reach=lambda _request, tenant_id, invitation_id, **_: _find(tenant_id, invitation_id))
def resend(request: HttpRequest, tenant_id: UUID, invitation_id: UUID) -> dict[str, Any]:
    """Mail a new link, for the full time. The earlier link no longer works, and the caller becomes the inviter."""
    invitation = _find(tenant_id, invitation_id)
    try:
        _check_reach(request, invitation.role, tenant_id)
        acts.resend(invitation, member_acting(request))
    except InvitationRefused as refused:
        raise _refusal(request, refused, tenant_id) from None
    return _invitation(invitation)


@router.delete(
    "/tenants/{tenant_id}/invitations/{invitation_id}",
    response={204: None},
    auth=CHANGE,
)
def revoke(request: HttpRequest, tenant_id: UUID, invitation_id: UUID) -> Status[None]:
    """Revoke an invitation: its link no longer works. It stays in the list for a while."""
    invitation = _find(tenant_id, invitation_id)
    try:
        _check_reach(request, invitation.role, tenant_id)
        acts.revoke(invitation, member_acting(request))
    except InvitationRefused as refused:
        raise _refusal(request, refused, tenant_id) from None
    return Status(204, None)


def _of(tenant_id: UUID) -> QuerySet[Invitation]:
    return Invitation.objects.filter(tenant=tenant_id).select_related("role", "tenant", "invited_by")


def _find(tenant_id: UUID, invitation_id: UUID) -> Invitation:
    found = _of(tenant_id).filter(pk=invitation_id).first()
    if found is None:
        raise Http404
    return found


def _invitation(one: Invitation) -> dict[str, Any]:
    plain = ("id", "email", "role_id", "state", "created_at", "sent_at", "expires_at")
    by = one.invited_by
    return {name: getattr(one, name) for name in plain} | {
        "role": one.role.name,
        "invited_by": by and (by.name or by.email),
    }


def _check_reach(request: HttpRequest, role: Role, tenant_id: UUID) -> None:
    """Refuse a superuser with a credential for one tenant what is above their role: the acts read the account again.

    Raises InvitationRefused.
    """
    if not delegation.may_grant(member_acting(request), role, tenant_id):
        raise InvitationRefused(InvitationRefusalReason.ROLE_ABOVE_INVITER)


def _refusal(request: HttpRequest, refused: InvitationRefused, tenant_id: UUID) -> ApiError:
    """Record, after the rollback, why an invitation is refused, and return the error."""
    reason = refused.reason
    record_afterwards(request, lambda _person: acts.record_refusal(refused, tenant_id=tenant_id))
    return ApiError(
        KINDS[reason],
        str(IN_WORDS[reason]),
        reason=reason.value,
        missing=[MISSING[reason]] if reason in MISSING else [],
        headers={"Retry-After": str(rate_limits.seconds_left(WINDOWS[reason]))} if reason in WINDOWS else {},
    )

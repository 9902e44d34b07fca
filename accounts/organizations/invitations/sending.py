"""Send, resend and revoke invitations, and check that the inviter may."""

import hashlib
import secrets
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.mailing import mail
from accounts.models import Invitation, Membership, Role, Tenant, User
from accounts.models.active_membership import ActiveMembership
from accounts.models.invitation import UNDECIDED
from accounts.organizations import delegation
from accounts.organizations.invitations.refusing import EXPIRED, InvitationRefusalReason, InvitationRefused
from accounts.sign_in import rate_limits
from audit.events import Event, record
from foundation.canonical_email import canonical, folded
from tenancy import tenant_context

TO_INVITE = "accounts.add_invitation"
MOST_A_DAY = 200  # mails per tenant and day, including repeated ones
MOST_REPEATED = 3  # repeated mails per invitation and hour
DAY, HOUR = 86_400, 3600  # seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """The link that is mailed. Its secret has 256 bits and is not stored: the table has only its digest."""

    tenant_id: UUID
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.secret.encode()).hexdigest()

    @property
    def path(self) -> str:
        return reverse("invitation", kwargs={"tenant_id": self.tenant_id, "secret": self.secret})


def invite(tenant: Tenant, role: Role, email: str, by: User) -> Invitation:
    """Invite an address to a tenant, replacing an earlier invitation of it there.

    Raises InvitationRefused, and ValidationError for an invalid address.
    """
    check_inviter(by, role, tenant.pk)
    _check_limits(tenant.pk)
    link = Link(tenant_id=tenant.pk)
    now = timezone.now()
    invitation = Invitation(
        tenant=tenant,
        role=role,
        email=folded(email.strip()),
        invited_by=by,
        digest=link.digest,
        created_at=now,
        sent_at=now,
        expires_at=now + settings.INVITATION_LIFETIME,
    )
    with tenant_context(tenant.pk):
        invitation.full_clean(validate_unique=False, validate_constraints=False)
        Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)  # concurrent ones wait for each other
        for earlier in Invitation.objects.filter(UNDECIDED, tenant=tenant, canonical_email=canonical(invitation.email)):
            _close(earlier, replaced=True)
        invitation.save(force_insert=True)
        record(Event.INVITATION_SENT, object=invitation, role=role.pk)
        _mail(invitation, link)
    return invitation


def resend(invitation: Invitation, by: User) -> None:
    """Send an invitation again, with another link and its full lifetime; ``by`` becomes its inviter.

    The earlier link no longer works. Raises InvitationRefused.
    """
    check_inviter(by, invitation.role, invitation.tenant_id)
    if not rate_limits.count("invitation", str(invitation.pk), limit=MOST_REPEATED, seconds=HOUR):
        raise InvitationRefused(InvitationRefusalReason.TOO_OFTEN, invitation)
    _check_limits(invitation.tenant_id)
    link = Link(tenant_id=invitation.tenant_id)
    now = timezone.now()
    with tenant_context(invitation.tenant_id):
        changed = {
            "digest": link.digest,
            "sent_at": now,
            "expires_at": now + settings.INVITATION_LIFETIME,
            "invited_by": by,
        }
        if not Invitation.objects.filter(UNDECIDED, pk=invitation.pk).update(**changed):
            raise InvitationRefused(_decided(invitation), invitation)
        invitation.refresh_from_db()
        record(Event.INVITATION_RESENT, object=invitation)
        _mail(invitation, link)


def revoke(invitation: Invitation, by: User) -> None:
    """Revoke an invitation. Raises InvitationRefused, for example if it was accepted or revoked meanwhile."""
    check_inviter(by, invitation.role, invitation.tenant_id)
    with tenant_context(invitation.tenant_id):
        _close(invitation, replaced=False)


def check_inviter(by: User | None, role: Role, tenant_id: UUID) -> None:
    """Check that this user may invite to a role in a tenant. Raises InvitationRefused."""
    with tenant_context(tenant_id):
        if by is None or not by.is_active:
            raise InvitationRefused(InvitationRefusalReason.INVITER_WITHOUT_RIGHT)
        there = _as_they_are_there(by, tenant_id)
        if not there.has_perm(TO_INVITE):
            raise InvitationRefused(InvitationRefusalReason.INVITER_WITHOUT_RIGHT)
        if not delegation.may_grant(there, role, tenant_id):
            raise InvitationRefused(InvitationRefusalReason.ROLE_ABOVE_INVITER)


def _as_they_are_there(user: User, tenant_id: UUID) -> User:
    """Return the user with their current membership in this tenant, which need not be their active one."""
    found = User.objects.get(pk=user.pk)
    belongs = Membership.objects.filter(tenant_id=tenant_id, user=user).select_related("tenant", "role").first()
    if belongs:
        found.active_membership = ActiveMembership(
            tenant_id=tenant_id,
            tenant_name=belongs.tenant.name,
            role_id=belongs.role_id,
            role_name=belongs.role.name,
            permissions=frozenset(delegation.permissions_of(belongs.role)),
            scopes=frozenset(belongs.role.scopes),
            tenants=1,
        )
    return found


def _close(invitation: Invitation, *, replaced: bool) -> None:
    if not Invitation.objects.filter(UNDECIDED, pk=invitation.pk).update(revoked_at=timezone.now()):
        raise InvitationRefused(_decided(invitation), invitation)
    record(Event.INVITATION_REVOKED, object=invitation, replaced=replaced)


def _decided(invitation: Invitation) -> InvitationRefusalReason:
    now = Invitation.objects.filter(pk=invitation.pk).first()
    return EXPIRED.get(now.state, InvitationRefusalReason.UNKNOWN) if now else InvitationRefusalReason.UNKNOWN


def _check_limits(tenant_id: UUID) -> None:
    """Limit the mails of a tenant, which go out in our name to people who did not ask for them."""
    if not mail.is_configured():
        raise InvitationRefused(InvitationRefusalReason.NO_MAIL)
    if not rate_limits.count("invitations", str(tenant_id), limit=MOST_A_DAY, seconds=DAY):
        raise InvitationRefused(InvitationRefusalReason.TOO_MANY)


def _mail(invitation: Invitation, link: Link) -> None:
    context = {
        "organization": invitation.tenant.name,
        "role": invitation.role.name,
        "inviter": invitation.invited_by.name if invitation.invited_by else "",
        "link": mail.absolute(link.path),
        "expires_at": invitation.expires_at,
    }
    mail.send(invitation.email, "invitation", context)

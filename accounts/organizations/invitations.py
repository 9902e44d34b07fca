"""Invitations: how somebody with an address comes into a tenant, on the word of somebody who may let them in.

The link goes to one address, and only an account with that address, verified, may accept it: a link that was
forwarded, stolen or guessed at admits nobody else. It carries its tenant, so it means nothing in another.

The word is looked at when it is given, and again when it is taken: who invites must be an active account that may
invite there, and have all that the role has. A superuser's word is good for every role, while they are one. With
an account that is gone its word is gone, and so is what it said before it was closed or cut off: that may have been
somebody else. Whoever sends the invitation again gives theirs in its place.
"""

import hashlib
import logging
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.mailing import mail
from accounts.models import Invitation, InvitationState, Membership, Role, Tenant, User
from accounts.models.invitation import UNDECIDED
from accounts.organizations import delegation, memberships
from accounts.organizations.active_membership import Standing
from accounts.sign_in import rate_limits
from audit.context import acting
from audit.events import Event, record
from foundation.canonical_email import canonical, canonical_or_none, folded
from foundation.clocks import LEEWAY
from tenancy import tenant_context

logger = logging.getLogger(__name__)

TO_INVITE = "accounts.add_invitation"
MOST_A_DAY = 200  # mails of one tenant, first ones and repeated ones
MOST_REPEATED = 3  # mails of one invitation in an hour
DAY, HOUR = 86_400, 3600  # seconds


class Reason(StrEnum):
    """Why an invitation is refused, for the trail and the log; people read a page about it."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    REVOKED = "revoked"
    FOREIGN_ADDRESS = "foreign_address"
    UNVERIFIED_ADDRESS = "unverified_address"
    INVITER_WITHOUT_RIGHT = "inviter_without_right"
    ROLE_ABOVE_INVITER = "role_above_inviter"
    TOO_MANY = "too_many"
    TOO_OFTEN = "too_often"
    NO_MAIL = "no_mail"


class InvitationRefused(Exception):
    """An invitation that must not be sent or accepted. Nothing was written."""

    def __init__(self, reason: Reason, invitation: Invitation | None = None) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.invitation = invitation


class Welcome(StrEnum):
    """What an invitation is to the one who looks at it."""

    OPEN = "open"
    MEMBER_ALREADY = "member_already"
    JOINED = "joined"


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """What is mailed. The secret has 256 bits and is kept nowhere: the table holds its digest."""

    tenant_id: UUID
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.secret.encode()).hexdigest()

    @property
    def path(self) -> str:
        return reverse("invitation", kwargs={"tenant_id": self.tenant_id, "secret": self.secret})


def invite(tenant: Tenant, role: Role, email: str, by: User) -> Invitation:
    """Invite an address to a tenant; an earlier invitation of it there gives way.

    Raises InvitationRefused, and ValidationError for an address that is none.
    """
    check_word(by, role, tenant.pk)
    _brake(tenant.pk)
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
        Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)  # two for one address wait for each other
        for earlier in Invitation.objects.filter(UNDECIDED, tenant=tenant, canonical_email=canonical(invitation.email)):
            _end(earlier, replaced=True)
        invitation.save(force_insert=True)
        record(Event.INVITATION_SENT, object=invitation, role=role.pk)
        _mail(invitation, link)
    return invitation


def resend(invitation: Invitation, by: User) -> None:
    """Send an invitation again: with another link, its whole time anew, and on the word of whoever does it.

    The earlier link is dead from now on. Raises InvitationRefused.
    """
    check_word(by, invitation.role, invitation.tenant_id)
    if not rate_limits.take("invitation", str(invitation.pk), limit=MOST_REPEATED, seconds=HOUR):
        raise InvitationRefused(Reason.TOO_OFTEN, invitation)
    _brake(invitation.tenant_id)
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
    """Take an invitation back. Raises InvitationRefused where it was accepted or revoked meanwhile."""
    check_word(by, invitation.role, invitation.tenant_id)
    with tenant_context(invitation.tenant_id):
        _end(invitation, replaced=False)


def look(link: Link, user: User | None) -> tuple[Invitation, Welcome]:
    """Return what a link leads to, and what it is to somebody; without anybody, only that it is open.

    Writes nothing. Raises InvitationRefused.
    """
    with tenant_context(link.tenant_id):
        invitation = _find(link)
        return invitation, _welcome(invitation, user)


def accept(link: Link, user: User, *, keep: str | None = None) -> Membership:
    """Let somebody join a tenant by their invitation; ``keep`` names the session in which they do so.

    It works once: of several at the same moment the database lets one through. To who belongs to the tenant
    already it is spent all the same, and their role stays. Raises InvitationRefused.
    """
    with tenant_context(link.tenant_id):
        invitation = _find(link)
        if _welcome(invitation, user) is Welcome.JOINED:
            raise InvitationRefused(Reason.USED, invitation)
        usable = Invitation.objects.filter(InvitationState.OPEN.rows, pk=invitation.pk, digest=link.digest)
        if not usable.update(accepted_at=timezone.now(), accepted_by=user):
            raise InvitationRefused(_why_not_usable(link), invitation)
        membership, is_new = _membership(user, invitation, keep=keep)
        record(Event.INVITATION_ACCEPTED, person=user, object=invitation, role=membership.role_id, is_new_member=is_new)
    return membership


def check_word(by: User | None, role: Role, tenant_id: UUID) -> None:
    """Look whether somebody may invite to a role in a tenant. Raises InvitationRefused."""
    with tenant_context(tenant_id):
        if by is None or not by.is_active:
            raise InvitationRefused(Reason.INVITER_WITHOUT_RIGHT)
        there = _as_they_are_there(by, tenant_id)
        if not there.has_perm(TO_INVITE):
            raise InvitationRefused(Reason.INVITER_WITHOUT_RIGHT)
        if not delegation.may_grant(there, role, tenant_id):
            raise InvitationRefused(Reason.ROLE_ABOVE_INVITER)


def note_refusal(
    refused: InvitationRefused, *, user: User | None = None, tenant_id: UUID | None = None, reference: str = ""
) -> None:
    """Tell the trail and the log, after the rollback of what was refused.

    A link that leads nowhere says nothing that is known of any tenant: such an entry is no tenant's.
    """
    invitation = refused.invitation
    details: dict[str, Any] = {"refused_because": refused.reason.value}
    if reference:
        details["reference"] = reference
    with acting(tenant_id=invitation.tenant_id if invitation else tenant_id):
        record(Event.INVITATION_REFUSED, person=user, object=invitation, **details)
    logger.warning("invitation refused: reason=%s reference=%s", refused.reason.value, reference)


_OVER = {
    InvitationState.EXPIRED: Reason.EXPIRED,
    InvitationState.ACCEPTED: Reason.USED,
    InvitationState.REVOKED: Reason.REVOKED,
}


def _find(link: Link) -> Invitation:
    """Return the invitation of a link, in its tenant's context: in every other there is none."""
    found = Invitation.objects.select_related("tenant", "role", "invited_by").filter(
        tenant_id=link.tenant_id, digest=link.digest
    )
    invitation = found.first()
    if invitation is None:
        raise InvitationRefused(Reason.UNKNOWN)
    return invitation


def _welcome(invitation: Invitation, user: User | None) -> Welcome:
    belongs = user is not None and _belongs(user, invitation).exists()
    if user is not None and belongs and invitation.accepted_by_id == user.pk:
        return Welcome.JOINED
    if invitation.state is not InvitationState.OPEN:
        raise InvitationRefused(_OVER[invitation.state], invitation)
    if user is not None:
        _check_address(user, invitation)
    if belongs:
        return Welcome.MEMBER_ALREADY
    _check_inviter(invitation)
    return Welcome.OPEN


def _why_not_usable(link: Link) -> Reason:
    """Somebody was quicker: say at what."""
    try:
        return _OVER.get(_find(link).state, Reason.UNKNOWN)
    except InvitationRefused as refused:
        return refused.reason


def _decided(invitation: Invitation) -> Reason:
    now = Invitation.objects.filter(pk=invitation.pk).first()
    return _OVER.get(now.state, Reason.UNKNOWN) if now else Reason.UNKNOWN


def _check_address(user: User, invitation: Invitation) -> None:
    """Somebody must vouch for the address: the account's own proof, or a provider whose word we take for it."""
    account = User.objects.filter(pk=user.pk, is_active=True)
    own = [(account.email, bool(account.own_address)) for account in account]
    claims = [*own, *user.identities.values_list("email", "email_verified")]
    invited = invitation.canonical_email
    matching = {is_verified for address, is_verified in claims if canonical_or_none(address) == invited}
    if invited is None or not matching:
        raise InvitationRefused(Reason.FOREIGN_ADDRESS, invitation)
    if True not in matching:
        raise InvitationRefused(Reason.UNVERIFIED_ADDRESS, invitation)


def _check_inviter(invitation: Invitation) -> None:
    """A word that was given before its account was closed or cut off stays worth nothing once that is open again.

    A moment that lies in the future was written under a clock that was ahead: no later word would ever count.
    """
    closed_at = invitation.invited_by.not_before if invitation.invited_by else None
    if closed_at is not None and invitation.sent_at <= closed_at <= timezone.now() + LEEWAY:
        raise InvitationRefused(Reason.INVITER_WITHOUT_RIGHT, invitation)
    try:
        check_word(invitation.invited_by, invitation.role, invitation.tenant_id)
    except InvitationRefused as refused:
        raise InvitationRefused(refused.reason, invitation) from None


def _as_they_are_there(user: User, tenant_id: UUID) -> User:
    """Return somebody with what they are in a tenant now, which need not be where they act."""
    found = User.objects.get(pk=user.pk)
    belongs = Membership.objects.filter(tenant_id=tenant_id, user=user).select_related("tenant", "role").first()
    if belongs:
        found.standing = Standing(
            tenant_id=tenant_id,
            tenant_name=belongs.tenant.name,
            role_id=belongs.role_id,
            role_name=belongs.role.name,
            permissions=frozenset(delegation.permissions_of(belongs.role)),
            scopes=frozenset(belongs.role.scopes),
            tenants=1,
        )
    return found


def _belongs(user: User, invitation: Invitation) -> QuerySet[Membership]:
    return Membership.objects.filter(tenant_id=invitation.tenant_id, user=user)


def _membership(user: User, invitation: Invitation, *, keep: str | None) -> tuple[Membership, bool]:
    """Return the person's membership, and whether it is new."""
    belongs = _belongs(user, invitation).first()
    if belongs:
        return belongs, False
    try:
        return memberships.add(user, invitation.tenant, invitation.role, keep=keep), True
    except IntegrityError:  # somebody has added them at this moment
        return _belongs(user, invitation).get(), False


def _end(invitation: Invitation, *, replaced: bool) -> None:
    if not Invitation.objects.filter(UNDECIDED, pk=invitation.pk).update(revoked_at=timezone.now()):
        raise InvitationRefused(_decided(invitation), invitation)
    record(Event.INVITATION_REVOKED, object=invitation, replaced=replaced)


def _brake(tenant_id: UUID) -> None:
    """Mails go out in our name, to people who did not ask for them."""
    if not mail.is_set_up():
        raise InvitationRefused(Reason.NO_MAIL)
    if not rate_limits.take("invitations", str(tenant_id), limit=MOST_A_DAY, seconds=DAY):
        raise InvitationRefused(Reason.TOO_MANY)


def _mail(invitation: Invitation, link: Link) -> None:
    context = {
        "organization": invitation.tenant.name,
        "role": invitation.role.name,
        "inviter": invitation.invited_by.name if invitation.invited_by else "",
        "link": mail.absolute(link.path),
        "expires_at": invitation.expires_at,
    }
    mail.send(invitation.email, "invitation", context)

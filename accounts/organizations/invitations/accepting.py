"""Show and accept an invitation by its link."""

from enum import StrEnum

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Invitation, InvitationState, Membership, User
from accounts.organizations import memberships
from accounts.organizations.invitations.refusing import EXPIRED, InvitationRefusalReason, InvitationRefused
from accounts.organizations.invitations.sending import Link, check_inviter
from audit.events import Event, record
from foundation.canonical_email import canonical_or_none
from foundation.clocks import LEEWAY
from tenancy import tenant_context


class Welcome(StrEnum):
    """What an invitation means to the person who opens it."""

    OPEN = "open"
    MEMBER_ALREADY = "member_already"
    JOINED = "joined"


def load(link: Link, user: User | None) -> tuple[Invitation, Welcome]:
    """Return the invitation of a link, and what it means to the user; without a user, only whether it is open.

    Writes nothing. Raises InvitationRefused.
    """
    with tenant_context(link.tenant_id):
        invitation = _find(link)
        return invitation, _welcome(invitation, user)


def accept(link: Link, user: User, *, keep: str | None = None) -> Membership:
    """Add the user to the tenant that invited them. ``keep`` is the key of the session in which they accept.

    It works once: of several concurrent calls, the database lets one succeed. If the user is a member already, the
    invitation is used up and their role stays. Raises InvitationRefused.
    """
    with tenant_context(link.tenant_id):
        invitation = _find(link)
        if _welcome(invitation, user) is Welcome.JOINED:
            raise InvitationRefused(InvitationRefusalReason.USED, invitation)
        usable = Invitation.objects.filter(InvitationState.OPEN.rows, pk=invitation.pk, digest=link.digest)
        if not usable.update(accepted_at=timezone.now(), accepted_by=user):
            raise InvitationRefused(_refusal_reason(link), invitation)
        membership, is_new = _membership(user, invitation, keep=keep)
        record(Event.INVITATION_ACCEPTED, person=user, object=invitation, role=membership.role_id, is_new_member=is_new)
    return membership


def _find(link: Link) -> Invitation:
    """Return the invitation of a link. It is visible only in its tenant's context. Raises InvitationRefused."""
    found = Invitation.objects.select_related("tenant", "role", "invited_by").filter(
        tenant_id=link.tenant_id, digest=link.digest
    )
    invitation = found.first()
    if invitation is None:
        raise InvitationRefused(InvitationRefusalReason.UNKNOWN)
    return invitation


def _welcome(invitation: Invitation, user: User | None) -> Welcome:
    belongs = user is not None and _belongs(user, invitation).exists()
    if user is not None and belongs and invitation.accepted_by_id == user.pk:
        return Welcome.JOINED
    if invitation.state is not InvitationState.OPEN:
        raise InvitationRefused(EXPIRED[invitation.state], invitation)
    if user is not None:
        _check_address(user, invitation)
    if belongs:
        return Welcome.MEMBER_ALREADY
    _check_inviter(invitation)
    return Welcome.OPEN


def _refusal_reason(link: Link) -> InvitationRefusalReason:
    """Return why the invitation could not be used: a concurrent request accepted, revoked or replaced it."""
    try:
        return EXPIRED.get(_find(link).state, InvitationRefusalReason.UNKNOWN)
    except InvitationRefused as refused:
        return refused.reason


def _check_address(user: User, invitation: Invitation) -> None:
    """Require that the invited address is verified: by the account itself, or by a provider that is trusted for it."""
    account = User.objects.filter(pk=user.pk, is_active=True)
    own = [(account.email, bool(account.own_email)) for account in account]
    claims = [*own, *user.identities.values_list("email", "email_verified")]
    invited = invitation.canonical_email
    matching = {is_verified for address, is_verified in claims if canonical_or_none(address) == invited}
    if invited is None or not matching:
        raise InvitationRefused(InvitationRefusalReason.FOREIGN_EMAIL, invitation)
    if True not in matching:
        raise InvitationRefused(InvitationRefusalReason.UNVERIFIED_EMAIL, invitation)


def _check_inviter(invitation: Invitation) -> None:
    """Refuse an invitation that was sent before its inviter was deactivated or cut off, also after a reactivation.

    A ``not_before`` in the future is ignored: it was written while the clock was ahead, and would void all invitations.
    """
    closed_at = invitation.invited_by.not_before if invitation.invited_by else None
    if closed_at is not None and invitation.sent_at <= closed_at <= timezone.now() + LEEWAY:
        raise InvitationRefused(InvitationRefusalReason.INVITER_WITHOUT_RIGHT, invitation)
    try:
        check_inviter(invitation.invited_by, invitation.role, invitation.tenant_id)
    except InvitationRefused as refused:
        raise InvitationRefused(refused.reason, invitation) from None


def _belongs(user: User, invitation: Invitation) -> QuerySet[Membership]:
    return Membership.objects.filter(tenant_id=invitation.tenant_id, user=user)


def _membership(user: User, invitation: Invitation, *, keep: str | None) -> tuple[Membership, bool]:
    """Return the person's membership, and whether it is new."""
    belongs = _belongs(user, invitation).first()
    if belongs:
        return belongs, False
    try:
        return memberships.add(user, invitation.tenant, invitation.role, keep=keep), True
    except IntegrityError:  # a concurrent request has added them
        return _belongs(user, invitation).get(), False

"""Looking at an invitation and accepting it, by its link."""

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
    """What an invitation is to the one who looks at it."""

    OPEN = "open"
    MEMBER_ALREADY = "member_already"
    JOINED = "joined"


def load(link: Link, user: User | None) -> tuple[Invitation, Welcome]:
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
            raise InvitationRefused(InvitationRefusalReason.USED, invitation)
        usable = Invitation.objects.filter(InvitationState.OPEN.rows, pk=invitation.pk, digest=link.digest)
        if not usable.update(accepted_at=timezone.now(), accepted_by=user):
            raise InvitationRefused(_refusal_reason(link), invitation)
        membership, is_new = _membership(user, invitation, keep=keep)
        record(Event.INVITATION_ACCEPTED, person=user, object=invitation, role=membership.role_id, is_new_member=is_new)
    return membership


def _find(link: Link) -> Invitation:
    """Return the invitation of a link, in its tenant's context: in every other there is none."""
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
    """Somebody was quicker: say at what."""
    try:
        return EXPIRED.get(_find(link).state, InvitationRefusalReason.UNKNOWN)
    except InvitationRefused as refused:
        return refused.reason


def _check_address(user: User, invitation: Invitation) -> None:
    """Somebody must vouch for the address: the account's own proof, or a provider whose word we take for it."""
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
    """A word that was given before its account was closed or cut off stays worth nothing once that is open again.

    A moment that lies in the future was written under a clock that was ahead: no later word would ever count.
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
    except IntegrityError:  # somebody has added them at this moment
        return _belongs(user, invitation).get(), False

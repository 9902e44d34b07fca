"""Invitations to a tenant, which are mailed to an address as a link."""

import uuid
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.email_fields import CanonicalField, EmailField, WithEmail
from accounts.models.tenant import Role, Tenant
from accounts.models.user import User
from tenancy.owned import ScopedManager, TenantOwned

UNDECIDED = models.Q(accepted_at=None, revoked_at=None)  # expired or not


class InvitationState(models.TextChoices):
    """The state of an invitation."""

    OPEN = "open", _("open")
    EXPIRED = "expired", _("expired")
    ACCEPTED = "accepted", _("accepted")
    REVOKED = "revoked", _("revoked")

    @property
    def rows(self) -> models.Q:
        """The condition that selects the invitations that are now in this state."""
        match self:
            case InvitationState.ACCEPTED:
                return models.Q(accepted_at__isnull=False)
            case InvitationState.REVOKED:
                return models.Q(revoked_at__isnull=False)
            case InvitationState.EXPIRED:
                return UNDECIDED & models.Q(expires_at__lte=timezone.now())
            case _:
                return UNDECIDED & models.Q(expires_at__gt=timezone.now())


class Invitation(WithEmail, TenantOwned):
    """An offer to an e-mail address to join a tenant, in a role.

    Only a digest of the link's secret is stored, so that reading the table does not reveal the link. Only
    ``accounts.organizations.invitations`` creates, sends, revokes and accepts invitations.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="invitations", verbose_name=_("tenant"))
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="invitations", verbose_name=_("role"))
    email = EmailField(_("address"), max_length=254, help_text=_("The link is sent there, and holds for it alone."))
    canonical_email = CanonicalField(_("address, as it is compared"), of="email")
    invited_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", editable=False, verbose_name=_("invited by")
    )
    digest = models.CharField(_("digest of the link"), max_length=64, editable=False)
    created_at = models.DateTimeField(_("invited"), default=timezone.now, editable=False)
    sent_at = models.DateTimeField(_("sent"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("open until"), editable=False)
    accepted_at = models.DateTimeField(_("accepted"), null=True, editable=False)
    accepted_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", editable=False, verbose_name=_("accepted by")
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    objects: ClassVar[models.Manager["Invitation"]] = ScopedManager(tenant="tenant_id")

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("-created_at", "id")
        constraints = (
            models.UniqueConstraint(fields=["digest"], name="invitation_digest_unique"),
            models.UniqueConstraint(
                fields=["tenant", "canonical_email"],
                condition=UNDECIDED,
                name="invitation_undecided_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None) | models.Q(revoked_at=None), name="invitation_decided_once"
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "created_at"], name="invitation_of_tenant"),
            models.Index(fields=["created_at"], name="invitation_newest"),
            models.Index(fields=["expires_at"], name="invitation_expiry"),
        )

    def __str__(self) -> str:
        return self.email

    @property
    def state(self) -> InvitationState:
        if self.accepted_at:
            return InvitationState.ACCEPTED
        if self.revoked_at:
            return InvitationState.REVOKED
        return InvitationState.OPEN if self.expires_at > timezone.now() else InvitationState.EXPIRED

    def clean(self) -> None:
        if self.role_id and not self.role.fits(self.tenant_id):
            raise ValidationError({"role": _("This role belongs to another tenant.")})

"""What people agreed to, and the codes by which clients learn of it."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User
from authserver.models.client import Client


class Authorized(models.Model):
    """What a person has authorized a client to do, and how the person had signed in then.

    ``not_before`` is the person's at that time, and ``client_not_before`` the client's: what was issued is valid while
    they are equal (ADR 42). ``sid`` identifies the session to clients, ``session_key`` is the key of its row. What was
    authorized in a pinned session is pinned too, to ``pinned_tenant`` (ADR 73).
    """

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+", verbose_name=_("app"))
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, related_name="+", editable=False, verbose_name=_("user")
    )
    consent = models.ForeignKey(
        "authserver.Consent", on_delete=models.CASCADE, null=True, related_name="+", editable=False
    )
    tenant_id = models.UUIDField(_("organization"), null=True, editable=False)
    pinned_tenant = models.UUIDField(null=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=100), default=list, verbose_name=_("scopes"))
    resources = ArrayField(models.CharField(max_length=500), default=list, verbose_name=_("resource servers"))
    claims = models.JSONField(default=dict, editable=False)
    nonce = models.TextField(blank=True, editable=False)
    auth_time = models.DateTimeField(null=True, editable=False)
    acr = models.CharField(max_length=100, blank=True, editable=False)
    amr = ArrayField(models.CharField(max_length=20), default=list, editable=False)
    sid = models.CharField(max_length=40, blank=True, editable=False)
    session_key = models.CharField(max_length=40, blank=True, editable=False)
    not_before = models.DateTimeField(null=True, editable=False)
    client_not_before = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("issued"), db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("expires"), editable=False)

    class Meta:
        abstract = True


class Consent(models.Model):
    """What a person lets a client do, in one organization or in none. A withdrawn row stays until it is purged.

    ``scopes`` and ``resources`` are all that the client may have. The ``asked_`` ones of them were shown on a page to
    which the person agreed; our own apps get others without being asked.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="consents", verbose_name=_("user"))
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="consents", verbose_name=_("app"))
    tenant_id = models.UUIDField(_("organization"), null=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=100), default=list, verbose_name=_("scopes"))
    resources = ArrayField(models.CharField(max_length=500), default=list, verbose_name=_("resource servers"))
    asked_scopes = ArrayField(
        models.CharField(max_length=100), default=list, blank=True, editable=False, verbose_name=_("scopes agreed to")
    )
    asked_resources = ArrayField(models.CharField(max_length=500), default=list, blank=True, editable=False)
    is_asked = models.BooleanField(
        _("was asked"), default=True, help_text=_("Whether the person was asked; our own apps do not ask.")
    )
    created_at = models.DateTimeField(_("since"), db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(_("last used"), db_default=Now(), editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, editable=False)

    class Meta:
        verbose_name = _("connected app")
        verbose_name_plural = _("connected apps")
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=["user", "client", "tenant_id"],
                condition=Q(withdrawn_at=None),
                nulls_distinct=False,
                name="consent_once",
            ),
        )
        indexes = (
            models.Index(fields=["withdrawn_at"], condition=Q(withdrawn_at__isnull=False), name="consent_withdrawn"),
        )

    def __str__(self) -> str:
        return f"{self.user_id}, {self.client_id}"


class AuthorizationCode(Authorized):
    """A code that works once, for its client. ``family_id`` names what it has issued, which a second use revokes."""

    digest = models.CharField(primary_key=True, max_length=64, editable=False)
    redirect_uri = models.CharField(max_length=500, editable=False)
    code_challenge = models.CharField(max_length=43, blank=True, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)
    family_id = models.UUIDField(null=True, editable=False)

    class Meta:
        verbose_name = _("authorization code")
        verbose_name_plural = _("authorization codes")
        indexes = (models.Index(fields=["expires_at"], name="authorization_code_expires"),)

    def __str__(self) -> str:
        return self.digest[:8]

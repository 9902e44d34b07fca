"""Issued tokens: families of refresh tokens with their access tokens, opaque access tokens, and revoked ones."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from authserver.models.authorization import Authorized
from authserver.models.client import Client


class TokenFamily(Authorized):
    """All tokens that follow from one authorization of a person. Revoking the family revokes them all.

    A refresh token is derived from the family and a generation, with the key ``key_id`` (ADR 50). Only the token of
    the current ``generation`` was never used; it was issued at ``rotated_at``, to a program at ``seen_ip``. ``uses``
    are the times at which the ones before it were used, newest first. ``repeats`` counts the answers that were given
    again, and ``repeat_networks`` are the networks that got them. All times are the database's (ADR 42).
    """

    REMEMBERED_USES = 8  # an older token than that has no excuse

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    is_refreshable = models.BooleanField(default=False, editable=False)
    generation = models.PositiveIntegerField(_("generation"), default=0, editable=False)
    key_id = models.CharField(max_length=16, blank=True, editable=False)
    rotated_at = models.DateTimeField(_("last refreshed"), db_default=Now(), editable=False)
    uses = ArrayField(models.DateTimeField(), default=list, editable=False)
    seen_ip = models.GenericIPAddressField(_("IP address"), null=True, editable=False)
    seen_user_agent = models.CharField(_("program"), max_length=400, blank=True, editable=False)
    repeats = models.PositiveIntegerField(_("repeated answers"), default=0, db_default=0, editable=False)
    repeat_networks = ArrayField(models.CharField(max_length=50), default=list, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    revoked_reason = models.CharField(_("reason"), max_length=40, blank=True, editable=False)

    class Meta:
        verbose_name = _("token family")
        verbose_name_plural = _("token families")
        indexes = (
            models.Index(fields=["expires_at"], name="token_family_expires"),
            models.Index(fields=["user"], condition=Q(revoked_at=None), name="token_family_of_user"),
            models.Index(fields=["consent"], condition=Q(revoked_at=None), name="token_family_of_consent"),
            models.Index(fields=["sid"], condition=~Q(sid=""), name="token_family_of_sid"),
        )

    def __str__(self) -> str:
        return str(self.pk)


class AccessToken(models.Model):
    """An opaque access token, by its digest: of a family, or of a client that acts in its own name."""

    digest = models.CharField(primary_key=True, max_length=64, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+", verbose_name=_("app"))
    family = models.ForeignKey(TokenFamily, on_delete=models.CASCADE, null=True, related_name="access_tokens")
    scopes = ArrayField(models.CharField(max_length=100), default=list, verbose_name=_("scopes"))
    resources = ArrayField(models.CharField(max_length=500), default=list, verbose_name=_("resource servers"))
    client_not_before = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("issued"), db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("expires"), editable=False)

    class Meta:
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")
        indexes = (models.Index(fields=["expires_at"], name="access_token_expires"),)

    def __str__(self) -> str:
        return self.digest[:8]


class RevokedToken(models.Model):
    """The ``jti`` of a JWT access token that was revoked before it expired."""

    jti = models.CharField(primary_key=True, max_length=43, editable=False)
    expires_at = models.DateTimeField(db_index=True, editable=False)

    class Meta:
        verbose_name = _("revoked token")
        verbose_name_plural = _("revoked tokens")

    def __str__(self) -> str:
        return self.jti[:8]

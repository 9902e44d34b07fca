"""Tokens that wait to be revoked at their providers."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.retry import WAITING, Leased, Retryable


class RevocationState(models.TextChoices):
    """The progress of revoking tokens at their provider."""

    WAITING = "waiting", _("waiting")
    DONE = "done", _("done")
    GIVEN_UP = "given_up", _("given up")


class UpstreamRevocation(Retryable, Leased):
    """Tokens that were taken out of the vault and must be revoked at their provider (ADR 24).

    Nothing here names a person: each token is encrypted for this row and is deleted with the last attempt. Only after
    a sign-out are ``identity_id`` and ``sid`` (if there is one) stored until then, to detect that the person has
    signed in again. ``expires_at`` is set at the end, so that administrators can see the result for a while.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=32)
    issuer = models.CharField(max_length=255)
    reason = models.CharField(max_length=20)
    identity_id = models.BigIntegerField(null=True)
    sid = models.CharField(max_length=255, blank=True, default="", db_default="")
    access = models.TextField(blank=True)
    refresh = models.TextField(blank=True)
    state = models.CharField(
        max_length=10,
        choices=RevocationState.choices,
        default=RevocationState.WAITING,
        db_default=RevocationState.WAITING,
    )
    detail = models.CharField(max_length=60, blank=True, default="", db_default="")
    expires_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("sign-out at a provider")
        verbose_name_plural = _("sign-outs at providers")
        indexes = (
            models.Index(fields=["next_attempt_at"], condition=WAITING, name="revocation_due"),
            models.Index(
                fields=["expires_at"], condition=models.Q(expires_at__isnull=False), name="revocation_expires"
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider}: {self.state}"

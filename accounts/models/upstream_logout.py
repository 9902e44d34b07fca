"""Logouts that providers have reported: of one of their sessions, or of all sessions of a subject."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class UpstreamLogout(models.Model):
    """A back-channel logout, stored for sign-ins that were verified before it and open their session after it.

    With ``sid``, it is of that session, and of this subject unless ``subject`` is empty. Without, it is of every
    session that the subject had at ``ended_at``. Only ``upstream_has_ended`` reads it (ADR 28).
    """

    provider = models.CharField(max_length=32)
    sid = models.CharField(max_length=255, blank=True, db_default="")
    subject = models.CharField(max_length=255, blank=True, db_default="")
    ended_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("session that ended at its provider")
        verbose_name_plural = _("sessions that ended at their provider")
        indexes = (models.Index(fields=["provider", "sid", "subject"], name="upstream_logout_named"),)

    def __str__(self) -> str:
        return f"{self.provider} {self.pk}"

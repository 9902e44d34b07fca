"""Mailed codes: typing one in proves access to the account's mailbox, now."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User


class MailedCodeQuerySet(models.QuerySet["MailedCode"]):
    def live(self) -> "MailedCodeQuerySet":
        """Return the codes that are neither used nor expired."""
        return self.filter(used_at=None, expires_at__gt=timezone.now())


class MailedCode(models.Model):
    """A mailed code, of which only a digest is stored.

    The session stores the id of its code, so the codes of other sessions are never checked.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="mailed_codes", verbose_name=_("user"))
    act = models.CharField(_("act"), max_length=32)  # reauthentication.acts.Act: the only one that it counts for
    digest = models.CharField(max_length=64, editable=False)  # keyed: foundation.encryption.fingerprint
    tries = models.PositiveSmallIntegerField(_("tries"), default=0, db_default=0)
    created_at = models.DateTimeField(_("mailed"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    used_at = models.DateTimeField(_("used"), null=True)

    objects = MailedCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("mailed code")
        verbose_name_plural = _("mailed codes")

    def __str__(self) -> str:
        return f"{self.act} {self.pk}"

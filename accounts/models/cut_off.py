"""Cut-offs: why all credentials of a person were revoked, and whether that is confirmed."""

import uuid
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User


class CutOff(models.Model):
    """One act of revoking all credentials of a person (ADR 21).

    ``checks`` has an entry for each class of credentials: {"ended": how many were revoked, "follows": names of what has
    yet to be revoked elsewhere, "alive": how many the last check found, "confirmed_at": when a check found none}. The
    actor is in the trail.
    """

    class By(models.TextChoices):
        OWNER = "owner", _("the person")
        ADMINISTRATOR = "administrator", _("an administrator")
        COMMAND = "command", _("a command")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="cut_offs", verbose_name=_("user"))
    by = models.CharField(_("by"), max_length=20, choices=By.choices)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    deactivated = models.BooleanField(_("the account was deactivated"))
    checks: models.JSONField[Any, Any] = models.JSONField(_("check list"), default=dict)
    created_at = models.DateTimeField(_("done"), default=timezone.now, editable=False)
    # The account's ``not_before`` after the act: while both are equal, the account's status has not changed since.
    not_before = models.DateTimeField(_("nothing given before this served any more"), null=True, editable=False)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, editable=False)

    class Meta:
        verbose_name = _("cut-off")
        verbose_name_plural = _("cut-offs")
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["user", "created_at"], name="cut_off_of_user"),
            models.Index(fields=["created_at"], condition=models.Q(confirmed_at=None), name="cut_off_unconfirmed"),
        )

    def __str__(self) -> str:
        return f"{self.get_by_display()}, {date_format(localtime(self.created_at), 'DATETIME_FORMAT')}"

"""A link that was mailed: who holds it has read that mailbox."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User


class Purpose(models.TextChoices):
    """What following a link may do."""

    ADDRESS_CHANGE = "address_change", _("make an address the account's")
    ADDRESS_DISOWN = "address_disown", _("say that one did not ask for that")
    REGISTRATION = "registration", _("open a local account")
    PASSWORD_RESET = "password_reset", _("choose another password")


class MailedLinkQuerySet(models.QuerySet["MailedLink"]):
    def live(self) -> "MailedLinkQuerySet":
        """Those that can still be used."""
        return self.filter(used_at=None, expires_at__gt=timezone.now())


class MailedLink(models.Model):
    """What we keep of a link: not the link itself, only by what it is known again.

    Those of an account vanish when it is deactivated, whoever does it and however: by a trigger (ADR 10).
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256 of what the link ends in
    purpose = models.CharField(_("purpose"), max_length=32, choices=Purpose.choices)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, related_name="mailed_links", verbose_name=_("user")
    )
    address = models.EmailField(_("address"), max_length=320)  # that it was mailed to
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    used_at = models.DateTimeField(_("used"), null=True)

    objects = MailedLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("mailed link")
        verbose_name_plural = _("mailed links")

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"

"""Mailed links: opening one proves access to the mailbox."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.email_fields import CanonicalField, EmailField, EmailQuerySet, WithEmail
from accounts.models.user import User


class Purpose(models.TextChoices):
    """What a link does."""

    EMAIL_CHANGE = "email_change", _("make an address the account's")
    EMAIL_DISOWN = "email_disown", _("say that one did not ask for that")
    REGISTRATION = "registration", _("open a local account")
    PASSWORD_RESET = "password_reset", _("choose another password")


# These give access to an account, or change it: they end when the person's epoch moves (ADR 28). A link that disowns a
# change protects the owner, and one for registration has no person yet.
OF_AN_EPOCH = (Purpose.EMAIL_CHANGE, Purpose.PASSWORD_RESET)


class MailedLinkQuerySet(EmailQuerySet["MailedLink"]):
    def unexpired(self) -> "MailedLinkQuerySet":
        """Return the links that are not used, ended or expired, whatever the epoch in which they were made."""
        return self.filter(used_at=None, expiry_reason="", expires_at__gt=timezone.now())

    def live(self) -> "MailedLinkQuerySet":
        """Return the links that can still be used."""
        in_epoch = models.Q(epoch=models.F("user__sign_in_epoch")) | models.Q(epoch=None, user__sign_in_epoch=None)
        is_of_now = ~models.Q(purpose__in=OF_AN_EPOCH) | in_epoch
        return self.unexpired().filter(is_of_now)


class MailedLink(WithEmail):
    """A mailed link, of which only a digest is stored.

    A trigger deletes an account's links whenever it is deactivated (ADR 10). ``epoch`` is the account's epoch when the
    link was made. ``expiry_reason`` is why it ended early, for the page that the link opens.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256 of the token in the link
    purpose = models.CharField(_("purpose"), max_length=32, choices=Purpose.choices)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, related_name="mailed_links", verbose_name=_("user")
    )
    email = EmailField(_("address"), max_length=320)  # to which it was mailed
    canonical_email = CanonicalField(_("address, as it is compared"), of="email")
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    used_at = models.DateTimeField(_("used"), null=True)
    epoch = models.DateTimeField(_("epoch"), null=True, editable=False)
    expiry_reason = models.CharField(_("reason for expiring"), max_length=40, blank=True, db_default="", editable=False)

    objects = MailedLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("mailed link")
        verbose_name_plural = _("mailed links")

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"

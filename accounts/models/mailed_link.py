"""A link that was mailed: who holds it has read that mailbox."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.email_fields import AddressField, CanonicalField, EmailQuerySet, WithEmail
from accounts.models.user import User


class Purpose(models.TextChoices):
    """What following a link may do."""

    ADDRESS_CHANGE = "address_change", _("make an address the account's")
    ADDRESS_DISOWN = "address_disown", _("say that one did not ask for that")
    REGISTRATION = "registration", _("open a local account")
    PASSWORD_RESET = "password_reset", _("choose another password")


# These lead into an account, or change how it is entered: they die with any act upon its person (ADR 28). A link that
# disowns a change protects the owner, and one that registers has no person yet.
OF_AN_EPOCH = (Purpose.ADDRESS_CHANGE, Purpose.PASSWORD_RESET)


class MailedLinkQuerySet(EmailQuerySet["MailedLink"]):
    def unexpired(self) -> "MailedLinkQuerySet":
        """Those that were not used or ended and have time left, in whatever epoch they were made."""
        return self.filter(used_at=None, ended_because="", expires_at__gt=timezone.now())

    def live(self) -> "MailedLinkQuerySet":
        """Those that can still be used."""
        in_epoch = models.Q(epoch=models.F("user__sign_in_epoch")) | models.Q(epoch=None, user__sign_in_epoch=None)
        is_of_now = ~models.Q(purpose__in=OF_AN_EPOCH) | in_epoch
        return self.unexpired().filter(is_of_now)


class MailedLink(WithEmail):
    """What we keep of a link: not the link itself, only by what it is known again.

    Those of an account vanish when it is deactivated, whoever does it and however: by a trigger (ADR 10). ``epoch`` is
    the account's when the link was made. ``ended_because`` says why one ended early, for the page that it leads to.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256 of what the link ends in
    purpose = models.CharField(_("purpose"), max_length=32, choices=Purpose.choices)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, related_name="mailed_links", verbose_name=_("user")
    )
    address = AddressField(_("address"), max_length=320)  # that it was mailed to
    canonical_address = CanonicalField(_("address, as it is compared"), of="address")
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    used_at = models.DateTimeField(_("used"), null=True)
    epoch = models.DateTimeField(_("epoch"), null=True, editable=False)
    ended_because = models.CharField(_("ended because"), max_length=40, blank=True, db_default="", editable=False)

    objects = MailedLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("mailed link")
        verbose_name_plural = _("mailed links")

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"

"""Identities that were refused and have no account."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.canonical_email import LONGEST


class RefusedIdentity(models.Model):
    """An identity that a provider vouched for but that was refused and has no account: one row for each (ADR 37).

    The values and the ``reference`` are those of the last refusal. Its entry in the trail refers to this row.
    ``account`` is the account that the refusal was about: for ``email_of_another_account`` the one with that address.
    It is a plain id rather than a foreign key, so that accounts can be deleted independently.
    """

    provider = models.CharField(_("provider"), max_length=32)
    issuer = models.CharField(_("issuer"), max_length=255)
    subject = models.CharField(_("subject"), max_length=255)
    email = models.CharField(_("address"), max_length=LONGEST, blank=True)
    # Set together with the email address in ``refused.storage``; NULL without a valid address.
    canonical_email = models.CharField(_("address, as it is compared"), max_length=LONGEST, null=True, db_collation="C")  # noqa: DJ001
    email_verified = models.BooleanField(_("address is verified"), default=False)
    name = models.CharField(_("name"), max_length=255, blank=True)
    claims = models.JSONField(_("claims"), default=dict, blank=True)
    reason = models.CharField(_("reason"), max_length=60)
    reference = models.CharField(_("reference"), max_length=7, db_index=True)
    account = models.UUIDField(_("account"), null=True, db_index=True)
    refused_at = models.DateTimeField(_("refused"))
    expires_at = models.DateTimeField(_("expires"), db_index=True)

    class Meta:
        verbose_name = _("refused identity")
        verbose_name_plural = _("refused identities")
        constraints = (
            models.UniqueConstraint(fields=["issuer", "subject"], name="refusedidentity_issuer_subject_unique"),
        )
        indexes = (models.Index(fields=["canonical_email"], name="refusedidentity_email"),)

    def __str__(self) -> str:
        return f"{self.provider}: {self.email or self.name or self.subject}"

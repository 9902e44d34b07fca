"""What the API remembers: the responses to requests that may be repeated."""

from django.db import models
from django.utils.translation import gettext_lazy as _

PURPOSE = "idempotent request"  # of the encryption of stored responses


class IdempotentRequest(models.Model):
    """A request with an idempotency key that created something, and its response (ADR 64).

    ``digest`` stands for the caller, the operation and the key, so only the same caller finds the row. ``fingerprint``
    is that of the request's body. ``content`` is the body of the response, encrypted: it may be a secret that is shown
    once.
    """

    digest = models.CharField(primary_key=True, max_length=64)
    fingerprint = models.CharField(max_length=64, editable=False)
    status = models.PositiveSmallIntegerField(_("status"))
    content = models.TextField(editable=False)
    expires_at = models.DateTimeField(_("expires"), db_index=True)

    class Meta:
        verbose_name = _("idempotent request")
        verbose_name_plural = _("idempotent requests")

    def __str__(self) -> str:
        return self.digest[:8]

"""Device codes: a device without a browser shows a short code, which a person enters elsewhere (RFC 8628)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from authserver.models.authorization import Authorized


class DeviceCode(Authorized):
    """A code that a device polls with, and the short one that the person enters. Both are stored as digests.

    It waits until the person has agreed (``approved_at``) or not (``refused_at``). The rest of the authorization is
    set when they agree. ``interval`` is the least number of seconds between two polls.
    """

    digest = models.CharField(primary_key=True, max_length=64, editable=False)
    user_code_digest = models.CharField(max_length=64, unique=True, editable=False)
    interval = models.PositiveSmallIntegerField(default=5, editable=False)
    polled_at = models.DateTimeField(null=True, editable=False)
    approved_at = models.DateTimeField(_("agreed"), null=True, editable=False)
    refused_at = models.DateTimeField(_("refused"), null=True, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)
    family_id = models.UUIDField(null=True, editable=False)

    class Meta:
        verbose_name = _("device code")
        verbose_name_plural = _("device codes")
        indexes = (models.Index(fields=["expires_at"], name="device_code_expires"),)

    def __str__(self) -> str:
        return self.digest[:8]

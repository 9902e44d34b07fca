"""Logout tokens that were used."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SeenLogoutToken(models.Model):
    """A logout token that was used, as a digest of its issuer and ``jti``. It cannot be used again until it expires."""

    digest = models.CharField(primary_key=True, max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("logout token")
        verbose_name_plural = _("logout tokens")

    def __str__(self) -> str:
        return self.digest[:8]

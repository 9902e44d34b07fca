"""Proofs that work only once and were used."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class UsedProof(models.Model):
    """A used proof, stored as a digest. It is refused as long as the row exists (ADR 30)."""

    digest = models.CharField(primary_key=True, max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("used proof")
        verbose_name_plural = _("used proofs")

    def __str__(self) -> str:
        return self.digest[:8]

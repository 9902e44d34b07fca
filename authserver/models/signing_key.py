"""The keys with which we sign tokens, unless ``OIDC_SIGNING_KEYS`` gives them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SigningAlgorithm(models.TextChoices):
    """The algorithms of our signatures, by their fully specified names (RFC 7518, RFC 9864)."""

    RS256 = "RS256", "RS256"
    ES256 = "ES256", "ES256"
    ED25519 = "Ed25519", "Ed25519"


class TokenSigningKey(models.Model):
    """A key pair. It is published at once, signs from ``active_at`` on, and is published until ``removed_at``.

    The key of an algorithm that became active last signs. ``private_key`` is PEM, encrypted for the row's ``kid``,
    which is the thumbprint of the public key (RFC 7638). It is empty after the removal. A withdrawn key was removed at
    once, because it leaked.
    """

    kid = models.CharField(_("key ID"), primary_key=True, max_length=43, editable=False)
    algorithm = models.CharField(_("algorithm"), max_length=10, choices=SigningAlgorithm.choices, editable=False)
    private_key = models.TextField(editable=False)
    public_jwk = models.JSONField(_("public key"), editable=False)
    created_at = models.DateTimeField(_("published"), editable=False)
    active_at = models.DateTimeField(_("signs from"), editable=False)
    removed_at = models.DateTimeField(_("removed"), null=True, editable=False)
    is_withdrawn = models.BooleanField(_("withdrawn"), default=False, editable=False)

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        ordering = ("algorithm", "-active_at", "kid")
        indexes = (models.Index(fields=["removed_at"], name="signing_key_removed"),)

    def __str__(self) -> str:
        return f"{self.algorithm} {self.kid[:8]}"

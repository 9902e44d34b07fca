"""The vault: encrypted tokens of providers."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Identity
from jobs.retry import Leased, Peer


class TokenHealth(models.TextChoices):
    """Whether the tokens of an identity can be refreshed."""

    WELL = "well", _("well")
    FAILING = "failing", _("the provider does not renew them at the moment")
    DEAD = "dead", _("over: the person has to sign in there again")


class UpstreamTokens(Leased, Peer):
    """The tokens that a provider issued for one identity in one session there, each encrypted for it (ADR 20, 35).

    Providers that share an issuer share its identities, but each has its own client: only ``provider`` can refresh or
    revoke what it was given (ADR 71).
    ``sid`` is the provider's id of its session. It is empty if the provider has none; then there is one row.
    ``version`` increases with every pair of tokens. A refresh is only written over the version that it read.
    ``is_unverified``: the refresh token has been sent, and the answer was lost or not trusted, so the provider may have
    replaced it.
    """

    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, db_index=False, related_name="tokens")
    provider = models.CharField(_("provider"), max_length=32)
    sid = models.CharField(_("session at the provider"), max_length=255, blank=True, default="", db_default="")
    access = models.TextField()
    refresh = models.TextField(blank=True)
    id_token = models.TextField(blank=True)
    scopes = models.CharField(max_length=1000, blank=True)
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    version = models.PositiveBigIntegerField(default=1, db_default=1)
    is_unverified = models.BooleanField(default=False, db_default=False)
    health = models.CharField(
        max_length=10, choices=TokenHealth.choices, default=TokenHealth.WELL, db_default=TokenHealth.WELL
    )
    detail = models.CharField(max_length=60, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("tokens of a provider")
        verbose_name_plural = _("tokens of providers")
        constraints = (
            models.UniqueConstraint(fields=["identity", "provider", "sid"], name="tokens_of_provider_session"),
        )
        indexes = (
            models.Index(fields=["given_at", "id"], condition=~models.Q(sid=""), name="tokens_of_sessions_by_age"),
        )

    def __str__(self) -> str:
        return f"{self.identity_id}: {self.health}"

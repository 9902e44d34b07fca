"""What the providers' application keeps: tokens, encrypted."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Identity


class Health(models.TextChoices):
    """How it stands with the tokens of an identity."""

    WELL = "well", _("well")
    FAILING = "failing", _("the provider does not renew them at the moment")
    DEAD = "dead", _("over: the person has to sign in there again")


class UpstreamTokens(models.Model):
    """The tokens that a provider gave us for one identity, each encrypted for it (ADR 20).

    ``version`` rises with every pair of tokens, and whoever renews them writes only upon the version that it read.
    ``leased_until`` is until when somebody may be at it.
    """

    identity = models.OneToOneField(Identity, on_delete=models.CASCADE, primary_key=True, related_name="tokens")
    access = models.TextField()
    refresh = models.TextField(blank=True)
    id_token = models.TextField(blank=True)
    scopes = models.CharField(max_length=1000, blank=True)
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    version = models.PositiveBigIntegerField(default=1, db_default=1)
    leased_until = models.DateTimeField(null=True)
    health = models.CharField(max_length=10, choices=Health.choices, default=Health.WELL, db_default=Health.WELL)
    failures = models.PositiveIntegerField(default=0, db_default=0)
    failing_since = models.DateTimeField(null=True)
    rest_until = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=60, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("tokens of a provider")
        verbose_name_plural = _("tokens of providers")

    def __str__(self) -> str:
        return f"{self.identity_id}: {self.health}"

"""What the providers' application keeps: tokens, encrypted, logout tokens that it has heard, refused identities."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Identity
from foundation.canonical_email import LONGEST
from jobs.retry import WAITING, Leased, Peer, Retryable


class TokenHealth(models.TextChoices):
    """How it stands with the tokens of an identity."""

    WELL = "well", _("well")
    FAILING = "failing", _("the provider does not renew them at the moment")
    DEAD = "dead", _("over: the person has to sign in there again")


class UpstreamTokens(Leased, Peer):
    """The tokens that a provider gave us for one identity in one session there, each encrypted for it (ADR 20, 35).

    ``sid`` is the provider's name for its session; empty where it names none: then an identity has one row.
    ``version`` rises with every pair of tokens, and whoever renews them writes only upon the version that it read.
    ``is_unsure``: the refresh token was sent since, and the answer was lost or not believed, so the provider may have
    put another in its place.
    """

    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, db_index=False, related_name="tokens")
    sid = models.CharField(_("session at the provider"), max_length=255, blank=True, default="", db_default="")
    access = models.TextField()
    refresh = models.TextField(blank=True)
    id_token = models.TextField(blank=True)
    scopes = models.CharField(max_length=1000, blank=True)
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    version = models.PositiveBigIntegerField(default=1, db_default=1)
    is_unsure = models.BooleanField(default=False, db_default=False)
    health = models.CharField(
        max_length=10, choices=TokenHealth.choices, default=TokenHealth.WELL, db_default=TokenHealth.WELL
    )
    trouble = models.CharField(max_length=60, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("tokens of a provider")
        verbose_name_plural = _("tokens of providers")
        constraints = (models.UniqueConstraint(fields=["identity", "sid"], name="tokens_of_upstream_session"),)
        indexes = (
            models.Index(fields=["given_at", "id"], condition=~models.Q(sid=""), name="tokens_of_sessions_by_age"),
        )

    def __str__(self) -> str:
        return f"{self.identity_id}: {self.health}"


class RevocationState(models.TextChoices):
    """How far it is with telling a provider that tokens are over."""

    WAITING = "waiting", _("waiting")
    DONE = "done", _("done")
    GIVEN_UP = "given_up", _("given up")


class Leaving(Retryable, Leased):
    """Tokens that were taken out of the vault and are to be revoked at their provider (ADR 24).

    Nothing here says whose they were: each is encrypted for this row, and goes as soon as nobody tries any more. Only
    of who has signed out the identity's number is kept as long, and the session's name (``sid``) where it had one, to
    see whether they have come back. ``expires_at`` comes with the end, so that people can look.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=32)
    issuer = models.CharField(max_length=255)
    because = models.CharField(max_length=20)
    identity_id = models.BigIntegerField(null=True)
    sid = models.CharField(max_length=255, blank=True, default="", db_default="")
    access = models.TextField(blank=True)
    refresh = models.TextField(blank=True)
    state = models.CharField(
        max_length=10,
        choices=RevocationState.choices,
        default=RevocationState.WAITING,
        db_default=RevocationState.WAITING,
    )
    trouble = models.CharField(max_length=60, blank=True, default="", db_default="")
    expires_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("sign-out at a provider")
        verbose_name_plural = _("sign-outs at providers")
        indexes = (
            models.Index(fields=["next_attempt_at"], condition=WAITING, name="leaving_due"),
            models.Index(fields=["expires_at"], condition=models.Q(expires_at__isnull=False), name="leaving_expires"),
        )

    def __str__(self) -> str:
        return f"{self.provider}: {self.state}"


class HeardLogout(models.Model):
    """A logout token that has come, by a digest of its issuer and ``jti``: until it expires it may not come again."""

    digest = models.CharField(primary_key=True, max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("logout token")
        verbose_name_plural = _("logout tokens")

    def __str__(self) -> str:
        return self.digest[:8]


class RefusedIdentity(models.Model):
    """An identity that a provider vouched for, that was refused and leads to no account: one row for each (ADR 37).

    What came is that of the last refusal, whose ``reference`` this is; an entry of the trail names the row. ``account``
    is the id of the account that the refusal was about: where ``reason`` is a clash, the one whose address it is. It
    is a plain id, so that an account goes without asking here.
    """

    provider = models.CharField(_("provider"), max_length=32)
    issuer = models.CharField(_("issuer"), max_length=255)
    subject = models.CharField(_("subject"), max_length=255)
    email = models.CharField(_("address"), max_length=LONGEST, blank=True)
    # Written with the address by whoever keeps the row (``refused.keeping``); NULL where there is none.
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
        indexes = (models.Index(fields=["canonical_email"], name="refusedidentity_address"),)

    def __str__(self) -> str:
        return f"{self.provider}: {self.email or self.name or self.subject}"

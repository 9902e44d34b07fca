"""The providers' tables: encrypted tokens, revocations, used logout tokens, refused identities, upstream issuers."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Identity, Tenant
from foundation.canonical_email import LONGEST
from jobs.retry import WAITING, Leased, Peer, Retryable
from providers import issuer_rules as rules


class TokenHealth(models.TextChoices):
    """Whether the tokens of an identity can be refreshed."""

    WELL = "well", _("well")
    FAILING = "failing", _("the provider does not renew them at the moment")
    DEAD = "dead", _("over: the person has to sign in there again")


class UpstreamTokens(Leased, Peer):
    """The tokens that a provider issued for one identity in one session there, each encrypted for it (ADR 20, 35).

    ``sid`` is the provider's id of its session. It is empty if the provider has none; then the identity has one row.
    ``version`` increases with every pair of tokens. A refresh is only written over the version that it read.
    ``is_unverified``: the refresh token has been sent, and the answer was lost or not trusted, so the provider may have
    replaced it.
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
    is_unverified = models.BooleanField(default=False, db_default=False)
    health = models.CharField(
        max_length=10, choices=TokenHealth.choices, default=TokenHealth.WELL, db_default=TokenHealth.WELL
    )
    detail = models.CharField(max_length=60, blank=True, default="", db_default="")

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
    """The progress of revoking tokens at their provider."""

    WAITING = "waiting", _("waiting")
    DONE = "done", _("done")
    GIVEN_UP = "given_up", _("given up")


class UpstreamRevocation(Retryable, Leased):
    """Tokens that were taken out of the vault and must be revoked at their provider (ADR 24).

    Nothing here names a person: each token is encrypted for this row and is deleted with the last attempt. Only after
    a sign-out are ``identity_id`` and ``sid`` (if there is one) stored until then, to detect that the person has
    signed in again. ``expires_at`` is set at the end, so that administrators can see the result for a while.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=32)
    issuer = models.CharField(max_length=255)
    reason = models.CharField(max_length=20)
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
    detail = models.CharField(max_length=60, blank=True, default="", db_default="")
    expires_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("sign-out at a provider")
        verbose_name_plural = _("sign-outs at providers")
        indexes = (
            models.Index(fields=["next_attempt_at"], condition=WAITING, name="revocation_due"),
            models.Index(
                fields=["expires_at"], condition=models.Q(expires_at__isnull=False), name="revocation_expires"
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider}: {self.state}"


class SeenLogoutToken(models.Model):
    """A logout token that was used, as a digest of its issuer and ``jti``. It cannot be used again until it expires."""

    digest = models.CharField(primary_key=True, max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("logout token")
        verbose_name_plural = _("logout tokens")

    def __str__(self) -> str:
        return self.digest[:8]


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


class UpstreamIssuer(models.Model):
    """An issuer whose access tokens the API accepts besides our own (ADR 61). Superusers configure it.

    ``audiences`` are the identifiers by which the issuer names our API. ``scope_claims`` are paths to claims with the
    issuer's scopes or roles, and ``scopes`` maps each of these to scopes of ours. One that is not mapped gives nothing.
    The claims for the address and the name are only for accounts that a token creates, and only if the issuer is not
    that of a provider: a provider knows where its claims are and whether to trust them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100)
    issuer = models.CharField(
        _("issuer"), max_length=255, unique=True, help_text=_("Exactly as in its tokens, a slash at the end included.")
    )
    audiences = ArrayField(
        models.CharField(max_length=255, validators=[rules.check_audience]),
        verbose_name=_("audiences"),
        help_text=_("The identifiers of our API there, one on each line. Never the client ID of an app."),
    )
    algorithms = ArrayField(
        models.CharField(max_length=10, validators=[rules.check_algorithm]),
        default=rules.usual_algorithms,
        verbose_name=_("algorithms"),
        help_text=_("By which its tokens are signed, one on each line, such as RS256."),
    )
    scope_claims = ArrayField(
        models.CharField(max_length=255, validators=[rules.check_path]),
        default=rules.usual_scope_claims,
        verbose_name=_("claims with scopes"),
        help_text=_("Where its scopes or roles are, one on each line, such as scope, scp or realm_access.roles."),
    )
    scopes = models.JSONField(
        _("scopes"),
        default=dict,
        blank=True,
        validators=[rules.check_scopes],
        help_text=_("One of theirs and ours on each line, such as: read:books = books:read. All others give nothing."),
    )
    requires_typ = models.BooleanField(
        _("only at+jwt"),
        default=True,
        help_text=_("Accept only tokens that say in their header that they are access tokens (RFC 9068)."),
    )
    email_claim = models.CharField(_("claim with the address"), max_length=255, blank=True, default="email")
    email_verified_claim = models.CharField(
        _("claim that the address is verified"),
        max_length=255,
        blank=True,
        help_text=_("Empty: no address of this issuer counts as verified."),
    )
    name_claim = models.CharField(_("claim with the name"), max_length=255, blank=True, default="name")
    creates_accounts = models.BooleanField(
        _("creates accounts"),
        default=False,
        help_text=_("The first token of a person opens an account, as a first sign-in does."),
    )
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("tenant"),
        help_text=_("Its tokens work there only, for members. Empty: in each person's primary tenant."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("upstream issuer")
        verbose_name_plural = _("upstream issuers")
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        rules.check_issuer(self.issuer)

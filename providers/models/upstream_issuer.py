"""Issuers whose access tokens the API accepts."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from providers import issuer_rules as rules


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

"""Connections: providers that administrators have set up."""

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinLengthValidator, RegexValidator
from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Tenant
from providers import issuer_rules as rules
from providers.sign_up import SignUpPolicy
from tenancy.owned import ScopedManager

CANONICAL_ISSUER = Func("issuer", function="public.canonical_issuer")  # for comparing whose an issuer is
LONGEST_SLUG = 32  # characters, as wide as the columns that name a provider
SLUG = RegexValidator(r"\A[a-z][a-z0-9]*(-[a-z0-9]+)*\Z", _("Small letters and digits, with single hyphens between."))


class ConnectionKind(models.TextChoices):
    """The kinds of providers: each is the package of this name in ``providers``."""

    OIDC = "oidc", _("OpenID Connect")
    GOOGLE = "google", "Google"
    MICROSOFT = "microsoft", "Microsoft"
    GITHUB = "github", "GitHub"
    KEYCLOAK = "keycloak", "Keycloak"


class Connection(models.Model):
    """A provider that somebody set up, for the site or for one tenant (ADR 71).

    ``slug`` is the provider's id in URLs, identities, sessions and rules; it never changes. ``version`` increases with
    each change, so that processes notice it. ``tested_at`` is when its present configuration passed a test sign-in,
    without which it cannot be active.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.CharField(_("short name"), max_length=LONGEST_SLUG, unique=True, validators=[SLUG], editable=False)
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("tenant"),
        help_text=_("Empty: for the whole site."),
    )
    kind = models.CharField(_("kind"), max_length=16, choices=ConnectionKind.choices)
    preset = models.CharField(_("service"), max_length=32, blank=True)
    label = models.CharField(_("label"), max_length=60, help_text=_("On the button: what people call it."))
    issuer = models.CharField(
        _("issuer"),
        max_length=255,
        help_text=_("Exactly as in its tokens, a slash at the end included; for GitHub, its address."),
    )
    client_id = models.CharField(_("client ID"), max_length=255)
    client_secret = models.TextField(_("client secret"), editable=False)
    signing_algorithms = ArrayField(
        models.CharField(max_length=10, validators=[rules.check_algorithm]),
        default=rules.usual_algorithms,
        verbose_name=_("algorithms"),
        help_text=_("By which its ID tokens are signed, one on each line, such as RS256."),
    )
    sign_up = models.CharField(_("new people"), max_length=16, choices=SignUpPolicy.choices, default=SignUpPolicy.OPEN)
    sign_up_domains = ArrayField(
        models.CharField(max_length=253, validators=[MinLengthValidator(3)]),
        default=list,
        blank=True,
        verbose_name=_("domains"),
    )
    sign_up_role = models.ForeignKey(
        Role,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("their role"),
        help_text=_("In the tenant, of people who come through this connection for the first time."),
    )
    is_listed = models.BooleanField(
        _("on the sign-in page"), default=True, help_text=_("A tenant's connection is never on the page for everybody.")
    )
    is_active = models.BooleanField(_("active"), default=False)
    tested_at = models.DateTimeField(_("tested"), null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects: ClassVar[models.Manager["Connection"]] = ScopedManager(tenant="tenant_id")

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ("label", "id")
        indexes = (models.Index(CANONICAL_ISSUER, name="connection_issuer"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(tested_at__isnull=False),
                name="connection_active_is_tested",
                violation_error_message=_("Only a connection that passed a test sign-in can be switched on."),
            ),
            models.CheckConstraint(
                condition=Q(tenant=None) | Q(sign_up_role__isnull=False),
                name="connection_of_tenant_has_role",
                violation_error_message=_("Choose the role of people who come for the first time."),
            ),
        )

    def __str__(self) -> str:
        return self.label

    def save(self, *args: Any, **options: Any) -> None:
        """Save every column, as each change makes a new version."""
        if not self._state.adding:
            self.version += 1
        super().save(*args, **options)

    def clean(self) -> None:
        rules.check_issuer(self.issuer)
        if self.sign_up_role and not (self.tenant_id and self.sign_up_role.fits(self.tenant_id)):
            raise ValidationError({"sign_up_role": _("This role belongs to another tenant.")})
        if self.sign_up == SignUpPolicy.DOMAINS and not self.sign_up_domains:
            raise ValidationError({"sign_up_domains": _("Name the domains, one on each line.")})

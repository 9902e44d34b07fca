"""Clients: the programs that trust us, with their secrets, and what they may ask for."""

import secrets
import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.tenant import SCOPE_WORD, Tenant
from accounts.models.user import User
from authserver.models.signing_key import SigningAlgorithm
from tenancy.owned import ScopedManager


def new_client_uuid() -> uuid.UUID:
    """Return a random UUID of version 8 (RFC 9562, section 5.8).

    People have UUIDs of version 4. So the ``sub`` of a client is never that of a person, by construction.
    """
    number = secrets.randbits(128)
    number = number & ~(0xF << 76) | 8 << 76
    return uuid.UUID(int=number & ~(0b11 << 62) | 0b10 << 62)


class GrantType(models.TextChoices):
    """How a client gets tokens (RFC 6749, section 1.3; RFC 8628)."""

    AUTHORIZATION_CODE = "authorization_code", _("People sign in (authorization code)")
    REFRESH_TOKEN = "refresh_token", _("Tokens are refreshed")  # the name of a grant
    CLIENT_CREDENTIALS = "client_credentials", _("It acts in its own name (client credentials)")
    DEVICE_CODE = "device_code", _("People sign in on another device (device code)")


class RefreshPolicy(models.TextChoices):
    """What happens when a refresh token is used twice (ADR 50)."""

    STRICT = "strict", _("strict: any second use ends the grant")
    WEB = "web", _("web: a repeated request within seconds gets the same answer")
    AGENT = "agent", _("agent: a lost answer is given again, a fork ends the grant")


class TokenFormat(models.TextChoices):
    JWT = "jwt", _("JWT, which resource servers verify offline (RFC 9068)")
    OPAQUE = "opaque", _("opaque, which resource servers ask us about (RFC 7662)")


def _words(**options: Any) -> "ArrayField[list[str], list[str]]":
    return ArrayField(models.CharField(max_length=100, validators=[SCOPE_WORD]), default=list, blank=True, **options)


def _urls(**options: Any) -> "ArrayField[list[str], list[str]]":
    return ArrayField(models.CharField(max_length=500), default=list, blank=True, **options)


class RegisteredScope(models.Model):
    """A scope that clients can ask for, in words that people understand."""

    name = models.CharField(_("name"), primary_key=True, max_length=100, validators=[SCOPE_WORD])
    description = models.CharField(
        _("description"),
        max_length=200,
        blank=True,
        help_text=_("Completes “This app wants to …” on the page that asks people."),
    )
    is_advertised = models.BooleanField(
        _("advertised"),
        default=False,
        help_text=_("Listed in the metadata. Some apps ask for every scope that is listed, so keep the list short."),
    )
    includes = ArrayField(
        models.CharField(max_length=100, validators=[SCOPE_WORD]),
        default=list,
        blank=True,
        verbose_name=_("includes"),
        help_text=_("Scopes that it stands for as well, separated by commas: users:write may include users:read."),
    )

    class Meta:
        verbose_name = _("scope")
        verbose_name_plural = _("scopes")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Resource(models.Model):
    """A resource server for which tokens can be issued, by its identifier (RFC 8707)."""

    identifier = models.CharField(
        _("identifier"), max_length=500, unique=True, help_text=_("An absolute URL, the audience of its tokens.")
    )
    name = models.CharField(_("name"), max_length=100)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("tenant"))

    objects: ClassVar[models.Manager[Any]] = ScopedManager(tenant="tenant_id")

    class Meta:
        verbose_name = _("resource server")
        verbose_name_plural = _("resource servers")
        ordering = ("identifier",)

    def __str__(self) -> str:
        return self.name


class Client(models.Model):
    """A program that trusts us. ``authserver.clients.registration`` is the only way to create one.

    It belongs to a tenant, or to the site. Tokens issued before ``not_before`` are invalid.
    """

    id = models.UUIDField(primary_key=True, default=new_client_uuid, editable=False)
    client_id = models.CharField(_("client ID"), max_length=500, unique=True, editable=False)
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="clients",
        verbose_name=_("tenant"),
        help_text=_("Empty: it belongs to the site."),
    )
    name = models.CharField(_("name"), max_length=100)
    is_public = models.BooleanField(
        _("public"), default=False, help_text=_("It cannot keep a secret: it runs in a browser or on people's devices.")
    )
    is_first_party = models.BooleanField(
        _("our own"), default=False, help_text=_("People are not asked whether it may act for them.")
    )
    is_delegated = models.BooleanField(
        _("delegated"),
        default=False,
        help_text=_("In its own name it has at most the scopes that whoever registered it has at that moment."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    grants = ArrayField(
        models.CharField(max_length=40, choices=GrantType.choices), default=list, verbose_name=_("grants")
    )
    scopes = _words(verbose_name=_("scopes"), help_text=_("All that it may ask for."))
    resources = _urls(verbose_name=_("resource servers"), help_text=_("Identifiers for which it may get tokens."))
    redirect_uris = _urls(verbose_name=_("redirect URIs"))
    web_origins = _urls(
        db_default=[],
        verbose_name=_("web origins"),
        help_text=_("Of pages whose scripts may read what we answer to this app (CORS)."),
    )
    post_logout_redirect_uris = _urls(verbose_name=_("redirect URIs after signing out"))
    backchannel_logout_uri = models.CharField(
        _("back-channel logout URI"),
        max_length=500,
        blank=True,
        help_text=_("It is called when people sign out here (OpenID Connect Back-Channel Logout 1.0)."),
    )
    token_format = models.CharField(
        _("access tokens"), max_length=10, choices=TokenFormat.choices, default=TokenFormat.JWT
    )
    refresh_policy = models.CharField(
        _("refresh policy"), max_length=10, choices=RefreshPolicy.choices, default=RefreshPolicy.WEB
    )
    signing_algorithm = models.CharField(
        _("signing algorithm"), max_length=10, choices=SigningAlgorithm.choices, default=SigningAlgorithm.RS256
    )
    is_pkce_optional = models.BooleanField(
        _("certification: PKCE not required"),
        default=False,
        help_text=_("For the conformance suite, in development only."),
    )
    service = models.ForeignKey(
        "authserver.ServiceAccount",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="clients",
        verbose_name=_("service account"),
        help_text=_("As which it acts in its own name. It stops when the service is deleted."),
    )
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", editable=False, verbose_name=_("registered by")
    )
    created_at = models.DateTimeField(_("registered"), default=timezone.now, editable=False)
    not_before = models.DateTimeField(_("nothing given before this serves any more"), null=True, editable=False)

    objects: ClassVar[models.Manager[Any]] = ScopedManager(tenant="tenant_id")

    class Meta:
        verbose_name = _("app")
        verbose_name_plural = _("apps")
        ordering = ("name", "id")
        indexes = (models.Index(fields=["tenant", "name", "id"], name="client_of_tenant"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(service=None) | Q(tenant__isnull=False), name="client_of_service_has_tenant"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **options: Any) -> None:
        self.client_id = self.client_id or str(self.pk)
        super().save(*args, **options)

    def allows(self, grant: GrantType) -> bool:
        return grant.value in self.grants


class ClientSecret(models.Model):
    """A secret of a client: random, stored as a salted digest. Two are valid at once, so that one can be replaced."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="secrets", verbose_name=_("app"))
    digest = models.CharField(max_length=100, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    class Meta:
        verbose_name = _("secret")
        verbose_name_plural = _("secrets")
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="client_secret_expires"),
        )

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}"

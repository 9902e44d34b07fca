"""Service accounts: programs of a tenant that act in their own name, with their API keys and certificates."""

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.tenant import SCOPE_WORD, Tenant
from accounts.models.user import User
from authserver.models.client import new_client_uuid
from tenancy.owned import ScopedManager, TenantOwned


def _scopes(help_text: Any) -> "ArrayField[list[str], list[str]]":
    return ArrayField(
        models.CharField(max_length=100, validators=[SCOPE_WORD]),
        default=list,
        blank=True,
        verbose_name=_("scopes"),
        help_text=help_text,
    )


class ServiceAccount(TenantOwned):
    """A program of a tenant, with a person who answers for it: it may do at most what its owner may do now (ADR 52).

    ``owner_not_before`` is the owner's ``not_before`` when they took it over. The service works while both are equal.
    Its keys carry ``not_before``, so that all of them end when it is given to another owner, or started again.
    Its UUID is of version 8, so that it is never that of a person.
    """

    id = models.UUIDField(primary_key=True, default=new_client_uuid, editable=False)
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="service_accounts", verbose_name=_("tenant")
    )
    name = models.CharField(_("name"), max_length=100)
    purpose = models.CharField(_("purpose"), max_length=300, help_text=_("What it does, for whoever finds it later."))
    owner = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        related_name="service_accounts",
        verbose_name=_("owner"),
        help_text=_("A member of the tenant. The service stops when they leave."),
    )
    scopes = _scopes(_("All that it may do, as long as its owner may do it too."))
    is_active = models.BooleanField(_("active"), default=True)
    expires_at = models.DateTimeField(_("expires"))
    owner_not_before = models.DateTimeField(null=True, editable=False)
    not_before = models.DateTimeField(_("no key given before this serves any more"), null=True, editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", editable=False, verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("service account")
        verbose_name_plural = _("service accounts")
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "name"],
                name="service_name_unique",
                violation_error_message=_("The tenant has a service of this name already."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A key for the API, of a person or of a service: a public id, and the digest of a random secret.

    ``tenant`` is the one in which a person's key works, with the rights of their role there. ``not_before`` is that of
    the person or the service when the key was created: it works while both are equal (ADR 42). ``created_by`` is who
    created a service's key, and has seen it: it ends with their account, or when they are cut off (ADR 55).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    public_id = models.CharField(_("public part"), max_length=16, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    name = models.CharField(_("name"), max_length=100, help_text=_("Where the key is used."))
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="api_keys", verbose_name=_("user")
    )
    service = models.ForeignKey(
        ServiceAccount,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="api_keys",
        verbose_name=_("service account"),
    )
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("tenant")
    )
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", editable=False, verbose_name=_("created by")
    )
    scopes = _scopes(_("All that it may do, as long as its owner may do it too."))
    not_before = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    objects: ClassVar[models.Manager[Any]] = ScopedManager(tenant="tenant_id", person="user_id")

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ("-created_at", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(user__isnull=False, service=None)
                | Q(user=None, service__isnull=False, tenant__isnull=False),
                name="api_key_has_one_holder",
            ),
        )
        indexes = (
            models.Index(fields=["expires_at"], name="api_key_expires"),
            models.Index(fields=["tenant", "-created_at", "id"], name="api_key_of_tenant"),
        )

    def __str__(self) -> str:
        return f"{self.name} (vak_{self.public_id}…)"

    @property
    def is_usable(self) -> bool:
        """Whether the key itself is neither revoked nor expired. Its holder is asked about when it is used."""
        return self.revoked_at is None and self.expires_at > timezone.now()


class CertificateName(models.TextChoices):
    """By what a certificate is recognised (RFC 8705, section 2.1.2)."""

    SUBJECT = "subject", _("subject, as in RFC 4514")
    DNS = "dns", _("DNS name")
    URI = "uri", _("URI, such as a SPIFFE ID")
    EMAIL = "email", _("e-mail address")
    SHA256 = "sha256", _("SHA-256 of this one certificate")


class CertificateIdentity(TenantOwned):
    """A name in client certificates, or one certificate, that is a service account (RFC 8705)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(
        ServiceAccount, on_delete=models.CASCADE, related_name="certificates", verbose_name=_("service account")
    )
    kind = models.CharField(_("recognised by"), max_length=10, choices=CertificateName.choices)
    value = models.CharField(_("value"), max_length=1000)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("certificate identity")
        verbose_name_plural = _("certificate identities")
        ordering = ("kind", "value")
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "value"],
                name="certificate_identity_unique",
                violation_error_message=_("Certificates with this name are a service already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"

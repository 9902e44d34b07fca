"""Tenants, roles and memberships."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import Permission
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User
from tenancy.context import current
from tenancy.owned import InScope, ScopedManager, TenantOwned

SCOPE_WORD = RegexValidator(r"\A[\x21\x23-\x5B\x5D-\x7E]+\Z", _("A scope is one word (RFC 6749, section 3.3)."))


class TenantInScope(InScope):
    """The scope of tenants. For a person without an active tenant, it contains all tenants they are a member of."""

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        scope = current()
        if scope.is_site or scope.tenant_id or not scope.person_id:
            return super().as_sql(compiler, connection)
        column, parameters = compiler.compile(self.tenant)
        return f"{column} IN (SELECT tenant_id FROM accounts_membership WHERE user_id = %s)", (
            *parameters,
            scope.person_id,
        )


class TenantManager(models.Manager["Tenant"]):
    """Returns the tenant in scope, or those that the person in scope is a member of."""

    def get_queryset(self) -> models.QuerySet["Tenant"]:
        return super().get_queryset().filter(TenantInScope(tenant="id"))


def _shorter(name: Any, least: int, most: int) -> "models.PositiveSmallIntegerField[int | None, int | None]":
    limits = (MinValueValidator(least), MaxValueValidator(most))
    return models.PositiveSmallIntegerField(name, null=True, blank=True, validators=limits)


class Tenant(models.Model):
    """A customer, or another group with people and data of its own. Pages say "organization"."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=150)
    slug = models.SlugField(
        _("short name"), max_length=100, unique=True, blank=True, help_text=_("For addresses and the shell.")
    )
    session_idle_minutes = _shorter(_("minutes without use, at most"), 5, 1440)
    session_lifetime_hours = _shorter(_("hours in all, at most"), 1, 720)
    remembered_idle_days = _shorter(_("days without use, where somebody asked to be kept signed in"), 1, 90)
    remembered_lifetime_days = _shorter(_("days in all, where somebody asked to be kept signed in"), 1, 365)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = TenantManager()

    class Meta:
        verbose_name = _("tenant")
        verbose_name_plural = _("tenants")
        ordering = ("name", "id")
        indexes = (models.Index(fields=["name", "id"], name="tenant_by_name"),)

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **options: Any) -> None:
        self.slug = self.slug or _short_name(self)
        super().save(*args, **options)


def _short_name(tenant: Tenant) -> str:
    """Return a short name made of the name, and unique by the first digits of the random id."""
    return f"{slugify(tenant.name)[:80] or 'tenant'}-{str(tenant.pk)[:8]}"


class RoleManager(models.Manager["Role"]):
    """Returns global roles, and those of the tenant in scope."""

    def get_queryset(self) -> models.QuerySet["Role"]:
        return super().get_queryset().filter(InScope(tenant="tenant_id") | models.Q(tenant__isnull=True))


class Role(models.Model):
    """What a person may do in a tenant: permissions here, scopes in the API. Global roles can be granted in any."""

    name = models.CharField(_("name"), max_length=100)
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="roles",
        verbose_name=_("tenant"),
        help_text=_("Empty: a global role, for every tenant."),
    )
    description = models.CharField(_("description"), max_length=300, blank=True)
    permissions = models.ManyToManyField(Permission, blank=True, verbose_name=_("permissions"), related_name="+")
    scopes = ArrayField(
        models.CharField(max_length=100, validators=[SCOPE_WORD]),
        default=list,
        blank=True,
        verbose_name=_("scopes"),
        help_text=_("What programs may do on behalf of somebody with this role, separated by commas."),
    )

    provided = ArrayField(
        models.CharField(max_length=200),
        default=list,
        db_default=models.Value([], output_field=ArrayField(models.CharField(max_length=200))),
        blank=True,
        editable=False,
        verbose_name=_("given by the product"),
        help_text=_("Permissions that a built-in role has been given so far: what is new to the code is added once."),
    )

    objects = RoleManager()

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "name"],
                name="role_name_unique",
                nulls_distinct=False,
                violation_error_message=_("There is a role of this name already."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    def fits(self, tenant_id: uuid.UUID | None) -> bool:
        """Whether the role can be granted in a tenant: it is global, or belongs to that tenant."""
        return self.tenant_id is None or self.tenant_id == tenant_id


class Membership(TenantOwned):
    """The fact that a person belongs to a tenant, in a role."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user"))
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("tenant"))
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="memberships", verbose_name=_("role"))
    is_primary = models.BooleanField(
        _("primary"), default=False, db_default=False, help_text=_("Where the person is after signing in.")
    )
    rule = models.ForeignKey(
        "accounts.ClaimRule",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        editable=False,
        db_index=False,  # the partial index below is enough
        related_name="memberships",
        verbose_name=_("claim rule"),
        help_text=_("The rule that gave this, and takes it away; none where a person did."),
    )
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    objects: ClassVar[models.Manager["Membership"]] = ScopedManager(tenant="tenant_id", person="user_id")

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = (
            models.UniqueConstraint(
                fields=["user", "tenant"],
                name="membership_user_tenant_unique",
                violation_error_message=_("This person belongs to the tenant already."),
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(is_primary=True),
                name="membership_primary_unique",
                violation_error_message=_("This person has another primary tenant."),
            ),
        )
        indexes = (
            models.Index(fields=["rule"], condition=models.Q(rule__isnull=False), name="membership_given_by_rule"),
            models.Index(fields=["tenant", "role", "user"], name="membership_of_tenant"),
            models.Index(fields=["tenant", "id"], name="membership_newest"),
        )

    def __str__(self) -> str:
        return f"{self.user}, {self.role}"

    def clean(self) -> None:
        if self.role_id and not self.role.fits(self.tenant_id):
            raise ValidationError({"role": _("This role belongs to another tenant.")})

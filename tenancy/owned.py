"""Models whose rows belong to a tenant or to a person, with managers that return only rows in scope."""

from typing import Any, ClassVar, TypeVar

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _

from tenancy.context import current

Row = TypeVar("Row", bound=models.Model)


class InScope(Expression):
    """Whether a row is in the current scope. The scope is read when the query runs, not when it is built.

    In a tenant's context only the tenant counts, so that a person's memberships of other tenants stay hidden.
    """

    output_field = models.BooleanField()
    conditional = True

    def __init__(self, *, tenant: str = "", person: str = "") -> None:
        super().__init__()
        self.tenant: Any = models.F(tenant) if tenant else None
        self.person: Any = models.F(person) if person else None

    def get_source_expressions(self) -> list[Any]:
        return [self.tenant, self.person]

    def set_source_expressions(self, exprs: Any) -> None:
        self.tenant, self.person = exprs

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        scope = current()
        if scope.is_site:
            return "TRUE", ()
        for column, value in ((self.tenant, scope.tenant_id), (self.person, scope.person_id)):
            if column is not None and value is not None:
                sql, parameters = compiler.compile(column)
                return f"{sql} = %s", (*parameters, value)
        return "FALSE", ()


class ScopedManager(models.Manager[Row]):
    """Returns only rows in scope. Its arguments name the columns of the row's owner.

    For a reverse relation (``tenant.memberships``) Django creates a manager of this class without arguments. That one
    takes the columns from the model's default manager.
    """

    def __init__(self, *, tenant: str = "", person: str = "") -> None:
        super().__init__()
        self._named = {"tenant": tenant, "person": person}

    def get_queryset(self) -> models.QuerySet[Row]:
        return super().get_queryset().filter(InScope(**self._owners()))

    def _owners(self) -> dict[str, str]:
        own = self.model._default_manager  # noqa: SLF001  # Django documents this attribute
        return self._named if any(self._named.values()) or not isinstance(own, ScopedManager) else own._named  # noqa: SLF001


class TenantOwned(models.Model):
    """A row that belongs to one tenant. Its table needs ``EnableTenantIsolation`` in its migration."""

    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.CASCADE, verbose_name=_("tenant"))

    objects: ClassVar[models.Manager[Any]] = ScopedManager(tenant="tenant_id")

    class Meta:
        abstract = True


class PersonOwned(models.Model):
    """A row that belongs to one person. Its table needs ``EnableOwnerIsolation`` in its migration."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("user"))

    objects: ClassVar[models.Manager[Any]] = ScopedManager(person="user_id")

    class Meta:
        abstract = True


def has_owner(model: type[models.Model]) -> bool:
    """Whether rows have an owner, so that some are visible only in a context.

    They have one by a mixin or a manager of this module, or by a required tenant.
    """
    return (
        issubclass(model, TenantOwned | PersonOwned)
        or isinstance(model._default_manager, ScopedManager)  # noqa: SLF001  # Django documents this attribute
        or any(
            field.related_model is apps.get_model("accounts", "Tenant") and not field.null
            for field in model._meta.concrete_fields
        )
    )

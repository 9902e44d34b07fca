"""System checks: the runtime role cannot bypass row-level security, and every table that needs it has it."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

from tenancy.owned import PersonOwned, TenantOwned, has_owner

BYPASSES = "SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
TABLES = """
    SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity FROM pg_class c
    WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)
"""


@register(Tags.database)
def role_cannot_bypass_isolation(
    app_configs: Any, databases: Sequence[str] | None = None, **_options: Any
) -> list[CheckMessage]:
    """Refuse a superuser and a role with BYPASSRLS: every tenant would see all rows, and no test would notice."""
    faults: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            cursor.execute(BYPASSES)
            role, is_superuser, bypasses = cursor.fetchone()
        if is_superuser or bypasses:
            what = "is a superuser" if is_superuser else "has BYPASSRLS"
            faults.append(
                Error(
                    f"The database role {role} {what}: row-level security does not isolate tenants from each other.",
                    hint="Give DATABASE_URL the runtime role (NOSUPERUSER NOBYPASSRLS).",
                    id="accounts.E001",
                )
            )
    return faults


@register(Tags.database)
def owned_tables_are_isolated(
    app_configs: Any, databases: Sequence[str] | None = None, **_options: Any
) -> list[CheckMessage]:
    """Compare the models with the existing tables. A table that is not migrated yet is skipped."""
    return [
        Error(
            f"The table {table} holds rows of tenants or of people, and row-level security does not guard it.",
            hint="Add EnableTenantIsolation or EnableOwnerIsolation to its migration. If it is the table of a "
            "many-to-many field, give it a model of its own first (docs/tenancy.md).",
            id="accounts.E002",
        )
        for alias in databases or ()
        for table in _open_tables(connections[alias])
    ]


@register(Tags.models)
def rows_have_one_kind_of_owner(app_configs: Any, **_options: Any) -> list[CheckMessage]:
    return [
        Error(
            "The model belongs to tenants and to people: PostgreSQL shows a row if either policy allows it.",
            hint="Choose TenantOwned or PersonOwned; refer to the other by a plain foreign key (docs/tenancy.md).",
            obj=model,
            id="accounts.E003",
        )
        for model in apps.get_models()
        if all(issubclass(model, mixin) for mixin in (TenantOwned, PersonOwned))
    ]


def guarded_models() -> Iterator[type[models.Model]]:
    """Yield every model whose rows have an owner.

    The automatic table of a many-to-many field of such a model is included, because it refers to those rows.
    """
    for model in apps.get_models(include_auto_created=True):
        if has_owner(model) or (model._meta.auto_created and any(map(has_owner, _referred(model)))):
            yield model


def _referred(model: type[models.Model]) -> Iterator[type[models.Model]]:
    for field in model._meta.concrete_fields:
        if isinstance(field.related_model, type):
            yield field.related_model


def _open_tables(connection: BaseDatabaseWrapper) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        is_guarded = dict(cursor.fetchall())
    for model in guarded_models():
        if not is_guarded.get(model._meta.db_table, True):
            yield model._meta.db_table

"""Rows of every table that matters for two tenants, made without knowing the tables: a new model needs no line here."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import QuerySet

from accounts.models import Membership, Tenant, User
from tenancy import site_context
from tenancy.checks import guarded_models

GUARDED = "SELECT relname FROM pg_class WHERE relrowsecurity AND pg_table_is_visible(oid)"
WRITABLE = "SELECT relname FROM pg_class WHERE has_table_privilege(oid, 'INSERT') AND pg_table_is_visible(oid)"
TWICE = 2  # rows of each table for each tenant
EITHER = {"authserver.ApiKey": ("user", "service")}  # of which a row has one, each in its turn


class NobodyKnowsHowToFill(Exception):
    """A field of a kind that no model had before: say in ``_value`` how a row gets one."""


def models_under_guard() -> list[type[models.Model]]:
    """Those that ought to be guarded, and those whose tables are, whatever the reason."""
    tables = _tables(GUARDED)
    found = {model for model in apps.get_models(include_auto_created=True) if model._meta.db_table in tables}
    return sorted({*found, *guarded_models()}, key=lambda model: model._meta.label)


def models_of_people_and_admin() -> list[type[models.Model]]:
    """What the admin shows or could: everything that is registered or under guard, or names a person."""
    registered: set[type[models.Model]] = set(admin.site._registry)  # noqa: SLF001  # there is no public way to ask
    of_people = {model for model in apps.get_models() if User in {one.related_model for one in model._meta.fields}}
    tables = _tables(WRITABLE)  # the trail is written by the database alone
    found = {*models_under_guard(), *registered, *of_people} - {User}
    return sorted((model for model in found if model._meta.db_table in tables), key=lambda model: model._meta.label)


def _tables(question: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return {table for (table,) in cursor.fetchall()}


@dataclass
class Side:
    """One tenant with two people and with rows of every table, all of which carry its mark.

    Tenant and people are made unless there are some, who belong to it already.
    """

    mark: str
    tables: list[type[models.Model]] = field(default_factory=models_under_guard)
    tenant: Tenant = field(default_factory=Tenant)
    people: list[User] = field(default_factory=list)
    rows: dict[type[models.Model], list[Any]] = field(default_factory=dict)

    def fill(self) -> None:
        with site_context("a test fills every table"):
            if self.people:
                known = Membership.objects.filter(tenant=self.tenant, user__in=self.people)
                self.rows[Membership] = list(known.order_by("pk"))
            else:
                self.people = [User.objects.create_user(name=f"Person {number}") for number in range(TWICE)]
                self.tenant = Tenant.objects.create(name=self.mark)
            self.rows[Tenant] = [self.tenant]
            for model in self.tables:
                for number in range(TWICE):
                    self._row(model, number)

    def _row(self, model: type[models.Model], number: int) -> Any:
        known = self.rows.setdefault(model, [])
        if model is Tenant or number < len(known):
            return known[min(number, len(known) - 1)]
        values = {
            one.name: value
            for one in model._meta.concrete_fields
            for value in self._values(one, number)
            if value is not None
        }
        for turn, name in enumerate(EITHER.get(model._meta.label, ())):
            if turn != number % 2:
                values.pop(name, None)
        row = model._base_manager.create(**values)  # noqa: SLF001  # Django documents it
        known.append(row)
        return row

    def _values(self, one: Any, number: int) -> Iterator[Any]:
        """Give a value, or none where the row does without."""
        related = one.related_model
        if isinstance(related, type):
            if related is User:
                yield self.people[number]
            elif related in self.tables:
                yield self._row(related, number)
            elif not one.null:
                found: Any = QuerySet(related).order_by("pk").first()
                yield found or self._row(related, number)
        elif not (isinstance(one, models.AutoField) or one.null or one.has_default() or one.has_db_default()):
            yield self._value(one, number)

    def _value(self, one: Any, number: int) -> Any:
        if one.choices:
            return one.choices[0][0]
        if isinstance(one, ArrayField):
            return [self._value(one.base_field, number)]
        for kind, value in self._kinds(number):
            if isinstance(one, kind):
                return value[: one.max_length] if isinstance(value, str) else value
        raise NobodyKnowsHowToFill(f"{one}: {type(one).__name__}")

    def _kinds(self, number: int) -> Iterator[tuple[type[models.Field[Any, Any]], Any]]:
        """More particular kinds come before those that they are kinds of."""
        text = f"{number}-{self.mark}"
        yield models.EmailField, f"{text}@example.com"
        yield models.URLField, f"https://{self.mark}.example/{number}"
        yield models.CharField, text
        yield models.TextField, text
        yield models.UUIDField, uuid4()
        yield models.BooleanField, False
        yield models.DateTimeField, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
        yield models.DateField, date(2026, 1, 1) + timedelta(days=number)
        yield models.TimeField, time(number % 24)
        yield models.DurationField, timedelta(days=number)
        yield models.DecimalField, Decimal(number)
        yield models.FloatField, float(number)
        yield models.IntegerField, number
        yield models.JSONField, {"mark": text}
        yield models.BinaryField, text.encode()
        yield models.GenericIPAddressField, f"192.0.2.{number % 256}"


def remove(side: Side) -> None:
    """Take every guarded row of a tenant away, until the test's transaction is rolled back."""
    statements, keys = [], []
    for model, rows in side.rows.items():
        statements.append(f'DELETE FROM "{model._meta.db_table}" WHERE "{model._meta.pk.column}"::text = ANY(%s)')  # noqa: S608
        keys.append([str(row.pk) for row in rows])
    with site_context("a test takes a tenant away"), connection.cursor() as cursor:
        cursor.execute("; ".join(statements), keys)

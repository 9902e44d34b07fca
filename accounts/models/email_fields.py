"""Model fields for e-mail addresses: one as entered, and one with the canonical form, the only one to compare."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django import forms
from django.db import models
from django.db.models.base import ModelBase
from django.forms import EmailInput

from foundation.canonical_email import LONGEST, canonical_or_none, validate_canonical

Row = TypeVar("Row", bound=models.Model)
Set = TypeVar("Set", contravariant=True)  # noqa: PLC0105  # the type that a field accepts
Get = TypeVar("Get", covariant=True)  # noqa: PLC0105  # the type that it returns


class EmailFormField(forms.CharField):
    """A form field. Django's accepts addresses that cannot be encoded, and rejects letters of other scripts."""

    widget = EmailInput
    default_validators = [validate_canonical]


class EmailField(models.EmailField[Set, Get]):
    """An address as entered. Never compare it: see CanonicalField."""

    default_validators = [validate_canonical]

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": EmailFormField, **kwargs})


class CanonicalField(models.CharField[str | None, str | None]):
    """The canonical form of the address in the field ``of``; NULL if that has none (ADR 27).

    Every save and every bulk write sets it. A trigger keeps it correct for writes that bypass Django.
    """

    def __init__(self, *args: Any, of: str = "email", **options: Any) -> None:
        self.of = of
        fixed = {"max_length": LONGEST, "null": True, "editable": False, "db_collation": "C"}
        super().__init__(*args, **{**options, **fixed})

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        for fixed in ("max_length", "null", "editable", "db_collation"):
            del options[fixed]
        return name, path, args, {**options, "of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:  # noqa: FBT001  # Django's signature
        value = canonical_or_none(getattr(model_instance, self.of))
        setattr(model_instance, self.attname, value)
        return value


class EmailQuerySet(models.QuerySet[Row]):
    """A queryset whose bulk writes of addresses set the canonical forms too."""

    def update(self, **values: Any) -> int:
        """Raises TypeError for an address that is an SQL expression: only Python can compute the canonical form."""
        for field in canonical_fields(self.model):
            if field.of not in values or field.name in values:
                continue
            given = values[field.of]
            if hasattr(given, "resolve_expression"):
                raise TypeError(f"set {field.of} to a string, not an expression: {field.name} is computed from it")
            values[field.name] = canonical_or_none(given)
        return super().update(**values)

    def bulk_update(self, objs: Iterable[Row], fields: Iterable[str], batch_size: int | None = None) -> int:
        rows, names = list(objs), list(fields)
        for field in canonical_fields(self.model):
            if field.of in names:
                names.append(field.name)
                for row in rows:
                    field.pre_save(row, False)  # noqa: FBT003  # Django's signature
        return super().bulk_update(rows, names, batch_size=batch_size)

    bulk_update.alters_data = update.alters_data = True  # type: ignore[attr-defined]  # Django's mark for templates


class WithEmail(models.Model):
    """A model with such fields: ``update_fields`` with an address includes its canonical form."""

    class Meta:
        abstract = True

    def save(
        self,
        *,
        force_insert: bool | tuple[ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        names = with_canonical(type(self), update_fields)
        super().save(force_insert=force_insert, force_update=force_update, using=using, update_fields=names)


def with_canonical(model: type[models.Model], names: Iterable[str] | None) -> list[str] | None:
    """Return the names of the fields to write, with the canonical fields of all addresses among them."""
    if names is None:
        return None
    wanted = list(names)
    return [*wanted, *(field.name for field in canonical_fields(model) if field.of in wanted)]


def canonical_fields(model: type[models.Model]) -> list[CanonicalField]:
    return [field for field in model._meta.concrete_fields if isinstance(field, CanonicalField)]

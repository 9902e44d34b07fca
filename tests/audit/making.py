"""Creates rows of any model by introspection, and alters them."""

import json
from itertools import count
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.expressions import Expression

from accounts.models import Role, User
from tests.tenancy.rows import Side


class Maker(Side):
    """Makes rows that nothing refers to. Each has its own related rows, so that all rows differ."""

    def __init__(self) -> None:
        super().__init__(mark="made")
        self.numbers = count(1)

    def new(self, model: type[models.Model], **given: Any) -> models.Model:
        """Return an unsaved row with all required fields filled."""
        number = next(self.numbers)
        given = given | self._together(model, given)
        values = {one.name: self._filled(one, number) for one in required(model) if one.name not in given}
        return model(**values, **given)

    def _together(self, model: type[models.Model], given: dict[str, Any]) -> dict[str, Any]:
        """Return columns that constraints require beside those that are given: of whom a key is, for example."""
        if "service" in given and model._meta.label in {"authserver.ApiKey", "authserver.Client"}:
            return {"tenant": given["service"].tenant}
        if model._meta.label == "authserver.ApiKey" and "user" not in given:
            return {"user": self.saved(User)}
        if model._meta.label == "providers.Connection" and "tenant" in given:
            return {"sign_up_role": self.saved(Role)}
        return {}

    def saved(self, model: type[models.Model], **given: Any) -> models.Model:
        if model is ContentType:
            return ContentType.objects.earliest("pk")
        row = self.new(model, **given)
        row.save(force_insert=True)
        return row

    def alter(self, row: models.Model) -> list[str]:
        """Give each required column another value. Return the names of the fields."""
        number = next(self.numbers)
        fields = alterable(type(row))
        for one in fields:
            setattr(row, one.name, self._filled(one, number))
        return [one.name for one in fields]

    def _filled(self, one: Any, number: int) -> Any:
        return self.saved(one.related_model) if one.related_model else self._value(one, number)


def required(model: type[models.Model]) -> list[Any]:
    return [
        one
        for one in model._meta.concrete_fields
        if not (_makes_itself(one) or one.null or one.has_default() or one.has_db_default())
    ]


def _makes_itself(one: Any) -> bool:
    return isinstance(one, models.AutoField | models.BigAutoField | models.SmallAutoField)


def alterable(model: type[models.Model]) -> list[Any]:
    """Return the required columns for which a value can be made up, or else the foreign keys."""
    own = [
        one
        for one in required(model)
        if not (
            one.primary_key
            or one.related_model
            or one.choices
            or getattr(one, "auto_now", False)
            or getattr(one, "auto_now_add", False)
        )
    ]
    return own or required(model)


def _sets_itself(one: Any) -> bool:
    return getattr(one, "auto_now", False) or getattr(one, "auto_now_add", False)


def as_json(row: models.Model) -> tuple[list[str], str]:
    """Return the columns of a row, and their values in the form that jsonb_populate_record reads."""
    values = {str(one.column): getattr(row, one.attname) for one in row._meta.concrete_fields}
    known = {column: value for column, value in values.items() if not isinstance(value, Expression)}
    return list(known), json.dumps(known, cls=DjangoJSONEncoder)

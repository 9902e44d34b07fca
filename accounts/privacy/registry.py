"""Which rows are whose personal data. Exports and erasures take every model from here.

A model that is audited with ``person=…`` declares it there. Any other model that refers to people is declared in the
``personal_data.py`` of its app; a system check fails for a model without either.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.db.models import Model, Q

from accounts.models import User
from audit.declarations import columns_of, declaration_of, tables
from foundation import discovery
from foundation.declarations import Audited, NotPersonalData, PersonalData


def declared() -> Mapping[str, PersonalData | NotPersonalData]:
    """Return every declaration by the lower-case label of its model. Raises ImproperlyConfigured."""
    return discovery.declared("personal_data", PersonalData, NotPersonalData)


def personal_data() -> Iterator[tuple[type[Model], PersonalData]]:
    """Yield every model with rows about people, in the order of their labels."""
    for model in sorted(tables(), key=lambda model: model._meta.label):
        found = _of(model)
        if isinstance(found, PersonalData):
            yield model, found


def undeclared() -> Iterator[type[Model]]:
    """Yield every model that refers to people and does not declare whether its rows are personal data."""
    for model in tables():
        if _of(model) is None and _refers_to_people(model):
            yield model


def rows_about(person: User, data: PersonalData) -> Q:
    """Return the condition that selects a data subject's rows."""
    found = Q(pk__in=[])
    for column in sorted(data.by):
        found |= Q(**{data.attribute(column): person.pk})
    if data.by_email and person.own_email:
        found |= Q(**{data.attribute(data.by_email): person.own_email})
    return found


def columns(model: type[Model], data: PersonalData) -> list[str]:
    """Return the columns that an export contains."""
    audited = declaration_of(model)
    return sorted(columns_of(model) - data.left_out - (audited.secret if isinstance(audited, Audited) else set()))


def _of(model: type[Model]) -> PersonalData | NotPersonalData | None:
    audited = declaration_of(model)
    person = audited.person if isinstance(audited, Audited) else ""
    return declared().get(model._meta.label_lower) or (PersonalData(model._meta.label, by={person}) if person else None)


def _refers_to_people(model: type[Model]) -> bool:
    return any(_is_user(field.related_model) for field in model._meta.concrete_fields if field.is_relation)


def _is_user(related: Any) -> bool:
    return related is not None and related is apps.get_model("accounts", "User")

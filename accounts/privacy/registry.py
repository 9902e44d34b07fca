"""Which rows are the data of which person: exports and erasures know of every model by this alone.

A model that is audited with ``person=…`` has said it there. Others that refer to people say it in the
``personal_data.py`` of their app; a system check refuses one that does neither.
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
    """Return every declaration, by the label of its model in small letters. Raises ImproperlyConfigured."""
    return discovery.declared("personal_data", PersonalData, NotPersonalData)


def personal_data() -> Iterator[tuple[type[Model], PersonalData]]:
    """Every model with rows about people, by its label."""
    for model in sorted(tables(), key=lambda model: model._meta.label):
        found = _of(model)
        if isinstance(found, PersonalData):
            yield model, found


def undeclared() -> Iterator[type[Model]]:
    """Every model that refers to people, and does not say whether its rows are their data."""
    for model in tables():
        if _of(model) is None and _refers_to_people(model):
            yield model


def rows_about(person: User, data: PersonalData) -> Q:
    """Return what the rows of a data subject have in common."""
    found = Q(pk__in=[])
    for column in sorted(data.by):
        found |= Q(**{data.attribute(column): person.pk})
    if data.by_email and person.own_email:
        found |= Q(**{data.attribute(data.by_email): person.own_email})
    return found


def columns(model: type[Model], data: PersonalData) -> list[str]:
    """Return the columns that are given out."""
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

"""How each model appears in the trail, as the ``audited.py`` of the installed apps declare it."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from django.apps import apps
from django.db.models import Model

from foundation import discovery
from foundation.declarations import Audited, NotAudited


def declared() -> Mapping[str, Audited | NotAudited]:
    """Return all declarations, keyed by the model's label in lower case. Raises ImproperlyConfigured."""
    return discovery.declared("audited", Audited, NotAudited)


def declaration_of(model: type[Model]) -> Audited | NotAudited | None:
    """Return the declaration of a model.

    A proxy has that of its concrete model, an automatic many-to-many table that of the model with the field.
    """
    concrete = model._meta.concrete_model or model
    automatic: type[Model] | None = concrete._meta.auto_created or None  # type: ignore[assignment]  # stubs say bool
    if automatic is None:
        return declared().get(concrete._meta.label_lower)
    source = declaration_of(automatic)
    return _through(model) if isinstance(source, Audited) else source


def audited() -> Iterator[tuple[type[Model], Audited]]:
    """Yield the concrete model and the declaration of every audited table."""
    for model in tables():
        found = declaration_of(model)
        if isinstance(found, Audited):
            yield model, found


def audited_tables() -> frozenset[str]:
    """Return the names of all audited tables."""
    return _audited_tables(tuple(apps.app_configs))


@lru_cache(maxsize=20)
def _audited_tables(_apps: tuple[str, ...]) -> frozenset[str]:
    return frozenset(model._meta.db_table for model, _declaration in audited())


def tables() -> Iterator[type[Model]]:
    """Yield every model that has its own table, including automatic ones."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            yield model


def columns_of(model: type[Model]) -> frozenset[str]:
    return frozenset(str(field.column) for field in model._meta.concrete_fields)


def _through(model: type[Model]) -> Audited:
    """Return the declaration of an automatic table: its rows belong to the person at one end, if there is one."""
    for field in model._meta.concrete_fields:
        if field.related_model and _is_of_people(field.related_model):
            return Audited(model._meta.label, person=str(field.column))
    return Audited(model._meta.label)


def _is_of_people(model: type[Model]) -> bool:
    found = declaration_of(model)
    return isinstance(found, Audited) and found.person == model._meta.pk.column

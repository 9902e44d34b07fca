"""How each model appears in the audit trail, by the ``audited.py`` of the installed apps."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from django.apps import apps
from django.db.models import Model

from foundation import discovery
from foundation.declarations import Audited, NotAudited


def declared() -> Mapping[str, Audited | NotAudited]:
    """Return every declaration, by the label of its model in small letters. Raises ImproperlyConfigured."""
    return discovery.declared("audited", Audited, NotAudited)


def declaration_of(model: type[Model]) -> Audited | NotAudited | None:
    """Return that of a model, its concrete model if it is a proxy, or the model whose automatic table it is."""
    concrete = model._meta.concrete_model or model
    automatic: type[Model] | None = concrete._meta.auto_created or None  # type: ignore[assignment]  # stubs say bool
    if automatic is None:
        return declared().get(concrete._meta.label_lower)
    source = declaration_of(automatic)
    return _through(model) if isinstance(source, Audited) else source


def audited() -> Iterator[tuple[type[Model], Audited]]:
    """Every table that is audited, once, by its concrete model."""
    for model in tables():
        found = declaration_of(model)
        if isinstance(found, Audited):
            yield model, found


def audited_tables() -> frozenset[str]:
    """Return their tables' names."""
    return _audited_tables(tuple(apps.app_configs))


@lru_cache(maxsize=20)
def _audited_tables(_apps: tuple[str, ...]) -> frozenset[str]:
    return frozenset(model._meta.db_table for model, _declaration in audited())


def tables() -> Iterator[type[Model]]:
    """Every model that has a table of its own, automatic ones included."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            yield model


def columns_of(model: type[Model]) -> frozenset[str]:
    return frozenset(str(field.column) for field in model._meta.concrete_fields)


def _through(model: type[Model]) -> Audited:
    """A row of an automatic table is the data of the person it points at, if one end is a table of people."""
    for field in model._meta.concrete_fields:
        if field.related_model and _is_of_people(field.related_model):
            return Audited(model._meta.label, person=str(field.column))
    return Audited(model._meta.label)


def _is_of_people(model: type[Model]) -> bool:
    found = declaration_of(model)
    return isinstance(found, Audited) and found.person == model._meta.pk.column

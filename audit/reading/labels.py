"""Labels for the content of entries, taken from the models, their fields and the events."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from django.apps import apps
from django.db.models import Field, Model
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from audit.context import ActorKind
from audit.declarations import declaration_of, tables
from audit.event_details import by_subject
from audit.events import events
from foundation.declarations import NotAudited

SECRET, PERSONAL = "(secret)", "(personal)"  # as the database's functions write them
CHANGES: Mapping[str, Any] = {"create": _("Created"), "update": _("Changed"), "delete": _("Deleted")}
ACTORS: Mapping[ActorKind, Any] = {
    ActorKind.SERVICE: _("service"),
    ActorKind.COMMAND: _("command"),
    ActorKind.JOB: _("job"),
    ActorKind.MIGRATION: _("migration"),
    ActorKind.DATABASE: _("database role"),
}
Choices = list[tuple[Any, Any]]


def actions() -> Choices:
    """Return the choices of all actions, in the reader's language."""
    return _actions(get_language(), tuple(apps.app_configs))


@lru_cache(maxsize=20)
def _actions(_language: str | None, _apps: tuple[str, ...]) -> Choices:
    changes = (str(_("Changes of rows")), [(name, str(label)) for name, label in CHANGES.items()])
    happenings = [
        (str(subject), [(event.value, str(event.label).removesuffix(".")) for event in found])
        for subject, found in by_subject(events().values()).items()
    ]
    return [changes, *happenings]


def happening(action: str) -> str:
    """Return the sentence of an event, or the verb of a change."""
    return _sentences(get_language(), tuple(apps.app_configs)).get(action) or str(CHANGES.get(action, readable(action)))


@lru_cache(maxsize=20)
def _sentences(_language: str | None, _apps: tuple[str, ...]) -> Mapping[str, str]:
    return {event.value: str(event.label) for event in events().values()}


def kinds_of_objects() -> Choices:
    """Return the choices of all tables that an entry may be about. Exempt models can be the objects of events."""
    return _kinds_of_objects(get_language(), tuple(apps.app_configs))


@lru_cache(maxsize=20)
def _kinds_of_objects(_language: str | None, _apps: tuple[str, ...]) -> Choices:
    groups: dict[str, list[tuple[str, str]]] = {}
    for model in tables():
        if isinstance(declaration_of(model), NotAudited) and model._meta.app_label == "audit":
            continue
        app = str(apps.get_app_config(model._meta.app_label).verbose_name)
        groups.setdefault(app, []).append((model._meta.db_table, name_of_model(model)))
    return [(app, sorted(found, key=lambda choice: choice[1])) for app, found in sorted(groups.items())]


@cache
def _models() -> dict[str, type[Model]]:
    return {model._meta.db_table: model for model in tables()}


def model_of(table: str | None) -> type[Model] | None:
    """Return the model of a table, or None if it does not exist any more."""
    model = _models().get(table or "")
    if model is None and table:
        _models.cache_clear()  # its app may have been installed since
        model = _models().get(table)
    return model


def name_of_model(model: type[Model]) -> str:
    """Return the name of a model. An automatic many-to-many table is named after both ends."""
    if model._meta.auto_created:
        ends = [field.related_model for field in model._meta.concrete_fields if isinstance(field.related_model, type)]
        return ", ".join(str(end._meta.verbose_name) for end in ends)
    return str(model._meta.verbose_name)


def kind_of_object(table: str | None) -> str:
    model = model_of(table)
    return name_of_model(model) if model else readable(table or "")


def field_of(model: type[Model] | None, column: str) -> "Field[Any, Any] | None":
    fields = model._meta.concrete_fields if model else ()
    return next((field for field in fields if field.column == column), None)


def name_of_column(model: type[Model] | None, column: str) -> str:
    field = field_of(model, column)
    return str(capfirst(field.verbose_name)) if field else capfirst(readable(column))


def readable(name: str) -> str:
    """Return a technical name with spaces."""
    return name.replace("_", " ").replace(".", " ")

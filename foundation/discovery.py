"""Reads the declarations of the installed apps from ``<app>/<file>.py``; the file names are the same in every app.

A wrong declaration stops the process at startup: a table that is not declared would silently not be recorded, not
purged and not cut off (ADR 47).
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import TypeVar

from django.apps import AppConfig, apps
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.utils.module_loading import module_has_submodule

from foundation.declarations import Declaration, OfModel

FILES = ("audited", "encrypted", "events", "personal_data", "purgeable", "revocable")

Kind = TypeVar("Kind", bound=Declaration)


def declared(file: str, *kinds: type[Kind]) -> Mapping[str, Kind]:
    """Return the declarations in the installed apps' files of this name, keyed by what each is about.

    They are in the order of INSTALLED_APPS, and are read once for each set of installed apps. Models must be loaded.
    Raises ImproperlyConfigured, naming the file, if it has no list DECLARATIONS or a value of another kind in it, if a
    model or column does not exist, if the model's own app has such files itself, and if something is declared twice.
    """
    return _read(file, kinds, tuple(apps.app_configs))


@lru_cache(maxsize=100)
def _read(file: str, kinds: tuple[type[Kind], ...], _apps: tuple[str, ...]) -> Mapping[str, Kind]:
    found: dict[str, Kind] = {}
    places: dict[str, str] = {}
    for app in apps.get_app_configs():
        if not _has(app, file):
            continue
        place = f"{app.name.replace('.', '/')}/{file}.py"
        for one in _listed(_imported(f"{app.name}.{file}", place), place, kinds):
            if isinstance(one, OfModel):
                _check(one, app, place)
            if one.about in found:
                raise ImproperlyConfigured(f"{place}: {one.about} is declared in {places[one.about]} already.")
            found[one.about], places[one.about] = one, place
    return found


def _imported(name: str, place: str) -> ModuleType:
    try:
        return import_module(name)
    except ValueError as wrong:  # raised by the declaration itself
        raise ImproperlyConfigured(f"{place}: {wrong}") from wrong


def _listed(module: ModuleType, place: str, kinds: tuple[type[Kind], ...]) -> Iterator[Kind]:
    listed = getattr(module, "DECLARATIONS", None)
    if not isinstance(listed, list):
        raise ImproperlyConfigured(f"{place}: it needs a list DECLARATIONS = […].")
    for one in listed:
        if not isinstance(one, kinds):
            wanted = " or ".join(kind.__name__ for kind in kinds)
            raise ImproperlyConfigured(f"{place}: {one!r} does not belong here, only {wanted}.")
        yield one


def _check(one: OfModel, app: AppConfig, place: str) -> None:
    try:
        model = one.model_class
    except (LookupError, ValueError):
        raise ImproperlyConfigured(f"{place}: there is no model {one.model}.") from None
    owner = apps.get_containing_app_config(model.__module__)
    if owner is not None and owner is not app and any(_has(owner, file) for file in FILES):
        raise ImproperlyConfigured(f"{place}: {one.model} is a model of {owner.name}, which declares its own.")
    unknown = one.columns - {str(known.column) for known in model._meta.concrete_fields}
    if unknown:
        raise ImproperlyConfigured(f"{place}: {one.model} has no column {', '.join(sorted(unknown))}.")
    try:
        model._base_manager.values_list(*one.paths)  # noqa: SLF001  # Django's own name for it
    except FieldError as unknown_path:
        raise ImproperlyConfigured(f"{place}: {one.model}: {unknown_path}") from None


def _has(app: AppConfig, file: str) -> bool:
    return app.module is not None and module_has_submodule(app.module, file)

"""Receivers of Django's signals that announce a coming change to the trail. They never record it (ADR 4).

They are connected for each audited model and its proxies. A receiver without a sender would cost every model the
single-statement delete.
"""

import math
from typing import Any

from django.apps import apps
from django.db.models import Model, signals

from audit import comment
from audit.comment import Announcement
from audit.declarations import audited, declaration_of
from foundation.declarations import Audited

_SAVING = frozenset({"INSERT", "UPDATE"})
_M2M_VERBS = {"pre_add": frozenset({"INSERT"}), "pre_remove": frozenset({"DELETE"}), "pre_clear": frozenset({"DELETE"})}
_tables: dict[type[Model], tuple[str, ...]] = {}


def connect() -> None:
    """Connect the receivers for all declared models."""
    for model in apps.get_models():
        if isinstance(declaration_of(model), Audited):
            _tables[model] = _tables_of(model)
            signals.pre_save.connect(before_save, sender=model)
            signals.post_save.connect(after_save, sender=model)
            signals.pre_delete.connect(before_delete, sender=model)
    for model, _declaration in audited():
        if model._meta.auto_created:
            signals.m2m_changed.connect(around_m2m, sender=model)


def disconnect() -> None:
    """Disconnect all receivers. Changes are still recorded, with the database as their only source."""
    for model in _tables:
        signals.pre_save.disconnect(before_save, sender=model)
        signals.post_save.disconnect(after_save, sender=model)
        signals.pre_delete.disconnect(before_delete, sender=model)
    for model in apps.get_models(include_auto_created=True):
        signals.m2m_changed.disconnect(around_m2m, sender=model)


def before_save(*, sender: type[Model], instance: Model, using: str, **_signal: Any) -> None:
    rows: dict[str, float] = dict.fromkeys(_tables[sender], 1)
    comment.at(using).announce(Announcement(verbs=_SAVING, rows=rows, subject=instance))


def after_save(*, instance: Model, using: str, **_signal: Any) -> None:
    comment.at(using).withdraw(instance)


def before_delete(*, sender: type[Model], using: str, **_signal: Any) -> None:
    comment.at(using).announce_delete(_tables[sender][0])


def around_m2m(*, sender: type[Model], instance: Model, action: str, using: str, **_signal: Any) -> None:
    commenter = comment.at(using)
    verbs = _M2M_VERBS.get(action)
    if verbs:
        commenter.announce(Announcement(verbs=verbs, rows={sender._meta.db_table: math.inf}, subject=instance))
    else:
        commenter.withdraw(instance)


def _tables_of(model: type[Model]) -> tuple[str, ...]:
    """Return a model's own table and then those of its parents: one save writes all of them."""
    concrete = model._meta.concrete_model or model
    return tuple(m._meta.db_table for m in (concrete, *concrete._meta.all_parents))

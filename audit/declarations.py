"""How each model appears in the trail, said once, in a module ``audited.py`` of some installed app."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from django.apps import apps
from django.db.models import Model


class DeclaredTwice(Exception):
    """A model has two declarations; one of them would be believed by accident."""


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What the trail shows of a model's columns, and which of them says whose data a row is."""

    secret: frozenset[str] = frozenset()
    masked: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    person: str | None = None
    tenant: str | None = None

    def treated(self) -> frozenset[str]:
        """The columns that the trail does not show as they are."""
        return self.secret | self.masked | self.personal | self.ignored

    def columns(self) -> frozenset[str]:
        return self.treated() | {name for name in (self.person, self.tenant) if name}


@dataclass(frozen=True)
class Exemption:
    reason: str


_said: dict[str, Declaration | Exemption] = {}


def declare(  # noqa: PLR0913  # one word for each treatment reads better than a mapping
    label: str,
    *,
    secret: Iterable[str] = (),
    masked: Iterable[str] = (),
    personal: Iterable[str] = (),
    ignored: Iterable[str] = (),
    person: str | None = None,
    tenant: str | None = None,
) -> None:
    """Audit a model and its automatic many-to-many tables. Every argument names database columns.

    ``secret`` values are never stored, only that they changed. ``masked`` ones show their last four characters
    (none of a short value). ``personal`` ones go to the side table, which erasure may empty. A change of only
    ``ignored`` ones leaves no entry. ``person`` says whose data a row is, ``tenant`` which tenant's (a column
    ``tenant_id`` does so by itself). Raises DeclaredTwice.
    """
    declaration = Declaration(
        secret=frozenset(secret),
        masked=frozenset(masked),
        personal=frozenset(personal),
        ignored=frozenset(ignored),
        person=person,
        tenant=tenant,
    )
    _say(label, declaration)


def exempt(label: str, *, reason: str) -> None:
    """Leave a model out of the trail, for a reason that a reader of the trail would accept. Raises DeclaredTwice."""
    if not reason.strip():
        raise ValueError(f"{label}: an exemption needs its reason")
    _say(label, Exemption(reason))


def said_of(model: type[Model]) -> Declaration | Exemption | None:
    """What was said of a model, its concrete model if it is a proxy, or the model whose automatic table it is."""
    concrete = model._meta.concrete_model or model
    automatic: type[Model] | None = concrete._meta.auto_created or None  # type: ignore[assignment]  # stubs say bool
    if automatic is None:
        return _said.get(concrete._meta.label_lower)
    source = said_of(automatic)
    return _through(model) if isinstance(source, Declaration) else source


def audited() -> Iterator[tuple[type[Model], Declaration]]:
    """Every table that is audited, once, by its concrete model."""
    for model in tables():
        said = said_of(model)
        if isinstance(said, Declaration):
            yield model, said


@cache
def audited_tables() -> frozenset[str]:
    """Their tables' names, as they are once all models are there."""
    return frozenset(model._meta.db_table for model, _declaration in audited())


def tables() -> Iterator[type[Model]]:
    """Every model that has a table of its own, automatic ones included."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            yield model


def columns_of(model: type[Model]) -> frozenset[str]:
    return frozenset(str(field.column) for field in model._meta.concrete_fields)


def everything_said() -> dict[str, Declaration | Exemption]:
    return dict(_said)


def _say(label: str, what: Declaration | Exemption) -> None:
    if label.lower() in _said:
        raise DeclaredTwice(label)
    _said[label.lower()] = what


def _through(model: type[Model]) -> Declaration:
    """A row of an automatic table is the data of the person it points at, if one end is a table of people."""
    for field in model._meta.concrete_fields:
        if field.related_model and _is_of_people(field.related_model):
            return Declaration(person=field.column)
    return Declaration()


def _is_of_people(model: type[Model]) -> bool:
    said = said_of(model)
    return isinstance(said, Declaration) and said.person == model._meta.pk.column

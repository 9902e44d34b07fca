"""Whose data each model's rows are, said once: exports and erasures know of a later model by this alone.

A model that is declared to the trail with ``person=…`` has said it there. Others that refer to people say it here,
or in the ``audited.py`` of their own app; a system check refuses one that does neither.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db.models import Model, Q

from accounts.models import User
from audit.declarations import Declaration, columns_of, said_of, tables


@dataclass(frozen=True, kw_only=True)
class Belonging:
    """How rows belong to a person, and what of them is given out.

    ``by`` names columns that hold the person's id, ``by_address`` one with the canonical form of an address, which
    counts while it is verified and not in dispute (ADR 27).
    ``left_out`` is never given out: secrets, and what is about others.
    """

    by: tuple[str, ...]
    by_address: str = ""
    left_out: frozenset[str] = frozenset()
    also: Mapping[str, str] = field(default_factory=dict)

    def rows(self, person: User) -> Q:
        found = Q(pk__in=[])
        for column in self.by:
            found |= Q(**{column: person.pk})
        if self.by_address and person.own_address:
            found |= Q(**{self.by_address: person.own_address})
        return found


_said: dict[str, Belonging | None] = {}


def belongs(
    label: str,
    *,
    by: Iterable[str],
    by_address: str = "",
    left_out: Iterable[str] = (),
    also: Mapping[str, str] | None = None,
) -> None:
    """Say whose a model's rows are. ``also`` adds what a related row is called, such as a role's name."""
    _said[label.lower()] = Belonging(
        by=tuple(by), by_address=by_address, left_out=frozenset(left_out), also=dict(also or {})
    )


def of_nobody(label: str, *, reason: str) -> None:
    """Say that rows which refer to people are not their data, for a reason that they would accept."""
    if not reason.strip():
        raise ValueError(f"{label}: it needs a reason")
    _said[label.lower()] = None


def belongings() -> Iterator[tuple[type[Model], Belonging]]:
    """Every model with rows about people, by its label."""
    for model in sorted(tables(), key=lambda model: model._meta.label):
        found = _of(model)
        if found is not None:
            yield model, found


def undecided() -> Iterator[type[Model]]:
    """Every model that refers to people, and of which nobody has said whether its rows are theirs."""
    for model in tables():
        if model._meta.label_lower not in _said and _of(model) is None and _refers_to_people(model):
            yield model


def columns(model: type[Model], belonging: Belonging) -> list[str]:
    secret = _declared(model).secret
    return sorted(columns_of(model) - belonging.left_out - secret)


def _of(model: type[Model]) -> Belonging | None:
    if model._meta.label_lower in _said:
        return _said[model._meta.label_lower]
    person = _declared(model).person
    if not person:
        return None
    (name,) = (f.attname for f in model._meta.concrete_fields if f.column == person)
    return Belonging(by=(name,))


def _declared(model: type[Model]) -> Declaration:
    said = said_of(model)
    return said if isinstance(said, Declaration) else Declaration()


def _refers_to_people(model: type[Model]) -> bool:
    return any(_is_user(field.related_model) for field in model._meta.concrete_fields if field.is_relation)


def _is_user(related: Any) -> bool:
    return related is not None and related is apps.get_model("accounts", "User")
